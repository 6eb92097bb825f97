"""`ckan tzc prepare`: what `./portal up` asks of CKAN before the web server starts."""
from __future__ import annotations

import json
import os
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import click
from ckan.cli import db
from ckanext.tzc.common import duties
from ckanext.tzc.common.command import tzc

__all__ = ["tzc"]

ADMINISTRATOR = "admin"


@tzc.command()
@click.pass_context
def prepare(ctx: click.Context) -> None:
    """Run all migrations; make the first administrator and the territory's axes. Prints what was made, as JSON."""
    from contextlib import redirect_stdout
    from io import StringIO

    with redirect_stdout(StringIO()):
        ctx.invoke(db.upgrade, version="head", plugin=None, skip_core=False, skip_plugins=False)
        _allow_datastore_reads()
    report = {"administrator": _first_administrator(), "axes": tk.get_action("tzc_axes_apply")({"ignore_auth": True, "user": _site_user()}, {})}
    click.echo(json.dumps(report))


def _site_user() -> str:
    name: str = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    return name


def _allow_datastore_reads() -> None:
    """Give the reading role its rights, as `ckan datastore set-permissions` prints them."""
    import psycopg2
    from ckan.model import parse_db_config
    from ckanext.datastore.cli import permissions_sql

    urls = {key: parse_db_config(key) for key in ("sqlalchemy.url", "ckan.datastore.write_url", "ckan.datastore.read_url")}
    main, write, read = urls.values()
    assert main and write and read, "CKAN checks these settings when it starts"
    statements = permissions_sql(
        maindb=main["db_name"], datastoredb=write["db_name"], mainuser=main["db_user"], writeuser=write["db_user"], readuser=read["db_user"]
    )
    # psql's own commands begin with a backslash; the connection is made to the right database already
    plain = "\n".join(line for line in statements.splitlines() if not line.startswith("\\"))
    connection = psycopg2.connect(tk.config["ckan.datastore.write_url"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(plain)
    except psycopg2.errors.InsufficientPrivilege as error:
        raise click.ClickException(
            f"The DataStore's writing role may not set the reading role's rights ({str(error).strip()}). "
            "Make it the owner of its database, or run once, as the server's administrator, what `./portal ckan datastore set-permissions` prints."
        ) from error
    finally:
        connection.close()


def _first_administrator() -> str | None:
    """Make an administrator when there is none. Returns its name while it still has the first password, else None."""
    site_user = _site_user()
    password = os.environ["TZC_ADMIN_PASSWORD"]
    there = duties.administrator_accounts()
    if there:
        return next((user.name for user in there if user.name == ADMINISTRATOR and user.validate_password(password)), None)
    context: dict[str, Any] = {"user": site_user, "ignore_auth": True}
    tk.get_action("user_create")(context, {"name": ADMINISTRATOR, "email": "admin@example.org", "password": password})
    user = model.User.get(ADMINISTRATOR)
    assert user is not None, "made just now"
    user.sysadmin = True
    model.repo.commit()
    return ADMINISTRATOR

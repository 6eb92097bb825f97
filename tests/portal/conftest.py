"""Fixtures of tests against CKAN itself, on the databases and the index that `./portal test` makes for them."""
from __future__ import annotations

import gc
import io
import os
from collections.abc import Callable
from typing import Any

import pytest

if not os.environ.get("CKAN_INI"):
    collect_ignore_glob = ["*"]
else:
    from tzc_stack import ckan_start

    ckan_start.hasten()


def pytest_collection_finish() -> None:
    """CKAN and the tests are loaded; from here on memory is looked through again."""
    gc.enable()


@pytest.fixture(scope="session")
def loaded_app() -> Any:
    """CKAN with all plugins, made once: nothing here changes plugins or configuration, and making it takes seconds."""
    from ckan.tests.helpers import _get_test_app

    made = _get_test_app()
    gc.freeze()  # what was loaded stays until the end, where a part of the tests' time went into looking through it
    return made


@pytest.fixture(scope="session", autouse=True)
def passwords_cost_little() -> None:
    """They are hashed in one round, not in 25,000: tests make thousands of accounts, and none of them is about the time that guessing takes."""
    import ckan.model.user as user

    user.pbkdf2_sha512 = user.pbkdf2_sha512.using(rounds=1)


@pytest.fixture
def with_plugins(loaded_app: Any) -> None:
    """Replaces CKAN's fixture of this name, which loads the plugins anew for each test."""


@pytest.fixture
def app(loaded_app: Any) -> Any:
    """A client that keeps no cookies between tests."""
    from ckan.tests.helpers import CKANTestApp

    return CKANTestApp(loaded_app.app)


@pytest.fixture
def test_request_context(app: Any) -> Any:
    """Replaces CKAN's fixture of this name, for the same application."""
    return app.flask_app.test_request_context


@pytest.fixture(scope="session")
def tables() -> list[str]:
    """The tables that tests fill, in the order of their references; of the audit none, as nothing empties it."""
    import ckan.model as model
    import sqlalchemy as sa

    names = [name for name, _keys in sa.inspect(model.meta.engine).get_sorted_table_and_fkc_names() if name]
    return [name for name in names if not name.endswith("alembic_version") and not name.startswith(("tzc_audit_", "tzc_sensors_observation_"))]


def holding(tables: list[str], connection: Any) -> list[str]:
    """Those that are not empty."""
    import sqlalchemy as sa

    asked = [f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in tables]  # noqa: S608 -- names of tables
    found = set(connection.scalars(sa.text(" UNION ALL ".join(asked))).all())
    return [name for name in tables if name in found]


@pytest.fixture(scope="session")
def emptied(tables: list[str]) -> Callable[[], None]:
    """Empty the database, but for the audit, which nothing empties. CKAN's own fixture drops the tables first, and with them what plugins' migrations made."""
    import ckan.model as model
    import sqlalchemy as sa
    from ckan.tests import factories

    def empty() -> None:
        model.Session.rollback()
        model.Session.remove()
        factories.fake.unique.clear()
        with model.meta.engine.begin() as connection:
            # emptying a table costs a file, and most are empty
            if full := holding(tables, connection):
                connection.execute(sa.text("TRUNCATE " + ", ".join(f'"{name}"' for name in full) + " CASCADE"))

    return empty


@pytest.fixture
def clean_db(emptied: Callable[[], None]) -> None:
    """An empty database."""
    emptied()


@pytest.fixture(scope="session")
def copies() -> dict[tuple[str, ...], list[tuple[str, str]]]:
    """What the axes of a territory are in the database: the rows by table, as PostgreSQL writes them. Making them is a third of many a test."""
    return {}


@pytest.fixture
def axes(clean_db: None, with_request_context: None, tables: list[str], copies: dict[tuple[str, ...], list[tuple[str, str]]]) -> list[str]:
    """The territory's axes, as groups."""
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.common.territory import territory

    names = [axis.id for axis in territory().axes]
    kept = copies.get(tuple(names))
    if kept is None:
        made = tk.get_action("tzc_axes_apply")({"ignore_auth": True, "user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]}, {})
        assert made == names
        with model.meta.engine.connect() as connection:
            copies[tuple(names)] = [(name, _out(connection, name)) for name in holding(tables, connection)]
        return names
    with model.meta.engine.begin() as connection, connection.connection.cursor() as cursor:
        for name, rows in kept:
            cursor.copy_expert(f'COPY "{name}" FROM STDIN', io.StringIO(rows))
    return names


def _out(connection: Any, name: str) -> str:
    rows = io.StringIO()
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(f'COPY "{name}" TO STDOUT', rows)
    return rows.getvalue()


@pytest.fixture
def partner(axes: list[str]) -> dict[str, Any]:
    """A partner with an editor: `{"id", "name", "editor"}`."""
    from ckan.tests import factories

    editor = factories.User()
    organisation = factories.Organization(image_url="", users=[{"name": editor["name"], "capacity": "editor"}])
    return {**organisation, "editor": editor["name"]}


@pytest.fixture
def allowed(with_plugins: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator has allowed the kinds of harvest sources that ckanext-harvest and ckanext-dcat bring."""
    import ckan.plugins.toolkit as tk

    monkeypatch.setitem(tk.config, "tzc.harvesting.allowed_kinds", ["ckan", "dcat_rdf", "dcat_json"])


Publish = Callable[..., dict[str, Any]]


@pytest.fixture
def publish(partner: dict[str, Any]) -> Publish:
    """Create a dataset as the partner's editor, with all checks; keyword arguments replace or add fields (None leaves one out)."""
    import ckan.plugins.toolkit as tk

    def create(**fields: Any) -> dict[str, Any]:
        wanted = {
            "name": f"jeu-{os.urandom(4).hex()}", "title": "Comptages des vélos", "notes": "Passages par heure.", "owner_org": partner["id"],
            "axis": ["mobilite"], "license_id": "lov2", **fields,
        }
        given = {key: value for key, value in wanted.items() if value is not None}
        made: dict[str, Any] = tk.get_action("package_create")({"user": fields.pop("user", partner["editor"])}, given)
        return made

    return create


@pytest.fixture
def errors(publish: Publish) -> Callable[..., dict[str, list[str]]]:
    """What a dataset with these fields is refused for."""
    import ckan.plugins.toolkit as tk

    def refused(**fields: Any) -> dict[str, list[str]]:
        with pytest.raises(tk.ValidationError) as caught:
            publish(**fields)
        return dict(caught.value.error_dict)

    return refused

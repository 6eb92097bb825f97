"""`ckan tzc quality …`"""
from __future__ import annotations

import click
from ckanext.tzc.common.command import tzc

__all__ = ["tzc"]


@tzc.group()
def quality() -> None:
    """How well datasets are described."""


@quality.command("show")
@click.argument("dataset")
@click.pass_context
def show(ctx: click.Context, dataset: str) -> None:
    """The score of a dataset, by dimension, and what would raise it."""
    import ckan.plugins.toolkit as tk

    try:
        # words and addresses are those of a page
        with ctx.meta["flask_app"].test_request_context():
            shown = tk.get_action("tzc_quality_show")({"ignore_auth": True}, {"id": dataset})
    except tk.ObjectNotFound as error:
        raise click.ClickException(f"There is no dataset {dataset}.") from error
    click.echo(f"{shown['score']} of {shown['possible']}, {shown['rating']}")
    for dimension in shown["dimensions"]:
        click.echo(f"  {dimension['id']:16} {dimension['points']:3} of {dimension['possible']}")
    for fix in shown["fixes"]:
        click.echo(f"+{fix['gain']:<3} {fix['words']}  {fix['url']}")


@quality.command("rebuild")
def rebuild() -> None:
    """Compute all scores anew, here and now."""
    import math

    import ckan.model as model

    from . import scoring, store

    store.ask_all()
    model.Session.commit()
    done = scoring.compute_waiting(math.inf, lambda done, all_of_them: click.echo(f"{done} of {all_of_them}") if done % 100 == 0 or done == all_of_them else None)
    click.echo(f"{done} datasets.")


@quality.command("check-links")
@click.option("--again", is_flag=True, help="Also those that are not due yet.")
def check_links(again: bool) -> None:
    """Try the addresses of files that are due, here and now."""
    import math

    import ckan.model as model

    from . import links, store

    if again:
        store.make_due()
        model.Session.commit()
    tried = links.check_due(math.inf, lambda url, found: click.echo(f"{ {True: 'ok', False: 'broken', None: 'busy'}[found.ok]:6} {found.status or found.reason!s:8} {url}"))
    click.echo(f"{tried} addresses.")

"""`ckan tzc …`: the group that every room hangs its commands on."""
from __future__ import annotations

import click


@click.group(name="tzc", short_help="The territory's portal.")
def tzc() -> None:
    """The territory's portal."""

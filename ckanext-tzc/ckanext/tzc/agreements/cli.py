"""`ckan tzc agreements …`"""
from __future__ import annotations

import click
from ckanext.tzc.common.command import tzc

__all__ = ["tzc"]


@tzc.group()
def agreements() -> None:
    """What was agreed when rights were given, and the keys that it is signed with."""


@agreements.command("verify")
def verify() -> None:
    """Check the signature of every agreement; exit code 1 when one does not hold."""
    import ckan.model as model

    from tzc.agreements import signing

    from . import keys, store

    public, bad, count = keys.public(), [], 0
    for row in model.Session.query(store.Agreement).order_by(store.Agreement.id).yield_per(500):
        count += 1
        if not signing.verify(row.document.encode(), row.signature, public):
            bad.append(f"{row.grant}, version {row.version}")
    if bad:
        raise click.ClickException(f"{len(bad)} of {count} agreements are not what was signed: {'; '.join(bad[:20])}.")
    click.echo(f"{count} agreements are as they were signed.")


@agreements.command("rotate-key")
def rotate_key() -> None:
    """Sign with another key from now on; the public keys of before stay, so that what they signed can be checked."""
    import ckan.model as model

    from . import keys

    kid = keys.rotate()
    model.Session.commit()
    click.echo(f"Agreements are signed with {kid} from now on. Earlier keys stay at /.well-known/jwks.json.")

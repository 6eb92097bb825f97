"""Which licence a dataset was under, since when. A trigger writes the rows (migration `tzc_rights_0001`), in the transaction that publishes or changes the dataset."""
from __future__ import annotations

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa


class InForce(tk.BaseModel):
    """A licence that came into force; `exact` is false where it was there before anybody wrote it down."""

    __tablename__ = "tzc_rights_licence"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    package_id = sa.Column(sa.UnicodeText, nullable=False, index=True)
    licence = sa.Column(sa.UnicodeText, nullable=False)
    since = sa.Column(sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())
    exact = sa.Column(sa.Boolean, nullable=False, server_default=sa.true())


def history(package_id: str) -> list[InForce]:
    """The licences of a dataset, the newest first."""
    found: list[InForce] = model.Session.query(InForce).filter_by(package_id=package_id).order_by(InForce.id.desc()).all()
    return found

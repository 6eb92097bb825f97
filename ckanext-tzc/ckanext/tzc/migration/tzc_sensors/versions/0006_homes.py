"""Meters of homes and workplaces, what their people consented to, groups whose sums are released, and which sums were.

Revision ID: tzc_sensors_0006
Revises: tzc_sensors_0005
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "tzc_sensors_0006"
down_revision = "tzc_sensors_0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _groups()
    _meters()


def _groups() -> None:
    op.create_table(
        "tzc_sensors_group",
        sa.Column("id", sa.UnicodeText, primary_key=True),
        sa.Column("dataset", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("partner", sa.UnicodeText, nullable=False),
        sa.Column("title", sa.UnicodeText, nullable=False),
        sa.Column("about", sa.UnicodeText, nullable=False),
        sa.Column("energy", sa.UnicodeText, nullable=False),
        sa.Column("policy", sa.UnicodeText, nullable=False),
        sa.Column("rule", sa.UnicodeText, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("source", sa.UnicodeText, sa.ForeignKey("tzc_sensors_source.id", ondelete="SET NULL")),
        sa.Column("stream", sa.Integer),
        sa.Column("dirty", MOMENT),
        sa.Column("computed", MOMENT),
        sa.Column("hidden", JSONB),
        sa.Column("by", sa.UnicodeText, nullable=False),
        sa.Column("made", MOMENT, nullable=False),
    )
    op.create_table(
        "tzc_sensors_set",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("members", ARRAY(sa.Integer), nullable=False),
        sa.Column("hash", sa.UnicodeText, nullable=False, unique=True),
    )
    # what was released stays written, also when it is hidden again: who saw it can subtract it
    op.create_table(
        "tzc_sensors_release",
        sa.Column("group", sa.UnicodeText, sa.ForeignKey("tzc_sensors_group.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("time", MOMENT, primary_key=True),
        sa.Column("set", sa.BigInteger, sa.ForeignKey("tzc_sensors_set.id"), primary_key=True),
        sa.Column("current", sa.Boolean, nullable=False),
    )
    op.create_index("tzc_sensors_release_time", "tzc_sensors_release", ["time"])


def _meters() -> None:
    op.create_table(
        "tzc_sensors_meter",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("person", sa.UnicodeText, nullable=False),
        sa.Column("partner", sa.UnicodeText),
        sa.Column("energy", sa.UnicodeText, nullable=False),
        sa.Column("hash", sa.UnicodeText, nullable=False),
        sa.Column("last", sa.UnicodeText, nullable=False),
        sa.Column("label", sa.UnicodeText, nullable=False),
        sa.Column("source", sa.UnicodeText, sa.ForeignKey("tzc_sensors_source.id", ondelete="CASCADE"), nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("connected", MOMENT),
        sa.Column("pulled", sa.Date),
        sa.Column("trouble", sa.UnicodeText),
        sa.Column("made", MOMENT, nullable=False),
        sa.UniqueConstraint("person", "energy", "hash"),
    )
    op.create_table(
        "tzc_sensors_consent",
        sa.Column("id", sa.UnicodeText, primary_key=True),
        sa.Column("person", sa.UnicodeText, nullable=False, index=True),
        sa.Column("meter", sa.Integer, sa.ForeignKey("tzc_sensors_meter.id", ondelete="SET NULL"), index=True),
        sa.Column("purpose", sa.UnicodeText, nullable=False),
        sa.Column("group", sa.UnicodeText, index=True),
        sa.Column("given", MOMENT, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("version", sa.UnicodeText, nullable=False),
        sa.Column("language", sa.UnicodeText, nullable=False),
        sa.Column("digest", sa.UnicodeText, nullable=False),
        sa.Column("state", sa.UnicodeText, nullable=False),
        sa.Column("moved", MOMENT),
    )
    op.create_index("tzc_sensors_consent_active", "tzc_sensors_consent", ["until"], postgresql_where=sa.text("state = 'active'"))
    op.create_table(
        "tzc_sensors_pending",
        sa.Column("hash", sa.UnicodeText, primary_key=True),
        sa.Column("person", sa.UnicodeText, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("made", MOMENT, nullable=False),
    )
    op.create_table("tzc_sensors_asked", sa.Column("hour", MOMENT, primary_key=True), sa.Column("count", sa.Integer, nullable=False))


def downgrade() -> None:
    """Remove them."""
    for name in ("asked", "pending", "consent", "meter", "release", "set", "group"):
        op.drop_table(f"tzc_sensors_{name}")

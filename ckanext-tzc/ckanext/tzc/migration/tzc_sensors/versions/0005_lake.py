"""The lake: files of months that were moved, what each holds of each stream, how long what is kept, and since when raw values are gone.

Revision ID: tzc_sensors_0005
Revises: tzc_sensors_0003
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_sensors_0005"
down_revision = "tzc_sensors_0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    # no foreign key: a file outlives its dataset until it is removed
    op.create_table(
        "tzc_sensors_file",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("dataset", sa.UnicodeText, nullable=False, index=True),
        sa.Column("month", sa.Date, nullable=False),
        sa.Column("personal", sa.Boolean, nullable=False),
        sa.Column("path", sa.UnicodeText, nullable=False),
        sa.Column("state", sa.UnicodeText, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.UnicodeText, nullable=False),
        sa.Column("made", MOMENT, nullable=False),
        sa.Column("retired", MOMENT),
    )
    op.create_index("tzc_sensors_file_kept", "tzc_sensors_file", ["dataset", "month", "personal"], unique=True, postgresql_where=sa.text("state = 'kept'"))
    op.create_table(
        "tzc_sensors_moved",
        sa.Column("stream", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("month", sa.Date, primary_key=True),
        sa.Column("file", sa.BigInteger, sa.ForeignKey("tzc_sensors_file.id"), nullable=False, index=True),
        sa.Column("first", MOMENT, nullable=False),
        sa.Column("last", MOMENT, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("least", sa.Float, nullable=False),
        sa.Column("most", sa.Float, nullable=False),
        sa.Column("sum", sa.Float, nullable=False),
        sa.Column("back", sa.Boolean, nullable=False),
    )
    op.create_table(
        "tzc_sensors_rule",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("dataset", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("stream", sa.Integer, sa.ForeignKey("tzc_sensors_stream.id", ondelete="CASCADE"), index=True),
        sa.Column("raw_days", sa.Integer, nullable=False),
        sa.Column("rollup_days", sa.Integer, nullable=False),
        sa.Column("by", sa.UnicodeText, nullable=False),
        sa.Column("made", MOMENT, nullable=False),
    )
    op.create_index("tzc_sensors_rule_of", "tzc_sensors_rule", ["dataset", sa.text("coalesce(stream, 0)")], unique=True)
    op.create_table(
        "tzc_sensors_forgotten",
        sa.Column("stream", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("before", MOMENT, nullable=False),
    )


def downgrade() -> None:
    """Remove them. What was moved is then in files alone, which stay."""
    for name in ("forgotten", "rule", "moved", "file"):
        op.drop_table(f"tzc_sensors_{name}")

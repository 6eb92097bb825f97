"""Sources of sensors' data, what they observe, the observations by month, what they come to, and what came as it came.

Revision ID: tzc_sensors_0001
Revises:
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_sensors_0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ROLLUPS = ("hour", "day", "month")

OBSERVATION = """
CREATE TABLE tzc_sensors_observation (
    time timestamptz NOT NULL, result double precision NOT NULL, stream integer NOT NULL, seconds integer NOT NULL, flags smallint NOT NULL, PRIMARY KEY (stream, time)
) PARTITION BY RANGE (time)
"""
# rows of the last value are changed in place, as no index holds what changes
STATE = """
CREATE TABLE tzc_sensors_state (
    stream integer PRIMARY KEY, first timestamptz NOT NULL, last timestamptz NOT NULL, result double precision NOT NULL, flags smallint NOT NULL, observations bigint NOT NULL,
    received timestamptz NOT NULL
) WITH (fillfactor = 50)
"""
ROLLUP = """
CREATE TABLE tzc_sensors_{level} (
    time timestamptz NOT NULL, sum double precision NOT NULL, least double precision NOT NULL, most double precision NOT NULL, first double precision NOT NULL,
    last double precision NOT NULL, stream integer NOT NULL, count integer NOT NULL, good integer NOT NULL, PRIMARY KEY (stream, time)
)
"""
UNSETTLED = """
CREATE TABLE tzc_sensors_unsettled (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream integer NOT NULL, first timestamptz NOT NULL, last timestamptz NOT NULL
)
"""


def upgrade() -> None:
    """Make the tables."""
    _sources()
    _observed()
    _observations()
    _arrivals()


def _sources() -> None:
    op.create_table(
        "tzc_sensors_source",
        sa.Column("id", sa.UnicodeText, primary_key=True),
        sa.Column("dataset", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("partner", sa.UnicodeText, nullable=False),
        sa.Column("kind", sa.UnicodeText, nullable=False),
        sa.Column("name", sa.UnicodeText, nullable=False),
        sa.Column("definition", JSONB, nullable=False),
        sa.Column("cron", sa.UnicodeText),
        sa.Column("due", MOMENT),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("allowed", sa.Boolean, nullable=False),
        sa.Column("internal", sa.Boolean, nullable=False),
        sa.Column("cursor", JSONB),
        sa.Column("trouble", sa.UnicodeText),
        sa.Column("parameters", JSONB),
        sa.Column("since", MOMENT),
        sa.Column("seen", MOMENT),
        sa.Column("by", sa.UnicodeText, nullable=False),
        sa.Column("made", MOMENT, nullable=False),
    )
    op.create_index("tzc_sensors_source_due", "tzc_sensors_source", ["due"], postgresql_where=sa.text("due IS NOT NULL"))
    op.create_table(
        "tzc_sensors_key",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("source", sa.UnicodeText, sa.ForeignKey("tzc_sensors_source.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("hash", sa.UnicodeText, nullable=False, unique=True),
        sa.Column("prefix", sa.UnicodeText, nullable=False),
        sa.Column("by", sa.UnicodeText, nullable=False),
        sa.Column("made", MOMENT, nullable=False),
        sa.Column("ends", MOMENT, nullable=False),
        sa.Column("revoked", MOMENT),
        sa.Column("used", MOMENT),
    )


def _observed() -> None:
    op.create_table(
        "tzc_sensors_location",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.UnicodeText, nullable=False),
        sa.Column("geometry", JSONB, nullable=False),
        sa.Column("hash", sa.UnicodeText, nullable=False, unique=True),
    )
    op.create_table(
        "tzc_sensors_thing",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source", sa.UnicodeText, sa.ForeignKey("tzc_sensors_source.id", ondelete="CASCADE"), nullable=False),
        sa.Column("external", sa.UnicodeText, nullable=False),
        sa.Column("name", sa.UnicodeText, nullable=False),
        sa.Column("description", sa.UnicodeText, nullable=False),
        sa.Column("properties", JSONB, nullable=False),
        sa.Column("location", sa.Integer, sa.ForeignKey("tzc_sensors_location.id")),
        sa.Column("moved", MOMENT),
        sa.UniqueConstraint("source", "external"),
    )
    op.create_table(
        "tzc_sensors_place",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("thing", sa.Integer, sa.ForeignKey("tzc_sensors_thing.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("location", sa.Integer, sa.ForeignKey("tzc_sensors_location.id"), nullable=False),
        sa.Column("time", MOMENT, nullable=False),
    )
    op.create_table(
        "tzc_sensors_sensor",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.UnicodeText, nullable=False),
        sa.Column("description", sa.UnicodeText, nullable=False),
        sa.Column("metadata", sa.UnicodeText, nullable=False),
        sa.Column("encoding", sa.UnicodeText, nullable=False),
        sa.Column("hash", sa.UnicodeText, nullable=False, unique=True),
    )
    op.create_table(
        "tzc_sensors_property",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("code", sa.UnicodeText, nullable=False),
        sa.Column("name", sa.UnicodeText, nullable=False),
        sa.Column("definition", sa.UnicodeText, nullable=False),
        sa.Column("description", sa.UnicodeText, nullable=False),
        sa.Column("hash", sa.UnicodeText, nullable=False, unique=True),
    )
    op.create_table(
        "tzc_sensors_stream",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source", sa.UnicodeText, sa.ForeignKey("tzc_sensors_source.id", ondelete="CASCADE"), nullable=False),
        sa.Column("external", sa.UnicodeText, nullable=False),
        sa.Column("dataset", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("thing", sa.Integer, sa.ForeignKey("tzc_sensors_thing.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("sensor", sa.Integer, sa.ForeignKey("tzc_sensors_sensor.id"), nullable=False, index=True),
        sa.Column("property", sa.Integer, sa.ForeignKey("tzc_sensors_property.id"), nullable=False, index=True),
        sa.Column("name", sa.UnicodeText, nullable=False),
        sa.Column("description", sa.UnicodeText, nullable=False),
        sa.Column("unit", sa.UnicodeText, nullable=False),
        sa.Column("kind", sa.UnicodeText, nullable=False),
        sa.Column("interval", sa.Integer, nullable=False),
        sa.Column("period", sa.Integer, nullable=False),
        sa.Column("visibility", sa.UnicodeText, nullable=False),
        sa.Column("forecast", sa.Boolean, nullable=False),
        sa.Column("properties", JSONB, nullable=False),
        sa.Column("person", sa.UnicodeText, index=True),
        sa.Column("made", MOMENT, nullable=False),
        sa.UniqueConstraint("source", "external"),
    )
    op.create_table(
        "tzc_sensors_word",
        sa.Column("stream", sa.Integer, sa.ForeignKey("tzc_sensors_stream.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("word", sa.UnicodeText, nullable=False),
        sa.UniqueConstraint("stream", "word"),
    )


def _observations() -> None:
    # no foreign keys: each would be asked for each row; who removes a stream removes what is of it
    op.execute(OBSERVATION)
    # rows lie about in the order of their time: a few bytes tell which blocks some hours are in
    op.execute("CREATE INDEX tzc_sensors_observation_time ON tzc_sensors_observation USING brin (time) WITH (pages_per_range = 16, autosummarize = on)")
    op.execute(STATE)
    for level in ROLLUPS:
        op.execute(ROLLUP.format(level=level))
    op.execute(UNSETTLED)


def _arrivals() -> None:
    op.create_table(
        "tzc_sensors_arrival",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("source", sa.UnicodeText, sa.ForeignKey("tzc_sensors_source.id", ondelete="CASCADE"), nullable=False),
        sa.Column("received", MOMENT, nullable=False, index=True),
        sa.Column("way", sa.UnicodeText, nullable=False),
        sa.Column("kind", sa.UnicodeText, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("state", sa.UnicodeText, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("ended", MOMENT),
        sa.Column("observations", sa.BigInteger, nullable=False),
        sa.Column("new", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("rejected", sa.BigInteger, nullable=False),
        sa.Column("listed", JSONB),
        sa.Column("code", sa.UnicodeText),
        sa.Column("parameters", JSONB),
    )
    op.create_index("tzc_sensors_arrival_waits", "tzc_sensors_arrival", ["id"], postgresql_where=sa.text("state = 'waiting'"))
    op.create_index("tzc_sensors_arrival_of_source", "tzc_sensors_arrival", ["source", sa.text("id DESC")])
    op.create_index("tzc_sensors_arrival_digest", "tzc_sensors_arrival", ["source", "digest"])


def downgrade() -> None:
    """Remove them; the months go with their table."""
    for name in ("arrival", "unsettled", *reversed(ROLLUPS), "state", "observation", "word", "stream", "property", "sensor", "place", "thing", "location", "key", "source"):
        op.drop_table(f"tzc_sensors_{name}")

"""Holding stored fragments against our SHACL profile, and what came of it.

Nothing says that a fragment waits: it does while its digest, or the shapes, are not those of its row here. So a job that was lost, or ended half-way, loses nothing.
"""
from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from importlib.resources import files
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import signals, together
from ckanext.tzc.common.territory import language
from sqlalchemy.dialects.postgresql import JSONB, insert

from tzc.publishing import validation
from tzc.publishing.packing import unpacked_one
from tzc.publishing.validation import VIOLATION, NotValidatedError, Shapes

from .still_public import STILL_PUBLIC

log = logging.getLogger(__name__)

BATCH = 50
"""Fragments a transaction; one takes some 20 ms."""
LOCK = 0x747A64
"""One at a time validates: a number for PostgreSQL's advisory locks."""

Told = Callable[[int], None]


class Validation(tk.BaseModel):
    """What the shapes said of a fragment; `conforms` None where the program that validates gave up."""

    __tablename__ = "tzc_publishing_validation"

    package_id = sa.Column(sa.UnicodeText, primary_key=True)
    digest = sa.Column(sa.UnicodeText, nullable=False)
    shapes = sa.Column(sa.UnicodeText, nullable=False)
    validated = sa.Column(sa.DateTime(timezone=True), nullable=False)
    conforms = sa.Column(sa.Boolean)
    results = sa.Column(JSONB, nullable=False)


@lru_cache(maxsize=1)
def shapes() -> Shapes:
    """Our profile."""
    return Shapes((files("ckanext.tzc.schemas") / "shacl" / "tzc-ap.ttl").read_text(encoding="utf-8"))


WAITING = f"""
    SELECT fragment.package_id, fragment.digest, fragment.n_triples FROM tzc_publishing_fragment AS fragment
    LEFT JOIN tzc_publishing_validation AS said ON said.package_id = fragment.package_id {STILL_PUBLIC}
    AND (said.digest IS DISTINCT FROM fragment.digest OR said.shapes IS DISTINCT FROM :shapes)
"""  # noqa: S608 -- a condition of ours
OF_ONE = sa.text(f"{WAITING} AND fragment.package_id = :id")
NEWEST = sa.text(f"{WAITING} ORDER BY fragment.revision DESC LIMIT {BATCH}")
GONE = sa.text("""
    DELETE FROM tzc_publishing_validation AS said WHERE NOT EXISTS (
        SELECT FROM tzc_publishing_fragment AS fragment WHERE fragment.package_id = said.package_id AND fragment.published
    ) RETURNING said.package_id
""")


def validate_waiting(seconds: float, told: Told | None = None) -> int:
    """Validate fragments that wait, what changed last first, as far as it can be done in so many seconds. Returns how many; 0 also while another does it. Commits."""
    ends, count = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        if not model.Session.execute(sa.text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}).scalar():
            model.Session.rollback()
            break
        if not count:
            forget_gone()
        done = _validate(model.Session.execute(NEWEST, {"shapes": shapes().fingerprint}).all())
        model.Session.commit()
        if not done:
            break
        count += done
        if told:
            told(count)
    return count


def validate_one(package_id: str) -> None:
    """Validate one dataset's fragment, if it waits. Commits."""
    _validate(model.Session.execute(OF_ONE, {"shapes": shapes().fingerprint, "id": package_id}).all())
    model.Session.commit()


def any_waiting() -> bool:
    """Whether any fragment waits."""
    return model.Session.execute(sa.text(f"SELECT EXISTS ({WAITING})"), {"shapes": shapes().fingerprint}).scalar() is True


def forget_gone() -> None:
    """Remove what was said of fragments that were withdrawn. Does not commit."""
    gone = [row.package_id for row in model.Session.execute(GONE)]
    if gone:
        signals.validated.send(conforms=dict.fromkeys(gone))


def _validate(fragments: Any) -> int:
    rows = [_row(*fragment) for fragment in fragments]
    if rows:
        statement = insert(Validation.__table__)
        renewed = {name: statement.excluded[name] for name in rows[0] if name != "package_id"}
        model.Session.execute(statement.on_conflict_do_update(index_elements=["package_id"], set_=renewed), rows)
        signals.validated.send(conforms={row["package_id"]: row["conforms"] for row in rows})
    return len(rows)


def _row(package_id: str, digest: str, body: bytes) -> dict[str, Any]:
    conforms: bool | None = None
    found: list[validation.Violation] = []
    try:
        found = validation.validate(unpacked_one(body).decode("utf-8"), shapes())
        conforms = validation.conforms(found)
    except NotValidatedError:
        log.exception("The RDF of dataset %s could not be validated", package_id)
    return {
        "package_id": package_id, "digest": digest, "shapes": shapes().fingerprint, "validated": datetime.now(timezone.utc), "conforms": conforms,
        "results": [dataclasses.asdict(one) for one in found],
    }  # fmt: skip


SAID = sa.text(f"""
    SELECT said.package_id, said.validated, said.conforms, said.results, said.shapes = :shapes AND said.digest = fragment.digest AND NOT EXISTS (
        SELECT FROM tzc_publishing_change AS change WHERE change.package_id = fragment.package_id OR change.organisation_id = fragment.owner_org
    ) AS present
    FROM tzc_publishing_validation AS said JOIN tzc_publishing_fragment AS fragment ON fragment.package_id = said.package_id {STILL_PUBLIC} AND fragment.package_id = :id
""")  # noqa: S608 -- a condition of ours


def said(package_id: str) -> Any:
    """What was said last of a published dataset, and whether that is its `present` state; None for one that is not public or was not looked at yet."""
    return model.Session.execute(SAID, {"shapes": shapes().fingerprint, "id": package_id}).one_or_none()


EVERY = sa.text(f"""
    SELECT said.package_id, said.conforms, said.results FROM tzc_publishing_validation AS said
    JOIN tzc_publishing_fragment AS fragment ON fragment.package_id = said.package_id {STILL_PUBLIC} AND (CAST(:id AS text) IS NULL OR fragment.package_id = :id)
    ORDER BY fragment.position
""")  # noqa: S608 -- as above


def every(package_id: str | None = None) -> list[Any]:
    """What was said last of all published datasets, or of one: `package_id`, `conforms`, `results`."""
    return list(model.Session.execute(EVERY, {"id": package_id}))


FORBIDDEN = sa.text(f"""
    SELECT said.package_id, said.conforms, jsonb_path_query_array(said.results, '$[*] ? (@.severity == "{VIOLATION}").field') AS fields FROM tzc_publishing_validation AS said
    JOIN tzc_publishing_fragment AS fragment ON fragment.package_id = said.package_id AND fragment.published WHERE said.package_id = ANY(:ids)
""")  # noqa: S608 -- a word of ours


def forbidden(package_id: str) -> frozenset[str] | None:
    """Fields of forms (empty for what has none) for which a dataset's RDF is refused, by the last look; None where there was none."""
    return together.of_one(package_id, "forbidden", _forbidden)


def _forbidden(ids: Sequence[str]) -> dict[str, frozenset[str]]:
    return {row.package_id: frozenset(row.fields) for row in model.Session.execute(FORBIDDEN, {"ids": list(ids)}) if row.conforms is not None}


def words(result: dict[str, Any]) -> str:
    """A result's message in the reader's language."""
    messages = result["messages"]
    return str(messages.get(language()) or messages.get("en") or next(iter(messages.values()), result["path"]))

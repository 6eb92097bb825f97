"""The terms that somebody accepts who asks for data: a partner's own, else the portal's; each version is kept."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
import yaml
from ckan.model.types import make_uuid
from ckanext.tzc.common import duties, happening

from . import records


@lru_cache(maxsize=1)
def _of_portal() -> dict[str, str]:
    texts: dict[str, str] = yaml.safe_load((files("ckanext.tzc.rights") / "request_terms.yaml").read_text(encoding="utf-8"))
    return texts


def fingerprint(texts: dict[str, str]) -> str:
    """SHA-256 of texts by language, as JSON with sorted keys and no blanks, UTF-8."""
    return hashlib.sha256(json.dumps(texts, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def in_force(partner: str) -> records.Terms:
    """The terms that a partner's data are given under now. The portal's are written down when they are first needed."""
    of_partner: Any = model.Session.query(records.Terms).filter_by(partner=partner).order_by(records.Terms.since.desc()).first()
    if of_partner is not None and of_partner.texts:
        found: records.Terms = of_partner
        return found
    texts = _of_portal()
    latest: Any = model.Session.query(records.Terms).filter_by(partner=None).order_by(records.Terms.since.desc()).first()
    if latest is not None and latest.hash == fingerprint(texts):
        kept: records.Terms = latest
        return kept
    return write(None, texts, None)


def write(partner: str | None, texts: dict[str, str], by: str | None) -> records.Terms:
    """A new version; without texts the portal's terms count again for this partner. Does not commit."""
    found = records.Terms(id=make_uuid(), partner=partner, texts=texts, hash=fingerprint(texts), by=by, since=records.now())
    model.Session.add(found)
    model.Session.flush()
    return found


def for_partners(partners: Iterable[str]) -> dict[str, records.Terms]:
    """The terms in force, by partner."""
    return {partner: in_force(partner) for partner in partners}


def known(hashes: Iterable[str]) -> bool:
    """Whether one of these is the hash of terms that were in force once."""
    wanted = list(hashes)
    found: Any = model.Session.query(records.Terms.id).filter(records.Terms.hash.in_(wanted)).first() if wanted else None
    return found is not None


SET_BY = (duties.DECIDER, duties.LEGAL)
"""Duties of those who set a partner's terms; administrators do too."""


def may_set(user: Any, partner: str) -> bool:
    """Whether an account sets the terms of a partner."""
    return bool(user.sysadmin or any(duties.has(user.id, partner, duty) for duty in SET_BY))


def partner_for(user: Any, name: str) -> Any:
    """A partner whose terms an account sets. Raises ObjectNotFound, NotAuthorized."""
    partner = model.Group.get(name)
    if partner is None or not partner.is_organization or partner.state != model.State.ACTIVE:
        raise tk.ObjectNotFound(tk._("There is no such partner."))
    if not may_set(user, partner.id):
        raise tk.NotAuthorized(tk._("Only who decides for the partner, or reviews its licences, sets its terms."))
    return partner


def replace(partner: Any, texts: dict[str, str], user: Any, before: str) -> records.Terms:
    """Put other terms of a partner into force, where these are others; `before`: the hash of those that the writer had before them. Raises ValidationError. Does not commit."""
    model.Session.execute(sa.select(model.Group.id).where(model.Group.id == partner.id).with_for_update())
    now = in_force(partner.id)
    if before and before != now.hash:
        raise tk.ValidationError({"before": [tk._("Somebody else changed the terms meanwhile. Read what is in force now, then save again if yours shall take its place.")]})
    if texts == (now.texts if now.partner == partner.id else {}):
        return now
    written = write(partner.id, texts, user.id)
    told = frozenset().union(*(duties.holders(partner.id, duty) for duty in SET_BY)) - {user.id}
    path = tk.h.url_for("tzc_terms.page", name=partner.name, locale="default")
    content = {"hash": written.hash, "before": now.hash, "own": bool(texts), "title": partner.title or partner.name}
    happening.tell(happening.Happening("terms.changed", user.id, {"partner": partner.id}, content, tuple(sorted(told)), path))
    return written


def shown(version: records.Terms, accepted: dict[str, int]) -> dict[str, Any]:
    """A version, as answers have it."""
    by = model.User.get(version.by) if version.by else None
    return {"hash": version.hash, "texts": version.texts, "since": version.since.isoformat(), "by": by.display_name if by else "", "accepted": accepted.get(version.id, 0)}


def history(partner: str) -> list[dict[str, Any]]:
    """All versions of a partner's own, the newest first."""
    rows = model.Session.query(records.Terms).filter_by(partner=partner).order_by(records.Terms.since.desc()).all()
    counts = model.Session.query(records.Accepted.terms, sa.func.count(sa.distinct(records.Accepted.request))).filter(records.Accepted.terms.in_([row.id for row in rows]))
    accepted = dict(tuple(row) for row in counts.group_by(records.Accepted.terms)) if rows else {}
    return [shown(row, accepted) for row in rows]


def keep() -> None:
    """Commit: the portal's terms are written down when they are first needed."""
    model.Session.commit()

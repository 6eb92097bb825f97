"""The terms that somebody accepts who asks for data: a partner's own, else the portal's; each version is kept."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Any

import ckan.model as model
import yaml
from ckan.model.types import make_uuid

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

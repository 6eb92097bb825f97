"""What a queue says of its entries beside what is asked: that the first key is turned, and in whose place the reader decides."""
from __future__ import annotations

from typing import Any

import ckan.model as model
from ckanext.tzc.common import delegations, duties

from tzc.rights import requests


def mark(user: Any, rows: list[Any], entries: list[dict[str, Any]]) -> None:
    """Add `second` (the other key was turned) and `for` (names of those in whose place) to each entry; in two questions, however many there are."""
    delegates = delegations.delegates_of(sorted({part.partner for part, _request in rows}), duties.DECIDER)
    replaced = {partner: found[user.id] for partner, found in delegates.items() if user.id in found}
    wanted = {account for accounts in replaced.values() for account in accounts}
    names = {one.id: one.display_name for one in model.Session.query(model.User).filter(model.User.id.in_(wanted))} if wanted else {}
    for (part, request), entry in zip(rows, entries, strict=True):
        barred = {request.requester, *request.team}
        entry["second"] = bool(part.personal and part.keys and part.state == requests.UNDER_REVIEW)
        entry["for"] = sorted(names[one] for one in replaced.get(part.partner, ()) if one in names and one not in barred)

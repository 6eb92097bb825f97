"""Who decides in somebody's place: as the replaced would, and with what they did already."""
from __future__ import annotations

import ckan.model as model
from ckanext.tzc.common import delegations, duties

from tzc.rights import requests

from . import records


def deciding(part: records.Part, request: records.Request, but: frozenset[str] = frozenset()) -> frozenset[str]:
    """Who decides for the partner, without those in `but` and who would have the data; of a delegate it counts whether those whom they replace could."""
    barred = but | {request.requester, *request.team}
    replacing = delegations.delegates(part.partner, duties.DECIDER)
    return frozenset(one for one in duties.holders(part.partner, duties.DECIDER) - barred if not replacing.get(one) or replacing[one] - barred)


def in_place_of(user: str, part: records.Part, request: records.Request) -> frozenset[str]:
    """Those in whose place a delegate decides here; none for who has the duty."""
    return delegations.delegates(part.partner, duties.DECIDER).get(user, frozenset()) - {request.requester, *request.team}


def hands(part: records.Part) -> frozenset[str]:
    """Whose keys are turned: who turned them, and in whose place."""
    if not part.keys:
        return frozenset()
    done = set(part.keys.values())
    move = requests.Overturn if part.state == requests.APPEALED or requests.REVIEWER in part.keys else requests.Approve
    rows = model.Session.query(records.Message.by, records.Message.acting_for).filter_by(part=part.id, move=move.name)
    return frozenset(done).union(*(acting_for for by, acting_for in rows if by in done))


def turned(user: str, part: records.Part, request: records.Request) -> bool:
    """Whether somebody turned a key already, in person or by a delegate; a delegate is whom they replace."""
    done, replaced = hands(part), in_place_of(user, part, request)
    return user in done or bool(replaced and replaced <= done)

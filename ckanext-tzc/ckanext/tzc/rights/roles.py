"""Who moves a part of a request: in which role, and whom a move concerns."""
from __future__ import annotations

from ckanext.tzc.common import duties

from tzc.rights import requests

from . import delegates, records


def _without(holders: frozenset[str], request: records.Request) -> frozenset[str]:
    """Nobody decides on what they would have themselves."""
    return holders - {request.requester, *request.team}


def deciders(part: records.Part, request: records.Request) -> frozenset[str]:
    """Who decides for the partner; administrators where nobody is there."""
    return delegates.deciding(part, request) or _without(duties.administrators(), request)


def first_key(part: records.Part) -> str:
    """The role that turns a key beside the officer: a decider, or who hears the appeal."""
    return requests.REVIEWER if part.state == requests.APPEALED else requests.DECIDER


def _decided(part: records.Part, request: records.Request) -> frozenset[str]:
    """Who hears no appeal: who decided, and the team that it was decided for, whoever is in the team now."""
    return frozenset(part.decided_by) | frozenset(records.asked(part, request).team) if part.state == requests.APPEALED else frozenset()


def officers(part: records.Part, request: records.Request) -> frozenset[str]:
    """Who turns the second key, where data concern persons; an administrator where the partner's only officer is who turned the first, or decided what is appealed against."""
    if not part.personal:
        return frozenset()
    turned = delegates.hands(part) if first_key(part) in part.keys and requests.OFFICER not in part.keys else frozenset()
    decided = _decided(part, request)
    able = _without(duties.holders(part.partner, duties.OFFICER), request) - decided
    if able - turned:
        # where one person alone decides, the first key must stay theirs: another one turns the second
        return able
    return able | (_without(duties.administrators(), request) - decided)


def second(part: records.Part, request: records.Request) -> frozenset[str] | None:
    """Who may turn the key that is still to be turned, where two are needed and one was turned, or one person alone holds both; None where that is not so."""
    if not part.personal or part.state not in (requests.SUBMITTED, requests.UNDER_REVIEW):
        return None
    one, other = deciders(part, request), officers(part, request)
    if part.keys:
        missing = other if requests.DECIDER in part.keys else one
        return frozenset(account for account in missing if not delegates.turned(account, part, request))
    alone = one | other
    return _without(duties.administrators(), request) - alone if len(alone) == 1 else None


def stuck(part: records.Part, request: records.Request) -> bool:
    """Whether nobody at all could decide. That the second of two keys has nobody yet is said on the page (`second`), and does not keep people from asking."""
    return not deciders(part, request)


def reviewers(part: records.Part, request: records.Request) -> frozenset[str]:
    """Who hears an appeal: a decider who did not decide, else an administrator."""
    decided = _decided(part, request)
    return delegates.deciding(part, request, decided) or _without(duties.administrators(), request) - decided


def of(user: str, part: records.Part, request: records.Request) -> tuple[str, ...]:
    """The roles that an account has in a part."""
    if user == request.requester:
        return (requests.REQUESTER,)
    found = []
    if user in deciders(part, request):
        found.append(requests.DECIDER)
    if user in officers(part, request):
        found.append(requests.OFFICER)
    if part.state == requests.APPEALED and user in reviewers(part, request):
        found.append(requests.REVIEWER)
    return tuple(found)


def for_move(move: str, able: tuple[str, ...], user: str, part: records.Part, request: records.Request) -> str | None:
    """The role, of those that somebody has, in which they make a move: of two keys the one that is still to be turned, and first the one that leaves the other to somebody else."""
    roles = [role for role in able if role in requests.MOVES[move].roles]
    first = first_key(part)
    if not (first in roles and requests.OFFICER in roles):
        return roles[0] if roles else None
    if requests.OFFICER in part.keys or first in part.keys:
        return requests.OFFICER if first in part.keys else first
    if move not in TURNS:
        return first
    # turned in somebody's place, the first key uses up both persons: then one's own goes first
    gone = {user, *delegates.in_place_of(user, part, request)}
    hears = (reviewers if part.state == requests.APPEALED else deciders)(part, request)
    left = _without(duties.holders(part.partner, duties.OFFICER), request) - _decided(part, request) - gone
    return requests.OFFICER if not left and hears - {user} else first


TURNS = (requests.Approve.name, requests.Overturn.name)
"""Moves that turn a key."""


def moves(user: str, part: records.Part, request: records.Request) -> list[str]:
    """Names of the moves that somebody can make now; the form's own button submits, so that is none of them."""
    roles = of(user, part, request)
    found = {name for role in roles for name in requests.possible(part.state, role)} - {requests.Submit.name}
    if delegates.turned(user, part, request):
        found -= set(TURNS)
    if part.prolonged:
        found -= {requests.Prolong.name}
    if part.final:
        found -= {requests.Appeal.name}
    return [name for name in requests.MOVES if name in found]


def decide(part: records.Part, request: records.Request) -> frozenset[str]:
    """Whom a part waits for."""
    first = reviewers if part.state == requests.APPEALED else deciders
    return first(part, request) | officers(part, request)

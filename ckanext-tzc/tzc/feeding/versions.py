"""Which old files of a feed stay."""
from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

LAST, DAYS = RULES = ("last", "days")
MOST = {LAST: 1000, DAYS: 3660}


def is_rule(rule: object) -> bool:
    """Whether this is `{"last": how many}` or `{"days": how long}`."""
    if not isinstance(rule, Mapping) or len(rule) != 1:
        return False
    [(name, number)] = rule.items()
    return name in MOST and isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MOST[name]


def superfluous(rule: Mapping[str, int], versions: Iterable[tuple[str, dt.datetime]], now: dt.datetime) -> list[str]:
    """Ids of those that go, of `(id, when it was replaced)`."""
    newest = sorted(versions, key=lambda version: (version[1], version[0]), reverse=True)
    if LAST in rule:
        return [id_ for id_, _ in newest[rule[LAST] :]]
    return [id_ for id_, at in newest if at < now - dt.timedelta(days=rule[DAYS])]

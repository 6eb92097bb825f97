"""Which sums of a group may be released, so that nobody's own consumption can be read or computed of them.

A sum is of a set of members (delivery points). It is released when the set is large enough, of enough holders, and no holder has more than a share of it; and when it tells
no more together with what was released before of the same time: what two sums differ by must itself be large enough, and no small part may follow of all of them.
That a set becomes one larger or smaller, as somebody joins or withdraws, therefore releases nothing new until enough have changed.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .readings import Floats

Members = frozenset[int]

POINTS, HOLDERS, DOMINANCE, NOTHING, DIFFERENCE, EXPOSED = REASONS = ("points", "holders", "dominance", "nothing", "difference", "exposed")
"""Why a sum stays hidden: too few delivery points, too few holders, one holder has too much of it, it is nothing (so each member's is known), it differs by too few of
another, a small part of it follows of all that are out.
"""

MOST_RELEASED = 60
"""Sets of one time that are looked at together; with more, nothing new is released."""

ATOMS = 10
"""Small parts whose unions are looked at, too."""


@dataclasses.dataclass(frozen=True)
class Policy:
    """Thresholds, as the vocabulary `secrecy-policy` states them with their sources."""

    code: str
    points: int
    holders: int
    share: float


def policies(entries: Iterable[Mapping[str, Any]]) -> dict[str, Policy]:
    """Of the vocabulary."""
    found = {}
    for entry in entries:
        values = {one["code"]: one["value"] for one in entry["thresholds"]}
        found[entry["code"]] = Policy(entry["code"], int(values["least_points"]), int(values["least_holders"]), float(values["most_share"]))
    return found


def of_set(members: Members, holders: Mapping[int, str], policy: Policy) -> str:
    """Why no sum of a set is released, whatever the values; empty where it may be."""
    if len(members) < policy.points:
        return POINTS
    return HOLDERS if len({holders[member] for member in members}) < policy.holders else ""


def dominated(values: Floats, holders: Sequence[str], policy: Policy) -> NDArray[np.bool_]:
    """For each time (row) whether its sum is dominated or nothing. `values`: times × members, none below nothing and none missing; `holders`: whose each column is."""
    order = sorted(range(len(holders)), key=lambda place: holders[place])
    begins = [place for place, at in enumerate(order) if place == 0 or holders[at] != holders[order[place - 1]]]
    parts = np.add.reduceat(values[:, order], begins, axis=1)
    total = parts.sum(axis=1)
    hidden: NDArray[np.bool_] = (total <= 0) | (parts.max(axis=1) > policy.share * total)
    return hidden


def beside(members: Members, released: Sequence[Members], holders: Mapping[int, str], policy: Policy) -> str:
    """Why a set's sum stays hidden for what was released of the same time; empty where it may go out. A set that is out already tells nothing new. `holders`: of members
    that are known still; those of others count as one.
    """
    if members in released:
        return ""
    if len(released) >= MOST_RELEASED:
        return EXPOSED
    for other in released:
        apart = members ^ other
        if members & other and (len(apart) < policy.points or len({holders.get(member, "") for member in apart}) < policy.holders):
            return DIFFERENCE
    return EXPOSED if exposed([*released, members], policy.points) else ""


def differs(values: Floats, columns: Mapping[int, int], members: Members, released: Sequence[Members], holders: Mapping[int, str], policy: Policy) -> NDArray[np.bool_]:
    """For each time whether what the sum has more or less than a released one is dominated, or might be: what those who left used cannot be known once it is erased.
    `columns`: where a member's values stand, NaN where one is not known.
    """
    bad: NDArray[np.bool_] = np.zeros(len(values), dtype=bool)
    for other in released:
        if not (other < members or members < other):
            continue
        apart = sorted(members ^ other)
        if not all(member in columns for member in apart):
            return np.ones(len(values), dtype=bool)
        part = values[:, [columns[member] for member in apart]]
        bad |= np.isnan(part).any(axis=1) | dominated(np.nan_to_num(part), [holders[member] for member in apart], policy)
    return bad


def exposed(sets: Sequence[Members], least: int) -> list[Members]:
    """Small parts (fewer members than `least`) whose sum follows of the sums of sets by adding and subtracting them."""
    everybody = sorted(frozenset().union(*sets)) if sets else []
    if not everybody:
        return []
    matrix = np.array([[member in one for member in everybody] for one in sets], dtype=np.float64)
    # members that are in the same sets cannot be told apart: they are one part
    patterns, of = np.unique(matrix, axis=1, return_inverse=True)
    sizes = np.bincount(of.reshape(-1))
    _, strengths, rows = np.linalg.svd(patterns, full_matrices=False)
    basis = rows[strengths > 1e-9 * max(1.0, float(strengths[0]))]
    small = np.flatnonzero(sizes < least)[:ATOMS]
    found: list[Members] = []
    for choice in range(1, 1 << len(small)):
        parts = [int(part) for place, part in enumerate(small) if choice >> place & 1]
        if int(sizes[parts].sum()) >= least:
            continue
        wanted = np.zeros(len(sizes))
        wanted[parts] = 1.0
        # what follows of the sums is what they span
        if np.abs(basis.T @ (basis @ wanted) - wanted).max() < 1e-7:
            found.append(frozenset(member for member, part in zip(everybody, of.reshape(-1).tolist(), strict=True) if part in parts))
    return found


@dataclasses.dataclass(frozen=True)
class Decision:
    """Of the times of one group: the sums that may stand released, each of which set; `hidden`: how many stay hidden, by reason."""

    times: NDArray[np.int64]
    sums: Floats
    sets: tuple[Members, ...]
    of: NDArray[np.int64]
    """For each time the place of its set in `sets`."""
    hidden: Mapping[str, int]


@dataclasses.dataclass(frozen=True)
class Others:
    """Who is in released sets and no member, as far as it is known still: values (times × these, in kWh, NaN where one is not known), and whose each is."""

    members: Sequence[int]
    values: Floats
    holders: Sequence[str]


def decide(
    times: NDArray[np.int64], values: Floats, members: Sequence[int], holders: Sequence[str], before: Mapping[int, Sequence[Members]], policy: Policy, others: Others | None = None,
) -> Decision:  # fmt: skip
    """Which sums of a group go out. `values`: times × members in kWh, NaN where a member's is not known whole; `before`: by time all sets of which a sum was ever
    released, of this group or another that shares members.
    """
    whose, columns = dict(zip(members, holders, strict=True)), {member: place for place, member in enumerate(members)}
    wide = values
    if others is not None and len(others.members):
        whose |= dict(zip(others.members, others.holders, strict=True))
        columns |= {member: place for place, member in enumerate(others.members, len(members))}
        wide = np.hstack((values, others.values))
    known = ~np.isnan(values)
    masks, of_mask = _patterns(known)
    sets: list[Members] = []
    of, hidden = np.full(len(times), -1, dtype=np.int64), dict.fromkeys(REASONS, 0)
    for number, mask in enumerate(masks):
        at = np.flatnonzero(of_mask == number)
        these = frozenset(members[place] for place in np.flatnonzero(mask).tolist())
        if reason := of_set(these, whose, policy):
            hidden[reason] += len(at)
            continue
        inside = values[at][:, mask]
        empty, bad = inside.sum(axis=1) <= 0, dominated(inside, [holders[place] for place in np.flatnonzero(mask).tolist()], policy)
        hidden[NOTHING] += int(empty.sum())
        hidden[DOMINANCE] += int((bad & ~empty).sum())
        sets.append(these)
        for out, places in _alike(times, at[~bad], before):
            if reason := beside(these, out, whose, policy):
                hidden[reason] += len(places)
                continue
            told = differs(wide[places], columns, these, [] if these in out else out, whose, policy)
            hidden[DOMINANCE] += int(told.sum())
            of[places[~told]] = len(sets) - 1
    kept = of >= 0
    return Decision(times[kept], np.nansum(values[kept], axis=1), tuple(sets), of[kept], {reason: count for reason, count in hidden.items() if count})


def _patterns(known: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """The different rows, and which of them each row is."""
    packed = np.packbits(known, axis=1)
    if not packed.size:
        return known[:0], np.zeros(0, dtype=np.int64)
    whole = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).reshape(-1)
    _, first, of = np.unique(whole, return_index=True, return_inverse=True)
    return known[first], of.reshape(-1)


def _alike(times: NDArray[np.int64], places: NDArray[np.int64], before: Mapping[int, Sequence[Members]]) -> list[tuple[list[Members], NDArray[np.int64]]]:
    """Places whose times have the same sets released before."""
    found: dict[frozenset[Members], list[int]] = {}
    for place in places.tolist():
        found.setdefault(frozenset(before.get(int(times[place]), ())), []).append(place)
    return [(sorted(out, key=sorted), np.array(which, dtype=np.int64)) for out, which in found.items()]

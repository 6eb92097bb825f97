"""Sums of groups: which may stand in the dataset, and which not any more.

What may be released is decided by `tzc.sensors.secrecy`, beside all that was ever released of the same hours. Sums that hold somebody who withdraws are taken down in the
transaction that withdraws (unless the group said that published sums stay); the rest is a job's work.
"""
from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Sequence
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import numpy as np
import sqlalchemy as sa
from ckanext.tzc.schemas import vocabulary

from tzc.sensors import consent, secrecy
from tzc.sensors.meters import ELECTRICITY
from tzc.sensors.model import COUNT, Property, Stream, Thing
from tzc.sensors.partitions import Month, microseconds
from tzc.sensors.readings import SECOND, Floats, Ints, readings
from tzc.sensors.secrecy import Members

from .. import describing, erasing, writing
from .. import store as sensors
from . import curves, store

log = logging.getLogger(__name__)

KIND = "group"
SUM, POINTS = "sum", "points"
LOCK = "tzc_sensors groups"
DAY = 86_400 * SECOND


def policies() -> dict[str, secrecy.Policy]:
    """Thresholds by the policy's code."""
    return secrecy.policies(vocabulary("secrecy-policy"))


def touch(meter: store.Meter) -> None:
    """What is known of a meter, or which groups may count on it, has changed."""
    names = {row.group for row in store.consents_of(meter.id) if row.group and row.state == consent.ACTIVE}
    if names:
        model.Session.query(store.Group).filter(store.Group.id.in_(names)).update({"dirty": sensors.now()}, synchronize_session="fetch")


@dataclasses.dataclass(frozen=True)
class Left:
    """What became of a group's published sums that hold somebody who withdrew: so many are taken down, so many stay."""

    title: str
    taken: int = 0
    stay: int = 0


_HOLD = 'r."group" = :group AND r.current AND s.id = r.set AND s.members @> ARRAY[:meter]::integer[]'


def left(group: str, meter: store.Meter) -> Left | None:
    """A member withdrew: sums that hold it are taken down, where they do not stay by the group's rule. None where the group is gone."""
    row = store.group(group)
    if row is None:
        return None
    _alone()
    row.dirty = sensors.now()
    values = {"group": row.id, "meter": meter.id}
    if row.rule == consent.KEEP:
        stay = model.Session.execute(sa.text(f"SELECT count(*) FROM tzc_sensors_release AS r, tzc_sensors_set AS s WHERE {_HOLD}"), values).scalar()
        return Left(row.title, stay=int(stay or 0))
    asked = sa.text(f"UPDATE tzc_sensors_release AS r SET current = false FROM tzc_sensors_set AS s WHERE {_HOLD} RETURNING (extract(epoch FROM r.time) * 1000000)::bigint")
    times = sorted(model.Session.execute(asked, values).scalars())
    _take_down(row, times)
    return Left(row.title, taken=len(times))


def _take_down(row: store.Group, times: Sequence[int]) -> None:
    if row.source and times:
        for stream in sensors.streams_of(row.source).values():
            erasing.erase_times(stream.id, times)


def _alone() -> None:
    """One at a time decides what is released, so that each sees what others did."""
    model.Session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": LOCK})


def members(row: store.Group) -> list[store.Meter]:
    """Meters that count: a delivery point that two people brought counts once."""
    at = store.local_now()
    asked = model.Session.query(store.Meter, store.Consent).join(store.Consent, store.Consent.meter == store.Meter.id).filter(store.Consent.group == row.id)
    found: dict[str, store.Meter] = {}
    for meter, given in asked.order_by(store.Meter.id):
        if given.pure.holds(at) and meter.energy == row.energy:
            found.setdefault(meter.hash, meter)
    return list(found.values())


def compute(row: store.Group) -> int:
    """Release what may be, take down what may not. How many sums stand. Does not commit."""
    _alone()
    model.Session.refresh(row, with_for_update=True)
    found = members(row)
    streams = _streams_of(found)
    covered = curves.span(list(streams))
    hidden: dict[str, int] = {}
    for month in curves.months(covered) if covered else []:
        for reason, count in _month(row, found, streams, month).items():
            hidden[reason] = hidden.get(reason, 0) + count
    row.hidden, row.dirty, row.computed = hidden, None, sensors.now()
    model.Session.flush()
    return int(model.Session.query(sa.func.count()).select_from(store.Release).filter_by(group=row.id, current=True).scalar())


Counted = dict[int, tuple[int, str]]
"""Streams that sums are made of: the place of each one's meter, and its unit."""


def _streams_of(found: list[store.Meter]) -> Counted:
    return {stream.id: (place, stream.unit) for place, meter in enumerate(found) if (stream := curves.counted(meter)) is not None}


def _table(row: store.Group, streams: Counted, count: int, month: Month) -> tuple[Ints, Floats]:
    """A month of so many meters: times, and values as `curves.table` gives them, with a column also for those of whom nothing is known."""
    given = curves.rows(list(streams), month.begins, month.ends)
    times, values = curves.table({number: place for number, (place, _unit) in streams.items()}, {number: unit for number, (_place, unit) in streams.items()}, given, row.energy)
    return times, np.hstack((values, np.full((len(times), count - values.shape[1]), np.nan)))


def _month(row: store.Group, found: list[store.Meter], streams: Counted, month: Month) -> dict[str, int]:
    """One month of a group; what stays hidden, by reason."""
    times, values = _table(row, streams, len(found), month)
    lag = microseconds(sensors.now()) - int(tk.config["tzc.sensors.group_lag_days"]) * DAY
    times, values = times[times < lag], values[times < lag]
    numbers = [meter.id for meter in found]
    before, stands = _before(row, _points(found), month)
    others = _others(row, {member for sets in before.values() for one in sets for member in one} - set(numbers), times, month)
    done = secrecy.decide(times, values, numbers, [meter.holder for meter in found], before, policies()[row.policy], others)
    if len(done.times):
        _release(row, done, stands)
    return dict(done.hidden)


def _others(row: store.Group, numbers: set[int], times: Ints, month: Month) -> secrecy.Others:
    """What is known still of those who are in released sets of a month and no members: they left, or belong to another group."""
    found = model.Session.query(store.Meter).filter(store.Meter.id.in_(numbers), store.Meter.energy == row.energy).order_by(store.Meter.id).all() if numbers else []
    values = np.full((len(times), len(found)), np.nan)
    if streams := _streams_of(found):
        known, theirs = _table(row, streams, len(found), month)
        _both, here, there = np.intersect1d(times, known, return_indices=True)
        values[here] = theirs[there]
    return secrecy.Others([meter.id for meter in found], values, [meter.holder for meter in found])


def _points(found: list[store.Meter]) -> dict[int, int]:
    """Of all meters that are the delivery point of a member, whoever brought them: which member that is."""
    counted = {meter.hash: meter.id for meter in found}
    asked = model.Session.query(store.Meter.id, store.Meter.hash).filter(store.Meter.hash.in_(counted))
    return {number: counted[hash_] for number, hash_ in asked}


def _before(row: store.Group, points: dict[int, int], month: Month) -> tuple[dict[int, list[Members]], dict[int, Members]]:
    """All that was ever released of a month's times, each delivery point under one number (`points`), and which sets of the group stand, as they are kept."""
    asked = sa.text("""
        SELECT (extract(epoch FROM r.time) * 1000000)::bigint AS time, s.members, r."group" = :group AND r.current AS stands
        FROM tzc_sensors_release AS r JOIN tzc_sensors_set AS s ON s.id = r.set
        WHERE r.time >= :first AND r.time < :next AND (r."group" = :group OR s.members && CAST(:members AS integer[]))
    """)
    before: dict[int, list[Members]] = {}
    stands: dict[int, Members] = {}
    sets: dict[tuple[int, ...], tuple[Members, Members]] = {}
    for time, members_, current in model.Session.execute(asked, {"group": row.id, "first": month.first, "next": month.next.first, "members": sorted(points)}):
        key = tuple(members_)
        if key not in sets:
            sets[key] = frozenset(key), frozenset(points.get(number, number) for number in key)
        kept, one = sets[key]
        before.setdefault(time, []).append(one)
        if current:
            stands[time] = kept
    return before, stands


def _release(row: store.Group, done: secrecy.Decision, stands: dict[int, Members]) -> None:
    """Write sums into the dataset, and that they were released. A sum that is out stays as it is: what a correction changes of it would be one member's."""
    fresh = [place for place, (time, of) in enumerate(zip(done.times.tolist(), done.of.tolist(), strict=True)) if stands.get(time) != done.sets[of]]
    times, of, sums = done.times[fresh], done.of[fresh], done.sums[fresh]
    numbers = [_set(members_) for members_ in done.sets]
    chosen, sizes = [numbers[place] for place in of.tolist()], np.array([len(members_) for members_ in done.sets])[of]
    moments = writing.moments(times)
    other = [time for time in times.tolist() if time in stands]
    if other:
        gone = sa.text('UPDATE tzc_sensors_release SET current = false WHERE "group" = :group AND current AND time = ANY(CAST(:times AS timestamptz[]))')
        model.Session.execute(gone, {"group": row.id, "times": writing.moments(other)})
    put = sa.text("""
        INSERT INTO tzc_sensors_release ("group", time, set, current)
        SELECT :group, time, set, true FROM unnest(CAST(:times AS timestamptz[]), CAST(:sets AS bigint[])) AS n (time, set)
        ON CONFLICT ("group", time, set) DO UPDATE SET current = true
    """)
    model.Session.execute(put, {"group": row.id, "times": moments, "sets": chosen})
    streams = _streams(row)
    seconds = 3600 if row.energy == ELECTRICITY else 86_400
    for name, results in ((SUM, sums), (POINTS, sizes.astype(np.float64))):
        # to the watt-hour: last digits of floating point tell the order in which members were added
        writing.write(readings([streams[name]] * len(times), times, np.round(results, 3), seconds=seconds))


def _set(members_: Members) -> int:
    numbers = sorted(members_)
    hash_ = hashlib.sha256(",".join(map(str, numbers)).encode()).hexdigest()
    put = sa.text("INSERT INTO tzc_sensors_set (members, hash) VALUES (:members, :hash) ON CONFLICT (hash) DO UPDATE SET hash = EXCLUDED.hash RETURNING id")
    return int(model.Session.execute(put, {"members": numbers, "hash": hash_}).scalar_one())


def _streams(row: store.Group) -> dict[str, int]:
    """The group's two streams of the dataset: the sum, and of how many delivery points it is."""
    source = sensors.source(row.source) if row.source else None
    if source is None:
        source = sensors.Source(
            id=row.id, dataset=row.dataset, kind=KIND, name=row.title, definition={"group": row.id}, paused=False, allowed=True, internal=False, by=row.by,
            made=sensors.now(),
        )  # fmt: skip
        model.Session.add(source)
        model.Session.flush()
        row.source = source.id
    seconds = 3600 if row.energy == ELECTRICITY else 86_400
    thing = Thing("group", row.title, row.about)
    code = "electric_energy" if row.energy == ELECTRICITY else "gas_energy"
    told = [
        Stream(SUM, thing, Property(code), name=row.title, unit="kW.h", interval=seconds, period=seconds),
        Stream(POINTS, thing, Property("other"), name=f"{row.title} (points)", unit="1", kind=COUNT, interval=seconds, period=seconds),
    ]  # fmt: skip
    known = describing.describe(source, told)
    row.stream = known[SUM].id
    return {name: known[name].id for name in (SUM, POINTS)}


def compute_dirty() -> int:
    """All groups whose sums may be different now. How many. Commits after each; one that fails does not hold up the others."""
    ids = [id_ for (id_,) in model.Session.query(store.Group.id).filter(store.Group.dirty.isnot(None)).order_by(store.Group.dirty)]
    done = 0
    for id_ in ids:
        row = store.group(id_)
        if row is None or row.dirty is None:
            continue
        try:
            compute(row)
            model.Session.commit()
            done += 1
        except writing.UnknownStreamError:
            # a member withdrew meanwhile: it stays noted, and is next time without
            model.Session.rollback()
            log.info("Group %s changed while it was summed up", id_)
    return done


def shown(row: store.Group, **more: Any) -> dict[str, Any]:
    """A group as its pages and the API show it."""
    return {
        "id": row.id, "dataset": row.dataset, "title": row.title, "about": row.about, "energy": row.energy, "policy": row.policy, "rule": row.rule, "until": row.until.isoformat(),
        "open": row.open and row.until >= store.local_now().date(), **more,
    }  # fmt: skip

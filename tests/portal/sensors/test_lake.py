"""Months that are moved to the lake: nothing is lost or doubled, whatever comes later and wherever a run is killed."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from tzc.sensors import quality
from tzc.sensors.partitions import Month
from tzc.sensors.readings import Readings, readings

Make = Callable[..., dict[str, int]]

MINUTE = 60_000_000
JANUARY, FEBRUARY, MARCH = Month(2025, 1), Month(2025, 2), Month(2025, 3)
"""Long ago: the setting keeps twelve months."""

pytestmark = pytest.mark.usefixtures("lake")


@pytest.fixture
def lake(tmp_path: Path, with_plugins: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake of the test's own; of the months before, no table is left of other tests."""
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import months

    for month in months.there():
        if month < months.kept_from():
            model.Session.rollback()
            months.drop(month)
    model.Session.rollback()
    monkeypatch.setitem(tk.config, "tzc.sensors.lake", str(tmp_path / "lake"))
    return tmp_path / "lake"


@pytest.fixture
def write() -> Callable[[Readings], Any]:
    import ckan.model as model
    from ckanext.tzc.sensors import writing

    def store(given: Readings) -> Any:
        done = writing.write(given)
        model.Session.commit()
        return done

    return store


def ask(query: str) -> list[Any]:
    import ckan.model as model
    import sqlalchemy as sa

    found = list(model.Session.execute(sa.text(query)).all())
    model.Session.rollback()
    return found


def move(**more: Any) -> Any:
    from ckanext.tzc.sensors.lake import moving

    return moving.move(**more)


def stored() -> list[tuple[int, int, float, int]]:
    """All observations, by whoever reads them."""
    import ckan.model as model
    from ckanext.tzc.sensors import reading, store

    numbers = [row.id for row in model.Session.query(store.Stream).order_by(store.Stream.id)]
    found = reading.raw(numbers, reading.EARLIEST, reading.LATEST)
    model.Session.rollback()
    return list(zip(found.streams.tolist(), found.times.tolist(), found.results.tolist(), found.flags.tolist(), strict=True))


def rollups() -> list[list[Any]]:
    columns = "stream, time, count, good, sum::text, least::text, most::text, first::text, last::text"
    return [ask(f"SELECT {columns} FROM tzc_sensors_{level} ORDER BY stream, time") for level in ("hour", "day", "month")]  # noqa: S608 -- names of ours


def state() -> list[Any]:
    return ask("SELECT stream, first, last, result, flags, observations FROM tzc_sensors_state ORDER BY stream")


def months() -> list[Month]:
    import ckan.model as model
    from ckanext.tzc.sensors import months

    found = [month for month in months.there() if month in (JANUARY, FEBRUARY, MARCH)]
    model.Session.rollback()
    return found


def two_months(numbers: list[int], seed: int = 1) -> Readings:
    """Every half hour of January and February, with odd values among them."""
    times = np.arange(JANUARY.begins, MARCH.begins, 30 * MINUTE)
    chance = np.random.default_rng(seed)
    values = np.round(chance.normal(12, 3, (len(numbers), len(times))), 2)
    values[:, 100:160] = 12.5  # stays the same for more than a day
    values[:, 1000] = 99.0
    return readings(np.repeat(numbers, len(times)), np.tile(times, len(numbers)), values.ravel())


@pytest.fixture
def told(streams: Make, write: Any) -> list[int]:
    """Two months of two streams, settled."""
    from ckanext.tzc.sensors import settling

    numbers = list(streams("a", "b", interval=1800).values())
    write(two_months(numbers))
    settling.settle_all()
    return numbers


def test_somebody_elses_long_transaction_holds_up_no_move(streams: Make, write: Any, lake: Path) -> None:
    """One that began before the rows were written and has nothing to do with them."""
    import ckan.model as model
    import sqlalchemy as sa
    from ckanext.tzc.sensors import settling

    with model.Session.get_bind().connect() as other:
        other.execute(sa.text("SELECT pg_current_xact_id()"))
        write(two_months(list(streams("a", "b", interval=1800).values())))
        settling.settle_all()
        assert [done.left for done in move()] == ["", ""]
        other.rollback()


def test_a_month_is_moved_and_reads_as_before(told: list[int], lake: Path, dataset: dict[str, Any]) -> None:
    before, hours, known = stored(), rollups(), state()
    assert [(done.month, done.rows, done.files, done.left) for done in move()] == [(JANUARY, 2 * 31 * 48, 1, ""), (FEBRUARY, 2 * 28 * 48, 1, "")]
    assert months() == []
    assert (stored(), rollups(), state()) == (before, hours, known)
    [first, _second] = sorted(lake.rglob("*.parquet"))
    assert first.parent.name == dataset["id"] and first.name.startswith("2025-01.")
    file = pq.ParquetFile(first)
    assert file.metadata.row_group(0).column(2).compression == "ZSTD"
    assert [column.column_index for column in file.metadata.row_group(0).sorting_columns] == [0, 1]
    rows = file.read().to_pydict()
    assert [(a, b) for a, b in zip(rows["stream"], rows["time"], strict=True)] == sorted(zip(rows["stream"], rows["time"], strict=True))
    assert move() == []


def test_the_months_that_the_setting_keeps_stay(streams: Make, write: Any) -> None:
    from ckanext.tzc.sensors import months as known

    number = streams("a")["a"]
    first = known.kept_from()
    write(readings([number], [first.begins], [1.0]))
    assert move() == []


def test_groups_that_hold_nothing_of_it_are_not_read(told: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.sensors.lake import files, reading

    monkeypatch.setattr(files, "GROUP", 500)
    move()
    read: list[int] = []
    original = pq.ParquetFile.read_row_groups
    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", lambda file, groups: read.extend(groups) or original(file, groups))
    found = reading.series([told[1]], JANUARY.begins, JANUARY.begins + 60 * MINUTE)
    assert (found.streams.tolist(), found.times.tolist()) == ([told[1]] * 2, [JANUARY.begins, JANUARY.begins + 30 * MINUTE])
    assert read == [2]


def test_the_first_and_the_newest_of_each(told: list[int]) -> None:
    from ckanext.tzc.sensors import reading
    from ckanext.tzc.sensors.lake.reading import LAKE

    expected = {newest: reading.raw(told, JANUARY.begins, MARCH.begins, 1500, newest) for newest in (False, True)}
    move()
    for newest, before in expected.items():
        for found in (reading.raw(told, JANUARY.begins, MARCH.begins, 1500, newest), LAKE.read(told, JANUARY.begins, MARCH.begins, 1500, newest)):
            assert found.times.tolist() == before.times.tolist() and found.results.tolist() == before.results.tolist()


def everything() -> list[Any]:
    from ckanext.tzc.sensors import settling

    settling.settle_all()
    return [stored(), rollups(), state()]


def later(numbers: list[int]) -> Readings:
    """What comes when all is in the lake: values that are there already, that are corrected, that are new; at the month's border too."""
    one, other = numbers
    times = [JANUARY.begins + 30 * MINUTE, JANUARY.begins + 45 * MINUTE, FEBRUARY.begins - 30 * MINUTE, FEBRUARY.begins, MARCH.begins + 60 * MINUTE]
    same = two_months(numbers)
    return readings([one, one, one, other, one], times, [float(same.results[1]), 3.25, 4.5, -8.0, 7.75])


def test_what_comes_late_is_as_if_nothing_had_been_moved(told: list[int], write: Any, streams: Make) -> None:
    """The store, its marks and what follows from it; read before and after the next move."""
    import ckan.model as model
    import sqlalchemy as sa

    written = write(later(told))
    assert (written.new, written.changed, written.same) == (2, 2, 1)
    expected = everything()
    assert expected[0] != []
    for table in ("observation", "state", "hour", "day", "month", "unsettled"):
        model.Session.execute(sa.text(f"TRUNCATE tzc_sensors_{table}"))
    model.Session.commit()
    write(two_months(told))
    assert {done.left for done in move()} == {""}
    assert write(later(told)) == written
    assert months() == [JANUARY, FEBRUARY, MARCH]
    assert everything() == expected
    assert [done.left for done in move()] == ["", "", ""]
    assert months() == [] and everything() == expected
    assert write(later(told)).new == write(later(told)).changed == 0


def test_a_value_that_stays_the_same_over_the_border(streams: Make, write: Any) -> None:
    """Marks of the first hours of a month depend on the last ones of the month before, which is in the lake."""
    from ckanext.tzc.sensors import settling

    number = streams("a", interval=1800)["a"]
    january = np.arange(FEBRUARY.begins - 20 * 60 * MINUTE, FEBRUARY.begins, 30 * MINUTE)
    february = np.arange(FEBRUARY.begins, FEBRUARY.begins + 20 * 60 * MINUTE, 30 * MINUTE)
    write(readings([number] * len(january), january, [7.0] * len(january)))
    settling.settle_all()
    move()
    write(readings([number] * len(february), february, [7.0] * len(february)))
    settling.settle_all()
    marked = [time for _stream, time, _result, flags in stored() if flags & quality.FROZEN]
    assert marked == [time for time in february.tolist() if time >= FEBRUARY.begins + 4 * 60 * MINUTE]
    # and on it goes
    move()
    write(readings([number], [MARCH.begins], [8.0]))
    settling.settle_all()
    assert [quality.named(flags) for _stream, _time, _result, flags in stored()][-1] == ["gap"]


def test_what_is_written_while_it_is_moved_is_not_lost(told: list[int], write: Any) -> None:
    before = len(stored())
    came: list[str] = []

    def pause(step: str) -> None:
        if step == "written" and not came:
            came.append(step)
            write(readings([told[0]], [JANUARY.begins + 7 * MINUTE], [1.5]))

    done = move(pause=pause)
    assert [(month.month, month.left) for month in done] == [(JANUARY, "unsettled"), (FEBRUARY, "")]
    assert len(stored()) == before + 1
    from ckanext.tzc.sensors import settling

    # settled in between: no note tells of it any more
    settling.settle_all()

    def again(step: str) -> None:
        if step == "written" and came == ["written"]:
            came.append(step)
            write(readings([told[0]], [JANUARY.begins + 7 * MINUTE], [2.5]))
            settling.settle_all()

    assert [month.left for month in move(pause=again)] == ["changed"]
    assert [month.left for month in move()] == [""]
    assert len(stored()) == before + 1 and (told[0], JANUARY.begins + 7 * MINUTE, 2.5) in [row[:3] for row in stored()]


def test_what_is_erased_while_it_is_moved_does_not_come_back(told: list[int]) -> None:
    """Nothing that is there says so: there is one row less."""
    import ckan.model as model
    from ckanext.tzc.sensors import erasing, settling

    gone = (told[0], JANUARY.begins + 30 * MINUTE)

    def pause(step: str) -> None:
        if step == "written" and gone in [row[:2] for row in stored()]:
            erasing.erase_times(gone[0], [gone[1]])
            model.Session.commit()
            settling.settle_all()

    assert [month.left for month in move(pause=pause)] == ["changed", ""]
    assert gone not in [row[:2] for row in stored()]
    assert [month.left for month in move()] == [""]
    assert gone not in [row[:2] for row in stored()] and len(stored()) == 2 * 59 * 48 - 1


def altered(path: Path) -> None:
    """The file as it is, but for one value."""
    table = pq.read_table(path)
    results = table.column("result").to_pylist()
    results[7] += 1
    pq.write_table(table.set_column(2, table.schema.field("result"), [results]), path)


def test_a_table_goes_only_for_what_was_read_back_as_it_was_written(told: list[int], lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that gives back something else."""
    from ckanext.tzc.sensors.lake import files, places

    before, right = stored(), places.Place.keep

    def keep(place: places.Place, path: str) -> None:
        right(place, path)
        altered(Path(place.full(path)))

    monkeypatch.setattr(places.Place, "keep", keep)
    with pytest.raises(files.UnlikeError):
        move()
    assert months() == [JANUARY, FEBRUARY] and stored() == before
    monkeypatch.setattr(places.Place, "keep", right)
    assert [month.left for month in move()] == ["", ""] and stored() == before
    assert len(list(lake.rglob("*.parquet"))) == 2, "what was begun is removed"


KILLED = """
import os, signal, sys
from ckan.config.middleware import make_app
from ckan.cli import load_config
app = make_app(load_config(os.environ["CKAN_INI"]))
import ckan.plugins.toolkit as tk
tk.config["tzc.sensors.lake"] = sys.argv[1]
from ckanext.tzc.sensors.lake import moving
def pause(step):
    if step == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
moving.move(pause=pause)
"""


@pytest.mark.parametrize("step", ["file", "written", "known", "dropped", "moved"])
def test_a_run_that_is_killed_loses_and_doubles_nothing(told: list[int], write: Any, lake: Path, step: str) -> None:
    write(later(told))
    expected = everything()
    killed = subprocess.run([sys.executable, "-c", KILLED, str(lake), step], capture_output=True, text=True, env={**os.environ, "PYTHONWARNINGS": "ignore"}, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    # one that was killed before the end has changed nothing, but for files that nobody knows of
    assert months() == ([FEBRUARY, MARCH] if step == "moved" else [JANUARY, FEBRUARY, MARCH])
    assert everything() == expected
    assert [done.left for done in move()] == [""] * (2 if step == "moved" else 3)
    assert everything() == expected
    assert sorted(path.name.partition(".")[0] for path in lake.rglob("*.parquet")) == ["2025-01", "2025-02", "2025-03"]
    assert ask("SELECT state, count(*) FROM tzc_sensors_file GROUP BY state") == [("kept", 3)]


def test_files_of_before_stay_for_who_reads_them(told: list[int], write: Any, lake: Path) -> None:
    from ckanext.tzc.sensors import settling

    move()
    write(readings([told[0]], [JANUARY.begins + 7 * MINUTE], [1.5]))
    settling.settle_all()
    move()
    assert sorted(path.name.partition(".")[0] for path in lake.rglob("*.parquet")) == ["2025-01", "2025-01", "2025-02"]
    import ckan.model as model
    import sqlalchemy as sa

    model.Session.execute(sa.text("UPDATE tzc_sensors_file SET retired = retired - interval '2 hours'"))
    model.Session.commit()
    move()
    assert sorted(path.name.partition(".")[0] for path in lake.rglob("*.parquet")) == ["2025-01", "2025-02"]


def in_files(lake: Path) -> set[int]:
    """Streams of which a file has rows, whatever the database says."""
    return {int(number) for path in lake.rglob("*.parquet") for number in pq.read_table(path).column("stream").unique().to_pylist()}


def test_an_erased_stream_is_in_no_file(told: list[int], write: Any, lake: Path) -> None:
    from ckanext.tzc.sensors import settling
    from ckanext.tzc.sensors.lake import erasing

    move()
    write(readings([told[0]], [JANUARY.begins + 7 * MINUTE], [1.5]))
    settling.settle_all()
    move()
    assert in_files(lake) == set(told)
    assert erasing.erase([told[0]]) == 2
    assert in_files(lake) == {told[1]}
    assert {row[0] for row in stored()} == {told[1]} and len(stored()) == (31 + 28) * 48
    assert {row[0] for level in rollups() for row in level} == {told[1]}
    assert erasing.erase([told[0]]) == 0


def test_a_killed_erasure_is_finished_by_the_next_run(told: list[int], lake: Path) -> None:
    import ckan.model as model
    import sqlalchemy as sa
    from ckanext.tzc.sensors import downloads

    move()
    dataset = ask("SELECT dataset FROM tzc_sensors_file")[0][0]
    assert len(downloads.files_of(dataset)) == 2
    # what the first transaction of one does
    model.Session.execute(sa.text("DELETE FROM tzc_sensors_moved WHERE stream = :stream"), {"stream": told[0]})
    model.Session.commit()
    assert downloads.files_of(dataset) == []
    assert {row[0] for row in stored()} == {told[1]}
    move()
    assert in_files(lake) == {told[1]} and len(downloads.files_of(dataset)) == 2


def test_what_persons_may_see_alone_is_in_files_of_its_own(told: list[int], lake: Path) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import downloads, store

    model.Session.get(store.Stream, told[1]).visibility = "private"
    model.Session.commit()
    move()
    of = {path.name.partition(".")[0]: set(pq.read_table(path).column("stream").to_pylist()) for path in lake.rglob("*.parquet")}
    assert of == {"2025-01": {told[0]}, "2025-01-personal": {told[1]}, "2025-02": {told[0]}, "2025-02-personal": {told[1]}}
    dataset = ask("SELECT dataset FROM tzc_sensors_file")[0][0]
    assert [file.personal for file in downloads.files_of(dataset)] == [False, False]
    # shown to others no more: not given from that moment on, and out of the files with the next run
    model.Session.get(store.Stream, told[0]).visibility = "consented"
    model.Session.commit()
    before = stored()
    assert downloads.files_of(dataset) == []
    move()
    assert {path.name.partition(".")[0] for path in lake.rglob("*.parquet")} == {"2025-01-personal", "2025-02-personal"}
    assert downloads.files_of(dataset) == [] and stored() == before


def test_two_runs_at_once(told: list[int]) -> None:
    from ckanext.tzc.sensors import jobs
    from ckanext.tzc.sensors.lake import moving

    with moving.alone():
        with pytest.raises(moving.BusyError):
            move()
        assert jobs.move() == 0
    assert jobs.move() == 2


def test_who_reads_for_long_is_not_held_up(told: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    import ckan.model as model
    import sqlalchemy as sa
    from ckanext.tzc.sensors.lake import moving

    monkeypatch.setattr(moving, "TRIES", 2)
    monkeypatch.setattr(moving, "PATIENCE", "50ms")
    with model.meta.engine.connect() as reader:
        assert reader.scalar(sa.text("SELECT count(*) FROM tzc_sensors_observation")) == 2 * 59 * 48
        assert [done.left for done in move()] == ["held", "held"]
        reader.rollback()
    assert [done.left for done in move()] == ["", ""]


def test_a_check_finds_what_is_not_as_it_was_written(told: list[int], lake: Path) -> None:
    from ckanext.tzc.sensors.lake import checking

    move()
    done = checking.check()
    assert (done.files, done.rows, done.faults) == (2, 2 * 59 * 48, ())
    first, second = sorted(lake.rglob("*.parquet"))
    content = bytearray(first.read_bytes())
    content[len(content) // 2] ^= 1
    first.write_bytes(content)
    second.unlink()
    assert [(fault.path.rpartition("/")[2], fault.fault) for fault in checking.check().faults] == [(first.name, "changed"), (second.name, "missing")]


def test_a_check_reads_the_rows_too(told: list[int], lake: Path) -> None:
    """A file may be whole, and not of what is known."""
    import hashlib

    import ckan.model as model
    import sqlalchemy as sa
    from ckanext.tzc.sensors.lake import checking

    move()
    [first, _second] = sorted(lake.rglob("*.parquet"))
    altered(first)
    content = first.read_bytes()
    known = {"path": first.relative_to(lake).as_posix(), "bytes": len(content), "digest": hashlib.sha256(content).hexdigest()}
    model.Session.execute(sa.text("UPDATE tzc_sensors_file SET bytes = :bytes, digest = :digest WHERE path = :path"), known)
    model.Session.commit()
    assert [(fault.path, fault.fault) for fault in checking.check().faults] == [(known["path"], "unlike")]


def test_a_stream_of_many_rows_is_cut(told: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """As those are that have more in a month than is held at once."""
    from ckanext.tzc.sensors.lake import files, making

    monkeypatch.setattr(making, "CHUNK", 700)
    monkeypatch.setattr(files, "GROUP", 256)
    before = stored()
    assert [done.left for done in move()] == ["", ""]
    assert stored() == before


def test_streams_of_datasets_that_are_gone(told: list[int], lake: Path, dataset: dict[str, Any]) -> None:
    import ckan.model as model
    import sqlalchemy as sa
    from ckanext.tzc.sensors import retention

    move(before=FEBRUARY)
    model.Session.execute(sa.text("DELETE FROM tzc_sensors_source WHERE dataset = :id"), {"id": dataset["id"]})
    model.Session.commit()
    assert retention.retain(dry=True).strays == tuple(told)
    assert ask("SELECT count(*) FROM tzc_sensors_observation") == [(2 * 28 * 48,)]
    assert retention.retain().strays == tuple(told)
    for name in ("observation", "moved", "file", "hour", "state"):
        assert ask(f"SELECT count(*) FROM tzc_sensors_{name}") == [(0,)]  # noqa: S608 -- names of ours
    assert list(lake.rglob("*.parquet")) == []

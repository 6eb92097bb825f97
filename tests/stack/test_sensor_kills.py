"""What `kill -9` does to observations: what was acknowledged is there afterwards, once, and what follows from it is right."""
# ruff: noqa: S608 -- statements are put together of names of these tests
from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

pytestmark = pytest.mark.stack

BODIES, STREAMS, TIMES = 120, 10, 60
"""So many bodies with values of so many streams and minutes each."""

KILLED_AT = 25

STARTED = """
import os, sys
from ckan.cli import load_config
from ckan.config.middleware import make_app
from tzc_stack import ckan_percent
ckan_percent.mend()
make_app(load_config(os.environ["CKAN_INI"]))
import ckan.model as model
from ckanext.tzc.sensors import arrivals, describing, store
"""
DESCRIBE = f"""{STARTED}
from tzc.sensors.model import Property, Stream, Thing
dataset, name = sys.argv[1:]
row = store.Source(id=name, dataset=dataset, kind="push", name=name, definition={{}}, paused=False, allowed=True, internal=False, by="tests", made=store.now())
model.Session.add(row)
model.Session.flush()
station = Thing("station", "Station")
describing.describe(row, [Stream(f"s{{number}}", station, Property("air_temperature"), unit="Cel", interval=60) for number in range({STREAMS})])
model.Session.commit()
"""
WRITER = f"""{STARTED}
import datetime as dt, time
name, way, begin = sys.argv[1], sys.argv[2], int(sys.argv[3])
start = dt.datetime(2025, 1, 30, tzinfo=dt.timezone.utc)

def body(number):
    # each body begins half way into the one before, so that half of it is there already; every third comes late
    number += (number % 3 == 0) * 3 - (number % 3 == 1) * 3
    lines = ["stream,time,result"]
    for minute in range(number * {TIMES // 2}, number * {TIMES // 2} + {TIMES}):
        at = (start + dt.timedelta(minutes=minute)).isoformat()
        lines += [f"s{{stream}},{{at}},{{stream + minute % 1440 / 100:.2f}}" for stream in range({STREAMS})]
    return "\\n".join(lines).encode()

for number in range(begin, {BODIES}):
    while True:
        try:
            getattr(arrivals, way)(store.source(name), "http", "csv", body(number))
            model.Session.commit()
            break
        except Exception:
            # as a program does that is told to come again
            model.Session.remove()
            time.sleep(0.2)
    print(number, flush=True)
"""


def expected() -> set[int]:
    """The minutes that all bodies together have values of."""
    minutes: set[int] = set()
    for number in range(BODIES):
        moved = number + (number % 3 == 0) * 3 - (number % 3 == 1) * 3
        minutes |= set(range(moved * TIMES // 2, moved * TIMES // 2 + TIMES))
    return minutes


def started(own: Any, program: str, *words: str) -> subprocess.Popen[str]:
    environment = own.environment(CKAN_INI=str(own.paths.ini), PYTHONWARNINGS="ignore")
    return subprocess.Popen([sys.executable, "-c", program, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextlib.contextmanager
def database(own: Any) -> Iterator[Any]:
    connection = psycopg2.connect(own.settings.database_url)
    try:
        yield connection.cursor()
    finally:
        connection.close()


def asked(own: Any, query: str) -> list[Any]:
    with database(own) as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def wrong_hours(own: Any, of: str) -> int:
    """How many hours of some streams (a condition) are not those of the values that are there."""
    wrong = f"""
        SELECT count(*) FROM (
            SELECT stream, date_trunc('hour', time AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS time, count(*)::int AS count, min(result) AS least, max(result) AS most
            FROM tzc_sensors_observation WHERE {of} GROUP BY 1, 2
        ) AS r FULL JOIN (SELECT * FROM tzc_sensors_hour WHERE {of}) AS h USING (stream, time)
        WHERE (r.count, r.least, r.most) IS DISTINCT FROM (h.count, h.least, h.most)"""
    return int(asked(own, wrong)[0][0])


def kill(own: Any, part: str) -> None:
    """A part with all of its processes, the parent first."""
    parent = psutil.Process(own.pids()[part])
    family = parent.children(recursive=True)
    for process in (parent, *family):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs([parent, *family], timeout=20)


def described(own: Any, dataset: dict[str, Any], name: str) -> None:
    done = started(own, DESCRIBE, dataset["id"], name)
    _out, errors = done.communicate(timeout=120)
    assert done.returncode == 0, errors


def written(own: Any, name: str, way: str, victim: str) -> None:
    """All bodies were acknowledged, although one thing, or none, was killed meanwhile."""
    writer, number = started(own, WRITER, name, way, "0"), -1
    while True:
        assert writer.stdout is not None, "it is piped"
        line = writer.stdout.readline()
        if not line:
            assert number == BODIES - 1, writer.communicate()[1]
            return
        number = int(line)
        if number == KILLED_AT:
            if victim == "writer":
                os.kill(writer.pid, signal.SIGKILL)
                # what it was told before it was killed, and what it was not: that is sent again
                acknowledged = [int(told) for told in writer.communicate()[0].split()]
                writer = started(own, WRITER, name, way, str(max([number, *acknowledged]) + 1))
                number = max([number, *acknowledged])
            elif victim:
                kill(own, victim)


@pytest.mark.parametrize("way", ["receive", "queue"])
@pytest.mark.parametrize("victim", ["postgres", "sensors-work", "writer"])
def test_what_was_acknowledged_is_there_once(own: Any, dataset: dict[str, Any], victim: str, way: str) -> None:
    name = f"{way}-{victim}"
    own.eventually(lambda: all(state["statename"] == "RUNNING" for state in own.supervisor.states().values()))
    described(own, dataset, name)
    written(own, name, way, victim)
    own.eventually(lambda: asked(own, "SELECT count(*) FROM tzc_sensors_arrival WHERE state = 'waiting'") == [(0,)])
    own.eventually(lambda: asked(own, "SELECT count(*) FROM tzc_sensors_unsettled") == [(0,)])
    of = f"stream IN (SELECT id FROM tzc_sensors_stream WHERE source = '{name}')"
    minutes = expected()
    stored = asked(own, f"""
        SELECT s.external, (extract(epoch FROM o.time - '2025-01-30Z') / 60)::int, o.result
        FROM tzc_sensors_observation AS o JOIN tzc_sensors_stream AS s ON s.id = o.stream WHERE o.{of}""")
    assert len(stored) == STREAMS * len(minutes)
    assert {(name, minute, round(result, 2)) for name, minute, result in stored} == {(f"s{stream}", minute, round(stream + minute % 1440 / 100, 2)) for stream in range(STREAMS) for minute in minutes}
    assert asked(own, f"SELECT DISTINCT observations FROM tzc_sensors_state WHERE {of}") == [(len(minutes),)]
    assert asked(own, f"SELECT count(*) FROM tzc_sensors_arrival WHERE source = '{name}' AND state <> 'done'") == [(0,)]
    # hours are those of the values that are there
    assert wrong_hours(own, of) == 0


@pytest.mark.parametrize("victim", ["postgres", "command"])
def test_a_move_to_the_lake_that_is_killed(own: Any, dataset: dict[str, Any], victim: str) -> None:
    own.eventually(lambda: all(state["statename"] == "RUNNING" for state in own.supervisor.states().values()))
    name = f"moved-{victim}"
    described(own, dataset, name)
    written(own, name, "receive", "")
    own.eventually(lambda: asked(own, "SELECT count(*) FROM tzc_sensors_unsettled") == [(0,)])
    numbers = {row[0] for row in asked(own, f"SELECT id FROM tzc_sensors_stream WHERE source = '{name}'")}

    def told() -> list[Any]:
        done = own.run("ckan", "tzc", "sensors", "lake", "ask", "statistics", dataset["id"], "--from", "2025-01-01", "--to", "2025-06-01", "--json")
        assert done.returncode == 0, done.stderr
        # sums of floating point numbers depend on the order in which an engine reads them: the last digits say nothing
        rows = [row for row in json.loads(done.stdout) if row["stream"] in numbers]
        return [{key: round(value, 9) if isinstance(value, float) else value for key, value in row.items()} for row in rows]

    before = told()
    assert [row["count"] for row in before] == [len(expected())] * STREAMS
    # the months' tables are held, so that the files are written and the tables cannot go
    with database(own) as reader:
        reader.execute("SELECT count(*) FROM tzc_sensors_observation")
        command = [sys.executable, "-m", "tzc_stack.ckan_command", "tzc", "sensors", "lake", "move"]
        move = subprocess.Popen(command, env=own.environment(CKAN_INI=str(own.paths.ini)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        own.eventually(lambda: asked(own, "SELECT count(*) > 0 FROM tzc_sensors_file WHERE state = 'writing'") == [(True,)])
        if victim == "command":
            move.kill()
        else:
            kill(own, "postgres")
        assert move.wait(60) != 0
    own.eventually(lambda: told() == before)
    own.eventually(lambda: own.run("ckan", "tzc", "sensors", "lake", "move").returncode == 0)
    assert told() == before
    checked = json.loads(own.run("ckan", "tzc", "sensors", "lake", "check", "--json").stdout)
    assert checked["faults"] == [] and checked["rows"] >= STREAMS * len(expected())
    # other tests leave files of their own datasets
    files = {path.relative_to(own.paths.lake).as_posix() for path in (Path(own.paths.lake) / dataset["id"]).rglob("*.parquet")}
    assert files == {path for (path,) in asked(own, f"SELECT path FROM tzc_sensors_file WHERE dataset = '{dataset['id']}'")}
    assert asked(own, f"SELECT count(*) FROM tzc_sensors_observation WHERE stream = ANY(ARRAY[{','.join(map(str, numbers))}])") == [(0,)]

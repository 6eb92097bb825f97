"""What the store of observations does in a process of its own, as those of the portal: one JSON line for each question that is asked on the way in.

    fill ROWS STREAMS BATCH     so many observations of all streams, in batches as a decoder gives them; `settle` beside it when the last word is "settled"
    upsert ROWS BATCH           the same through CKAN's `datastore_upsert`
    settle                      all that waits
    read STREAMS                what readers ask for
    parquet STREAMS             a month, as Parquet
"""
from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from ckan.cli import load_config
from ckan.config.middleware import make_app

BEGINS = 1_735_689_600_000_000
"""The first of January 2025."""

STEP = 157_000_000
"""From one observation to the next: 100,000,000 of 500 streams are a year."""

ROUNDS = 20
SETTLER = "settler"


def streams(count: int) -> tuple[Any, list[str]]:
    """A source with so many streams, made once."""
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import describing, store
    from tzc.sensors.model import Property, Stream, Thing

    source = store.source("bench")
    names = [f"s{number}" for number in range(count)]
    if source is None:
        site = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
        context = {"ignore_auth": True, "user": site}
        partner = tk.get_action("organization_create")(dict(context), {"name": "bench-capteurs", "title": "Capteurs"})
        fields = {"name": "bench-capteurs", "title": "Capteurs", "notes": "Mesures.", "owner_org": partner["id"], "license_id": "lov2", "access_level": "open", "axis": ["mobilite"]}
        dataset = tk.get_action("package_create")(dict(context), fields)
        source = store.Source(
            id="bench", dataset=dataset["id"], partner=partner["id"], kind="push", name="bench", definition={}, paused=False, allowed=True, internal=False, by="", made=store.now(),
        )  # fmt: skip
        model.Session.add(source)
    known = store.streams_of(source.id)
    things = [Thing(f"t{number}", f"Station {number}", location={"type": "Point", "coordinates": [-1.1 - number / 10000, 46.1]}) for number in range(count // 5 + 1)]
    describing.describe(source, [Stream(name, things[number // 5], Property("air_temperature"), unit="Cel", interval=157) for number, name in enumerate(names) if name not in known])
    model.Session.commit()
    return source, names


def batches(names: list[str], rows: int, batch: int, first: int = 0) -> Any:
    """Decoded batches: all streams, moment by moment."""
    from tzc.sensors.readings import decoded

    rng = np.random.default_rng(1)
    minutes = max(1, batch // len(names))
    index = np.tile(np.arange(len(names), dtype=np.int32), minutes)
    values = np.round(15 + np.cumsum(rng.normal(0, 0.2, (minutes, len(names))), axis=0), 2).ravel()
    for turn in range(rows // (minutes * len(names))):
        times = BEGINS + (np.repeat(np.arange(minutes), len(names)) + first + turn * minutes) * STEP
        yield decoded(names, index, times, values)


def memory() -> float:
    """MiB that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fill(rows: int, count: int, batch: int, beside: str = "", first: int = 0) -> dict[str, Any]:
    """Store decoded batches, each committed; with `settled` another process settles meanwhile, and is waited for."""
    import ckan.model as model
    from ckanext.tzc.sensors import taking

    source, names = streams(count)
    known = None
    done, half = 0, 0.0
    begun = time.perf_counter()
    helper = subprocess.Popen([sys.executable, __file__, SETTLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) if beside else None
    if helper is not None:
        assert helper.stdout is not None
        helper.stdout.readline()
        begun = time.perf_counter()
    for number, one in enumerate(batches(names, rows, batch, first)):
        taken = taking.take(source, one, int(one.times[-1]), known)
        model.Session.commit()
        done += taken.written.new
        if number == 2:
            half = memory()
    if helper is not None:
        helper.communicate("end\n")
    spent = time.perf_counter() - begun
    return {"rows": done, "seconds": spent, "rate": done / spent, "grown": memory() - half}


def settler() -> None:
    """Settle as `sensors-work` does until a line is read, then all that is left."""
    import select

    import ckan.model as model
    from ckanext.tzc.sensors import settling, working

    print("ready", flush=True)
    worker = working.Worker()
    while not select.select([sys.stdin], [], [], 0)[0]:
        if not worker.settle().notes:
            time.sleep(0.05)
    settling.settle_all()
    model.Session.remove()


def upsert(rows: int, batch: int) -> dict[str, Any]:
    """The same numbers through CKAN's DataStore."""
    import ckan.plugins.toolkit as tk

    _source, names = streams(500)
    site = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    context = {"ignore_auth": True, "user": site}
    resource_ = tk.get_action("resource_create")(dict(context), {"package_id": "bench-capteurs", "name": "Table", "url": "https://example.org/table.csv", "format": "CSV"})
    fields = [{"id": "stream", "type": "text"}, {"id": "time", "type": "timestamp"}, {"id": "result", "type": "float"}]
    tk.get_action("datastore_create")(dict(context), {"resource_id": resource_["id"], "fields": fields, "primary_key": ["stream", "time"], "force": True})
    done, begun = 0, time.perf_counter()
    for one in batches(names, rows, batch):
        texts = one.times.astype("datetime64[us]").astype(str).tolist()
        records = [{"stream": names[place], "time": text, "result": value} for place, text, value in zip(one.index.tolist(), texts, one.results.tolist(), strict=True)]
        tk.get_action("datastore_upsert")(dict(context), {"resource_id": resource_["id"], "records": records, "method": "upsert", "force": True})
        done += len(records)
    spent = time.perf_counter() - begun
    return {"rows": done, "seconds": spent, "rate": done / spent}


def settle() -> dict[str, Any]:
    """All that waits."""
    from ckanext.tzc.sensors import settling

    begun = time.perf_counter()
    done = settling.settle_all()
    return {"seconds": time.perf_counter() - begun, "hours": done.hours}


def parquet(count: int) -> list[dict[str, Any]]:
    """A whole month, out of its table into the lake: written, read back, compared, and the table gone."""
    from ckanext.tzc.sensors.lake import moving
    from tzc.sensors.partitions import Month

    begun, before = time.perf_counter(), memory()
    done = next(moved for moved in moving.move(before=Month(2025, 2)) if moved.month == Month(2025, 1))
    rate = done.rows / (time.perf_counter() - begun)
    size = {"observations": done.rows, "streams": count, "bytes an observation": round(done.bytes / done.rows, 2), "grown, MiB": round(memory() - before)}
    return [{"name": "one month to Parquet, checked", "ours": round(rate), "unit": "rows/s", "asked": 1_000_000, "reached": rate >= 1_000_000 and not done.left, "size": size}]


def read(count: int) -> list[dict[str, Any]]:
    """One stream by the hour, for a year or what there is of it; the last values of 1,000 streams."""
    import ckan.model as model
    from ckanext.tzc.sensors import buckets, reading, store, taking

    source, names = streams(1000)
    rng = np.random.default_rng(2)
    from tzc.sensors.readings import decoded

    taking.take(source, decoded(names[count:], np.arange(1000 - count), np.full(1000 - count, BEGINS), rng.normal(15, 3, 1000 - count)), BEGINS)
    model.Session.commit()
    known = {row.external: row.id for row in store.streams_of(source.id).values()}
    one, all_ = known["s7"], sorted(known.values())
    year = lambda: buckets.buckets([one], BEGINS, BEGINS + 365 * 86_400_000_000, "1h")  # noqa: E731 -- what is timed
    found = [("one stream, one year, by the hour", timed(year), {"hours": len(year())}), ("last values", timed(lambda: reading.last(all_)), {"streams": len(reading.last(all_).streams)})]
    return [{"name": name, "ours": round(spent, 1), "unit": "ms", "asked": 50, "reached": spent <= 50, "size": size} for name, spent, size in found]


def timed(work: Callable[[], Any]) -> float:
    """Milliseconds, the median of some rounds after the first."""
    found = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        found.append((time.perf_counter() - begun) * 1000)
    return statistics.median(found[1:])


if __name__ == "__main__":
    app = make_app(load_config(os.environ["CKAN_INI"]))._wsgi_app
    with app.test_request_context():
        name, *asked = sys.argv[1:]
        answer = globals()[name](*(int(word) if word.isdigit() else word for word in asked))
        if answer is not None:
            print(json.dumps(answer))

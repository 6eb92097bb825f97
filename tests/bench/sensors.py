"""The store of observations: how fast decoded batches go in, beside CKAN's `datastore_upsert` in the same run; what hours, days and months add; what readers wait for.

`TZC_BENCH_SIZE` observations (100,000,000) are stored before reading. See README.md for how to read the figures.
"""
from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tzc_stack import lifecycle
from tzc_stack.console import StackError, step
from tzc_stack.paths import Paths
from tzc_stack.settings import Settings
from tzc_stack.supervise import Supervisor

sys.path.insert(0, str(Path(__file__).parent))
pages = importlib.import_module("pages")

OBSERVATIONS, STREAMS, BATCH = 100_000_000, 500, 50_000
MEASURED, UPSERTED = 12_000_000, 40_000
"""Observations of which the rate is measured: half a minute, as what follows works every five seconds beside it; rows that the DataStore is given."""

UPLINKS, UPLINKS_RATE = 60_000, 5_000

RATE, RATIO, ADDED, GROWN = 100_000, 50.0, 0.30, 30.0
SECONDS = 3 * 3600


def figures(paths: Paths, settings: Settings, accounts: Sequence[lifecycle.Account]) -> Iterator[pages.Figure]:
    """Measure; one figure after the other."""
    Supervisor(paths, settings).stop_part("sensors-work")  # what it does is measured by itself
    with step(f"{MEASURED} observations in batches of {BATCH}, and {UPSERTED} rows through the DataStore"):
        alone = _asked(paths, "fill", MEASURED, STREAMS, BATCH)
        stock = _asked(paths, "upsert", UPSERTED, 5000)
    ratio = alone["rate"] / stock["rate"]
    yield {"name": "stored, decoded batches with key", "ours": round(alone["rate"]), "peer": round(stock["rate"]), "ratio": round(ratio, 1), "unit": "observations/s", "asked": [RATE, RATIO],
           "reached": alone["rate"] >= RATE and ratio >= RATIO, "size": {"observations": MEASURED, "batch": BATCH, "streams": STREAMS}}  # fmt: skip
    yield {"name": "memory of the writer, grown from the third batch to the last", "ours": round(alone["grown"], 1), "unit": "MiB", "asked": GROWN, "reached": alone["grown"] <= GROWN}
    steps = MEASURED // STREAMS
    with step("what the notes of it come to, then the same with a settler beside"):
        settled = _asked(paths, "settle")
        beside = _asked(paths, "fill", MEASURED, STREAMS, BATCH, "settled", steps)
    added = beside["seconds"] / alone["seconds"] - 1
    yield {"name": "hours, days, months and marks of quality beside storing add", "ours": round(added, 2), "unit": "of the time", "asked": ADDED, "reached": added <= ADDED,
           "size": {"by itself, seconds": round(settled["seconds"], 1), "storing, seconds": round(alone["seconds"], 1)}}  # fmt: skip
    size = int(os.environ.get("TZC_BENCH_SIZE", OBSERVATIONS))
    with step(f"{size} observations in all"):
        left = max(0, size - 2 * MEASURED)
        more = _asked(paths, "fill", left, STREAMS, BATCH, "settled", 2 * steps) if left else beside
    yield {"name": "stored with all that follows, to the end", "ours": round(more["rate"]), "unit": "observations/s", "asked": RATE, "reached": more["rate"] >= RATE, "size": {"observations": left}}
    yield {"name": "memory of the writer, the same", "ours": round(more["grown"], 1), "unit": "MiB grown", "asked": GROWN, "reached": more["grown"] <= GROWN}
    for name in ("read", "parquet"):
        with step(name):
            yield from _asked(paths, name, STREAMS)
    with step(f"{UPLINKS} uplinks of MQTT"):
        told = _asked(paths, "measure", UPLINKS, STREAMS, script="_sensors_mqtt.py")
    rate = told["rate"]
    yield {"name": "uplinks of MQTT, from the socket to the commit", "ours": round(rate), "unit": "messages/s", "asked": UPLINKS_RATE, "reached": rate >= UPLINKS_RATE, "size": told}


def _asked(paths: Paths, *words: Any, script: str = "_sensors_store.py") -> Any:
    file = Path(__file__).parent / script
    environment = {**os.environ, **lifecycle.ckan_environment(paths)}
    done = subprocess.run([sys.executable, str(file), *map(str, words)], env=environment, cwd=paths.run, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        raise StackError(f"{' '.join(map(str, words))} could not be measured.", done.stderr[-1500:])
    return json.loads(done.stdout.strip().splitlines()[-1])

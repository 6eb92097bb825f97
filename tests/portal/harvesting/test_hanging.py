"""A worker that hangs where it cannot even say that it lives: it is ended, and its place is another run's."""
from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from typing import Any

import ckan.plugins.toolkit as tk
import psutil
import pytest
from ckanext.tzc.harvesting.engine import leases, planning, serving, store

from tests.domain.harvesters.speakers import answered, turtle
from tests.sites import served

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")


def begun(source: str) -> str:
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    return str(tk.get_action("tzc_harvest_run")({"user": user}, {"source": source, "approve": True})["run"])


def state(run_id: str) -> str:
    found = store.run(run_id)
    assert found is not None
    return str(found.state)


def test_a_worker_that_gives_no_sign_is_ended(source: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """An expression that never ends lets no other thread of its process work."""
    plan = planning.make

    def hangs(lease: leases.Lease, origin: Any) -> Any:
        return re.match(r"(a*)*b", "a" * 60) if origin.title == "Lente" else plan(lease, origin)

    monkeypatch.setattr(planning, "make", hangs)
    monkeypatch.setattr(leases, "SILENCE", 2)
    monkeypatch.setattr(leases, "PULSE", 0.1)
    monkeypatch.setattr(leases, "MOST_TAKEN_OVER", 1)
    with served() as one, served("127.0.0.2") as other:
        for site in (one, other):
            site.answer = lambda _, site=site: answered(turtle(site, [("a", "Un"), ("b", "Deux")]), "text/turtle")
        source(f"{one.address}/catalog", "tzc_dcat", name="lente", title="Lente")
        source(f"{other.address}/catalog", "tzc_dcat", name="autre", title="Autre")
        slow, quick = begun("lente"), begun("autre")
        service, seen, ends = serving.Service(1), set[int](), time.monotonic() + 120
        try:
            while "done" not in state(quick) or state(slow) != store.FAILED:
                assert time.monotonic() < ends, (state(slow), state(quick))
                service.look()
                seen |= set(service.workers)
                time.sleep(0.05)
        finally:
            for process in service.workers:
                os.kill(process, 9)
    service.reap(0)
    assert not [process for process in seen if psutil.pid_exists(process)]
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    told = tk.get_action("tzc_harvest_status")({"user": user}, {"source": "lente"})
    assert told["problems"] == ["La moisson s’est interrompue 2 fois et est abandonnée. La dernière fois, elle n’a donné aucun signe de vie pendant 2 secondes."]

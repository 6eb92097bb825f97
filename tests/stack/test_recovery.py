"""What `kill -9` does to a portal: nothing that lasts."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

import psutil
import pytest
import requests
from tzc_stack.paths import ROOT
from tzc_stack.postgres import Postgres

pytestmark = pytest.mark.stack

PARTS = ("postgres", "valkey", "solr", "web", "worker-interactive", "worker-publishing", "worker-long", "harvest-work", "sensors-work", "sensors-listen", "scheduler")


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def page_answers(own: Any) -> bool:
    answer = requests.get(f"{own.settings.web_url}/dataset/", timeout=30)
    return answer.status_code == 200 and "A dataset that must survive" in answer.text


def dumps(own: Any) -> list[str]:
    """Both databases, as text."""
    texts = []
    for url in (own.settings.database_url, own.settings.datastore_url):
        done = subprocess.run([str(Postgres(own.paths).tools / "pg_dump"), "--dbname", url], capture_output=True, text=True, check=True)
        texts.append("\n".join(line for line in done.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))))
    return texts


def at_rest(own: Any) -> bool:
    """Whether no job writes any more."""
    before = dumps(own)
    time.sleep(2)
    return dumps(own) == before


def test_an_initdb_that_was_killed_is_begun_anew(own: Any) -> None:
    """Once with what a killed one leaves; the portal was made beside it."""
    assert not (own.paths.var / "postgres.part").exists()
    assert not (own.paths.var / "postgres.password").exists()


def test_every_part_is_supervised(own: Any) -> None:
    assert set(own.pids()) == set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_comes_back(own: Any, dataset: dict[str, Any], part: str) -> None:
    before = own.pids()[part]
    kill(before)
    own.eventually(lambda: own.pids()[part] not in {0, before} and own.supervisor.states()[part]["statename"] == "RUNNING")
    own.eventually(lambda: page_answers(own))
    assert own.action("package_show", id="kept")["resources"]


def test_what_was_saved_just_before_the_index_was_killed_is_found(own: Any, dataset: dict[str, Any]) -> None:
    """Its log of updates holds what its own files do not hold yet."""
    own.action("package_patch", id="kept", tags=[{"name": "saved-a-moment-before"}])
    kill(own.pids()["solr"])
    own.eventually(lambda: own.action("package_search", fq="tags:saved-a-moment-before")["count"] == 1)
    own.action("package_patch", id="kept", tags=[{"name": "kept"}])
    assert own.action("package_search", fq="tags:saved-a-moment-before")["count"] == 0


def test_a_killed_worker_leaves_no_job_behind(own: Any) -> None:
    """RQ runs each in a process group of its own, which nobody would end."""
    from redis import Redis
    from rq import Queue

    queue = Queue(f"ckan:{own.settings.site_id}:long", connection=Redis.from_url(own.settings.redis_url))
    job = queue.enqueue("time.sleep", 120)
    try:
        own.eventually(lambda: job.get_status(refresh=True) == "started")
        worker = psutil.Process(own.pids()["worker-long"])
        own.eventually(lambda: bool(worker.children()))
        horses = worker.children()
        kill(worker.pid)
        own.eventually(lambda: not any(horse.is_running() and horse.status() != psutil.STATUS_ZOMBIE for horse in horses), 10)
        # the supervisor may not have seen yet that it is gone
        own.eventually(lambda: own.pids()["worker-long"] not in {0, worker.pid})
    finally:
        job.delete()


def test_a_second_up_on_a_running_portal_leaves_its_processes_alone(own: Any) -> None:
    own.eventually(lambda: all(state["statename"] == "RUNNING" for state in own.supervisor.states().values()))
    before = own.pids()
    done = own.run("up")
    assert done.returncode == 0, done.stderr
    assert own.pids() == before


def test_up_again_after_down_changes_no_data(own: Any, dataset: dict[str, Any]) -> None:
    # what waits is done before: a table that is loaded after the start is a change that nobody lost
    file = own.action("package_show", id="kept")["resources"][0]["id"]
    own.eventually(lambda: own.action("tzc_table_status", id=file)["state"] == "loaded")
    own.eventually(lambda: own.action("tzc_publishing_status")["waiting"] == 0)
    # a validation that was killed above waits for the next look of the scheduler
    assert own.run("ckan", "tzc", "publishing", "validate").returncode == 0
    own.eventually(lambda: at_rest(own))
    before = dumps(own)
    assert own.run("down").returncode == 0
    assert own.run("status").returncode == 1
    done = own.run("up")
    assert done.returncode == 0, done.stderr
    assert dumps(own) == before
    assert "password" not in done.stdout.lower()
    assert page_answers(own)


def test_the_supervisor_killed(own: Any, dataset: dict[str, Any]) -> None:
    ports = own.settings.ports
    kill(int((own.paths.run / "supervisord.pid").read_text()))
    assert own.run("status").returncode == 1
    done = own.run("up")
    assert done.returncode == 0, done.stderr
    assert own.settings.ports == ports, "nothing of the former start holds a port"
    assert page_answers(own)
    assert len([process for process in psutil.process_iter() if "supervisor.supervisord" in _words(process) and str(own.paths.run / "supervisord.conf") in _words(process)]) == 1


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_everything_killed_at_once(own: Any, dataset: dict[str, Any]) -> None:
    ports = own.settings.ports
    for pid in [int((own.paths.run / "supervisord.pid").read_text()), *own.pids().values()]:
        family = psutil.Process(pid).children(recursive=True)
        kill(pid)
        for child in family:
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue
    done = own.run("up")
    assert done.returncode == 0, done.stderr
    assert own.settings.ports == ports
    assert page_answers(own)


@pytest.mark.parametrize("seconds", [0.6, 4])
def test_up_killed_midway(own: Any, dataset: dict[str, Any], seconds: float) -> None:
    assert own.run("down").returncode == 0
    begun = subprocess.Popen([sys.executable, str(ROOT / "portal"), "up"], env=own.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    begun.kill()
    begun.wait()
    done = own.run("up")
    assert done.returncode == 0, done.stderr
    assert page_answers(own)


def test_doctor_finds_a_dead_part(own: Any) -> None:
    before = own.run("doctor")
    assert before.returncode == 0, before.stdout
    own.supervisor.stop_part("worker-long")
    try:
        text = own.run("doctor")
        assert text.returncode == 1
        assert "./portal restart worker-long" in text.stdout
    finally:
        assert own.run("restart", "worker-long").returncode == 0


def test_doctor_names_jobs_that_failed(own: Any) -> None:
    """A periodic one is named when it fails again and again, until it ends well; any other as soon as it fails."""
    from redis import Redis
    from rq import Queue

    queue = Queue(f"ckan:{own.settings.site_id}:interactive", connection=Redis.from_url(own.settings.redis_url))
    mails = "ckanext.tzc.accounts.jobs.send_mails"
    jobs = []

    def run(function: str, *arguments: str) -> str:
        job = queue.enqueue(function, *arguments)
        jobs.append(job)
        own.eventually(lambda: job.get_status(refresh=True) in ("failed", "finished"))
        return str(own.run("doctor").stdout)

    own.supervisor.stop_part("scheduler")
    try:
        assert "failed" not in run(mails)
        assert "failed" not in run(mails, "an argument that it does not take")
        assert "2 jobs of the queue interactive failed" in run(mails, "an argument that it does not take")
        assert "failed" not in run(mails)
        for sent_by_a_save in ("ckanext.tzc.quality.jobs.score", "ckanext.tzc.publishing.jobs.renew"):
            assert "failed" not in run(sent_by_a_save, "an argument that it does not take")
        assert "1 job of the queue interactive failed" in run("ckanext.tzc.tables.jobs.load_waiting_never")
    finally:
        for job in jobs:
            job.delete()
        assert own.run("restart", "scheduler").returncode == 0

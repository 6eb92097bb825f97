"""What a job finds when a worker begins it: all that the worker has loaded, and settings as they are now."""
from __future__ import annotations

import signal
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import ckan.model as model
import ckan.plugins as plugins
import ckan.plugins.toolkit as tk
import pytest
from ckan.lib import jobs
from ckan.model.system_info import set_system_info
from tzc_stack import ckan_jobs

pytestmark = pytest.mark.usefixtures("clean_db", "clean_index", "with_request_context")


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A queue of its own, and what a worker changes in its process is as before."""
    monkeypatch.setattr(jobs, "load_environment", jobs.load_environment)
    monkeypatch.setattr(plugins, "load_all", _loaded_again)
    ckan_jobs.mend(["interactive"])
    held = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    name = f"worker-{uuid.uuid4().hex}"
    yield name
    jobs.get_queue(name).delete(delete_jobs=True)
    for number, handler in held.items():
        signal.signal(number, handler)


def _loaded_again(**_options: Any) -> None:
    raise AssertionError("a job need not load what its worker has loaded")


def seen(dataset: str) -> tuple[str, str, int]:
    """A setting that administrators change; what the database and the index say of a dataset."""
    title = tk.get_action("package_show")({"ignore_auth": True}, {"id": dataset})["title"]
    count = tk.get_action("package_search")({"ignore_auth": True}, {"fq": f"id:{dataset}"})["count"]
    return tk.config["ckan.site_description"], title, count


def test_jobs_have_what_their_worker_loaded_and_settings_of_now(queue: str, publish: Callable[..., dict[str, Any]]) -> None:
    dataset = publish(title="Arbres")
    set_system_info("ckan.site_description", "Changed on a page")
    model.Session.commit()
    made = [jobs.enqueue(seen, [dataset["id"]], queue=queue) for _ in range(2)]
    jobs.Worker([queue]).work(burst=True)
    expected = ("Changed on a page", "Arbres", 1)
    assert [job.return_value() for job in made] == [expected, expected]
    assert tk.get_action("package_show")({"ignore_auth": True}, {"id": dataset["id"]})["title"] == "Arbres", "the worker's own connections live on"


def test_a_job_that_fails_is_kept_with_its_reason(queue: str) -> None:
    job = jobs.enqueue(seen, ["no-such-dataset"], queue=queue)
    jobs.Worker([queue]).work(burst=True)
    assert job.is_failed and "NotFound" in job.latest_result().exc_string

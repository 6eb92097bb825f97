"""One job for all that waits: rows say what is to be done, and one job at a time is sent to do it.

Whoever changes something writes a row in his transaction (so nothing is lost by a crash) and calls `ask`; after the commit a job is sent, unless one is waiting in its queue
already: a job does all that it finds. A job that was lost is made up for by the room's periodic one.
"""
from __future__ import annotations

import dataclasses
import logging
import uuid
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import redis
from ckan.lib.jobs import get_queue
from sqlalchemy import event

log = logging.getLogger(__name__)

_listening: set[str] = set()
"""Names of jobs that commits are watched for."""


@dataclasses.dataclass(frozen=True)
class OneJob:
    """A job that does all that waits. `name` tells it from others; `seconds` is how long it may take."""

    name: str
    function: Callable[[], Any]
    queue: str
    seconds: int

    def listen(self) -> None:
        """Send the job after commits that asked for it; safe to call again."""
        if self.name not in _listening:
            _listening.add(self.name)
            event.listen(model.Session, "after_commit", self._committed)
            event.listen(model.Session, "after_rollback", self._rolled_back)

    def ask(self) -> None:
        """In the transaction that wrote the row."""
        model.Session().info[self.name] = True

    def send(self) -> None:
        """Put the job into its queue, unless one is there; when the queue does not answer, the rows wait for the periodic job."""
        try:
            if not any(waiting.startswith(f"{self.name}_") for waiting in get_queue(self.queue).get_job_ids()):
                tk.enqueue_job(self.function, title=self.name, queue=self.queue, rq_kwargs={"timeout": self.seconds, "job_id": f"{self.name}_{uuid.uuid4()}"})
        except redis.exceptions.RedisError as error:
            log.warning("No job %s (%s): what waits will be found by the periodic one", self.name, error)

    def _committed(self, session: Any) -> None:
        if not session.in_nested_transaction() and session.info.pop(self.name, False):
            self.send()

    def _rolled_back(self, session: Any) -> None:
        if not session.in_nested_transaction():
            session.info.pop(self.name, None)

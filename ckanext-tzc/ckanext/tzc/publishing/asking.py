"""Asking the store: limits, the processes that fill it and query it, and how they may end."""
from __future__ import annotations

import dataclasses
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa

from tzc.publishing import graphs, sparql
from tzc.publishing.documents import N_TRIPLES
from tzc.publishing.sparql import Fault, Form, Question
from tzc.publishing.sparql_process import Task

from . import feeds, filling
from .world import base

log = logging.getLogger(__name__)

MEGABYTE = 1024**2


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one query may take, and how many may run at once on this machine."""

    seconds: int
    memory: int
    largest: int
    longest: int
    at_once: int


def limits() -> Limits:
    """As the settings say."""

    def number(name: str) -> int:
        return max(1, int(tk.config[f"tzc.publishing.sparql_{name}"]))

    return Limits(number("seconds"), number("memory") * MEGABYTE, number("answer") * MEGABYTE, number("length"), number("at_once"))


def folder() -> Path:
    """Where the store stands; made here, and nobody else's."""
    path = Path(tk.config["tzc.publishing.sparql_folder"] or Path(tempfile.gettempdir()) / f"tzc-sparql-{tk.config['ckan.site_id']}")
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        log.error("%s belongs to somebody else: name another folder by tzc.publishing.sparql_folder", path)
        raise Fault(503, "broken")
    return path


@dataclasses.dataclass
class Answer:
    """What a query found: `kind` is table, boolean or graph, `form` its format; `content` is closed by whoever reads it."""

    kind: str
    form: str
    content: IO[bytes]


def ask(question: Question, form: Form) -> Answer:
    """Answer a question from what the feeds hold at this moment."""
    query = sparql.staying(question.query)
    known = limits()
    with graphs.slot(folder(), known.at_once) as place:
        if place is None:
            raise Fault(503, "busy")
        with _current(known) as (store, held):
            task = Task(
                str(store), query, list(question.default_graphs), list(question.named_graphs), form.results, form.graph,
                known.seconds, known.memory, known.largest,
            )  # fmt: skip
            return _run(task, (place, held))


def _own_triples() -> str:
    return feeds.head(feeds.state(), N_TRIPLES).decode("utf-8")


@contextmanager
def _current(known: Limits) -> Iterator[tuple[Path, int]]:
    """The snapshot of what is public now. When there is none, a process makes it; a large one is waited for by asking again."""
    own = _own_triples()
    count, total = model.Session.execute(sa.text(filling.STATE)).one()
    # nothing is held of the database while others work
    model.Session.rollback()
    name = graphs.token(base(), own, count, int(total))
    for fill in (False, True, True):
        if fill:
            name = _fill(own, known)
        with graphs.snapshot(folder(), name) as found:
            if found is not None:
                yield found
                return
    raise Fault(503, "preparing")


def _fill(own: str, known: Limits) -> str:
    task = {"database": _database(), "folder": str(folder()), "base": base(), "catalogue": own}
    process = _start(["-m", filling.__name__], stdout=subprocess.PIPE, stderr=None, start_new_session=True)
    try:
        told, _ = process.communicate(json.dumps(task).encode("utf-8"), timeout=known.seconds)
    except subprocess.TimeoutExpired as error:
        # it goes on; somebody must hear of its end
        threading.Thread(target=process.communicate, daemon=True).start()
        raise Fault(503, "preparing") from error
    if process.returncode != 0:
        raise Fault(503, "broken")
    return str(told.decode("utf-8").strip())


def _database() -> str:
    return str(model.meta.engine.url.set(drivername="postgresql").render_as_string(hide_password=False))


def _start(arguments: list[str], **more: Any) -> subprocess.Popen[bytes]:
    # few arenas of memory: each reserves addresses, which the limit counts
    return subprocess.Popen([sys.executable, *arguments], stdin=subprocess.PIPE, env={**os.environ, "MALLOC_ARENA_MAX": "2"}, **more)


def _run(task: Task, holds: tuple[int, ...]) -> Answer:
    """Run a query, and kill what takes too long."""
    with ExitStack() as stack:
        content = stack.enter_context(tempfile.TemporaryFile())
        process = _start(["-m", "tzc.publishing.sparql_process"], stdout=content, stderr=subprocess.PIPE, pass_fds=holds)
        try:
            _, said = process.communicate(json.dumps(dataclasses.asdict(task)).encode("utf-8"), timeout=task.seconds)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.communicate()
            raise Fault(503, "slow", seconds=task.seconds) from error
        ended = _ended(said)
        if "fault" in ended:
            raise _fault(ended, task)
        content.seek(0)
        # from here on it is the reader's to close
        stack.pop_all()
        return Answer(ended["kind"], ended["form"], content)


def _ended(said: bytes) -> dict[str, str]:
    """How the process says it ended; one that could not say so ran out of memory."""
    last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
    try:
        told = json.loads(last)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"fault": "memory"}


LONGEST_REASON = 600


def _fault(ended: dict[str, str], task: Task) -> Fault:
    code = ended["fault"]
    if code == "update":
        return Fault(400, "update")
    if code == "syntax":
        told = sparql.reason(ended["reason"])
        return Fault(400, "place" if told.get("expected") else "syntax", **{"reason": ended["reason"][:LONGEST_REASON], **told})
    if code == "kind-graph":
        return Fault(406, "kind-graph", forms=", ".join(sparql.GRAPHS))
    if code == "kind-results":
        return Fault(406, "kind-results", forms=", ".join(sparql.RESULTS))
    return Fault(503, code, most=task.largest // MEGABYTE)

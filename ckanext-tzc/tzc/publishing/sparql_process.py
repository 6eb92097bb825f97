"""One query, in a process of its own that may be killed: `python -m tzc.publishing.sparql_process`.

A thread cannot be stopped while it evaluates a query; a process can, and what it takes of memory goes with it. The task comes as JSON by standard input (`Task`), the
answer goes to standard output, and the last line of standard error says how it ended (`{"kind"}` or `{"fault"}`).
"""
from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import itertools
import json
import os
import platform
import resource
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

import pyoxigraph as ox

from . import sparql
from .sparql import PAGE
from .terms import PREFIXES

RESULT_FORMATS = {"json": ox.QueryResultsFormat.JSON, "xml": ox.QueryResultsFormat.XML, "csv": ox.QueryResultsFormat.CSV, "tsv": ox.QueryResultsFormat.TSV}
GRAPH_FORMATS = {"ttl": ox.RdfFormat.TURTLE, "nt": ox.RdfFormat.N_TRIPLES, "rdf": ox.RdfFormat.RDF_XML, "jsonld": ox.RdfFormat.JSON_LD}
ROWS = 500
"""On a page; who wants more takes a format for programs."""
LONGEST_VALUE = 1000
"""Characters of a value on a page."""


@dataclasses.dataclass(frozen=True)
class Task:
    """What is to be done, and how much of the machine it may take: seconds of computing, bytes of memory, bytes of the answer."""

    store: str
    query: str
    default_graphs: list[str]
    named_graphs: list[str]
    results: str | None
    graph: str | None
    seconds: int
    memory: int
    largest: int


class TooLargeError(Exception):
    """The answer is longer than it may be."""


class _Counting:
    """A file that takes so many bytes."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self.file, self.left = file, most

    def write(self, content: bytes) -> int:
        self.left -= len(content)
        if self.left < 0:
            raise TooLargeError
        return self.file.write(content)

    def flush(self) -> None:
        self.file.flush()


def confine(task: Task) -> None:
    """Take no more than is allowed, step back for the portal, be the first to go when memory is short, and reach no network."""
    resource.setrlimit(resource.RLIMIT_CPU, (task.seconds + 1, task.seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)
    with contextlib.suppress(OSError):  # not every kernel's way
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    close_network()


def limit_memory(task: Task) -> None:
    """Take no more than is allowed from here on, beside the addresses that are reserved already."""
    reserved = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize() if sys.platform == "linux" else 0
    resource.setrlimit(resource.RLIMIT_AS, (reserved + task.memory, reserved + task.memory))


SOCKET_CALLS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""By machine: how the kernel names its calls (AUDIT_ARCH_…), and the number of `socket`."""


def close_network() -> bool:
    """Have the kernel refuse new sockets to this process (seccomp). Whether it does. `SERVICE` is refused before; this holds when a way around that is found."""
    if sys.platform != "linux" or platform.machine() not in SOCKET_CALLS:
        return False
    machine, number = SOCKET_CALLS[platform.machine()]
    allow, refuse = 0x7FFF0000, 0x00050000 | 1
    # load the machine; another one: allow; load the call's number; `socket`: refuse, else allow
    steps = [(0x20, 0, 0, 4), (0x15, 0, 3, machine), (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, refuse), (0x06, 0, 0, allow)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
    kernel = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_seccomp, filtered = 38, 22, 2
    return bool(kernel.prctl(no_new_privileges, 1, 0, 0, 0) == 0 and kernel.prctl(set_seccomp, filtered, ctypes.byref(program), 0, 0) == 0)


def answer(task: Task, output: BinaryIO) -> dict[str, str]:
    """Answer a query. Returns how it ended."""
    try:
        store = ox.Store.read_only(task.store)
        # not before: opening starts threads, whose stacks and arenas only reserve addresses
        limit_memory(task)
        if task.default_graphs or task.named_graphs:
            found: Any = store.query(task.query, default_graph=_nodes(task.default_graphs), named_graphs=_nodes(task.named_graphs))
        else:
            found = store.query(task.query)
        return _write(found, task, _Counting(output, task.largest))
    except SyntaxError as error:
        return {"fault": "update"} if sparql.changes(task.query) else {"fault": "syntax", "reason": str(error)}
    except ValueError as error:  # a graph's name that is none
        return {"fault": "syntax", "reason": str(error)}
    except TooLargeError:
        return {"fault": "large"}
    except MemoryError:
        return {"fault": "memory"}


def _nodes(names: list[str]) -> list[Any]:
    return [ox.NamedNode(name) for name in names]


def _write(found: Any, task: Task, output: Any) -> dict[str, str]:
    graph = isinstance(found, ox.QueryTriples)
    form = task.graph if graph else task.results
    kind = "graph" if graph else "boolean" if isinstance(found, ox.QueryBoolean) else "table"
    if form is None:
        return {"fault": "kind-graph" if graph else "kind-results"}
    if form == PAGE:
        output.write(json.dumps(_for_page(found, kind)).encode("utf-8"))
    elif graph:
        found.serialize(output, format=GRAPH_FORMATS[form])
    else:
        found.serialize(output, format=RESULT_FORMATS[form])
    output.flush()
    return {"kind": kind, "form": form}


def _for_page(found: Any, kind: str) -> dict[str, Any]:
    """The first rows or triples, and whether there are more."""
    if kind == "boolean":
        return {"kind": kind, "answer": bool(found)}
    first = list(itertools.islice(found, ROWS + 1))
    more, first = len(first) > ROWS, first[:ROWS]
    if kind == "graph":
        text = ox.serialize(first, format=ox.RdfFormat.TURTLE, prefixes=PREFIXES) or b""
        return {"kind": kind, "text": text.decode("utf-8"), "more": more}
    return {"kind": kind, "variables": [variable.value for variable in found.variables], "rows": [[_cell(value) for value in row] for row in first], "more": more}


def _cell(value: Any) -> dict[str, str] | None:
    if value is None:
        return None
    if isinstance(value, ox.NamedNode):
        return {"kind": "iri", "value": value.value}
    if isinstance(value, ox.Literal):
        return {"kind": "text", "value": value.value[:LONGEST_VALUE], "language": value.language or ""}
    return {"kind": "blank", "value": str(value)[:LONGEST_VALUE]}


def main() -> None:
    """Do the task that standard input holds."""
    task = Task(**json.load(sys.stdin))
    confine(task)
    ended = answer(task, sys.stdout.buffer)
    sys.stderr.write("\n" + json.dumps(ended) + "\n")
    sys.stderr.flush()
    # the store's threads need no farewell: nothing was written
    os._exit(0)


if __name__ == "__main__":
    main()

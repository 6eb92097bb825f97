"""The store that SPARQL asks: each dataset a graph, brought to what the feeds hold, and handed out as snapshots that nobody changes.

In a folder: `main` (the store that is written, with what it holds in `graphs.json`), `snapshots/NAME` (hard links to its files, each read by any number of processes),
`filling` (locked while somebody writes), `slots` (locked while a query runs). All of it can be deleted at any time: it is made anew.
"""
from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyoxigraph as ox

VERSION = 2
"""Of how the store is filled: one more when the same datasets give another store."""
BATCH = 1000
"""Datasets read and written at a time."""
CATALOGUE = "catalog"
"""The graph of what the catalogue says of itself, below the portal's address."""

Texts = Callable[[list[str]], Mapping[str, str]]
"""N-Triples by dataset, for these ids."""


def token(base: str, catalogue: str, count: int, total: int) -> str:
    """The name of one state: how many datasets, and the sum of what they hash to with their content."""
    return hashlib.sha256(f"{VERSION}\n{base}\n{catalogue}\n{count}\n{total}".encode()).hexdigest()[:24]


@contextmanager
def locked(file: Path, shared: bool = False, wait: bool = True) -> Iterator[int | None]:
    """Hold a lock; gives its descriptor, or None when it could not be had. Whoever inherits the descriptor holds it as well, and a killed process holds nothing."""
    held = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(held, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield None
        else:
            yield held
    finally:
        os.close(held)


@contextmanager
def slot(folder: Path, at_once: int) -> Iterator[int | None]:
    """One of the places for queries; None when all are taken."""
    slots = folder / "slots"
    slots.mkdir(parents=True, exist_ok=True)
    for number in range(at_once):
        with locked(slots / str(number), wait=False) as held:
            if held is not None:
                yield held
                return
    yield None


@contextmanager
def snapshot(folder: Path, name: str) -> Iterator[tuple[Path, int] | None]:
    """A snapshot that stays as long as it is held; None when there is none of this name."""
    path = folder / "snapshots" / name
    try:
        held = os.open(path / "held", os.O_RDWR)
    except FileNotFoundError:
        yield None
        return
    try:
        fcntl.flock(held, fcntl.LOCK_SH)
        # somebody may have deleted it between opening and locking
        yield (path, held) if os.fstat(held).st_nlink else None
    finally:
        os.close(held)


class Filler:
    """Brings the store of a folder to a state. Hold the lock `filling` meanwhile."""

    def __init__(self, folder: Path, base: str) -> None:
        self.folder, self.base = folder, base
        self.main, self.list = folder / "main", folder / "graphs.json"
        (folder / "snapshots").mkdir(parents=True, exist_ok=True)

    def fill(self, name: str, wanted: Mapping[str, str], catalogue: str, texts: Texts) -> None:
        """Have a snapshot of this name, of these datasets (their content's digest by id) and the catalogue's own triples."""
        if (self.folder / "snapshots" / name / "held").exists():
            return
        known = self._known()
        own = hashlib.sha256(catalogue.encode("utf-8")).hexdigest()
        target = {**wanted, CATALOGUE: own}
        touched = [graph for graph in {**known, **target} if known.get(graph) != target.get(graph)]
        stale = len([graph for graph in touched if graph in known])
        if stale > BATCH and stale * 2 > len(known):  # cheaper from the beginning
            known.clear()
            shutil.rmtree(self.main, ignore_errors=True)
        store = self._opened(known)
        if not known:
            touched = list(target)
        for begin in range(0, len(touched), BATCH):
            part = touched[begin : begin + BATCH]
            self._write(store, known, target, part, {**texts([graph for graph in part if graph in wanted]), CATALOGUE: catalogue})
        self._hand_out(store, name)

    def _known(self) -> dict[str, str]:
        """What the store holds; nothing, when it is another portal's, an older way's, or unreadable."""
        try:
            told = json.loads(self.list.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            told = {}
        if told.get("version") == VERSION and told.get("base") == self.base and self.main.is_dir():
            return dict(told["graphs"])
        shutil.rmtree(self.main, ignore_errors=True)
        return {}

    def _opened(self, known: dict[str, str]) -> ox.Store:
        """The store; one that cannot be read any more is made anew, as all of it stands in the database."""
        try:
            return ox.Store(str(self.main))
        except (OSError, RuntimeError) as error:
            sys.stderr.write(f"The store of SPARQL could not be read ({error}); it is made anew.\n")
            known.clear()
            shutil.rmtree(self.main, ignore_errors=True)
            return ox.Store(str(self.main))

    def _note(self, known: Mapping[str, str]) -> None:
        fresh = self.list.with_suffix(".new")
        fresh.write_text(json.dumps({"version": VERSION, "base": self.base, "graphs": known}), encoding="utf-8")
        fresh.replace(self.list)

    def _write(self, store: ox.Store, known: dict[str, str], target: Mapping[str, str], part: list[str], texts: Mapping[str, str]) -> None:
        """Replace these graphs. Whatever moment the process is killed at, the list says of which graphs nothing is known."""
        known.update(dict.fromkeys(part, ""))
        self._note(known)
        self._forget(store, {self._node(graph) for graph in part})
        content: list[bytes] = []
        for graph in part:
            node = self._node(graph)
            store.remove_graph(node)
            if graph in target and graph in texts:
                # also into the one graph that is asked where none is named: there a triple stands once, however many datasets say it
                content += [quads(texts[graph], node), quads(texts[graph], None)]
        if content:
            store.bulk_load(b"".join(content), format=ox.RdfFormat.N_QUADS) if len(content) > BATCH // 10 else store.load(b"".join(content), format=ox.RdfFormat.N_QUADS)
        store.flush()
        for graph in part:
            known.pop(graph)
            if graph in target and graph in texts:
                known[graph] = target[graph]
        self._note(known)

    @staticmethod
    def _forget(store: ox.Store, nodes: set[ox.NamedNode]) -> None:
        """Take out of the one graph what only these graphs say. Done before they go: killed in between, nothing stays that nobody says."""
        for node in nodes:
            for quad in list(store.quads_for_pattern(None, None, None, node)):
                said_by = {other.graph_name for other in store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)}
                if not said_by - nodes - {ox.DefaultGraph()}:
                    store.remove(ox.Quad(quad.subject, quad.predicate, quad.object, ox.DefaultGraph()))

    def _node(self, graph: str) -> ox.NamedNode:
        return ox.NamedNode(f"{self.base}/{CATALOGUE}" if graph == CATALOGUE else f"{self.base}/dataset/{graph}")

    def _hand_out(self, store: ox.Store, name: str) -> None:
        snapshots = self.folder / "snapshots"
        making = snapshots / "making"
        shutil.rmtree(making, ignore_errors=True)
        store.backup(str(making))
        (making / "held").touch(0o600)
        making.replace(snapshots / name)
        for old in snapshots.iterdir():
            if old.name != name:
                self._delete(old)

    @staticmethod
    def _delete(old: Path) -> None:
        """Unless somebody reads it."""
        with locked(old / "held", wait=False) as held:
            if held is not None:
                (old / "held").unlink()
                shutil.rmtree(old, ignore_errors=True)


def quads(n_triples: str, graph: ox.NamedNode | None) -> bytes:
    """N-Triples, one a line, as N-Quads of a graph; None: of the one without a name."""
    end = f" {graph} ." if graph else " ."
    return "".join(f"{line[:-2]}{end}\n" for line in n_triples.split("\n") if line.endswith(" .")).encode("utf-8")


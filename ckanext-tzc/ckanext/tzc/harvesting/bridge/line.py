"""What the process of a harvester says to the one that watches it: lines of JSON in a pipe. Anything that comes is a sign of life.

    {"said": "log", "level", "words"}   a line for the run's log
    {"said": "refused", "words"}        it wanted to connect to what it may not
    {"said": "alive"}                   it does something
    {"said": "done" | "failed" | "away" | "lost" | "pause" | "stop", "words"}   how it ended
"""
from __future__ import annotations

import json
import logging
import os
import re
import select
import threading
import time
from typing import Any

LONGEST = 4000
"""Characters of what is said at once."""

QUIET = 0.2
"""Seconds within which one sign of life is enough."""

CHUNK = 65_536
ENDINGS = {"done", "failed", "away", "lost", "pause", "stop"}
OURS = ("ckan.", "ckanext.tzc.")
"""Loggers of the portal itself: what they say all day long is not the harvester's."""

LOGIN = re.compile(r"(://)[^/@\s]+@")

Said = dict[str, Any]


def plain(words: str) -> str:
    """Words as the database takes them: harvesters quote what came, whatever that was."""
    return words.replace("\0", "").encode("utf-8", "replace").decode()


class Line:
    """The end of the harvester's process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.RLock()
        self._last = 0.0

    def say(self, said: str, **more: str) -> None:
        """One message. Passwords in addresses are left out."""
        told = {name: LOGIN.sub(r"\1…@", plain(words))[:LONGEST] for name, words in more.items()}
        rest = json.dumps({"said": said, **told}).encode() + b"\n"
        with self._lock:
            self._last = time.monotonic()
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def alive(self, *_: object) -> None:
        """A sign of life."""
        if time.monotonic() - self._last > QUIET:
            self.say("alive")


class Handler(logging.Handler):
    """Lines of the log, as the program's loggers have them."""

    def __init__(self, line: Line) -> None:
        super().__init__(logging.INFO)
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        """Pass it on."""
        if record.levelno < logging.WARNING and record.name.startswith(OURS):
            return
        try:
            self._line.say("log", level=record.levelname, words=self.format(record))
        except Exception:  # noqa: BLE001 -- as all handlers: what cannot be logged ends nothing
            self.handleError(record)

    def listen(self) -> None:
        """Hear all loggers, those too that keep their lines to themselves."""
        known = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
        for logger in (logging.root, *(logger for logger in known if not logger.propagate)):
            logger.addHandler(self)


class Ear:
    """The end of the process that watches."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._begun = b""
        os.set_blocking(descriptor, False)

    def hear(self, seconds: float) -> list[Said]:
        """What was said meanwhile; returns as soon as something is."""
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return []
        try:
            read = os.read(self._descriptor, CHUNK)
        except BlockingIOError:
            return []
        *lines, self._begun = (self._begun + read).split(b"\n")
        return [json.loads(line) for line in lines]

    def rest(self) -> list[Said]:
        """What a process that ended said last."""
        said: list[Said] = []
        while more := self.hear(0):
            said += more
        return said

    def close(self) -> None:
        """Listen no longer."""
        os.close(self._descriptor)

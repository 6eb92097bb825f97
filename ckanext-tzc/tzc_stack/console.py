"""Words to the person at the terminal: steps, notes, and errors that say what to do."""
from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Iterator


class StackError(Exception):
    """Something the person at the terminal can mend.

    `reason` says what is wrong, `mend` what to do about it.
    """

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.reason}\n  What to do: {self.mend}"


def any_terminal() -> None:
    """Print on any terminal: what its encoding lacks becomes a question mark, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def say(text: str = "") -> None:
    """Print a line for the person."""
    print(text, flush=True)


def ask(question: str) -> str:
    """Ask the person; no answer (the end of the input) is an empty one."""
    try:
        return input(question)
    except EOFError:
        return ""


def complain(error: StackError) -> None:
    """Print an error for the person, on standard error."""
    print(f"\nportal: {error}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Show that a step is under way and, when it ends, how long it took."""
    interactive = sys.stdout.isatty()
    print(f"  {title} …", end="" if interactive else "\n", flush=True)
    begun = time.monotonic()
    try:
        yield
    except BaseException:
        print(" failed" if interactive else f"  {title}: failed", flush=True)
        raise
    seconds = time.monotonic() - begun
    print(f" {seconds:.1f} s" if interactive else f"  {title}: done in {seconds:.1f} s", flush=True)

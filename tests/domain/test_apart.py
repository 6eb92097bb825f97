"""Processes that do one task within their limits, and what is told of those that do not."""
from __future__ import annotations

import sys
from typing import Any

import pytest
from tzc import apart

THIS = "tests.domain.test_apart"
MEMORY = 64 * apart.MEGABYTE


def _work(task: dict[str, Any]) -> dict[str, Any]:
    """What a task says."""
    if task["what"] == "grows":
        return {"length": len(bytearray(task["by"]))}
    if task["what"] == "never ends":
        while True:
            pass
    if task["what"] == "leaves":
        sys.exit(3)
    if task["what"] == "waits":
        sys.stdin.read()
        import time

        time.sleep(600)
    return {"said": task["what"]}


def ask(what: str, seconds: float = 20, **more: Any) -> dict[str, Any]:
    return apart.ask(THIS, {"what": what, **more}, memory=MEMORY, seconds=seconds)


def test_a_task_is_done() -> None:
    assert ask("é") == {"said": "é"}
    assert ask("grows", by=MEMORY // 2) == {"length": MEMORY // 2}


@pytest.mark.parametrize(("what", "how"), [("grows", "memory"), ("never ends", "time"), ("waits", "time"), ("leaves", "broken")])
def test_a_process_that_ends_without_an_answer(monkeypatch: pytest.MonkeyPatch, what: str, how: str) -> None:
    monkeypatch.setattr(apart, "LATER", 1)
    with pytest.raises(apart.EndedError) as ended:
        ask(what, seconds=1 if how == "time" else 20, by=2 * MEMORY)
    assert ended.value.how == how


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(apart.EndedError, match="broken"):
        apart.ask("tests.domain.nowhere", {}, memory=MEMORY, seconds=5)


if __name__ == "__main__":
    apart.answer(_work)

"""What `./portal doctor` looks at after a start that was cut off."""
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from tzc_stack import doctor
from tzc_stack.paths import here


@pytest.mark.parametrize(("state", "first"), [({"revision": ""}, True), ({"revision": "x"}, False), ({"revision": "", "restore": "cut"}, False)])
def test_a_start_that_was_cut_off_is_said_first_and_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: dict[str, str], first: bool) -> None:
    paths = dataclasses.replace(here(), var=tmp_path / "var")
    monkeypatch.setattr(doctor, "exists", lambda _paths: True)
    monkeypatch.setattr(doctor, "load", lambda _paths: None)
    monkeypatch.setattr(doctor, "recall", lambda _paths: state)
    monkeypatch.setattr(doctor.Supervisor, "__init__", lambda *_: None)
    monkeypatch.setattr(doctor.Supervisor, "alive", lambda _self: True)
    checks = dict(doctor._checks(paths))
    titles = list(checks)
    assert (titles[0] == "the last start and the last restore came to their end") is first
    assert ("all parts run" in titles) is not first and ("pages are served" in titles) is not first
    assert {"disk space", "the territory file", "given servers answer"} <= set(titles)
    if first:
        assert [mend for _reason, mend in checks[titles[0]]()] == ["run ./portal up, which completes it."]

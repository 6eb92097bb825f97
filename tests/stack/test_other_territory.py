"""A backup goes back where its territory is served."""
from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
from tzc_stack import archive
from tzc_stack.console import StackError
from tzc_stack.paths import here

OVERSEAS = Path(__file__).resolve().parents[1] / "territories" / "overseas.yaml"


def test_a_backup_of_another_territory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = dataclasses.replace(here(), var=tmp_path / "var")
    monkeypatch.delenv("TZC_TERRITORY", raising=False)
    with pytest.raises(StackError, match=r"cote-sous-le-vent.*la-rochelle") as refused:
        archive._of_this_territory(paths, OVERSEAS)
    assert "--other-territory" in refused.value.mend
    archive._of_this_territory(paths, paths.root / "config" / "territory.yaml")
    monkeypatch.setenv("TZC_TERRITORY", str(OVERSEAS))
    archive._of_this_territory(paths, OVERSEAS)
    (tmp_path / "odd.yaml").write_text("[", encoding="utf-8")
    archive._of_this_territory(paths, tmp_path / "odd.yaml")
    assert not paths.var.exists(), "nothing is remembered"


@pytest.mark.parametrize("other", [False, True])
def test_it_is_refused_before_anything_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: bool) -> None:
    class TouchedError(Exception):
        pass

    def unpack(_file: Path, folder: Path) -> dict[str, str]:
        shutil.copy(OVERSEAS, folder / "territory.yaml")
        return {}

    def settle(*_: object) -> None:
        raise TouchedError

    monkeypatch.delenv("TZC_TERRITORY", raising=False)
    monkeypatch.setattr(archive, "_unpack", unpack)
    monkeypatch.setattr(archive.lifecycle, "settle", settle)
    file = tmp_path / "backup.tar.gz"
    file.touch()
    with pytest.raises(TouchedError if other else StackError):
        archive.restore(dataclasses.replace(here(), var=tmp_path / "var"), file, sure=True, other=other)

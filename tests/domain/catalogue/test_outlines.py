"""The outlines of communes: what is read, what is refused, what is drawn; and the file that comes with the portal."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tzc.catalogue import outlines

CONFIG = Path(__file__).resolve().parents[3] / "config"
SQUARE = {"type": "Polygon", "coordinates": [[[0, 60], [2, 60], [2, 61], [0, 61], [0, 60]]]}


def written(folder: Path, *features: dict[str, Any], **more: Any) -> Path:
    file = folder / "communes.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "attribution": "IGN", "features": list(features), **more}), encoding="utf-8")
    return file


def feature(code: str, geometry: Any = None) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"code": code}, "geometry": geometry or SQUARE}


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert outlines.read_file(tmp_path / "communes.geojson", ["1"]) == outlines.Outlines({}, "")
    assert outlines.draw({}, 100) is None


def test_a_file_is_read(tmp_path: Path) -> None:
    many = {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]}
    read = outlines.read_file(written(tmp_path, feature("1"), feature("2", many)), ["1", "2", "3"])
    assert (set(read.geometries), read.attribution) == ({"1", "2"}, "IGN")


@pytest.mark.parametrize(
    "wrong",
    [
        feature("9"),
        feature("1", {"type": "Point", "coordinates": [0, 0]}),
        feature("1", {"type": "Polygon", "coordinates": [[[300, 0], [1, 1], [0, 1], [300, 0]]]}),
        {"type": "Feature", "properties": {}, "geometry": SQUARE},
    ],
)
def test_what_is_no_outline_of_a_commune_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(outlines.OutlinesError, match=r"communes\.geojson"):
        outlines.read_file(written(tmp_path, wrong), ["1"])


def test_a_file_without_attribution_or_too_large_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "communes.geojson"
    file.write_text(json.dumps({"features": [feature("1")]}), encoding="utf-8")
    with pytest.raises(outlines.OutlinesError, match="attribution"):
        outlines.read_file(file, ["1"])
    with pytest.raises(outlines.OutlinesError, match="simplify"):
        outlines.read_file(written(tmp_path, feature("1"), filling="x" * outlines.LARGEST), ["1"])


def test_a_drawing_keeps_proportions_and_north_above() -> None:
    drawn = outlines.draw({"1": SQUARE}, 100)
    assert drawn is not None
    # two degrees of longitude at 60° N are as long as one of latitude
    assert drawn.box in {"0 0 100 101", "0 0 100 102"}
    assert drawn.paths["1"].startswith("M0 10")
    assert drawn.paths["1"].count("L") == 4


def test_the_file_that_comes_with_the_portal() -> None:
    from tzc.catalogue.territory import read_file

    communes = read_file(CONFIG / "territory.yaml").commune_names
    file = CONFIG / outlines.NAME
    assert set(outlines.read_file(file, communes).geometries) == set(communes)
    assert file.stat().st_size < 60_000
    assert "Licence Ouverte" in json.loads(file.read_text(encoding="utf-8"))["source"]

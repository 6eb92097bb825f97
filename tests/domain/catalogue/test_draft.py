"""The draft of a territory file, from answers of the public géo API."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tzc.catalogue.draft import AnswerError, draft
from tzc.catalogue.siren import is_siren
from tzc.catalogue.territory import Territory, read_territory

ANSWERS = Path(__file__).resolve().parents[2] / "territories" / "geo-api" / "epcis"


def answers(siren: str) -> tuple[Any, Any]:
    return tuple(json.loads((ANSWERS / siren / name).read_text(encoding="utf-8")) for name in ("index.json", "communes.json"))  # type: ignore[return-value]  # -- two of them


def drafted(siren: str, epci: Any, communes: Any) -> Territory:
    return read_territory(draft(siren, epci, communes, ["lov2", "odbl"], "2026-01-02"), licences=["lov2", "odbl"])


def test_an_overseas_territory() -> None:
    territory = drafted("249740101", *answers("249740101"))
    assert (territory.id, territory.siren) == ("territoire-de-la-cote-ouest-tco", "249740101")
    assert territory.name == {"fr": "CA Territoire de la Côte Ouest (TCO)", "en": "CA Territoire de la Côte Ouest (TCO)"}
    assert (territory.timezone, territory.projection) == ("Indian/Reunion", 2975)
    assert territory.electricity_factor is not None
    assert territory.electricity_factor.value == 780
    assert list(territory.commune_names) == ["97407", "97408", "97413", "97415", "97423"]
    box = territory.bounding_box
    assert (box.west, box.south, box.east, box.north) == (55.21, -21.24, 55.48, -20.9)
    assert "TODO" in territory.axes[0].title["fr"]


def test_a_corsican_territory_with_a_commune_without_box() -> None:
    territory = drafted("200040764", *answers("200040764"))
    assert (territory.timezone, territory.projection) == ("Europe/Paris", 2154)
    assert territory.electricity_factor is not None
    assert territory.electricity_factor.value == 590
    assert territory.commune_names["2A163"] == "Monacia-d'Aullène"
    # Monacia's centre (9.0034) less five hundredths is the westernmost place
    assert territory.bounding_box.west == 8.95


def test_the_mainland_and_a_department_without_a_factor() -> None:
    epci, communes = answers("200040764")
    mainland = drafted("200040764", epci, [{**commune, "code": f"17{number:03}"} for number, commune in enumerate(communes)])
    assert mainland.electricity_factor is not None
    assert mainland.electricity_factor.value == 48
    guyane = drafted("200040764", epci, [{**commune, "code": f"973{number:02}"} for number, commune in enumerate(communes)])
    assert (guyane.timezone, guyane.projection, guyane.electricity_factor) == ("America/Cayenne", 2972, None)


@pytest.mark.parametrize("name", ['Terres "d\'en haut": {x} # y', "日本", "CC", "Métropole de Lyon", "CA\nde la Vallée"])
def test_any_name_gives_a_valid_file(name: str) -> None:
    _epci, communes = answers("200040764")
    assert drafted("200040764", {"nom": name}, communes).name["fr"] == name


@pytest.mark.parametrize(
    ("epci", "communes"),
    [
        ({}, []), ([], []), ({"nom": "X"}, []), ({"nom": "X"}, {"code": "17001"}), ({"nom": "X"}, [{"code": "17001", "nom": "Y"}]), ({"nom": "X"}, ["Y"]),
        ({"nom": 3}, [{"code": "17001", "nom": "Y", "centre": {"coordinates": [1, 46]}}]), ({"nom": "X"}, [{"code": "17001", "nom": "Y", "centre": {"coordinates": [1]}}]),
        ({"nom": "X"}, [{"code": "17001", "nom": "Y", "centre": {"coordinates": ["a", "b"]}}]), ({"nom": "X"}, [{"code": "17001", "nom": "Y", "centre": {"coordinates": [600000, 6600000]}}]),
        ({"nom": "X"}, [{"code": "17001", "nom": None, "centre": {"coordinates": [1, 46]}}]), ({"nom": "X"}, [{"code": "17001", "nom": "Y", "centre": {"coordinates": [1, 46]}, "bbox": {"coordinates": []}}]),
    ],
)  # fmt: skip
def test_an_odd_answer_is_refused_in_words(epci: Any, communes: Any) -> None:
    with pytest.raises(AnswerError):
        draft("200040764", epci, communes, ["lov2"], "2026-01-02")


def test_the_checksum_of_a_siren() -> None:
    assert all(is_siren(number) for number in ("241700434", "249740101", "200040764", "000000000"))
    assert not any(is_siren(number) for number in ("241700433", "24170043", "2417004340", "24170043x", "²41700434", ""))

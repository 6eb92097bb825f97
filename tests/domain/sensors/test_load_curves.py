"""Files of customer accounts and answers of Data Connect. The forms are those that customers of Enedis and GRDF describe (read November 2026); numbers and values are invented."""
from __future__ import annotations

import datetime as dt
import json
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tzc.sensors import load_curves, meters, quality
from tzc.sensors.faults import BatchError
from tzc.sensors.load_curves import MeterFile

ZONE = ZoneInfo("Europe/Paris")
NUMBER = "12345678901234"
HEAD = "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;Unite"


def rows(found: MeterFile) -> list[tuple[str, str, int, float]]:
    """Stream, beginning (UTC), seconds, value."""
    at = found.decoded
    return [
        (at.names[place], np.datetime64(int(time), "us").astype(str)[:16], int(seconds), float(value)) for place, time, seconds, value in zip(at.index, at.times, at.seconds, at.results, strict=True)
    ]


def rejected(found: MeterFile) -> list[tuple[int, str]]:
    return [(row.row, row.code) for row in found.decoded.rejected]


def test_the_account_with_sections() -> None:
    """The time is the period's end; a hole is no mistake; registers of the meter are passed over."""
    text = "\r\n".join([
        f"{HEAD};Pas en minutes", f"{NUMBER};Courbe de charge;05/01/2026;06/01/2026;Energie active;Consommation;Comptage Brut;W;", "", "Horodate;Valeur",
        "2026-01-05T00:30:00+01:00;1200", "2026-01-05T01:00:00+01:00;800", "2026-01-05T01:30:00+01:00;", "2026-01-05T02:00:00+01:00;600,5",
        HEAD, f"{NUMBER};Index;12/04/2021;18/04/2021;Energie active;Consommation;Comptage Brut;Wh", "Horodate;Type de releve;EAS F1;EAS F2", "2021-04-01T01:00:00+02:00;Arrêté quotidien;11538434;12944147",
    ])  # fmt: skip
    found = load_curves.file(b"\xef\xbb\xbf" + text.encode(), ZONE)
    assert (found.number, found.energy, found.decoded.units) == (NUMBER, meters.ELECTRICITY, {"consumption": "W"})
    assert rows(found) == [("consumption", "2026-01-04T23:00", 1800, 1200.0), ("consumption", "2026-01-04T23:30", 1800, 800.0), ("consumption", "2026-01-05T00:30", 1800, 600.5)]
    assert rejected(found) == []


def test_each_row_says_all() -> None:
    head = "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;Valeur;Nature;Pas;Indice de vraisemblance;Etat complémentaire"
    first = f"{NUMBER};2026-01-01;2026-01-02"
    text = "\n".join([
        head, f"{first};PA;CONS;BEST;W;2026-01-01T00:10:00+01:00;240;B;PT10M;0;0", f"{first};PA;CONS;BEST;W;2026-01-01T00:40:00+01:00;300;E;PT30M;0;0",
        f"{first};PA;PROD;BEST;W;2026-01-01T12:00:00+01:00;1500;R;PT30M;0;0", f"{first};EA;CONS;MESURE;Wh;2026-01-01T00:05:00+01:00;10;R;PT5M;0;0",
        f"{first};PMA;CONS;BEST;VA;2026-01-01T00:00:00+01:00;4500;B;P1D;0;0", f"{first};PA;CONS;BEST;W;2026-01-01T01:10:00+01:00;-3;B;PT30M;0;0",
    ])  # fmt: skip
    found = load_curves.file(text.encode("cp1252"), ZONE)
    assert rows(found) == [
        ("consumption", "2025-12-31T23:00", 600, 240.0), ("consumption", "2025-12-31T23:10", 1800, 300.0), ("production", "2026-01-01T10:30", 1800, 1500.0),
        ("consumption_energy", "2025-12-31T23:00", 300, 10.0),
    ]  # fmt: skip
    assert found.decoded.flags.tolist() == [0, quality.ESTIMATED, 0, 0]
    assert rejected(found) == [(5, "quantity"), (6, "negative")]
    assert found.decoded.units == {"consumption": "W", "production": "W", "consumption_energy": "W.h"}


def test_the_end_of_the_step_as_its_head_says() -> None:
    text = f"Identifiant PRM;{NUMBER};Type de donnees;Courbe de charge;\nhorodate ISO fin de pas;puissance moyenne (W)\n2026-01-05T01:00:00+01:00;1200\n2026-01-05T02:00:00+01:00;800\n"
    found = load_curves.file(text.encode(), ZONE)
    assert found.number == NUMBER
    assert rows(found) == [("consumption", "2026-01-04T23:00", 3600, 1200.0), ("consumption", "2026-01-05T00:00", 3600, 800.0)]


def test_days() -> None:
    """A value of a day names the day, which has 23 or 25 hours when clocks change."""
    text = f"{HEAD}\n{NUMBER};Consommation globale quotidienne;27/03/2026;30/03/2026;Energie active;Consommation;Comptage Brut;Wh\nHorodate;Valeur\n2026-03-28T00:00:00+01:00;9000\n2026-03-29T00:00:00+01:00;8000\n2026-03-30T00:00:00+02:00;7000\n"
    assert rows(load_curves.file(text.encode(), ZONE)) == [
        ("consumption_day", "2026-03-27T23:00", 86400, 9000.0), ("consumption_day", "2026-03-28T23:00", 82800, 8000.0), ("consumption_day", "2026-03-29T22:00", 86400, 7000.0)
    ]  # fmt: skip
    short = "Date;Consommation (en kWh)\n01/06/2026;12,5\n02/06/2026;9\n"
    found = load_curves.file(short.encode(), ZONE)
    assert (found.number, rows(found)) == ("", [("consumption_day", "2026-05-31T22:00", 86400, 12.5), ("consumption_day", "2026-06-01T22:00", 86400, 9.0)])
    assert found.decoded.units == {"consumption_day": "kW.h"}


def test_days_of_gas() -> None:
    """A day of gas begins at six."""
    text = "N° PCE;Date de relevé;Index début;Index fin;Volume consommé (m3);Energie consommée (kWh);Qualification\nGI153881;05/01/2026;100;108;8,1;91,4;Mesuré\nGI153881;06/01/2026;108;115;7;79;Estimé\n"
    found = load_curves.file(text.encode(), ZONE)
    assert (found.number, found.energy) == ("GI153881", meters.GAS)
    assert rows(found) == [("gas_day", "2026-01-05T05:00", 86400, 91.4), ("gas_day", "2026-01-06T05:00", 86400, 79.0)]
    assert found.decoded.flags.tolist() == [0, quality.ESTIMATED]


def test_the_step_changes_and_rows_are_missing_or_out_of_order() -> None:
    midnight = dt.datetime(2026, 1, 5, tzinfo=dt.timezone.utc)
    clocks = [midnight + dt.timedelta(minutes=minutes) for minutes in (10, 20, 30, 40, 50, 60, 90, 120, 180, 210)]
    lines = [f"{clock.isoformat()};{100 + n}" for n, clock in enumerate(clocks)]
    found = load_curves.file("\n".join(["Horodate;Valeur", *reversed(lines)]).encode(), ZONE)
    assert [row[2] for row in sorted(rows(found), key=lambda row: row[3])] == [600] * 6 + [1800] * 4


def test_the_doubled_and_the_missing_hour_without_offsets() -> None:
    """In a series that goes on the second time round is told by the order."""
    lines = ["2026-10-25 01:30:00;1", "2026-10-25 02:00:00;2", "2026-10-25 02:30:00;3", "2026-10-25 02:00:00;4", "2026-10-25 02:30:00;5", "2026-10-25 03:00:00;6"]
    found = load_curves.file("\n".join(["Horodate;Valeur", *lines]).encode(), ZONE)
    assert [row[1] for row in rows(found)] == ["2026-10-24T23:00", "2026-10-24T23:30", "2026-10-25T00:00", "2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30"]
    spring = load_curves.file(b"Horodate;Valeur\n2026-03-29 01:30:00;1\n2026-03-29 02:30:00;2\n2026-03-29 03:30:00;3\n", ZONE)
    assert rejected(spring) == [(2, "missing_hour")]


def test_an_answer_of_data_connect() -> None:
    def answer(grandeur: list[object], **more: object) -> bytes:
        return json.dumps({"idPrm": NUMBER, "etapeMetier": "BRUT", "grandeur": grandeur, **more}).encode()

    curve = {
        "grandeurMetier": "CONS", "grandeurPhysique": "PA", "unite": "W",
        "points": [{"v": "4078", "d": "2026-09-29 00:30:00", "p": "PT30M", "n": "B"}, {"v": "null", "d": "2026-09-29 01:00:00", "p": "PT30M", "n": "B"}, {"v": "12", "d": "hier", "p": "PT30M"}, 7],
    }  # fmt: skip
    sent = {"grandeurMetier": "PROD", "grandeurPhysique": "PA", "unite": "W", "points": [{"v": "0", "d": "2026-09-29 01:00:00", "p": "PT30M", "n": "E"}]}
    found = load_curves.answer(answer([curve, sent, {"grandeurMetier": "CONS", "grandeurPhysique": "PMA", "unite": "VA", "points": [{"v": "1", "d": "2026-09-29", "p": "P1D"}]}]), ZONE)
    assert found.number == NUMBER
    assert rows(found) == [("consumption", "2026-09-28T22:00", 1800, 4078.0), ("production", "2026-09-28T22:30", 1800, 0.0)]
    assert rejected(found) == [(2, "time"), (3, "shape"), (5, "quantity")]
    daily = {"grandeurMetier": "CONS", "grandeurPhysique": "EA", "unite": "Wh", "points": [{"v": "190205.98", "d": "2026-10-25"}]}
    assert rows(load_curves.answer(answer([daily], pas="P1D"), ZONE)) == [("consumption_day", "2026-10-24T22:00", 90000, 190205.98)]
    assert len(load_curves.answer(answer([{**curve, "points": []}, daily], pas="P1D"), ZONE).decoded) == 1


@pytest.mark.parametrize(("body", "code"), [
    (b"", "empty"), (b"bonjour", "empty"), (b"a,b,c\n1,2,3\n", "empty"), (b"\0\1\2\3", "kind"), (b"PK\x03\x04rubbish", "broken"), (b"Horodate;Valeur\n", "empty"),
    (b"Identifiant PRM;Grandeur physique;Unite;Horodate;Valeur;Pas\n11111111111111;PA;W;2026-01-01T00:30:00+01:00;1;PT30M\n22222222222222;PA;W;2026-01-01T00:30:00+01:00;1;PT30M\n", "several_meters"),
])  # fmt: skip
def test_no_such_file(body: bytes, code: str) -> None:
    with pytest.raises(BatchError) as caught:
        load_curves.file(body, ZONE)
    assert caught.value.code == code


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"idPrm": 1}', b'{"idPrm": "1", "grandeur": [{"points": 5}]}', b"[" * 100_000, b"<html>"])
def test_no_such_answer(body: bytes) -> None:
    with pytest.raises(BatchError) as caught:
        load_curves.answer(body, ZONE)
    assert caught.value.code == "unexpected"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["2026-01-05T00:30:00+01:00", "2026-01-05T00:30", "", "x", "05/01/2026"]), st.sampled_from(["1", "1,5", "", "NaN", "inf", "1e400", "-1", "x"])), min_size=1, max_size=8))
def test_every_row_is_taken_or_listed_or_a_hole(pairs: list[tuple[str, str]]) -> None:
    found = load_curves.file("\n".join(["Horodate;Valeur", *(f"{clock};{value}" for clock, value in pairs)]).encode(), ZONE)
    assert np.isfinite(found.decoded.results).all() and (found.decoded.results >= 0).all() and (found.decoded.seconds > 0).all()
    places = [*found.decoded.rows.tolist(), *(row.row for row in found.decoded.rejected)]
    assert len(places) == len(set(places))
    holes = {number for number, (clock, value) in enumerate(pairs, 1) if value == "" or (clock == "" and value == "")}
    assert set(range(1, len(pairs) + 1)) - set(places) <= holes


def test_a_year_of_ten_minutes_is_read_in_a_moment() -> None:
    start = np.datetime64("2025-01-01T00:10:00")
    lines = [f"{clock}Z;{n % 3000}" for n, clock in enumerate((start + np.arange(52_560) * np.timedelta64(10, "m")).astype(str).tolist())]
    found = load_curves.file("\n".join([f"Identifiant PRM;{NUMBER}", "Horodate;Valeur", *lines]).encode(), ZONE)
    assert len(found.decoded) == 52_560 and set(found.decoded.seconds.tolist()) == {600}


def test_energies() -> None:
    assert load_curves.energies(np.array([1000.0, 500.0]), np.array([1800, 3600]), "W").tolist() == [0.5, 0.5]
    assert load_curves.energies(np.array([1.5]), np.array([1800]), "kW").tolist() == [0.75]
    assert load_curves.energies(np.array([250.0]), np.array([300]), "W.h").tolist() == [0.25]
    assert load_curves.energies(np.array([2.0]), np.array([86400]), "kW.h").tolist() == [2.0]


def test_numbers() -> None:
    assert meters.written(" 123 456 789 01234 ", meters.ELECTRICITY) == NUMBER
    assert meters.written("GI153881", meters.GAS) == "GI153881" and meters.written("GI153881", meters.ELECTRICITY) == ""
    assert [meters.written(odd, meters.ELECTRICITY) for odd in ("", "1234", None, 12345678901234, {"a": 1}, "x" * 500)] == [""] * 6
    one, other = meters.fingerprint("a" * 32, meters.ELECTRICITY, NUMBER), meters.fingerprint("b" * 32, meters.ELECTRICITY, NUMBER)
    assert one != other and NUMBER not in one and len(one) == 64
    assert meters.masked(f"{NUMBER};1".encode(), NUMBER) == b"**********1234;1" and meters.masked(b"x", "") == b"x"

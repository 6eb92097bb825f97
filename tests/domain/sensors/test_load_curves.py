"""Files of customer accounts and answers of Data Connect. CSV: the forms that customers of Enedis and GRDF describe (read November 2026). Answers: with the fields of those of
September 2026. Workbooks: laid out as files that customers of Enedis downloaded in December 2025 and one of GRDF in November 2021. Numbers and values are invented.
"""
from __future__ import annotations

import datetime as dt
import json
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tzc.sensors import load_curves, meters, quality
from tzc.sensors.faults import BatchError
from tzc.sensors.load_curves import MeterFile

from tests.workbooks import workbook

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


def test_oddities_of_files_of_the_account() -> None:
    """As a program that reads many of them meets them: lines that stand four times, a curve by the hour without its midnight, days without values, a head alone."""
    section = f"{HEAD};Pas en minutes\n{NUMBER};Courbe de charge;05/01/2026;06/01/2026;Energie active;Consommation;Comptage Brut;W;\n\nHorodate;Valeur\n"
    found = load_curves.file((section + "2026-01-05T14:00:00+01:00;50\n" * 4 + "2026-01-05T14:30:00+01:00;40\n" * 4).encode(), ZONE)
    assert sorted(set(rows(found))) == [("consumption", "2026-01-05T12:30", 1800, 50.0), ("consumption", "2026-01-05T13:00", 1800, 40.0)] and rejected(found) == []
    hours = "".join(f"2026-01-{moment}:00:00+01:00;{value}\n" for value, moment in enumerate(("05T22", "05T23", "06T01", "06T02")))
    powers = f"{HEAD}\n{NUMBER};Puissance maximale quotidienne;05/01/2026;06/01/2026;Puissance maximale atteinte;Consommation;;\nHorodate;Valeur\n2026-01-05T00:00:00+01:00;\n"
    found = load_curves.file((section + hours + powers).encode(), ZONE)
    assert rows(found) == [
        ("consumption", "2026-01-05T20:00", 3600, 0.0), ("consumption", "2026-01-05T21:00", 3600, 1.0), ("consumption", "2026-01-05T23:00", 3600, 2.0), ("consumption", "2026-01-06T00:00", 3600, 3.0),
    ]  # fmt: skip
    assert rejected(found) == [(11, "quantity")]
    with pytest.raises(BatchError) as caught:
        load_curves.file(f"{HEAD};Pas en minutes\n".encode(), ZONE)
    assert caught.value.code == "empty"


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


CURVE: list[list[str | float]] = [
    ["Compte Client", "", "Export des données de la courbe de charge", ""], ["", "", "Données :", "Brutes"],
    ["Point Référence Mesure (PRM) : ", NUMBER, "Grandeur physique :", "Puissance Active"], ["", "", "Type de comptage :", "Consommation horaire"],
    ["NA", "Données indisponibles", "Date de début :", "24/10/2026"], ["", "", "Date de fin :", "26/10/2026"], [], ["", "Plage horaire", "", ""], ["", "Début", "Fin", "Valeur (en kW)"],
]  # fmt: skip
WELCOME: list[list[str | float]] = [["Les données de ce fichier sont destinées au titulaire du PRM, Mme Dupont."], ["Date"], ["Ce fichier est constitué des données de courbe de charge."]]


def sheet(kind: str, number: str | float = NUMBER) -> list[list[str | float]]:
    return [
        ["Compte Client", "", "", "Export des données de l'énergie  ", ""], ["", "", "", "Grandeur physique : ", "Energie Active"],
        ["Point Référence Mesure (PRM) : ", number, "", "Type de comptage : ", kind], ["", "", "", "Date de début : ", "27/03/2026"], ["NA", "Données indisponibles", "", "Date de fin :", "30/03/2026"],
        [], ["Date", "Valeur (en kWh)", "", "", ""],
    ]  # fmt: skip


def test_a_workbook_of_a_curve() -> None:
    """Of its sheets the second has the curve, by the local clock with commas. Periods end as their end says; where a night has an hour twice they begin as if it had it once."""
    clocks = ("01:00 01:30", "01:30 02:00", "02:00 02:30", "01:30 02:00", "02:00 02:30", "02:30 03:00")
    night = [["", *(f"25/10/2026 {clock}:00" for clock in pair.split()), f"0,{place}2"] for place, pair in enumerate(clocks, 1)]
    rest = [["", "25/10/2026 23:50:00", "26/10/2026 00:00:00", "1"], ["", "26/10/2026 00:00:00", "26/10/2026 00:10:00", "NA"], ["", "26/10/2026 00:10:00", "26/10/2026 00:20:00", "x"], ["", "26/10/2026 09:00:00", "26/10/2026 09:10:00", "2"]]
    found = load_curves.file(workbook({"Page d'accueil": WELCOME, "Consommation Horaire": [*CURVE, *night, *rest]}), ZONE)
    assert (found.number, found.energy, found.decoded.units) == (NUMBER, meters.ELECTRICITY, {"consumption": "kW"})
    assert rows(found) == [
        ("consumption", "2026-10-24T23:00", 1800, 0.12), ("consumption", "2026-10-24T23:30", 1800, 0.22), ("consumption", "2026-10-25T00:00", 1800, 0.32),
        ("consumption", "2026-10-25T00:30", 1800, 0.42), ("consumption", "2026-10-25T01:00", 1800, 0.52), ("consumption", "2026-10-25T01:30", 1800, 0.62),
        ("consumption", "2026-10-25T22:50", 600, 1.0), ("consumption", "2026-10-26T08:00", 600, 2.0),
    ]  # fmt: skip
    assert [(row.code, row.shown) for row in found.decoded.rejected] == [("not_a_number", "2026-10-26 00:20:00 x")]


def test_the_hour_that_a_clock_leaves_out_is_a_hole_of_a_workbook() -> None:
    spring = [["", f"29/03/2026 {begin}:00", f"29/03/2026 {end}:00", value] for begin, end, value in (("01:00", "01:30", "1"), ("01:30", "02:00", "NA"), ("02:00", "02:30", "NA"), ("02:30", "03:00", "2"))]
    found = load_curves.file(workbook({"Production Horaire": [*[[*row[:3], "Production horaire"] if "Type de comptage :" in row else row for row in CURVE], *spring]}), ZONE)
    assert rows(found) == [("production", "2026-03-29T00:00", 1800, 1.0), ("production", "2026-03-29T00:30", 1800, 2.0)] and rejected(found) == []


@pytest.mark.parametrize("number", [NUMBER, float(NUMBER)])
def test_a_workbook_of_days(number: str | float) -> None:
    """A sheet for what is consumed, one for what is produced; a day without a value is a hole; days are texts or, of spreadsheets, midnights."""
    sheets = {
        "Page d'accueil": WELCOME, "Export Consommation Quotidienne": [*sheet("Consommation Quotidienne", number), ["28/03/2026", "7", ""], ["29/03/2026", "NA"], ["30/03/2026", 8.5]],
        "Export Production Quotidienne": [*sheet("Production Quotidienne", number), ["2026-03-29T00:00:00", "1,25"]],
    }
    found = load_curves.file(workbook(sheets), ZONE)
    assert (found.number, found.energy) == (NUMBER, meters.ELECTRICITY)
    assert rows(found) == [
        ("consumption_day", "2026-03-27T23:00", 86400, 7.0), ("consumption_day", "2026-03-29T22:00", 86400, 8.5), ("production_day", "2026-03-28T23:00", 82800, 1.25)
    ]  # fmt: skip
    assert rejected(found) == [] and found.decoded.units == {"consumption_day": "kW.h", "production_day": "kW.h"}


GAS: list[list[str | float]] = [
    ["Données informatives et détaillées", "", "", "Export du 24/11/2026"], [], ["", "Adresse du logement : ", "3 rue du Port"], ["", "N° PCE :", "00 123 456 789 012"],
    ["", "Libellé du logement :", "Chez Mme Dupont"], [], ["Les consommations dans ce tableau sont fournies à titre indicatif."], [],
]  # fmt: skip
GAS_HEAD = ["Date de relevé", "Index de début de période (m3)", "Index de fin de période (m3)", "Volume consommé (m3)", "Energie consommée (kWh)", "Coefficient de conversion", "Température locale (°C)", "Qualification du relevé"]


def test_a_workbook_of_gas() -> None:
    """None of its heads says gas but cubic metres do. Weeks and months are no days of gas."""
    days = [["24/11/2026", 500.0, 510.0, 10.0, 111.0, "", "", "Mesuré"], ["25/11/2026", 510.0, 518.0, 8.0, 88.5, "", "", "Estimé"], ["26/11/2026", "", "", "", "", "", "", "Absence de Données"]]
    found = load_curves.file(workbook({"Historique par mois": [*GAS, GAS_HEAD, *days]}), ZONE)
    assert (found.number, found.energy) == ("00123456789012", meters.GAS)
    assert rows(found) == [("gas_day", "2026-11-24T05:00", 86400, 111.0), ("gas_day", "2026-11-25T05:00", 86400, 88.5)]
    assert found.decoded.flags.tolist() == [0, quality.ESTIMATED] and rejected(found) == []
    for number in ("GI153881", "Non communiqué"):
        named = [[*row[:2], number] if "N° PCE :" in row else row for row in GAS]
        found = load_curves.file(workbook({"Historique par mois": [*named, GAS_HEAD, *days]}), ZONE)
        assert found.number == (number if number.startswith("GI") else "") and len(found.decoded) == 2
    longer = [["Date de relevé", "Volume consommé (m3)", "Energie consommée (kWh)", ""], ["Novembre 2026 ", 30.0, 333.0, ""], ["Du 24/11/2026 au 29/11/2026", 20.0, 222.0, ""]]
    found = load_curves.file(workbook({"Historique par mois": [*GAS, *longer]}), ZONE)
    assert found.energy == meters.GAS and rows(found) == [] and [row.code for row in found.decoded.rejected] == ["time", "time"]


def test_what_is_kept_of_a_file() -> None:
    """The number is covered wherever it stands, and of a workbook nothing is kept that is no value: not whose home it is. What is kept is read as the file was."""
    plain = f"Identifiant PRM;{NUMBER};Type de donnees;Courbe de charge;\nHorodate;Valeur\n2026-01-05T01:00:00+01:00;1200\n".encode()
    curve = workbook({"Page d'accueil": WELCOME, "Consommation Horaire": [*CURVE, ["", "24/10/2026 00:00:00", "24/10/2026 00:30:00", "0,5"], ["", "24/10/2026 00:30:00", "24/10/2026 01:00:00", "zéro"]]})
    both = workbook({"c": [*sheet("Consommation Quotidienne", float(NUMBER)), ["28/03/2026", "7"]], "p": [*sheet("Production Quotidienne"), ["28/03/2026", "1"]]})
    gas = workbook({"Historique": [*GAS, GAS_HEAD, ["24/11/2026", 1.0, 2.0, 1.0, 11.0, "", "", "Mesuré"]]})
    for body in (plain, curve, both, gas):
        found = load_curves.file(body, ZONE)
        again = load_curves.file(found.kept, ZONE)
        assert (rows(again), rejected(again), again.energy, again.decoded.units) == (rows(found), rejected(found), found.energy, found.decoded.units)
        assert found.number and found.number.encode() not in found.kept and again.number == f"{'*' * 10}{found.number[-4:]}" and again.kept == found.kept
        assert not any(word in found.kept for word in (b"Dupont", b"rue du Port")) and not found.kept.startswith(b"PK")
    answer = json.dumps({"idPrm": NUMBER, "grandeur": [{"grandeurMetier": "CONS", "grandeurPhysique": "PA", "unite": "W", "points": [{"v": "1", "d": "2026-09-29 00:30:00", "p": "PT30M"}]}]}).encode()
    assert load_curves.answer(answer, ZONE).kept == answer.replace(NUMBER.encode(), b"**********1234")


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
        about = {"periode": {"dateDebut": "2026-09-29", "dateFin": "2026-10-01"}, "modeCalcul": "MESURE", "contexte": []}
        return json.dumps({"idPrm": NUMBER, "etapeMetier": "BRUT", **about, "grandeur": grandeur, **more}).encode()

    curve = {
        "grandeurMetier": "CONS", "grandeurPhysique": "PA", "unite": "W", "calendrier": [],
        "points": [
            {"v": "1200", "d": "2026-09-29 00:30:00", "p": "PT30M", "n": "B", "iv": "0", "ec": "0"}, {"v": "null", "d": "2026-09-29 01:00:00", "p": "PT30M", "n": "B"},
            {"v": "12", "d": "hier", "p": "PT30M"}, 7,
        ],
    }  # fmt: skip
    sent = {"grandeurMetier": "PROD", "grandeurPhysique": "PA", "unite": "W", "points": [{"v": "0", "d": "2026-09-29 01:00:00", "p": "PT30M", "n": "E"}]}
    found = load_curves.answer(answer([curve, sent, {"grandeurMetier": "CONS", "grandeurPhysique": "PMA", "unite": "VA", "points": [{"v": "1", "d": "2026-09-29 13:03:00"}]}]), ZONE)
    assert found.number == NUMBER
    assert rows(found) == [("consumption", "2026-09-28T22:00", 1800, 1200.0), ("production", "2026-09-28T22:30", 1800, 0.0)]
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
    assume(any(clock or value for clock, value in pairs))  # there is nothing in what has blank rows only
    found = load_curves.file("\n".join(["Horodate;Valeur", *(f"{clock};{value}" for clock, value in pairs)]).encode(), ZONE)
    assert np.isfinite(found.decoded.results).all() and (found.decoded.results >= 0).all() and (found.decoded.seconds > 0).all()
    places = [*found.decoded.rows.tolist(), *(row.row for row in found.decoded.rejected)]
    assert len(places) == len(set(places))
    holes = {number for number, (clock, value) in enumerate(pairs, 1) if value == "" or (clock == "" and value == "")}
    assert set(range(1, len(pairs) + 1)) - set(places) <= holes


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_and_kept_as_plain_text(charset: str) -> None:
    """In which the number can be covered."""
    text = "\r\n".join([f"{HEAD};Pas en minutes", f"{NUMBER};Courbe de charge;05/01/2026;06/01/2026;Energie active;Consommation;Comptage Brut;W;30", "Horodate;Valeur", "2026-01-05T00:30:00+01:00;1200"])
    found = load_curves.file({"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}[charset] + text.encode(charset), ZONE)
    assert rows(found) == [("consumption", "2026-01-04T23:00", 1800, 1200.0)] and found.number == NUMBER
    assert NUMBER.encode() not in found.kept and b"**********1234" in found.kept
    assert rows(load_curves.file(found.kept, ZONE)) == rows(found)
    with pytest.raises(BatchError) as caught:
        load_curves.file(text.encode(charset), ZONE)
    assert caught.value.code == "kind"


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


def test_an_answers_periods_are_those_of_its_points() -> None:
    """A moment is where a period ends; how long it is a point says itself, where it does."""
    points = [{"v": "100", "d": "2026-01-05 01:00:00", "n": "B", "p": "PT10M"}, {"v": "200", "d": "2026-01-05 02:00:00", "n": "B"}]
    said = {"idPrm": NUMBER, "pas": "PT30M", "grandeur": [{"grandeurMetier": "CONS", "grandeurPhysique": "PA", "unite": "W", "points": points}]}
    found = load_curves.answer(json.dumps(said).encode(), ZONE)
    assert rows(found) == [("consumption", "2026-01-04T23:50", 600, 100.0), ("consumption", "2026-01-05T00:30", 1800, 200.0)]


def test_parts_of_a_time_that_one_question_may_be_about() -> None:
    first = dt.date(2026, 1, 1)
    days = [[(begin.day, end.day) for begin, end in load_curves.windows(first, first + dt.timedelta(days=length), 7)] for length in (0, 1, 7, 8, 16)]
    assert days == [[], [(1, 2)], [(1, 8)], [(1, 8), (8, 9)], [(1, 8), (8, 15), (15, 17)]]

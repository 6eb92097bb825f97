"""How the synonyms become Solr's, and that the file holds no slips."""
from __future__ import annotations

from pathlib import Path

from tzc_stack.solr_home import solr_synonyms

FILE = Path(__file__).resolve().parents[2] / "config/solr/conf/synonyms.txt"


def read(lines: str) -> dict[str, set[str]]:
    pairs = [line.split(" => ") for line in solr_synonyms(lines).splitlines()]
    return {left: set(right.split(", ")) for left, right in pairs}


def test_a_comma_leads_both_ways_and_an_arrow_one_way() -> None:
    assert read("pac, heat pump")["pac"] == {"pac", "heat pump"}
    one_way = read("pac => heating")
    assert one_way["pac"] == {"pac", "heating"}
    assert "heating" not in one_way


def test_lines_lead_on_to_each_other() -> None:
    assert read("pac, heat pump\nheat pump => heating\nheating, warmth")["pac"] == {"pac", "heat pump", "heating", "warmth"}
    assert read("a, b\nb, a")["a"] == {"a", "b"}


def test_accents_elisions_and_capitals_are_as_in_the_index() -> None:
    assert read("Qualité de l’air, pollution de l'air")["qualite de air"] == {"qualite de air", "pollution de air"}
    assert read("zone d'activités, ZAE")["zae"] == {"zae", "zone activites"}


def test_plurals_are_known() -> None:
    assert {"pompe a chaleur", "pompes a chaleur"} <= set(read("pompe à chaleur, pac"))
    assert {"batiment communal", "batiments communaux", "plateaux"} <= set(read("bâtiment communal, plateau"))
    assert "parcourss" not in read("parcours, trajet")


def test_notes_and_empty_lines_are_passed_over() -> None:
    assert read("# a, b\n\na, b\n").keys() == {"a", "b"} | {"a", "b"}


def test_the_file_has_no_slips() -> None:
    for number, line in enumerate(FILE.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        left, arrow, right = line.partition("=>")
        words = [word.strip() for side in (left, right) for word in side.split(",") if word.strip()]
        assert len(words) >= 2, f"line {number}: one word alone"
        assert len(set(words)) == len(words), f"line {number}: a word stands twice"
        assert bool(arrow) == bool(right.strip()), f"line {number}: nothing is to the right of =>"
        assert "=>" not in right, f"line {number}: one => a line"

"""An edit made here stays until the source changes what was edited."""
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.harvesting.threeway import merged, remembered

FIELDS = ("title", "notes", "frequency", "theme")
VALUES = st.sampled_from(["", "a", "b", "c"]) | st.sampled_from([[], ["a"], ["a", "b"]])
DATASETS = st.dictionaries(st.sampled_from(FIELDS), VALUES)


def file(number: int, **more: str) -> dict[str, str]:
    return {"url": f"https://a.org/{number}.csv", "name": f"Fichier {number}", "format": "CSV", **more}


def fields(dataset: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in dataset.items() if key in FIELDS and value not in ("", [])}


def test_each_way_that_a_field_can_go() -> None:
    base = {"title": "Vélos", "notes": "Comptages", "frequency": "a", "tags": [{"name": "vélo"}], "provenance": "p"}
    theirs = {"title": "Vélos et piétons", "notes": "Comptages", "frequency": "b", "tags": [{"name": "vélo"}], "url": "https://a.org"}
    ours = {"id": "1", "title": "Vélos", "notes": "Comptages horaires", "frequency": "c", "tags": [{"id": "7", "name": "vélo", "display_name": "vélo"}], "axis": ["mobilite"], "provenance": "p"}
    told = merged(base, theirs, ours, alone=("axis",))
    assert {key: told.dataset.get(key) for key in ("title", "notes", "frequency", "axis", "url", "provenance")} == {
        "title": "Vélos et piétons", "notes": "Comptages horaires", "frequency": "b", "axis": ["mobilite"], "url": "https://a.org", "provenance": None,
    }  # fmt: skip
    assert [(edit.field, edit.ours) for edit in told.kept] == [("notes", "Comptages horaires")]
    assert [(edit.field, edit.base, edit.ours, edit.theirs) for edit in told.overwritten] == [("frequency", "a", "c", "b")]


def test_a_mapping_may_say_whose_word_counts() -> None:
    base, theirs, ours = {"title": "a", "notes": "a"}, {"title": "b", "notes": "a"}, {"title": "c", "notes": "c"}
    told = merged(base, theirs, ours, keep={"title": "always", "notes": "never"})
    assert (told.dataset["title"], told.dataset["notes"]) == ("c", "a")
    assert ([edit.field for edit in told.kept], [edit.field for edit in told.overwritten]) == (["title"], ["notes"])


def test_what_the_portal_writes_in_its_own_way_is_no_edit() -> None:
    base, theirs = {"issued": "2024-05-06", "title": "a"}, {"issued": "2024-05-07", "title": "a"}
    written = {"issued": "2024-05-06T00:00:00", "title": "a", "access_level": "open"}
    told = merged(base, theirs, dict(written), written=written)
    assert (told.dataset["issued"], told.kept, told.overwritten) == ("2024-05-07", (), ())
    edited = merged(base, base, {**written, "access_level": "restricted"}, written=written)
    assert edited.dataset["access_level"] == "restricted" and [edit.field for edit in edited.kept] == ["access_level"]


def test_files() -> None:
    base = [file(1), file(2), file(3), file(4)]
    stood: list[dict[str, Any]] = [{**file(number), "id": str(number), "hash": "h"} for number in (1, 2, 3, 4)]
    ours = [{**stood[0], "name": "Le premier", "note": "ici"}, {**stood[1], "name": "Le deuxième"}, {**stood[3]}, {"id": "9", **file(9)}]
    theirs = [file(5), file(2, name="Deux"), {**file(1), "url": "https://b.org/1.csv"}, file(3)]
    told = merged({"resources": base}, {"resources": theirs}, {"resources": ours}, written={"resources": stood})
    assert [(entry.get("id"), entry["url"], entry["name"], entry.get("note")) for entry in told.dataset["resources"]] == [
        (None, "https://a.org/5.csv", "Fichier 5", None), ("2", "https://a.org/2.csv", "Deux", None), ("1", "https://b.org/1.csv", "Le premier", "ici"), ("9", "https://a.org/9.csv", "Fichier 9", None),
    ]  # fmt: skip
    assert [edit.place for edit in told.kept] == ["resources.https://b.org/1.csv.name", "resources.https://a.org/3.csv", "resources.https://a.org/9.csv"]
    assert [edit.place for edit in told.overwritten] == ["resources.https://a.org/2.csv.name"]


def test_edits_are_known_again_the_next_time() -> None:
    base = {"title": "a", "notes": "a", "resources": [file(1), file(2)]}
    written = {**base, "resources": [{**file(1), "id": "1"}, {**file(2), "id": "2"}]}
    ours = {"title": "a", "notes": "ici", "provenance": "ici", "resources": [{**file(1, name="ici"), "id": "1"}, {**file(9), "id": "9"}]}
    for title in ("b", "c"):
        theirs = {**base, "title": title}
        told = merged(base, theirs, ours, written=written)
        assert (told.dataset["title"], told.dataset["notes"], told.dataset["provenance"]) == (title, "ici", "ici")
        assert [(entry["id"], entry["name"]) for entry in told.dataset["resources"]] == [("1", "ici"), ("9", "Fichier 9")] and not told.overwritten
        base, ours, written = theirs, told.dataset, remembered(told.dataset, told)


def test_files_that_were_never_compared_keep_their_ids() -> None:
    told = merged({}, {"resources": [file(2), file(1)]}, {"resources": [{**file(1), "id": "1"}, {**file(2, name="ici"), "id": "2"}]})
    assert [(entry.get("id"), entry["name"]) for entry in told.dataset["resources"]] == [("2", "Fichier 2"), ("1", "Fichier 1")]
    kept = merged({"resources": [file(1), file(2)]}, {"resources": [file(2), file(1)]}, {"resources": [{**file(1, name="ici"), "id": "1"}, {**file(2), "id": "2"}]})
    assert [(entry.get("id"), entry["name"]) for entry in kept.dataset["resources"]] == [("2", "Fichier 2"), ("1", "ici")]


HERE = "https://portail.example.org/dataset/1/resource/1/download/comptages.csv"


@pytest.mark.parametrize("more", [{"url": "https://b.org/ici.csv"}, {"url": HERE, "url_type": "upload", "size": "12", "hash": "h"}], ids=["address", "upload"])
def test_the_address_of_a_file_that_was_edited_here(more: dict[str, str]) -> None:
    base, ours = [file(1, size="7"), file(2)], [{**file(1, size="7"), **more, "id": "1"}, {**file(2), "id": "2"}]
    told = merged({"title": "a", "resources": base}, {"title": "b", "resources": base}, {"title": "a", "resources": ours})
    assert told.dataset["resources"] == ours and told.dataset["title"] == "b"
    assert "resources.https://a.org/1.csv.url" in {edit.place for edit in told.kept} and not told.overwritten
    # and when the source has it elsewhere: it is the source's again, and no upload
    moved = merged({"resources": base}, {"resources": [{**base[0], "url": "https://c.org/1.csv"}, base[1]]}, {"resources": ours})
    [first, _] = moved.dataset["resources"]
    assert {key: first.get(key) for key in ("id", "url", "url_type", "size")} == {"id": "1", "url": "https://c.org/1.csv", "url_type": "" if "url_type" in more else None, "size": "7"}
    assert [(edit.place, edit.ours) for edit in moved.overwritten] == [("resources.https://c.org/1.csv.url", more["url"])]


def test_layers_of_one_service_keep_what_was_written_of_each() -> None:
    def layer(name: str, **more: str) -> dict[str, str]:
        return {"url": "https://g.org/wfs", "name": name, "format": "WFS", **more}

    base = [layer("A"), layer("B"), layer("C")]
    ours = [layer("A", id="1", description="A d’ici"), layer("B", id="2", description="B d’ici"), layer("C", id="3")]
    written = [{**entry, "id": str(number)} for number, entry in enumerate(base, 1)]
    told = merged({"resources": base}, {"resources": base[1:]}, {"resources": ours}, written={"resources": written})
    assert told.dataset["resources"] == ours[1:]
    assert [edit.ours for edit in told.kept] == ["B d’ici"]
    again = merged({"resources": base[1:]}, {"resources": base[1:]}, told.dataset, written=remembered(told.dataset, told))
    assert [(edit.name, edit.ours) for edit in again.kept] == [("2", "B d’ici")], "of the other at that address nothing was said"


def test_the_order_in_which_a_store_gives_the_parts_of_a_value_is_no_edit() -> None:
    base = {"contact": [{"name": "Service", "email": "a@a.org"}], "spatial_coverage": [{"text": "Ici", "in": [{"b": 1, "a": 2}]}, {"text": "Là"}]}
    stored = {"contact": [{"email": "a@a.org", "name": "Service"}], "spatial_coverage": [{"text": "Là"}, {"in": [{"a": 2, "b": 1}], "text": "Ici"}]}
    theirs = {**base, "contact": [{"name": "Service", "email": "b@a.org"}]}
    for keep in ("unless_changed", "always"):
        assert not merged(base, base, stored, keep={"contact": keep}).kept
        told = merged(base, theirs, stored, keep={"contact": keep})
        assert (told.dataset["contact"], told.kept, told.overwritten) == (theirs["contact"], (), ())
    edited = merged(base, theirs, {**stored, "contact": [{"email": "c@a.org", "name": "Service"}]}, keep={"contact": "always"})
    assert [edit.field for edit in edited.kept] == ["contact"]


@given(DATASETS, DATASETS)
def test_without_an_edit_the_source_is_followed(base: dict[str, Any], theirs: dict[str, Any]) -> None:
    told = merged(base, theirs, base)
    assert fields(told.dataset) == fields(theirs) and not told.kept and not told.overwritten


@given(DATASETS, DATASETS)
def test_without_a_change_at_the_source_edits_stay(base: dict[str, Any], ours: dict[str, Any]) -> None:
    told = merged(base, base, ours)
    assert {key: sorted(map(str, value)) if isinstance(value, list) else value for key, value in fields(told.dataset).items()} == {
        key: sorted(map(str, value)) if isinstance(value, list) else value for key, value in fields(ours).items()
    }
    assert not told.overwritten


@given(DATASETS, DATASETS, DATASETS)
def test_each_value_is_one_of_the_two_and_edits_are_told(base: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    told = merged(base, theirs, ours)
    for field in FIELDS:
        assert (told.dataset.get(field) or None) in [theirs.get(field) or None, ours.get(field) or None]
    assert not {edit.field for edit in told.kept} & {edit.field for edit in told.overwritten}
    again = merged(theirs, theirs, told.dataset)
    assert fields(again.dataset) == fields(told.dataset)

"""The quality score: data.europa.eu's 405 points, and fixes whose gain is true."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tzc.catalogue import quality
from tzc.catalogue.quality import Links, Vocabularies, assess, fixes

CSV = quality.FileType("CSV", "text/csv", machine=True, free=True, service=False)
PDF = quality.FileType("PDF", "application/pdf", machine=False, free=False, service=False)
WMS = quality.FileType("WMS_SRVC", "", machine=False, free=True, service=True)
WORDS = Vocabularies(
    formats={"csv": CSV, "text/csv": CSV, "pdf": PDF, "wms_srvc": WMS, "wms": WMS},
    licences={"lov2": False, "cc-by": True, "http://creativecommons.org/licenses/by/4.0/": True},
    levels=frozenset({"open", "registered", "restricted", "confidential"}),
    licence="cc-by",
)
FILE = {"id": "f", "url": "https://portal.example/f.csv", "url_type": "upload", "format": "CSV", "size": 12, "rights": "Tous"}
WHOLE: dict[str, Any] = {
    "title": "Comptages", "notes": "Passages par heure.", "owner_org": "ville", "axis": ["mobilite"], "access_level": "open", "license_id": "cc-by",
    "tags": [{"name": "vélo"}], "theme": ["http://publications.europa.eu/resource/authority/data-theme/TRAN"], "communes": ["17300"],
    "temporal_coverage": [{"start": "2024-01-01"}], "contact": [{"email": "donnees@ville.example"}], "metadata_created": "2024-01-01", "metadata_modified": "2024-01-02",
    "resources": [FILE],
}  # fmt: skip


def with_file(**values: Any) -> dict[str, Any]:
    return {**WHOLE, "resources": [{**FILE, **values}]}


def score(dataset: Mapping[str, Any], **checks: Links) -> int:
    return assess(dataset, checks, WORDS).score


def codes(dataset: Mapping[str, Any], **checks: Links) -> dict[str, int]:
    return {fix.code: fix.gain for fix in fixes(dataset, checks, WORDS)}


def test_the_points_are_those_of_the_methodology() -> None:
    assert quality.MOST == 405
    totals = {dimension: most for dimension, (_, most) in assess({}, {}, WORDS).dimensions().items()}
    assert totals == {"findability": 100, "accessibility": 100, "interoperability": 110, "reusability": 75, "contextuality": 20}
    assert [quality.rating(points) for points in (405, 351, 350, 221, 220, 121, 120, 0)] == ["excellent", "excellent", "good", "good", "sufficient", "sufficient", "bad", "bad"]


def test_a_whole_description_reaches_all_points_and_needs_no_fix() -> None:
    assert score(WHOLE) == 405
    assert codes(WHOLE) == {}
    assert quality.not_stated(WHOLE, assess(WHOLE, {}, WORDS)) == []


@pytest.mark.parametrize(
    ("lost", "points", "fix", "field"),
    [
        ({"tags": []}, 30, "keyword", "tag_string"),
        ({"theme": []}, 30, "theme", "theme"),
        ({"theme": "[]"}, 30, "theme", "theme"),
        ({"communes": None, "guid": "x"}, 20, "spatial", "communes"),  # an own dataset without places is about the whole territory
        ({"temporal_coverage": [{"start": ""}]}, 20, "temporal", "temporal_coverage"),
        ({"contact": [{"identifier": "x"}]}, 20, "contact", "contact"),
        ({"owner_org": None}, 10, "publisher", "owner_org"),
        ({"license_id": "notspecified"}, 30, "licence", "license_id"),
        ({"license_id": ""}, 30, "licence", "license_id"),
        ({"notes": " "}, 30, "described", "notes"),
        ({"title": "", "notes": ""}, 30, "described", "title"),
        ({"access_level": None}, 15, "access_rights", "access_level"),
        ({"metadata_created": None}, 5, "issued", "issued"),
        ({"metadata_modified": None}, 5, "modified", "modified"),
        ({"resources": []}, 220, "file", "url"),
    ],
)
def test_what_is_missing_of_the_dataset_is_a_fix_of_its_field(lost: dict[str, Any], points: int, fix: str, field: str) -> None:
    dataset = {**WHOLE, **lost}
    assert score(dataset) == 405 - points
    [found] = fixes(dataset, {}, WORDS)
    # a file made by the form states no rights
    assert (found.code, found.field, found.gain) == (fix, field, points - 5 if fix == "file" else points)


@pytest.mark.parametrize(
    ("values", "points", "wanted"),
    [
        ({"format": "", "mimetype": ""}, 80, {"format": 80}),
        ({"format": "Grimoire"}, 80, {"format": 80}),
        ({"format": "PDF"}, 40, {"open_format": 40}),
        ({"format": "", "mimetype": "text/csv"}, 0, {}),
        ({"size": 0}, 5, {}),
        ({"rights": ""}, 5, {}),
        ({"license": "https://example.org/own"}, 10, {}),
    ],
)
def test_what_is_missing_of_a_file(values: dict[str, Any], points: int, wanted: dict[str, int]) -> None:
    assert score(with_file(**values)) == 405 - points
    assert codes(with_file(**values)) == wanted


def test_a_link_waits_until_it_was_tried() -> None:
    link = with_file(url_type="", url="https://elsewhere.example/f.csv")
    assert assess(link, {}, WORDS).states["access"] == quality.WAITING
    assert score(link) == 305
    assert score(link, f=Links(True)) == 355
    assert score(link, f=Links(False)) == 305
    assert codes(link, f=Links(True)) == {"upload": 50}
    assert codes(link, f=Links(False)) == {"upload": 100, "address": 50}
    assert score({**link, "resources": [{**link["resources"][0], "download_url": "https://elsewhere.example/f.csv"}]}, f=Links(True, True)) == 405


def test_an_upload_is_there_until_it_is_found_gone() -> None:
    assert score(WHOLE, f=Links(False, False)) == 325
    assert codes(WHOLE, f=Links(False, False)) == {"address": 80}


def test_a_service_is_not_asked_to_be_deposited() -> None:
    assert "upload" not in codes(with_file(url_type="", url="https://elsewhere.example/wms", format="WMS"), f=Links(True))


def test_data_on_request_cannot_have_an_address_of_bytes_and_are_not_asked_for_one() -> None:
    dataset = {**WHOLE, "access_level": "restricted"}
    states = assess(dataset, {}, WORDS).states
    assert (states["access"], states["download"], states["download_given"]) == ("reached", "outside", "outside")
    assert codes(dataset) == {}


def test_only_the_best_file_counts_and_others_are_named_with_it() -> None:
    worse = {"id": "g", "url": "https://elsewhere.example/g", "format": ""}
    dataset = {**WHOLE, "resources": [worse, FILE]}
    found = assess(dataset, {}, WORDS)
    assert (found.score, found.best) == (405, "f")
    [fix] = fixes({**WHOLE, "resources": [worse, {**FILE, "format": ""}]}, {}, WORDS)
    assert (fix.code, fix.file, fix.also) == ("format", "f", ("g",))


def test_a_file_without_an_address_breaks_the_obligations_of_the_whole() -> None:
    dataset = {**WHOLE, "resources": [FILE, {"id": "g", "url": "sans adresse <"}]}
    assert score(dataset) == 375
    assert [(fix.code, fix.file, fix.gain) for fix in fixes(dataset, {}, WORDS)] == [("address_written", "g", 30)]


def test_what_a_source_did_not_state_is_listed_also_where_it_gives_no_points() -> None:
    dataset = {**WHOLE, "axis": "[]", "license_id": "notspecified", "theme": None}
    assert quality.not_stated(dataset, assess(dataset, {}, WORDS)) == ["axis", "license_id", "theme"]


TEXT = st.sampled_from(["", " ", "x", "notspecified", "cc-by", "lov2", "CSV", "pdf", "wms", "open", "restricted", "https://example.org/a b", "https://example.org/a", "http://[", "[1", '["x"]', "upload", "2024"])
VALUE = st.recursive(st.none() | st.booleans() | st.integers(-5, 10**6) | st.floats() | TEXT | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6)
RESOURCE = st.dictionaries(st.sampled_from(["id", "url", "url_type", "format", "mimetype", "size", "rights", "license", "access_url", "download_url"]), TEXT | VALUE)
DATASET = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(["title", "notes", "license_id", "access_level", "theme", "communes", "axis", "contact", "publisher", "tags", "temporal_coverage", "metadata_created", "issued"], TEXT | VALUE),
        "owner_org": TEXT,
        "resources": st.lists(RESOURCE, max_size=4) | VALUE,
    },
)
CHECKS = st.dictionaries(TEXT, st.builds(Links, st.none() | st.booleans(), st.none() | st.booleans()), max_size=4)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=8), VALUE, max_size=4) | DATASET, CHECKS)
def test_any_dataset_has_a_score_and_gains_that_stay_below_the_most(dataset: dict[str, Any], checks: dict[str, Links]) -> None:
    found = assess(dataset, checks, WORDS)
    assert 0 <= found.score <= 405
    assert found.score == sum(reached for reached, _ in found.dimensions().values())
    for fix in fixes(dataset, checks, WORDS):
        assert 0 < fix.gain <= 405 - found.score
    quality.not_stated(dataset, found)


# what a partner does in the form, written down apart from what the score tries out
DONE: dict[str, dict[str, Any]] = {
    "keyword": {"tags": [{"name": "eau"}, {"name": "pluie"}]},
    "theme": {"theme": ["http://publications.europa.eu/resource/authority/data-theme/ENER"]},
    "spatial": {"communes": ["17010", "17300"]},
    "temporal": {"temporal_coverage": [{"end": "2025-12-31"}]},
    "contact": {"contact": [{"name": "Service des données"}]},
    "publisher": {"owner_org": "port"},
    "access_rights": {"access_level": "open"},
    "issued": {"issued": "2025-06-01"},
    "modified": {"modified": "2025-06-01"},
    "licence": {"license_id": "cc-by"},
    "described": {"title": "Titre", "notes": "Description"},
    "file": {"resources": [{"id": "n", "url": "https://portal.example/n.csv", "url_type": "upload", "format": "csv", "size": 9}]},
}
UPLOADED = {"url": "https://portal.example/u.csv", "url_type": "upload", "size": 4, "access_url": None}


def done(fix: quality.Fix, dataset: dict[str, Any], checks: dict[str, Links]) -> tuple[dict[str, Any], dict[str, Links]]:
    """The dataset after a partner did what the fix says, and the links tried again."""
    if fix.code in DONE:
        return {**dataset, **DONE[fix.code]}, checks
    files: list[dict[str, Any]] = [dict(resource) for resource in dataset["resources"]]
    own = next((resource for resource in files if resource.get("id") == fix.file), {})
    if fix.code == "address":
        links = checks[str(fix.file)]
        return dataset, {**checks, str(fix.file): Links(None if links.access is None else True, None if links.download is None else True)}
    if fix.code == "upload":
        own.update(UPLOADED, **({} if quality.file_type(own, WORDS) else {"format": "CSV"}))
        return {**dataset, "resources": files}, {**checks, str(fix.file): Links(True, True)}
    if fix.code == "format":
        own["format"] = "CSV"
        return {**dataset, "resources": files}, checks
    if fix.code == "open_format":
        best = next(resource for resource in files if resource["id"] == assess(dataset, checks, WORDS).best)
        return {**dataset, "resources": [*files, {**best, **UPLOADED, "id": "new", "format": "csv", "mimetype": "", "download_url": ""}]}, {**checks, "new": Links(True, True)}
    assert fix.code == "address_written"
    for resource in files:
        if not quality._is_address(quality.access_address(resource)):
            resource.update(url="https://portal.example/u.csv", access_url="")
    return {**dataset, "resources": files}, checks


NAMED = st.builds(
    lambda files: [{**resource, "id": f"r{number}"} for number, resource in enumerate(files)],
    st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(("url", "url_type", "format", "mimetype", "rights", "license", "access_url", "download_url"), TEXT)), max_size=3),
)
LOST = st.sets(st.sampled_from([*WHOLE]), max_size=6)


@settings(max_examples=150, deadline=None)
@given(LOST, NAMED, st.dictionaries(st.sampled_from(["r0", "r1", "r2"]), st.builds(Links, st.none() | st.booleans(), st.none() | st.booleans())), TEXT)
def test_doing_what_a_fix_says_raises_the_score_by_its_gain(lost: set[str], files: list[dict[str, Any]], checks: dict[str, Links], level: str) -> None:
    dataset = {key: value for key, value in {**WHOLE, "resources": files, "access_level": level}.items() if key not in lost or key == "resources"}
    before = score(dataset, **checks)
    for fix in fixes(dataset, checks, WORDS):
        after, tried = done(fix, dataset, checks)
        assert score(after, **tried) == before + fix.gain, fix


def test_a_validated_description_counts_as_it_was_found() -> None:
    """Where the feed was validated, that counts, and not what the fields let one guess."""
    bare = {**WHOLE, "notes": ""}
    assert assess(bare, {}, WORDS).score == 375
    assert assess(bare, {}, WORDS, frozenset()).score == 405
    assert quality.fixes(bare, {}, WORDS, forbidden=frozenset()) == []
    assert assess(WHOLE, {}, WORDS, frozenset({"contact"})).score == 375


def test_what_is_forbidden_is_a_fix_where_no_other_mends_it() -> None:
    def gains(dataset: dict[str, Any], *forbidden: str) -> dict[str, tuple[str, int]]:
        return {fix.code: (fix.field, fix.gain) for fix in quality.fixes(dataset, {}, WORDS, forbidden=frozenset(forbidden))}

    assert gains(WHOLE, "contact") == {"conformance": ("contact", 30)}
    assert gains(WHOLE, "contact", "theme") == {"conformance": ("contact", 30)}
    # a fault that no form mends is nobody's to mend
    assert gains(WHOLE, "") == {}
    # filling an empty field mends what was forbidden of it, and nothing else
    assert gains({**WHOLE, "owner_org": None}, "owner_org") == {"publisher": ("owner_org", 40)}
    assert gains({**WHOLE, "owner_org": None}, "owner_org", "contact") == {"publisher": ("owner_org", 10), "conformance": ("contact", 30)}
    # a copy in another format does not mend a file's address
    assert gains(with_file(format="PDF"), "url") == {"open_format": ("url", 40), "conformance": ("url", 30)}

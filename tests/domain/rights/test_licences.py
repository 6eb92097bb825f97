"""Combination: cases that are known, and laws that hold for any sources."""
from __future__ import annotations

import pytest
from ckanext.tzc.schemas import vocabulary
from hypothesis import given
from hypothesis import strategies as st
from tzc.rights import licences
from tzc.rights.licences import ALLOWED, ASK, REFUSED, STATUSES, combine, read

ENTRIES = vocabulary("licence")
REGISTRY = read(ENTRIES)
CODES = list(REGISTRY)
OPEN = [entry["code"] for entry in ENTRIES if entry["family"] == "open"]
ANY = st.sampled_from([*CODES, "a-strange-one"])


def verdict(sources: list[str], chosen: str) -> tuple[str, list[str]]:
    found = next(one for one in combine(sources, REGISTRY) if one.licence == chosen)
    return found.status, [f"{reason.source}: {reason.rule}" for reason in found.reasons]


# Where each is said: (1) the licence's own text, at the clause that the registry names; (2) Creative Commons, "Can I combine material under different Creative Commons licenses in my work?" and
# "If I derive or adapt material offered under a Creative Commons license, which CC license(s) can I use?" (https://creativecommons.org/faq/); (3) Licence Ouverte 2.0, "compatible avec …
# ODC-BY, CC-BY, OGL"; (4) OGL 3.0, "compatible with the Creative Commons Attribution License 4.0 and the Open Data Commons Attribution License"; (5) OpenStreetMap Foundation's waiver for CC BY 4.0
@pytest.mark.parametrize(
    ("sources", "chosen", "status", "reasons"),
    [
        (["lov2"], "cc-by", ALLOWED, []),  # 3
        (["lov2"], "odc-by", ALLOWED, []),  # 3
        (["lov2"], "ogl-uk", ALLOWED, []),  # 3
        (["lov2"], "odbl", ALLOWED, []),  # 1: it asks for the source's name only
        (["lov2"], "cc-zero", REFUSED, ["lov2: attribution"]),  # 1: “mentionner la paternité”
        (["lov2"], "pddl", REFUSED, ["lov2: attribution"]),  # 1
        (["cc-by"], "lov2", ALLOWED, []),  # 1
        (["cc-by"], "cc-by-sa", ALLOWED, []),  # 2
        (["cc-by"], "cc-by-nc-nd", ALLOWED, []),  # 2
        (["cc-by"], "cc-zero", REFUSED, ["cc-by: attribution"]),  # 2
        (["cc-by"], "odbl", ASK, ["cc-by: contested"]),  # 5
        (["cc-zero"], "pddl", ALLOWED, []),  # 1
        (["cc-zero", "pddl"], "lov2", ALLOWED, []),  # 1
        (["ogl-uk"], "cc-by", ALLOWED, []),  # 4
        (["ogl-uk"], "odc-by", ALLOWED, []),  # 4
        (["odbl"], "lov2", REFUSED, ["odbl: share_alike"]),  # 1: 4.4
        (["odbl"], "cc-by-sa", REFUSED, ["odbl: share_alike"]),  # 1: 4.4
        (["cc-by-sa"], "odbl", REFUSED, ["cc-by-sa: share_alike"]),  # 2
        (["cc-by-sa", "odbl"], "odbl", REFUSED, ["cc-by-sa: share_alike"]),  # 1
        (["cc-by-sa", "odbl"], "cc-by-sa", REFUSED, ["odbl: share_alike"]),  # 1
        (["cc-by-sa"], "cc-by", REFUSED, ["cc-by-sa: share_alike"]),  # 2
        (["odbl"], "cc-zero", REFUSED, ["odbl: share_alike", "odbl: attribution"]),  # 1
        (["lov2", "odbl"], "odbl", ALLOWED, []),  # 1
        (["cc-by", "cc-by-sa"], "cc-by-sa", ALLOWED, []),  # 2
        (["cc-by-nc"], "cc-by", REFUSED, ["cc-by-nc: non_commercial"]),  # 1: 2(a)(1)
        (["cc-by-nc"], "cc-by-nc-sa", ALLOWED, []),  # 2
        (["cc-by-nc", "cc-by-nc-sa"], "cc-by-nc-sa", ALLOWED, []),  # 2
        (["cc-by-nc", "cc-by-sa"], "cc-by-sa", REFUSED, ["cc-by-nc: non_commercial"]),  # 2
        (["cc-by-nc", "cc-by-sa"], "cc-by-nc-sa", REFUSED, ["cc-by-sa: share_alike"]),  # 2
        (["cc-by-nd"], "cc-by-nd", REFUSED, ["cc-by-nd: derivation"]),  # 1: 2(a)(1)(B)
        (["cc-zero", "cc-by-nc-nd"], "cc-by-nc-nd", REFUSED, ["cc-by-nc-nd: derivation"]),  # 1
        (["odc-by"], "odc-by", ALLOWED, []),  # 1
        (["odc-by"], "cc-by", ASK, ["odc-by: contested"]),  # 1: 4.2(a)
        (["odc-by"], "cc-zero", REFUSED, ["odc-by: attribution"]),  # 1
        # own conditions and none: not judged, unless something forbids it all the same
        (["notspecified"], "lov2", ASK, ["notspecified: unknown"]),
        (["lov2", "other-closed"], "lov2", ASK, ["other-closed: unknown"]),
        (["odbl", "a-strange-one"], "odbl", ASK, ["a-strange-one: unknown"]),
        (["odbl", "notspecified"], "lov2", REFUSED, ["odbl: share_alike"]),
        (["lov2"], "other-closed", ASK, ["lov2: own_terms"]),
        (["cc-zero"], "other-closed", ALLOWED, []),
        (["odbl"], "other-closed", REFUSED, ["odbl: share_alike"]),
        (["cc-by-nd"], "other-closed", REFUSED, ["cc-by-nd: derivation"]),
    ],
)
def test_known_cases(sources: list[str], chosen: str, status: str, reasons: list[str]) -> None:
    assert verdict(sources, chosen) == (status, reasons)


def test_no_source_forbids_nothing_and_no_licence_is_no_choice() -> None:
    found = combine([], REGISTRY)
    assert {one.status for one in found} == {ALLOWED}
    assert [one.licence for one in found] == [code for code in CODES if code != "notspecified"]


def test_a_refusal_names_the_clause_and_a_doubt_says_why() -> None:
    found = {one.licence: one.reasons for one in combine(["cc-by-sa"], REGISTRY)}
    assert found["cc-by"][0].clause == {"fr": "section 3(b)", "en": "section 3(b)"}
    doubt = next(one for one in combine(["cc-by"], REGISTRY) if one.licence == "odbl").reasons[0].doubt
    assert doubt and "OpenStreetMap" in doubt.why["fr"] and doubt.source.startswith("https://")


def test_a_prohibition_counts_whatever_is_permitted_beside_it() -> None:
    registry = read([{"code": "a", "policy": {"permissions": [licences.DERIVE, licences.DISTRIBUTE], "prohibitions": [licences.DERIVATIVES]}}])
    assert [one.status for one in combine(["a"], registry)] == [REFUSED]


@given(st.lists(ANY, max_size=5), st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_of_sources_matters(sources: list[str], random: object) -> None:
    mixed = [*sources, *sources[:2]]
    random.shuffle(mixed)  # type: ignore[attr-defined] -- hypothesis gives a random.Random
    assert combine(mixed, REGISTRY) == combine(sources, REGISTRY)


@given(st.lists(ANY, max_size=5), ANY)
def test_a_further_source_never_allows_more(sources: list[str], further: str) -> None:
    for before, after in zip(combine(sources, REGISTRY), combine([*sources, further], REGISTRY), strict=True):
        assert STATUSES.index(after.status) >= STATUSES.index(before.status)


@given(st.lists(ANY, min_size=1, max_size=5))
def test_what_is_not_allowed_says_why_by_a_source_that_was_named(sources: list[str]) -> None:
    for one in combine(sources, REGISTRY):
        assert bool(one.reasons) == (one.status != ALLOWED)
        assert {reason.source for reason in one.reasons} <= set(sources)
        assert all((reason.rule in licences.REFUSING) == (one.status == REFUSED) for reason in one.reasons)


@pytest.mark.parametrize("code", OPEN)
def test_an_open_licence_allows_itself(code: str) -> None:
    assert verdict([code], code) == (ALLOWED, [])


@given(st.lists(st.sampled_from(OPEN), min_size=1, max_size=4))
def test_what_the_answer_allows_keeps_the_duties_of_all(sources: list[str]) -> None:
    for one in combine(sources, REGISTRY):
        if one.status == ALLOWED and REGISTRY[one.licence].known:
            wanted = {duty for code in sources for duty in REGISTRY[code].duties}
            assert wanted <= REGISTRY[one.licence].duties


# any registry, not ours only

LICENCE = st.fixed_dictionaries(
    {
        "policy": st.fixed_dictionaries(
            {},
            optional={
                "permissions": st.lists(st.sampled_from([licences.USE, licences.DERIVE, licences.DISTRIBUTE])),
                "duties": st.lists(st.sampled_from([licences.ATTRIBUTE, licences.ALIKE])),
                "prohibitions": st.lists(st.sampled_from([licences.COMMERCE, licences.DERIVATIVES])),
            },
        )
    },
    optional={"share_alike_with": st.lists(st.sampled_from("abcd"), max_size=2)},
)


@given(st.lists(LICENCE, min_size=1, max_size=4), st.lists(st.sampled_from("abcdx"), max_size=4), st.sampled_from("abcdx"))
def test_the_laws_hold_for_any_registry(entries: list[dict[str, object]], sources: list[str], further: str) -> None:
    registry = read([{"code": code, **entry} for code, entry in zip("abcd", entries, strict=False)])
    before, after = combine(sources, registry), combine([further, *sources], registry)
    assert all(STATUSES.index(new.status) >= STATUSES.index(old.status) for old, new in zip(before, after, strict=True))
    assert combine(list(reversed(sources)), registry) == before

"""Whatever is changed, taken out, moved or put in is found, and where."""
from __future__ import annotations

import hashlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tzc.audit import chain

Rows = list[tuple[chain.Link, chain.Content | None]]

CONTENTS = st.lists(st.tuples(st.sampled_from(["data.queried", "request.granted"]), st.text(max_size=20)), min_size=1, max_size=12)


def made(contents: list[tuple[str, str]]) -> Rows:
    rows: Rows = []
    for number, (kind, text) in enumerate(contents):
        content = chain.Content(f"salt-{number}", chain.canonical({"content": text}))
        rows.append((chain.following(rows[-1][0] if rows else None, number + 10, 1_700_000_000_000_000 + number, kind, content), content))
    return rows


def test_the_rule_is_the_documented_one() -> None:
    """As docs/audit.md says it, without our functions: so that anybody can check a chain."""
    content = chain.Content("b6c1", '{"by":"é"}')
    first = chain.following(None, 7, 5, "a.b", content)
    hashed = hashlib.sha256('b6c1\n{"by":"é"}'.encode()).hexdigest()
    assert first.hash == hashlib.sha256(f"1\n7\n5\na.b\n{hashed}\n".encode()).hexdigest()
    second = chain.following(first, 8, 6, "a.b", content)
    assert (second.id, second.before) == (2, first.hash)


def test_canonical_json_has_one_spelling() -> None:
    assert chain.canonical({"b": [1, None, True], "a": {"é": "x", "d": ""}}) == '{"a":{"d":"","é":"x"},"b":[1,null,true]}'


@given(CONTENTS)
def test_a_chain_that_nobody_touched_is_whole(contents: list[tuple[str, str]]) -> None:
    rows = made(contents)
    verdict = chain.verify(rows)
    assert verdict == chain.Verdict(len(rows), 0, (len(rows), rows[-1][0].hash), None)
    assert chain.verify(rows, known=(len(rows), rows[-1][0].hash)).fault is None
    assert chain.verify([]).fault is None


@given(CONTENTS, st.data())
def test_any_field_that_is_changed_is_found(contents: list[tuple[str, str]], data: Any) -> None:
    rows = made(contents)
    place = data.draw(st.integers(0, len(rows) - 1))
    field = data.draw(st.sampled_from(chain.Link._fields))
    link, content = rows[place]
    value = getattr(link, field)
    rows[place] = (link._replace(**{field: value + 1 if isinstance(value, int) else data.draw(st.text("0123456789abcdef", min_size=64, max_size=64).filter(lambda new: new != value))}), content)
    fault = chain.verify(rows).fault
    assert fault and fault.link in (place + 1, place + 2) and fault.code in ("gap", "link")


@given(CONTENTS, st.data())
def test_a_content_that_is_changed_is_found_also_with_a_new_hash(contents: list[tuple[str, str]], data: Any) -> None:
    rows = made(contents)
    place = data.draw(st.integers(0, len(rows) - 1))
    link, content = rows[place]
    assert content
    other = content._replace(text=content.text + " ")
    rows[place] = (link, other)
    assert chain.verify(rows).fault == chain.Fault(place + 1, "content")
    rows[place] = (chain.following(rows[place - 1][0] if place else None, link.entry, link.at, link.kind, other), other)
    whole = chain.verify(rows, known=(len(rows), link.hash)) if place == len(rows) - 1 else chain.verify(rows)
    assert whole.fault == (chain.Fault(len(rows), "cut") if place == len(rows) - 1 else chain.Fault(place + 2, "gap"))


@given(CONTENTS, st.data())
def test_entries_taken_out_swapped_or_put_in_are_found(contents: list[tuple[str, str]], data: Any) -> None:
    rows = made(contents)
    place = data.draw(st.integers(0, len(rows) - 1))
    out = rows[:place] + rows[place + 1 :]
    if place < len(rows) - 1:
        assert chain.verify(out).fault == chain.Fault(place + 1, "gap")
        swapped = [*rows[:place], rows[place + 1], rows[place], *rows[place + 2 :]]
        assert chain.verify(swapped).fault == chain.Fault(place + 1, "gap")
    else:
        assert chain.verify(out).fault is None, "the end cut off is not seen by the chain alone"
    assert chain.verify(out, known=(len(rows), rows[-1][0].hash)).fault is not None
    assert chain.verify([*rows[:place], rows[place], *rows[place:]]).fault == chain.Fault(place + 2, "gap")
    assert chain.verify(rows, loose=lambda: 99).fault == chain.Fault(99, "loose")


@given(CONTENTS, st.data())
def test_contents_may_be_erased_when_the_chain_says_so(contents: list[tuple[str, str]], data: Any) -> None:
    rows = made(contents)
    places = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=1)))
    entries = [rows[place][0].entry for place in places]
    for place in places:
        rows[place] = (rows[place][0], None)
    assert chain.verify(rows).fault == chain.Fault(places[0] + 1, "missing")
    told = chain.Content("salt", json.dumps({"content": {"entries": chain.ranges(entries)}}))
    rows.append((chain.following(rows[-1][0], 1000, 1_800_000_000_000_000, chain.ERASED, told), told))
    verdict = chain.verify(rows)
    assert (verdict.fault, verdict.erased) == (None, len(places))


def test_ranges() -> None:
    assert chain.ranges([1, 2, 3, 7, 9, 10]) == [[1, 3], [7, 7], [9, 10]]

"""Kinds of columns, decided from counts over the whole column."""
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.tables.kinds import SMALL, Decision, Form, Kind, Statistics, decide, is_code


def counted(values: list[str]) -> Statistics:
    """Count as the upper floor does, without its check that dates are real."""
    filled = [value for value in values if value]
    forms = {form: sum(bool(re.fullmatch(form.value, value)) for value in filled) for form in Form}
    whole = [abs(int(value)) for value in filled if re.fullmatch(Form.INTEGER.value, value)]
    return Statistics(len(filled), forms, max(whole, default=0))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", "+3", ""], Kind.INTEGER),
        (["1", "99999999999"], Kind.BIGINT),
        (["1", "2.5", "1e-3"], Kind.DECIMAL),
        (["1", "2,5"], Kind.DECIMAL),
        (["1.5", "2,5"], Kind.TEXT),
        (["2026-01-05"], Kind.DATE),
        (["05/01/2026", "5/1/2026"], Kind.DATE),
        (["2026-01-05", "05/01/2026"], Kind.TEXT),
        (["2026-01-05T08:00", "2026-01-05 08:00:30.5"], Kind.TIMESTAMP),
        (["2026-01-05", "2026-01-05T08:00"], Kind.TIMESTAMP),
        (["2026-01-05T08:00Z", "2026-01-05T08:00+02:00"], Kind.TIMESTAMP),
        (["2026-01-05T08:00Z", "2026-01-05T08:00"], Kind.TEXT),
        (["05/01/2026 08:00"], Kind.TIMESTAMP),
        (["oui", "Non", ""], Kind.BOOLEAN),
        (["vrai", "FAUX"], Kind.BOOLEAN),
        (["true", "false"], Kind.BOOLEAN),
        (["oui", "true"], Kind.TEXT),
        (["oui", "ouvert"], Kind.TEXT),
        (["01001", "17300"], Kind.TEXT),
        (["0612345678"], Kind.TEXT),
        (["12", "<15"], Kind.TEXT),
        (["12345678901234567890"], Kind.DECIMAL),
        (["0", "0.5"], Kind.DECIMAL),
        (["NaN"], Kind.TEXT),
        (["", ""], Kind.TEXT),
        ([], Kind.TEXT),
    ],
)
def test_kind_of_values(values: list[str], kind: Kind) -> None:
    assert decide(counted(values)).kind is kind


@given(st.lists(st.integers(-SMALL, SMALL), min_size=1))
def test_whole_numbers_are_integers(numbers: list[int]) -> None:
    assert decide(counted([str(number) for number in numbers])) == Decision(Kind.INTEGER, Form.INTEGER)


@given(st.lists(st.integers(0, 10**9).map(str), max_size=20), st.integers(0, 10**6))
def test_one_leading_zero_keeps_the_column_text(numbers: list[str], number: int) -> None:
    assert decide(counted([*numbers, f"0{number}"])).kind is Kind.TEXT


@given(st.lists(st.text(max_size=30), max_size=20))
def test_any_text_has_a_kind_and_the_form_matches_every_value(values: list[str]) -> None:
    decision = decide(counted(values))
    if decision.form is not None and decision.form is not Form.TIME_ISO:
        assert all(re.fullmatch(decision.form.value, value) for value in values if value)


@pytest.mark.parametrize(("name", "code"), [("code_commune", True), ("INSEE", True), ("siret_cedant", True), ("passages", False), ("codex", False), ("annee", False)])
def test_columns_of_codes(name: str, code: bool) -> None:
    assert is_code(name) is code
    assert decide(Statistics(2, {Form.INTEGER: 2}, 17300), name).kind is (Kind.TEXT if code else Kind.INTEGER)

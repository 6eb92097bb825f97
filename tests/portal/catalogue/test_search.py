"""Search is French from the first day, and no question breaks it."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def found(question: str, **more: Any) -> list[str]:
    return [entry["name"] for entry in tk.get_action("package_search")({"user": ""}, {"q": question, **more})["results"]]


@pytest.fixture
def some(publish: Callable[..., dict[str, Any]]) -> None:
    publish(name="energie", title="Consommation d'énergie des écoles", axis=["batiments"])
    publish(name="eau", title="Qualité de l'eau de baignade", axis=["carbone-bleu"], communes=["17300"])
    publish(name="cyclable", title="Pistes cyclables", notes="Tracés des voies.", tags=[{"name": "vélo"}])
    publish(name="chaleur", title="Pompes à chaleur posées", axis=["batiments"])
    publish(name="gaz", title="Émissions de gaz à effet de serre", axis=["donnees"])


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("energie", "energie"), ("ÉNERGIE", "energie"), ("énergies", "energie"), ("école", "energie"),
        ("l'eau", "eau"), ("l’eau", "eau"), ("eaux", "eau"), ("qualité de l'eau", "eau"),
        ("vélos", "cyclable"), ("piste cyclable", "cyclable"), ("bicyclette", "cyclable"),
        ("PAC", "chaleur"), ("pompe a chaleur", "chaleur"), ("GES", "gaz"), ("effet de serre", "gaz"),
        ("La Rochelle eau", "eau"), ("mobilité", "cyclable"), ("title:cyclables", "cyclable"),
        ("eau: baignade", "eau"), ("eau (baignade)", "eau"),
    ],
)  # fmt: skip
def test_residents_words_find(some: None, question: str, name: str) -> None:
    assert name in found(question)


@pytest.mark.parametrize("question", ["de la", "le les des", "***", "\"", "(", "AND", "OR OR", "NOT", "+-+", "a" * 10_000, "\\", "{!lucene}title:x", "[* TO", "~", "a^", "!:"])
def test_no_question_breaks_the_search(some: None, question: str) -> None:
    assert isinstance(found(question), list)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40))
def test_any_text_may_be_asked(question: str) -> None:
    if "_query_" in question or "_val_" in question or "{!" in question:
        return
    assert isinstance(found(question), list)


def test_results_are_narrowed_by_axis_commune_and_access(some: None) -> None:
    assert found("", fq="groups:batiments", sort="name asc") == ["chaleur", "energie"]
    assert found("", fq="communes:17300") == ["eau"]
    answer = tk.get_action("package_search")({"user": ""}, {"q": "", "facet.field": '["communes", "access_level", "groups"]'})
    assert answer["facets"]["communes"] == {"17300": 1}
    assert answer["facets"]["access_level"] == {"open": 5}


def test_confidential_datasets_are_found_by_their_partner_only(publish: Callable[..., dict[str, Any]], partner: dict[str, Any]) -> None:
    publish(name="secret", title="Enquête confidentielle", access_level="confidential")
    assert found("enquête") == []
    mine = tk.get_action("package_search")({"user": partner["editor"]}, {"q": "enquête", "include_private": True})
    assert [entry["name"] for entry in mine["results"]] == ["secret"]

"""How good the search is, measured: the judged questions of queries.yaml, put to the portal and to CKAN's unmodified schema with the same datasets."""
from __future__ import annotations

import dataclasses
import json
import math
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS: list[dict[Any, Any]] = yaml.safe_load((Path(__file__).parent / "queries.yaml").read_text(encoding="utf-8"))
CATALOGUE = {dataset["name"]: dataset for dataset in yaml.safe_load((ROOT / "config/demo/catalogue.yaml").read_text(encoding="utf-8"))["datasets"]}
GRADES = (3, 2, 1)
FIRST = 10
OURS = ("axis", "communes", "theme", "access_level")
"""Fields that the portal's schema stores and CKAN's does not have."""

Found = dict[str, list[str]]


def grades(question: Mapping[Any, Any]) -> dict[str, int]:
    return {name: grade for grade in GRADES for name in question.get(grade, [])}


def ndcg(found: Sequence[str], judged: Mapping[str, int]) -> float:
    """nDCG@10: gain 2^grade - 1, divided by log2(place + 1), against the best order there is."""

    def gain(in_order: Sequence[int]) -> float:
        return sum((2**grade - 1) / math.log2(place + 1) for place, grade in enumerate(in_order[:FIRST], 1))

    return gain([judged.get(name, 0) for name in found]) / gain(sorted(judged.values(), reverse=True))


def mean(found: Found, held_out: bool | None = None) -> float:
    """Over all questions, or those that are (not) held out."""
    chosen = [question for question in QUESTIONS if held_out in {None, bool(question.get("held_out"))}]
    return sum(ndcg(found[question["ask"]], grades(question)) for question in chosen) / len(chosen)


# the measure itself


def test_the_best_order_is_one_and_nothing_useful_zero() -> None:
    judged = {"a": 3, "b": 2, "c": 1}
    assert ndcg(["a", "b", "c"], judged) == 1
    assert ndcg(["a", "b", "c", "x", "y"], judged) == 1
    assert ndcg([], judged) == ndcg(["x", "y"], judged) == 0


def test_a_known_value() -> None:
    judged = {"a": 3, "b": 2}
    # (3 / log2(2) + 7 / log2(3)) / (7 / log2(2) + 3 / log2(3))
    assert ndcg(["b", "a"], judged) == pytest.approx((3 + 7 / 1.5849625) / (7 + 3 / 1.5849625))


def test_what_comes_after_the_tenth_does_not_count() -> None:
    assert ndcg([*map(str, range(10)), "a"], {"a": 3}) == 0
    assert ndcg([*map(str, range(9)), "a"], {"a": 3}) == pytest.approx(1 / math.log2(11))
    twelve = {f"d{number}": 3 for number in range(12)}
    assert ndcg(list(twelve)[2:], twelve) == 1


# the judgments


def test_the_judgments_are_whole() -> None:
    assert len(QUESTIONS) >= 60
    assert len({question["ask"] for question in QUESTIONS}) == len(QUESTIONS)
    for question in QUESTIONS:
        judged = [name for grade in GRADES for name in question.get(grade, [])]
        assert judged, question["ask"]
        assert len(set(judged)) == len(judged), f"{question['ask']}: a dataset is judged twice"
        assert set(question) <= {"ask", "who", "held_out", "gap", *GRADES}, question
        for name in judged:
            assert CATALOGUE[name]["access_level"] != "confidential", f"{question['ask']}: a stranger does not find {name}"


def test_a_third_is_held_out() -> None:
    assert [bool(question.get("held_out")) for question in QUESTIONS] == [number % 3 == 0 for number in range(1, len(QUESTIONS) + 1)]


# the search


@pytest.fixture(scope="module")
def ours(portal: Any) -> Found:
    """What the portal answers, over HTTP, as to a stranger. Datasets that other tests left are passed over."""

    def ask(question: str) -> list[str]:
        asked = urllib.parse.urlencode({"q": question, "rows": 50, "fl": "name"})
        with urllib.request.urlopen(f"{portal.url}/api/3/action/package_search?{asked}", timeout=60) as answer:
            return [found["name"] for found in json.load(answer)["result"]["results"] if found["name"] in CATALOGUE][:FIRST]

    return {question["ask"]: ask(question["ask"]) for question in QUESTIONS}


@pytest.fixture(scope="module")
def stock(portal: Any) -> Iterator[Found]:
    """What CKAN's own query class finds in a core with CKAN's own schema and the same documents."""
    import pysolr
    from ckan.lib.search.query import PackageSearchQuery
    from ckan.tests.helpers import changed_config
    from tzc_stack import testing
    from tzc_stack.paths import here
    from tzc_stack.settings import load

    paths = dataclasses.replace(here(), var=portal.var)
    settings = load(paths)
    public = "+capacity:public +state:active +dataset_type:dataset"
    documents = list(pysolr.Solr(settings.solr_url, timeout=60).search("*:*", fq=public, rows=1000))
    assert {document["name"] for document in documents} >= {name for name, dataset in CATALOGUE.items() if dataset["access_level"] != "confidential"}
    site = documents[0]["site_id"]
    with testing.stock_core(paths, settings) as core, changed_config("solr_url", core), changed_config("ckan.site_id", site):
        kept = [{key: value for key, value in document.items() if key not in {"_version_", *OURS}} for document in documents]
        pysolr.Solr(core, timeout=60).add(kept, commit=True)

        def ask(question: str) -> list[str]:
            query = PackageSearchQuery()
            query.run({"q": question, "fq": public, "rows": 50, "sort": "score desc, metadata_modified desc"})
            return [name for name in query.results if name in CATALOGUE][:FIRST]

        assert len(ask("*:*")) == FIRST
        assert ask("Capteurs posés sur le territoire")[0] == "capteurs-du-territoire"
        yield {question["ask"]: ask(question["ask"]) for question in QUESTIONS}


def test_the_figure_is_good_and_above_stock(ours: Found, stock: Found) -> None:
    figures = {name: [round(mean(found, part), 3) for part in (None, False, True)] for name, found in (("ours", ours), ("stock", stock))}
    print("nDCG@10, all / tuned / held out:", figures)
    assert min(figures["ours"]) >= 0.8, figures
    assert all(mine > theirs for mine, theirs in zip(figures["ours"], figures["stock"], strict=True)), figures


def test_every_question_finds_something_useful(ours: Found) -> None:
    """Or says in `gap` why not."""
    nothing = {question["ask"] for question in QUESTIONS if not ndcg(ours[question["ask"]], grades(question))}
    assert nothing == {question["ask"] for question in QUESTIONS if question.get("gap")}

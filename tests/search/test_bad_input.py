"""What a running portal answers to questions that are none: in words, on the page and to programs, and never by a failure."""
from __future__ import annotations

import html
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest

API = "/api/3/action/package_search"


def answer(address: str, data: bytes | None = None) -> tuple[int, str]:
    request = urllib.request.Request(address, data=data, headers={"Content-Type": "application/json"} if data else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as told:
            return told.status, told.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def said(page: str) -> str:
    """The heading of an empty result, or the count."""
    found = re.search(r'<div class="tzc-empty"[^>]*>\s*<h2>(.*?)</h2>|class="tzc-results-count"[^>]*>(.*?)</p>', page, re.S)
    assert found, page[-3000:]
    return html.unescape(" ".join((found[1] or found[2]).split()))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("de la", "Rien trouvé pour « de la »"),
        ("l'", "Rien trouvé pour « l' »"),
        ("***", "Rien trouvé pour « *** »"),
        ("\\", "Rien trouvé pour « \\ »"),
        ("NOT AND", "Rien trouvé pour « NOT AND »"),
        ('_query_:"zzzz"', 'Rien trouvé pour « _query_:"zzzz" »'),
        ("zostère) OR (*:*", "1 jeu de données pour « zostère) OR (*:* »"),
        ("title:[zostères", "1 jeu de données pour « title:[zostères »"),
        ("<zzzz>qqqq</zzzz>", "Rien trouvé pour « <zzzz>qqqq</zzzz> »"),
        ("zostère " + "x" * 3_500, "1 jeu de données pour « zostère xxx"),
    ],
)  # fmt: skip
def test_the_page_and_programs_get_an_answer(portal: Any, question: str, words: str) -> None:
    asked = urllib.parse.urlencode({"q": question})
    status, page = answer(f"{portal.url}/dataset/?{asked}")
    assert status == 200
    assert said(page).startswith(words)
    assert "<zzzz" not in page
    status, told = answer(f"{portal.url}{API}?{asked}&rows=1")
    assert status == 200
    assert json.loads(told)["result"]["count"] == (0 if words.startswith("Rien") else 1)


def test_ten_thousand_characters(portal: Any) -> None:
    """The first 500 count, for a program and on the page, whose own form lets nobody write more; an address of 70,000 is refused by the web server."""
    question = "zostère " + "x" * 10_000
    status, told = answer(f"{portal.url}{API}", json.dumps({"q": question}).encode())
    assert (status, json.loads(told)["result"]["count"]) == (200, 1)
    status, told = answer(f"{portal.url}/dataset/?{urllib.parse.urlencode({'q': question})}")
    assert status == 200
    assert said(told).startswith("1 jeu")
    assert answer(f"{portal.url}/dataset/?q={'x' * 70_000}")[0] == 414
    assert 'maxlength="500"' in answer(f"{portal.url}/dataset/")[1]

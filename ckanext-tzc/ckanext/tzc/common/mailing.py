"""Mails that a room has reason for. The accounts room keeps and sends them; without it there are none."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .territory import language, territory

Keep = Callable[[str, str, str, str, Mapping[str, str]], None]
Works = Callable[[], bool]

LANGUAGE = "tzc_language"
"""In `plugin_extras` of an account: the language of the pages by which it came or asked, in which it is mailed until it says otherwise."""



def best_language(page: str, told: str = "") -> str:
    """In which language to write to somebody: that of the pages where they chose another than the portal's first, else one that is `told` of them (`en`, `en-GB`)."""
    known = territory().languages
    return page if page != known[0] else next((code for code in known if told.lower().replace("_", "-").split("-")[0] == code), page)


def spoken(user: Any, told: str = "", page: str = "") -> None:
    """Somebody acts on pages of a language: where that is not the portal's first one, it was chosen, and they are mailed in it; what is `told` of them counts as long as nothing is
    known. What they set on the page of notifications goes before. Commits nothing.
    """
    page, known = page or language(), (user.plugin_extras or {}).get(LANGUAGE)
    wanted = best_language(page, told)
    if wanted != known and (page != territory().languages[0] or (known is None and wanted != page)):
        user.plugin_extras = {**(user.plugin_extras or {}), LANGUAGE: wanted}


_answer: list[tuple[Keep, Works]] = []


def works() -> bool:
    """Whether this portal has a mail server."""
    return bool(_answer) and _answer[-1][1]()


def keep(name: str, address: str, subject: str, body: str, headers: Mapping[str, str]) -> None:
    """In the transaction that has reason for it: once that is committed, the mail is sent by a job, however long the mail server is away."""
    if _answer:
        _answer[-1][0](name, address, subject, body, headers)


def answered_by(keep: Keep, works: Works) -> None:
    """Let a room answer; safe to call again."""
    _answer[:] = [(keep, works)]

SUBJECT = 200
"""Characters of a subject."""


def subject(words: str, most: int = SUBJECT) -> str:
    """A subject in one line; what is too long ends after a word, and shows that it does."""
    whole = " ".join(words.split())
    if len(whole) <= most:
        return whole
    kept, _, _rest = whole[:most].rpartition(" ")
    return (kept.rstrip(" ,;:–-(") or whole[: most - 1]) + "…"

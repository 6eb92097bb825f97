"""Addresses of pages in a language: the first language's have nothing before them, the others' their code."""
from __future__ import annotations

import ckan.plugins.toolkit as tk

from .territory import language, territory


def within(code: str, path: str) -> str:
    """A page of ours (its path, whatever language it names) in a language."""
    languages = territory().languages
    first, slash, rest = path.removeprefix("/").partition("/")
    bare = f"/{rest}" if slash and first in languages else "/" if first in languages else path
    return bare if code == languages[0] or code not in languages or not bare.startswith("/") else f"/{code}{bare}"


def here() -> str:
    """The page that is asked for, with its question, in the language it is asked in: to come back to. CKAN's `current_url` forgets the language."""
    return within(language(), str(tk.h.current_url()))

"""Keywords: what may stand in one, and how a line of them is read."""
from __future__ import annotations

import re

SHORTEST, LONGEST = 2, 100

REFUSED = re.compile(r"[^\w \-.'/&()+°%:]")
"""What a keyword may not hold: everything but letters, digits, blanks and - _ . ' / & ( ) + ° % :"""


def clean(word: str) -> str:
    """A keyword with single blanks, and straight apostrophes, so that `l’été` and `l'été` are one."""
    return re.sub(r"\s+", " ", re.sub(r"[’‘ʼ´`]", "'", word)).strip()


def split(line: str) -> list[str]:
    """The keywords of a line, which commas part; each once."""
    words = (clean(word) for word in re.split(r"[,\n]", line))
    return list(dict.fromkeys(word for word in words if word))


def fault(word: str) -> str:
    """Why a keyword is not taken: `short`, `long`, `characters`, or nothing."""
    if len(word) < SHORTEST:
        return "short"
    if len(word) > LONGEST:
        return "long"
    return "characters" if REFUSED.search(word) else ""


def tamed(word: str) -> str:
    """A keyword of another catalogue, made such that it is taken; empty where nothing is left."""
    kept = clean(REFUSED.sub(" ", clean(word)))[:LONGEST].strip()
    return kept if len(kept) >= SHORTEST else ""

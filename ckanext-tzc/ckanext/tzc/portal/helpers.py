"""What templates of every room may call."""
from __future__ import annotations

from typing import Any

from ckanext.tzc.common.territory import language, territory, text


def tzc_territory() -> Any:
    """The territory: name, axes, communes, contact."""
    return territory()


def tzc_text(texts: dict[str, str]) -> str:
    """A text of the territory in the reader's language."""
    return text(texts)


def tzc_language() -> str:
    """The reader's language, such as `fr`."""
    return language()

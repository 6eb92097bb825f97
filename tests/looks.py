"""What every page must be, in a real browser: without a serious finding of axe, and no wider than the window."""
from __future__ import annotations

from typing import Any


def serious(page: Any) -> list[tuple[str, int]]:
    """axe's serious and critical findings on the page shown, each with how often."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(entry["id"], len(entry["nodes"])) for entry in found if entry["impact"] in {"serious", "critical"}]


def overflow(page: Any) -> int:
    """By how many pixels the page is wider than the window."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return max(0, wide)


def check(page: Any) -> None:
    """Both, on a desk and on a phone."""
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert serious(page) == []
        assert overflow(page) == 0

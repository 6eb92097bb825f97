"""The territory's colours, and what follows from them: tints, readable ink, the portal's icon. No CKAN here."""
from __future__ import annotations

import hashlib

from tzc.catalogue.territory import Colours

Rgb = tuple[int, int, int]

WHITE: Rgb = (255, 255, 255)
INK: Rgb = (20, 28, 38)
AA = 4.5
"""WCAG's least contrast of text."""


def stylesheet(colours: Colours) -> str:
    """Custom properties for the stylesheet. The second colour is for ornament: no text stands on it, so it stays as it is."""
    accent = readable(_rgb(colours.accent))
    deep = _mix(accent, INK, 0.35)
    on_accent = WHITE if contrast(accent, WHITE) >= AA else INK
    values = {
        "--accent": _hex(accent),
        "--accent-deep": _hex(deep),
        "--accent-soft": _hex(_mix(accent, WHITE, 0.91)),
        "--accent-line": _hex(_mix(accent, WHITE, 0.6)),
        "--on-accent": _hex(on_accent),
        "--second": _hex(_rgb(colours.second) if colours.second else deep),
    }
    return ":root{" + ";".join(f"{name}:{value}" for name, value in values.items()) + "}\n"


def icon(colours: Colours) -> str:
    """The portal's icon (SVG): a ring that closes."""
    accent = _hex(_rgb(colours.accent))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="7" fill="{accent}"/>'
        '<path d="M16 7a9 9 0 1 1-8.5 6" fill="none" stroke="#fff" stroke-width="3.2" stroke-linecap="round"/>'
        '<circle cx="16" cy="16" r="2.6" fill="#fff"/></svg>\n'
    )


def version(content: str | bytes) -> str:
    """A short name of what is served, to be put into its address: it may then be kept long."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()[:8]


def readable(colour: Rgb) -> Rgb:
    """The colour, darkened as far as text in it needs on white."""
    step = 0.0
    mixed = colour
    while contrast(mixed, WHITE) < AA and step < 1:
        step += 0.05
        mixed = _mix(colour, INK, step)
    return mixed


def contrast(one: Rgb, other: Rgb) -> float:
    """WCAG's contrast of two colours, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * min(share, 1)) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _rgb(colour: str) -> Rgb:
    digits = colour.lstrip("#")
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)

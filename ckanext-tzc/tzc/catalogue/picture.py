"""A picture that the portal shows of itself: what it is by its bytes, and whether it is nothing but a picture."""
from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree

LARGEST = 200_000
"""Bytes: the picture stands on every page."""

MEDIA = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml"}

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = {
    "svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "use", "symbol", "clipPath", "mask", "linearGradient",
    "radialGradient", "stop", "style",
}  # fmt: skip
"""Elements of SVG that only draw: none that runs, animates, embeds a page or fetches."""

REACHES_OUT = re.compile(r"@import|javascript:|expression\s*\(|\\|url\((?!\s*['\"]?\s*#)", re.IGNORECASE)
"""What styles and attributes could fetch or run with; a reference into the picture itself, `url(#…)`, is none. A backslash could hide any of them."""


class PictureError(ValueError):
    """Why a file is not taken for a picture, in words."""


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture's file name, media type and bytes."""

    name: str
    media: str
    content: bytes


def read(name: str, content: bytes) -> Picture:
    """Look at a file; raises PictureError when it is not the picture that its name says."""
    media = MEDIA[name.rpartition(".")[2].lower()]
    if len(content) > LARGEST:
        raise PictureError(f"{name!r} has {len(content)} bytes; at most {LARGEST} are taken, since it stands on every page")
    found = _media(content)
    if found is None:
        raise PictureError(f"{name!r} is no picture (PNG, JPEG, WebP or SVG), whatever its name says")
    if found != media:
        raise PictureError(f"{name!r} holds {found}, which does not fit its name; rename it")
    if media == MEDIA["svg"]:
        _only_drawn(name, content)
    return Picture(name, media, content)


def _media(content: bytes) -> str | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return MEDIA["png"]
    if content.startswith(b"\xff\xd8\xff"):
        return MEDIA["jpg"]
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return MEDIA["webp"]
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    return MEDIA["svg"] if start.startswith((b"<svg", b"<?xml", b"<!--", b"<!DOCTYPE svg")) else None


def _only_drawn(name: str, content: bytes) -> None:
    """Refuse an SVG that holds anything but drawing."""
    mend = "export it as plain SVG, or as PNG"
    if any(word in content for word in (b"<!DOCTYPE", b"<!ENTITY", b"<?xml-stylesheet")):
        raise PictureError(f"{name!r} declares a DOCTYPE, entities or a stylesheet, which are not taken; {mend}")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 -- declarations and entities were refused above, and the size is limited
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise PictureError(f"{name!r} is not well-formed SVG ({error}); {mend}") from error
    if root.tag != f"{SVG}svg":
        raise PictureError(f"{name!r} is no SVG picture; {mend}")
    for element in root.iter():
        tag = str(element.tag)
        if tag.removeprefix(SVG) not in DRAWN:
            raise PictureError(f"{name!r} holds <{tag.rpartition('}')[2]}>, which is not drawing; a picture that may run something is not taken: {mend}")
        if tag == f"{SVG}style" and REACHES_OUT.search(element.text or ""):
            raise PictureError(f"{name!r} has styles that fetch something from elsewhere; {mend}")
        for key, value in element.attrib.items():
            attribute = key.rpartition("}")[2].lower()
            if attribute.startswith("on") or REACHES_OUT.search(value) or (attribute == "href" and not value.startswith("#")):
                raise PictureError(f"{name!r} has the attribute {attribute}={value[:40]!r}, which could run or fetch something; {mend}")

"""What a resource is: a file type of our vocabulary, a kind of service, or as it was stated."""
from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from ckanext.tzc.schemas import vocabulary

SAME = {
    "shapefile": "shp", "esri shapefile": "shp", "turtle": "rdf_turtle", "ttl": "rdf_turtle", "rdf": "rdf_xml", "excel": "xlsx", "jpg": "jpeg", "txt/csv": "csv",
    "text": "txt", "gz": "gzip", "jsonld": "json_ld", "htm": "html", "page web": "html",
}  # fmt: skip
"""Names of formats and endings of files, and the vocabulary's code."""

SAYS_NOTHING = frozenset({"undefined", "unknown", "inconnu", "n/a", "none", "null", "-", "?"})
"""What catalogues write where they know of no format."""

SERVICES = ("WMTS", "WMS", "WFS", "WCS", "WPS", "CSW", "ATOM", "STA")
"""Services of the OGC, as protocols and addresses name them."""


class Format(NamedTuple):
    """The name that the portal shows, and the media type where it is known."""

    name: str = ""
    media: str = ""


@lru_cache(maxsize=1)
def by_name() -> dict[str, dict[str, Any]]:
    """The vocabulary's entries by each of their names in small letters: code, media type, labels, and what is the same."""
    found: dict[str, dict[str, Any]] = {}
    codes = {entry["code"]: entry for entry in vocabulary("file-type")}
    for entry in codes.values():
        for name in (entry["code"], entry["media"], *entry["label"].values()):
            found.setdefault(name.lower(), entry)
    found.pop("", None)
    found.update({name: codes[code] for name, code in SAME.items() if code in codes})
    return found


def known(stated: str) -> Format | None:
    """The file type of a name, a media type, an ending or an IRI."""
    short = stated.strip().lower()
    short = short.removeprefix("http://www.iana.org/assignments/media-types/").rpartition("/file-type/")[2].removeprefix(".")
    short = SAME.get(short, short)
    for entry in vocabulary("file-type"):
        if short and short in {entry["code"].lower(), entry["media"], entry["label"]["en"].lower()}:
            return Format("HTML" if entry["code"] == "HTML" else str(entry["label"]["en"]), str(entry["media"]))
    return None


def ending(address: str) -> Format | None:
    """The file type that an address ends in."""
    try:
        name = unquote(urlsplit(address).path).rpartition("/")[2]
    except ValueError:
        return None
    return known(name.rpartition(".")[2]) if "." in name else None


def service(protocol: str, address: str) -> Format | None:
    """The kind of service that a protocol (`OGC:WMS-1.3.0-http-get-map`) or a request in an address names."""
    if re.match(r"ESRI:?REST", protocol, re.IGNORECASE):
        return Format("ESRI REST")
    said = f"{protocol.upper()} {' '.join(re.findall(r'[?&]SERVICE=([A-Z]+)', address.upper()))}"
    found = next((name for name in SERVICES if re.search(rf"(^|[\s:]){name}\b", said)), None)
    return Format(found) if found else None


def format_of(stated: str, media: str, address: str) -> Format:
    """The format of a resource by what is stated of it, else by its address, else as it is stated."""
    word = stated.strip()
    return known(word) or known(media) or service(word, address) or ending(address) or Format("" if word.lower() in SAYS_NOTHING else word[:60])

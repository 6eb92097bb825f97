"""XML of strangers: read without entities, document types, or anything from elsewhere."""
from __future__ import annotations

from typing import Any

from lxml import etree

PROLOGUE = 100_000
"""Bytes in which a document type is looked for."""


class XmlError(ValueError):
    """What is no XML that we read; the message says why, `cause` is its code (`tzc.harvesting.causes`)."""

    def __init__(self, words: str, cause: str) -> None:
        super().__init__(words)
        self.cause = cause


def parse(content: bytes) -> Any:
    """The root element; XmlError for anything broken, cut off, or with a document type, in which entities are defined."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        # entities that grow without end are refused while the document type is read
        cause = "entities" if b"<!ENTITY" in content[:PROLOGUE] else "cut_off"
        raise XmlError(f"The XML is broken or cut off: {str(error)[:200]}", cause) from error
    if root.getroottree().docinfo.doctype:
        raise XmlError("The XML has a document type (DOCTYPE), which is not read: it may define entities.", "entities")
    return root

"""XML of strangers: read without entities, document types, or anything from elsewhere."""
from __future__ import annotations

import io
from typing import Any

from lxml import etree

TYPED = "The XML has a document type (DOCTYPE), which is not read: it may define entities."
SAFE = {"resolve_entities": False, "no_network": True, "load_dtd": False, "remove_comments": True, "remove_pis": True}


class XmlError(ValueError):
    """What is no XML that we read; the message says why, `cause` is its code (`tzc.harvesting.causes`)."""

    def __init__(self, words: str, cause: str) -> None:
        super().__init__(words)
        self.cause = cause


def parse(content: bytes) -> Any:
    """The root element; XmlError for anything broken, cut off, or with a document type, in which entities are defined."""
    try:
        _, first = next(etree.iterparse(io.BytesIO(content), events=("start",), **SAFE))
        if first.getroottree().docinfo.doctype:
            raise XmlError(TYPED, "entities")
        # without entities a text is no longer than what came
        return etree.fromstring(content, etree.XMLParser(huge_tree=True, dtd_validation=False, **SAFE))
    except XmlError:
        raise
    except (etree.XMLSyntaxError, StopIteration, ValueError) as error:
        # entities that grow without end are refused while the document type is read
        if b"<!DOCTYPE" in content:
            raise XmlError(TYPED, "entities") from error
        raise XmlError(f"The XML is broken or cut off: {' '.join(str(error).split())[:200]}", "cut_off") from error

"""Bytes of frozen files, each once, by their SHA-256."""
from __future__ import annotations

from ckanext.tzc.common.keeping import MissingError, Shelf

__all__ = ["MissingError", "answer", "keep", "keep_chunks", "remove", "there"]

_shelf = Shelf("versions")

keep, keep_chunks, answer, there, remove = _shelf.keep, _shelf.keep_chunks, _shelf.answer, _shelf.there, _shelf.remove

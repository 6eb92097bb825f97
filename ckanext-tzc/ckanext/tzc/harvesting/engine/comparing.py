"""What changed between two datasets that a source gave, for a reader. Pure."""
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tzc.harvesting.threeway import Merged

LONGEST = 1000
"""Characters of a value that are told."""

MOST = 200
"""Differences of one record that are told."""

Difference = dict[str, str]


def differences(before: Mapping[str, Any], after: Mapping[str, Any], merged: Merged | None = None) -> list[Difference]:
    """Field by field, file by file: `{"field", "file", "before", "after"}`; `file` is the file's address, and empty for the dataset's own fields.

    Where `merged` tells of an edit made here, also `{"edit", "here"}`: whether it is `kept` or `overwritten`, and what it says. One that is lost is told of, even where the source
    changed nothing.
    """
    found = [*_fields(_plain(before), _plain(after), ""), *_files(before.get("resources") or [], after.get("resources") or [])]
    told = {(one["field"], one["file"]): one for one in found[:MOST]}
    for name, edits in (("overwritten", merged.overwritten), ("kept", merged.kept)) if merged else ():
        for edit in edits:
            blank = {"field": edit.field, "file": edit.file[:LONGEST], "before": _told(edit.base), "after": _told(edit.theirs)}
            place = (blank["field"], blank["file"])
            if edit.field and (place in told or name == "overwritten"):
                told[place] = {**told.get(place, blank), "edit": name, "here": _told(edit.ours)}
    return list(told.values())


def _plain(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, extras beside the others."""
    extras = {entry["key"]: entry["value"] for entry in dataset.get("extras") or [] if entry["key"] != "guid"}
    words = sorted(tag["name"] for tag in dataset.get("tags") or [])
    fields = {name: value for name, value in dataset.items() if name not in {"resources", "extras", "tags"}}
    return {**extras, **fields, **({"tags": words} if words else {})}


def _fields(before: Mapping[str, Any], after: Mapping[str, Any], file: str) -> Iterator[Difference]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield {"field": name, "file": file, "before": _told(before.get(name)), "after": _told(after.get(name))}


def _files(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[Difference]:
    was, now = ({file.get("url", ""): file for file in files} for files in (before, after))
    for url in dict.fromkeys([*was, *now]):
        yield from _fields(was.get(url, {}), now.get(url, {}), url[:LONGEST])


def _told(value: Any) -> str:
    words = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words[:LONGEST]

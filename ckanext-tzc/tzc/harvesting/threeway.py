"""Whose word counts where a harvested dataset was edited here: what the source said before, what it says now, and what stands here, field by field and file by file.

A field that was edited here stays until the source changes it. Which field is the source's for ever, and which is ours, a mapping may say.
"""
from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from tzc.harvesting.identity import matched
from tzc.harvesting.mapping import Keep

NOT_COMPARED = frozenset({"id", "name", "state", "type", "owner_org", "resources", "extras", "identifier", "organization", "groups", "metadata_created", "metadata_modified"})
"""Fields that are the portal's or the source's alone, and those that are compared part by part."""

FILE_FIELDS = ("url", "name", "description", "format", "mimetype", "rights", "issued", "modified", "size")

OF_UPLOAD = ("mimetype", "size")
"""What a file that is uploaded here says of itself."""


@dataclasses.dataclass(frozen=True)
class Edit:
    """What was edited here: what the source said, what stands here, what the source says now, and what stood here when it was written.

    `file` is the address at the source of the file that it is about, `name` what that is known by here, as several may have one address; with an empty `field` the file as a whole,
    which was added or taken away.
    """

    field: str
    base: Any
    ours: Any
    theirs: Any
    written: Any = None
    file: str = ""
    name: str = ""

    @property
    def place(self) -> str:
        """Where it is, as `title` or `resources.ADDRESS.name`."""
        return ".".join(filter(None, ("resources", self.file, self.field))) if self.file else self.field


@dataclasses.dataclass(frozen=True)
class Merged:
    """The dataset to be written, which local edits it keeps, and which it loses to a change at the source."""

    dataset: dict[str, Any]
    kept: tuple[Edit, ...] = ()
    overwritten: tuple[Edit, ...] = ()


def merged(
    base: Mapping[str, Any],
    theirs: Mapping[str, Any],
    ours: Mapping[str, Any],
    *,
    written: Mapping[str, Any] | None = None,
    keep: Mapping[str, Keep] | None = None,
    alone: Collection[str] = (),
) -> Merged:
    """The dataset that is to be written, of what the source gave before (`base`), what it gives now (`theirs`), and what stands here (`ours`).

    `written` is what stood here when `base` had been written, where the portal wrote it in its own way (a date, a default): what differs from that was edited here. `keep` says of
    fields whose word counts; `alone` are fields that no source gives: they stay. Files come in the source's order with the ids of those they were; those that people added here
    follow, and those that people took away here stay away until the source changes them.
    """
    work = _Work(keep or {})
    stood = _as_written(base, ours) if written is None else written
    result = {key: value for key, value in theirs.items() if key != "resources"}
    for field in dict.fromkeys((*ours, *theirs, *base)):
        if field in NOT_COMPARED:
            continue
        if field in alone and field not in theirs:
            value = ours.get(field)
        else:
            value = work.chosen(field, Sides(base.get(field), theirs.get(field), ours.get(field), stood.get(field)), work.keep.get(field, "unless_changed"))
        result.pop(field, None)
        if not _empty(value):
            result[field] = value
    result["resources"] = work.files(*(side.get("resources") or [] for side in (base, theirs, ours, stood)))
    return Merged(result, tuple(work.kept), tuple(work.overwritten))


def _as_written(base: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """What was written where that was not kept: what the source gave, its files by the ids that they have here."""
    before, here = base.get("resources") or [], ours.get("resources") or []
    ids = [here[place].get("id") if place is not None else None for place, _ in matched(here, before)]
    return {**base, "resources": [{**file, "id": own} if own else dict(file) for file, own in zip(before, ids, strict=True)]}


class Sides(NamedTuple):
    """What a field said: at the source before and now, here now and when it was written."""

    base: Any
    theirs: Any
    ours: Any
    written: Any


Files = Sequence[Mapping[str, Any]]


class _Work:
    """What was found so far."""

    def __init__(self, keep: Mapping[str, Keep]) -> None:
        self.keep = keep
        self.kept: list[Edit] = []
        self.overwritten: list[Edit] = []

    def chosen(self, field: str, sides: Sides, keep: Keep = "unless_changed", file: str = "", name: str = "") -> Any:
        """The value that counts; an edit that is kept or lost is noted."""
        said = Sides(*map(plain, sides))
        if _same(said.ours, said.written) or _same(said.ours, said.theirs):
            return sides.theirs
        edit = Edit(field, said.base, said.ours, said.theirs, sides.written, file, name)
        if keep == "always" or (keep == "unless_changed" and _same(said.base, said.theirs)):
            self.kept.append(edit)
            return sides.ours
        self.overwritten.append(edit)
        return sides.theirs

    def files(self, base: Files, theirs: Files, ours: Files, written: Files) -> list[dict[str, Any]]:
        """The files to be written. Those of the source are known by what they were there, and here by what was written of that."""
        names = [_name(file) for file in ours]
        stood = {_name(file): file for file in written}
        of_base = {was: _name(written[place]) for was, (place, _) in enumerate(matched(written, base)) if place is not None}
        found: list[dict[str, Any]] = []
        used: set[str] = set()
        new: list[int] = []
        for file, (was, _) in zip(theirs, matched(base, theirs), strict=True):
            name = of_base.get(was) if was is not None else None
            if name in names:
                used.add(name)
                found.append(self.file(base[was or 0], file, ours[names.index(name)], stood.get(name)))
            elif was is None or name is None:
                new.append(len(found))
                found.append(dict(file))
            elif not self.taken_away(base[was], file, stood[name]):
                found.append(dict(file))
        left = [file for file, name in zip(ours, names, strict=True) if name not in used]
        for place, (here, _) in zip(new, matched(left, [found[place] for place in new]), strict=True):
            if here is not None:
                used.add(_name(left[here]))
                found[place] = self.file(None, found[place], left[here], None)
        added = [dict(file) for file, name in zip(ours, names, strict=True) if name not in used and name not in stood]
        self.kept += [Edit("", None, plain(file), None, None, str(file.get("url")), _name(file)) for file in added]
        return found + added

    def taken_away(self, base: Mapping[str, Any], theirs: Mapping[str, Any], written: Mapping[str, Any]) -> bool:
        """Whether a file that was taken away here stays away."""
        same = all(_same(plain(base.get(field)), plain(theirs.get(field))) for field in FILE_FIELDS)
        edit = Edit("", plain(base), None, plain(theirs), dict(written), str(theirs.get("url")))
        (self.kept if same else self.overwritten).append(edit)
        return same

    def file(self, base: Mapping[str, Any] | None, theirs: Mapping[str, Any], ours: Mapping[str, Any], written: Mapping[str, Any] | None) -> dict[str, Any]:
        """One file, field by field; what only the portal says of it stays. One that was uploaded here in the place of the source's goes when the source has it elsewhere."""
        result = {key: value for key, value in ours.items() if key not in FILE_FIELDS}
        replaced = False
        for field in FILE_FIELDS:
            value = theirs.get(field)
            if base is not None and written is not None and not (replaced and field in OF_UPLOAD):
                sides = Sides(base.get(field), theirs.get(field), ours.get(field), written.get(field))
                value = self.chosen(field, sides, file=str(theirs.get("url")), name=_name(ours))
            # a store keeps what a file is not said to have lost
            if not _empty(value) or not _empty(ours.get(field)):
                result[field] = "" if _empty(value) else value
            if field == "url" and ours.get("url_type") and not _same(value, ours.get("url")):
                replaced, result["url_type"] = True, ""
        return result


def remembered(shown: Mapping[str, Any], told: Merged) -> dict[str, Any]:
    """What is to be kept as `written` for the next time, of the dataset as it stands after `told` was written.

    As if the edits that stay had not been made, so that they are known again.
    """
    result = dict(shown)
    files = [dict(file) for file in shown.get("resources") or []]
    for edit in told.kept:
        if not edit.file:
            result[edit.field] = edit.written
        elif edit.field:
            files = [{**file, edit.field: edit.written} if _name(file) == edit.name else file for file in files]
        elif edit.written is not None:
            files.append(edit.written)
        else:
            files = [file for file in files if _name(file) != edit.name]
    return {**result, "resources": files}


def _name(file: Mapping[str, Any]) -> str:
    """What a file is known by here."""
    return str(file.get("id") or file.get("url") or "")


def _empty(value: Any) -> bool:
    return value in (None, "", [], {})


def plain(value: Any) -> Any:
    """A value as it is compared and kept: what a store adds to it left out (ids of keywords, empty parts of agents)."""
    if isinstance(value, Mapping):
        if "name" in value and value.keys() & {"display_name", "vocabulary_id"}:
            return {"name": value["name"]}
        return {key: plain(part) for key, part in value.items() if not _empty(part)}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return "" if value is None else value


def _same(one: Any, other: Any) -> bool:
    """Whether two values say the same; the order of a list says nothing."""
    if _empty(one) and _empty(other):
        return True
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(_spelt, one)) == sorted(map(_spelt, other))
    return bool(one == other) or (not isinstance(one, (dict, list)) and not isinstance(other, (dict, list)) and str(one) == str(other))


def _spelt(value: Any) -> str:
    """A value as a text that two have who say the same: a store gives the parts of an agent or a place in an order of its own."""
    return json.dumps(value, sort_keys=True, default=str)

"""Histories in words: when a dataset, a partner or an axis changed and what, for everybody; who changed it, for those who may edit it."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk

PAGE = 20
"""Changes on a page."""
UNTOLD = ["follow dataset", "new resource view", "changed resource view", "deleted resource view"]
"""Activities that change nothing of what is published."""

Package = dict[str, Any]


def changes(package: Package, page: int) -> tuple[list[dict[str, Any]], bool]:
    """One page of the history, the newest first, as `{"when", "words": [str], "who"}`; and whether there is an older one.

    `who` is empty for whoever may not edit the dataset.
    """
    # one more than is shown: what the last one changed is seen by the one before it, and whether there is an older page
    asked = {"id": package["id"], "limit": PAGE + 1, "offset": (page - 1) * PAGE, "exclude_activity_types": UNTOLD}
    held = tk.get_action("package_activity_list")({"ignore_auth": True, "user": ""}, asked)
    mine = tk.h.check_access("package_update", {"id": package["id"]})
    names = _names([activity["user_id"] for activity in held]) if mine else {}
    shown = [
        {"when": activity["timestamp"], "words": _words(activity, before, package, mine), "who": names.get(activity["user_id"], "")}
        for activity, before in zip(held[:PAGE], [*held[1:], None], strict=False)
    ]
    # a save without a change is nothing to tell
    return [entry for entry in shown if entry["words"]], len(held) > PAGE


def _names(ids: list[str]) -> dict[str, str]:
    return {user.id: user.display_name for user in model.Session.query(model.User).filter(model.User.id.in_(ids))}


def _words(activity: dict[str, Any], before: dict[str, Any] | None, now: Package, mine: bool) -> list[str]:
    kind = activity["activity_type"]
    if kind == "new package":
        return [tk._("The dataset was begun.")]
    if kind == "deleted package":
        return [tk._("The dataset was deleted.")]
    new, old = (activity.get("data") or {}).get("package"), ((before or {}).get("data") or {}).get("package")
    if before is None and new and new.get("state") == "active":
        # drafts have no history
        return [tk._("The dataset was published.")]
    if not new or not old:
        return [tk._("The dataset was changed.")]
    return [*_state(old, new), *_fields(old, new), *_files(old, new, now, mine)]


def _state(old: Package, new: Package) -> Iterator[str]:
    if old.get("state") == "draft" and new.get("state") == "active":
        yield tk._("The dataset was published.")
    if old.get("private") != new.get("private"):
        yield tk._("It was hidden from the public.") if new.get("private") else tk._("It was shown to the public.")


def _fields(old: Package, new: Package) -> Iterator[str]:
    """One sentence that names the fields that changed; what they held is for editors and not told here."""
    schema = tk.h.scheming_get_dataset_schema(new.get("type") or "dataset") or {"dataset_fields": []}
    changed = [
        tk.h.scheming_language_text(field["label"])
        for field in schema["dataset_fields"]
        if field.get("label") and _value(old, field["field_name"]) != _value(new, field["field_name"])
    ]
    if changed:
        yield str(tk._("Changed: %(fields)s.")) % {"fields": ", ".join(changed)}


def _value(package: Package, name: str) -> Any:
    if name == "tag_string":
        return sorted(tag["name"] for tag in package.get("tags") or [])
    return package.get(name) or None


def _files(old: Package, new: Package, now: Package, mine: bool) -> Iterator[str]:
    before = {file["id"]: file for file in old.get("resources") or []}
    after = {file["id"]: file for file in new.get("resources") or []}
    # a file that is gone now may have had a name that was to go too
    here = {file["id"]: tk.h.resource_display_name(file) for file in now.get("resources") or []}
    for key, file in after.items():
        name = here.get(key)
        if key not in before:
            yield str(tk._("File added: %(name)s.")) % {"name": name} if name else tk._("A file was added.")
        elif any(before[key].get(field) != file.get(field) for field in ("url", "last_modified", "size")):
            yield str(tk._("File replaced: %(name)s.")) % {"name": name} if name else tk._("A file was replaced.")
        elif any((before[key].get(field) or "") != (file.get(field) or "") for field in ("name", "description", "format")):
            yield str(tk._("File described anew: %(name)s.")) % {"name": name} if name else tk._("A file was described anew.")
    gone = len(set(before) - set(after))
    if gone and mine:
        named = ", ".join(tk.h.resource_display_name(file) for key, file in before.items() if key not in after)
        yield str(tk.ungettext("File removed: %(names)s.", "Files removed: %(names)s.", gone, names=named))
    elif gone:
        yield str(tk.ungettext("%(num)d file was removed.", "%(num)d files were removed.", gone)) % {"num": gone}


KINDS = {"package": "package", "dataset": "package", "organization": "organization", "group": "group"}
"""The last word of an activity's type, and what it is about."""

Entry = dict[str, Any]


def of_group(group: dict[str, Any], kind: str, page: int) -> tuple[list[Entry], bool]:
    """One page of what changed at a partner or an axis and in its datasets, the newest first, and whether there is an older one.

    Each is `{"when", "words", "title", "address", "who", "count"}`, `count` being how often it happened in a row. What the reader may not see
    is left out, so a page may be short; `who` is empty for whoever may not edit what changed.
    """
    asked = {"id": group["id"], "limit": PAGE + 1, "offset": (page - 1) * PAGE}
    held = tk.get_action(f"{kind}_activity_list")({"ignore_auth": True, "user": ""}, asked)
    return _together(_entries(held[:PAGE])), len(held) > PAGE


def of_person(person: dict[str, Any], page: int) -> tuple[list[Entry], bool]:
    """The same of what somebody did, without saying who each time."""
    held = tk.get_action("user_activity_list")({"user": tk.current_user.name}, {"id": person["id"], "limit": PAGE + 1, "offset": (page - 1) * PAGE})
    return _together([{**entry, "who": ""} for entry in _entries(held[:PAGE])]), len(held) > PAGE


def _together(entries: list[Entry]) -> list[Entry]:
    """The same thing several times in a row on one day, by one person, as one entry: the latest."""
    told: list[Entry] = []
    for entry in entries:
        same = ("words", "address", "who")
        if told and all(told[-1][key] == entry[key] for key in same) and str(told[-1]["when"])[:10] == str(entry["when"])[:10]:
            told[-1]["count"] += 1
        else:
            told.append({**entry, "count": 1})
    return told


def _entries(activities: list[dict[str, Any]]) -> list[Entry]:
    names = _names([activity["user_id"] for activity in activities])
    known: dict[tuple[str, str], Entry | None] = {}
    entries = []
    for activity in activities:
        about = (KINDS.get(activity["activity_type"].rpartition(" ")[2], ""), activity["object_id"])
        if about not in known:
            known[about] = _about(*about)
        shown = known[about]
        if shown is not None:
            who = names.get(activity["user_id"], "") if shown["mine"] else ""
            entries.append({"when": activity["timestamp"], "words": _happened(activity["activity_type"]), "who": who, **shown})
    return entries


def _about(kind: str, identifier: str) -> Entry | None:
    """What an activity is about, as it is called now: `{"title", "address", "mine"}`; None where the reader may not see it."""
    if not kind or not tk.h.check_access(f"{kind}_show", {"id": identifier}):
        return None
    thing = model.Package.get(identifier) if kind == "package" else model.Group.get(identifier)
    if thing is None or (kind == "package" and thing.type != "dataset"):
        return None
    route = "dataset.read" if kind == "package" else f"{kind}.read"
    axis = tk.h.tzc_axis(thing.name) if kind == "group" else None
    title = tk.h.tzc_text(axis.title) if axis else thing.title or thing.name
    return {"title": title, "address": tk.h.url_for(route, id=thing.name), "mine": tk.h.check_access(f"{kind}_update", {"id": identifier})}


def _happened(kind: str) -> str:
    """What happened, in words."""
    words = {
        "new package": tk._("Dataset begun"),
        "changed package": tk._("Dataset changed"),
        "deleted package": tk._("Dataset deleted"),
        "new organization": tk._("Partner added"),
        "changed organization": tk._("Partner described anew"),
        "deleted organization": tk._("Partner deleted"),
        "new group": tk._("Axis added"),
        "changed group": tk._("Axis described anew"),
        "deleted group": tk._("Axis deleted"),
    }
    return str(words.get(kind) or tk._("Changed"))

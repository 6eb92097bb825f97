"""The history of a dataset in words: when it changed and what, for everybody; who changed it, for those who may edit it."""
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
    names = _names([activity["user_id"] for activity in held]) if tk.h.check_access("package_update", {"id": package["id"]}) else {}
    shown = [
        {"when": activity["timestamp"], "words": _words(activity, before, package), "who": names.get(activity["user_id"], "")}
        for activity, before in zip(held[:PAGE], [*held[1:], None], strict=False)
    ]
    return shown, len(held) > PAGE


def _names(ids: list[str]) -> dict[str, str]:
    return {user.id: user.display_name for user in model.Session.query(model.User).filter(model.User.id.in_(ids))}


def _words(activity: dict[str, Any], before: dict[str, Any] | None, now: Package) -> list[str]:
    kind = activity["activity_type"]
    if kind == "new package":
        return [tk._("The dataset was begun.")]
    if kind == "deleted package":
        return [tk._("The dataset was deleted.")]
    new, old = (activity.get("data") or {}).get("package"), ((before or {}).get("data") or {}).get("package")
    if not new or not old:
        return [tk._("The dataset was changed.")]
    return [*_state(old, new), *_fields(old, new), *_files(old, new, now)] or [tk._("Saved without a change.")]


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


def _files(old: Package, new: Package, now: Package) -> Iterator[str]:
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
    if gone:
        yield str(tk.ungettext("%(num)d file was removed.", "%(num)d files were removed.", gone)) % {"num": gone}

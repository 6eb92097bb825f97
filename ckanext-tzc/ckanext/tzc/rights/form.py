"""What somebody writes who asks for data, checked: the same questions from whichever page or program."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import levels
from ckanext.tzc.common.numbers import whole_number
from ckanext.tzc.schemas import vocabulary

from tzc.rights import policy, things

from . import request_words, single_columns
from .single_columns import Columns

MOST_DATASETS, MOST_FILES, MOST_PEOPLE = 20, 200, 20
LONG, SHORT = 5000, 300
"""Characters of a text, of a line."""

Errors = dict[str, list[str]]


@dataclasses.dataclass(frozen=True)
class Asked:
    """One dataset that is asked for; no files: all; `columns`: by file, where only some are asked for."""

    id: str
    title: str
    partner: str
    personal: bool
    files: tuple[str, ...] = ()
    columns: Columns = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Content:
    """What is asked, in words."""

    purpose: str
    words: str
    project: str
    organisation: str
    days: int
    team: tuple[str, ...]


def purposes() -> list[str]:
    """The codes of the controlled list."""
    return [entry["code"] for entry in vocabulary("purpose")]


def text(value: Any, errors: Errors, key: str, most: int, required: bool = False) -> str:
    """A text without what cannot be stored; mistakes go to `errors`."""
    if value is not None and not isinstance(value, str):
        errors.setdefault(key, []).append(tk._("Please write text here."))
        return ""
    clean = "\n".join(line.rstrip() for line in (value or "").replace("\0", "").splitlines()).strip()
    if required and not clean:
        errors.setdefault(key, []).append(tk._("Please fill this in."))
    if len(clean) > most:
        errors.setdefault(key, []).append(tk._("At most {most} characters; there are {n}.").format(most=most, n=len(clean)))
    return clean


def texts(value: Any, errors: Errors, key: str, most: int) -> list[str]:
    """A list of texts, each once."""
    values = [value] if isinstance(value, str) else value or []
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        errors.setdefault(key, []).append(tk._("Give a list of texts."))
        return []
    found = list(dict.fromkeys(one.replace("\0", "").strip() for one in values if one.strip()))
    if len(found) > most:
        errors.setdefault(key, []).append(tk._("At most {most} at once.").format(most=most))
    return found[:most]


def days(value: Any, errors: Errors, key: str = "days") -> int:
    """How long a right shall last."""
    most = int(tk.config["tzc.rights.most_days"])
    found = whole_number(value, least=1, digits=6)
    if found is None or found > most:
        errors.setdefault(key, []).append(tk._("A whole number of days, from 1 to {most}.").format(most=most))
        return 1
    return found


def content(data: dict[str, Any], requester: str, errors: Errors, draft: bool = False) -> Content:
    """The words of a request; a `draft` may lack any of them, but what there is is checked."""
    purpose = text(data.get("purpose"), errors, "purpose", SHORT)
    if draft and not purpose:
        pass
    elif not purpose:
        errors.setdefault("purpose", []).append(tk._("Please fill this in."))
    elif purpose not in purposes():
        named = [f"{request_words.purpose(code)} ({code})" for code in purposes()]
        errors.setdefault("purpose", []).append(tk._("Choose one of: {codes}.").format(codes=", ".join(named)))
    return Content(
        purpose,
        text(data.get("words"), errors, "words", LONG, required=not draft),
        text(data.get("project"), errors, "project", SHORT),
        text(data.get("organisation"), errors, "organisation", SHORT),
        0 if draft and data.get("days") in (None, "") else days(data.get("days"), errors),
        _team(data, requester, errors),
    )


def _team(data: dict[str, Any], requester: str, errors: Errors) -> tuple[str, ...]:
    found = []
    for name in texts(data.get("team"), errors, "team", MOST_PEOPLE):
        user = model.User.get(name)
        if user is None or user.state != model.State.ACTIVE:
            errors.setdefault("team", []).append(tk._("There is no account “{name}”.").format(name=name[:80]))
        elif user.id != requester:
            found.append(user.id)
    return tuple(dict.fromkeys(found))


def scope(data: dict[str, Any], user: Any, errors: Errors) -> list[Asked]:
    """The datasets that are asked for, with their files."""
    names = texts(data.get("datasets"), errors, "datasets", MOST_DATASETS)
    files = texts(data.get("resources"), errors, "resources", MOST_FILES)
    columns = single_columns.read(data.get("columns"), errors)
    if not names:
        errors.setdefault("datasets", []).append(tk._("Say which datasets you ask for."))
    found: dict[str, Asked] = {}
    left = set(files)
    for name in names:
        asked = _dataset(name, user, left, columns, lambda words, key="datasets": errors.setdefault(key, []).append(words))
        if asked is not None and asked.id not in found:
            found[asked.id] = asked
            left -= set(asked.files)
    if left and "datasets" not in errors:
        errors.setdefault("resources", []).append(tk._("These files are in none of the datasets: {ids}.").format(ids=", ".join(sorted(left))[:200]))
    if columns and "datasets" not in errors:
        # those of each dataset were taken out
        errors.setdefault("columns", []).append(tk._("Columns are asked for of files that are not: {ids}.").format(ids=", ".join(sorted(columns))[:200]))
    return list(found.values())


def _dataset(name: str, user: Any, files: set[str], columns: Columns, refuse: Callable[..., Any]) -> Asked | None:
    try:
        package = tk.get_action("package_show")({"user": user.name}, {"id": name})
    except (tk.ObjectNotFound, tk.NotAuthorized):
        package = None
    if package is None or package.get("type") != "dataset" or package.get("state") != "active":
        refuse(tk._("There is no dataset “{name}” that you may see.").format(name=name[:80]))
        return None
    title = package.get("title") or package["name"]
    own = set(things.on_request(package))
    if not package.get("owner_org") or not (own or package.get("access_level") == policy.RESTRICTED):
        refuse(tk._("“{title}” is not given on request.").format(title=title))
        return None
    if user.id in members(package["owner_org"]):
        refuse(tk._("You have “{title}” already, as a member of its partner.").format(title=title))
        return None
    chosen = files & own
    of_files = {file: columns.pop(file) for file in sorted(columns) if file in (chosen or own)}
    for words in single_columns.mistakes(package, of_files):
        refuse(words, "columns")
    return Asked(package["id"], title, package["owner_org"], levels.concerns_persons(package.get("personal_data")), tuple(sorted(chosen)), of_files)


def members(partner: str) -> set[str]:
    """Ids of the accounts that have a partner's data as its members."""
    rows = model.Session.query(model.Member.table_id).filter_by(group_id=partner, table_name="user", state="active")
    return {user for (user,) in rows}

"""What the workflow room says."""
from __future__ import annotations

import json
from typing import Any

import ckan.plugins.toolkit as tk

from tzc.workflow import publication

SHOWN = 600
"""Characters of a value that are shown."""


def listed(value: Any) -> list[str]:
    """A list, as the database or an answer gives it."""
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.startswith("[") else [value] if value else []
        except ValueError:
            value = [value]
    return [str(entry) for entry in value or []]


def duty(code: str) -> str:
    """A duty, as a name."""
    return {
        "contributor": tk._("Contributor"),
        "steward": tk._("Steward"),
        "legal": tk._("Legal"),
        "officer": tk._("Data protection officer"),
        "decider": tk._("Decider"),
    }.get(code, code)


def duty_help(code: str) -> str:
    """What who has a duty does."""
    return {
        "contributor": tk._("Describes data and adds files."),
        "steward": tk._("Publishes, or sends back with what is to be mended."),
        "legal": tk._("Reviews licences, and changes of them."),
        "officer": tk._("Is asked before data that concern persons are published or given."),
        "decider": tk._("Decides on requests for data that are not for everybody."),
    }.get(code, "")


def state(code: str) -> str:
    """Where a dataset stands."""
    return {
        publication.DRAFT: tk._("Draft"),
        publication.IN_REVIEW: tk._("In review"),
        publication.CHANGES_REQUESTED: tk._("Changes requested"),
        publication.PUBLISHED: tk._("Published"),
        publication.ARCHIVED: tk._("Archived"),
        "deleted": tk._("Deleted"),
    }.get(code, code)


def move(code: str) -> str:
    """A move, as a button says it."""
    return {
        "ask_review": tk._("Ask for review"),
        "publish": tk._("Publish"),
        "approve": tk._("Approve"),
        "request_changes": tk._("Send back"),
        "withdraw": tk._("Withdraw from review"),
        "take_back": tk._("Take back to draft"),
        "archive": tk._("Archive"),
        "reopen": tk._("Bring back into the catalogue"),
    }.get(code, code)


def decision(code: str) -> str:
    """What is done with a proposed change, as a button says it."""
    return {"accept": tk._("Accept the change"), "send_back": tk._("Send the change back"), "withdraw": tk._("Withdraw the change")}.get(code, code)


def made(code: str) -> str:
    """A move that was made."""
    return {
        "ask_review": tk._("Review asked for"),
        "publish": tk._("Published"),
        "first_key": tk._("Approved, and given to the others to approve"),
        "approve": tk._("Approved"),
        "request_changes": tk._("Sent back"),
        "withdraw": tk._("Withdrawn from review"),
        "take_back": tk._("Taken back to draft"),
        "archive": tk._("Archived"),
        "reopen": tk._("Brought back into the catalogue"),
        "delete": tk._("Deleted"),
        "restore": tk._("Brought back as a draft"),
        "propose": tk._("Change proposed"),
        "accept": tk._("Change accepted"),
        "send_back": tk._("Change sent back"),
        "withdraw_change": tk._("Change withdrawn"),
    }.get(code, code)


def _who(role: str) -> str:
    """Who makes a move or decides on a proposed change."""
    return {"author": tk._("who proposed the change"), "reviewer": tk._("who reviews it")}.get(role) or duty(role)


def fault(error: publication.PublicationError) -> str:
    """What is in the way of a move, and what to do."""
    if isinstance(error, publication.IllegalMoveError):
        names = ", ".join(move(name) for name in error.possible)
        if not names:
            return tk._("Nothing can be done with it now: somebody else has decided already.")
        return tk._("That cannot be done now, as somebody else may have decided already. What can be done: {moves}.").format(moves=names)
    if isinstance(error, publication.NotYoursError):
        return tk._("That is done by: {roles}.").format(roles=", ".join(_who(role) for role in sorted(error.roles)))
    if isinstance(error, publication.SamePersonError):
        return tk._("You have approved it already: the second approval comes from another person.")
    if isinstance(error, publication.ReasonNeededError):
        return tk._("Please say why: whoever reads it must know what to do.")
    return tk._("Something is to be mended first.")


def label(name: str) -> str:
    """A field's name, as the form says it."""
    if name == "resources":
        return tk._("Files")
    found = next((field for field in fields() if field["field_name"] == name), None)
    return str(tk.h.scheming_language_text(found["label"])) if found else name


def fields() -> list[dict[str, Any]]:
    """The fields of a dataset."""
    schema = tk.h.scheming_get_dataset_schema("dataset") or {"dataset_fields": []}
    found: list[dict[str, Any]] = schema["dataset_fields"]
    return found


def value(name: str, stored: Any) -> str:
    """A field's value, to be read beside another one."""
    if name in {"tag_string", "tags"}:
        return ", ".join(tag["name"] if isinstance(tag, dict) else str(tag) for tag in stored or [])
    if name == "resources":
        return " ; ".join(str(file.get("name") or file.get("url") or "") for file in stored or [])
    field = next((field for field in fields() if field["field_name"] == name), {})
    choices = {choice["value"]: tk.h.scheming_language_text(choice["label"]) for choice in tk.h.scheming_field_choices(field) or []} if field else {}
    entries = stored if isinstance(stored, list) else [stored]
    told = [", ".join(str(part) for part in entry.values() if part) if isinstance(entry, dict) else str(choices.get(entry, "" if entry is None else entry)) for entry in entries]
    text = " ; ".join(word for word in told if word)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"

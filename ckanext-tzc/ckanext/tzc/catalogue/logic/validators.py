"""Validators of the metadata schemas. Every message says how to mend the value."""
from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import ckan.plugins.toolkit as tk
from ckan.lib.navl.dictization_functions import missing

Key = tuple[Any, ...]
Flat = dict[Key, Any]
Errors = dict[Key, list[str]]

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
TITLE_LIMIT, TEXT_LIMIT = 300, 100_000


def is_harvested(data: Flat) -> bool:
    """Whether the dataset comes from another catalogue: the harvester leaves its identifier there as an extra."""
    return any(key[0] == "extras" and key[-1] == "key" and value == "guid" for key, value in data.items() if len(key) == 3)


def scheming_validator(function: Any) -> Any:
    """Mark a validator that is made for each field (ckanext-scheming's own mark)."""
    function.is_a_scheming_validator = True
    return function


@scheming_validator
def tzc_required(field: dict[str, Any], schema: dict[str, Any]) -> Any:
    """What a person must give; a harvested dataset may lack it."""

    def validator(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
        if data.get(key) not in (missing, None, "", [], "[]"):
            return
        if field.get("demanded") and not is_harvested(data):
            errors[key].append(tk._("Please fill this in: it is needed to publish."))
            raise tk.StopOnError
        if data.get(key) is missing or data.get(key) is None:
            data.pop(key, None)
            raise tk.StopOnError

    return validator


@scheming_validator
def tzc_known_values(field: dict[str, Any], schema: dict[str, Any]) -> Any:
    """Each value one of the field's choices, unless the dataset is harvested."""

    def validator(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
        known = [choice["value"] for choice in tk.h.scheming_field_choices(field)]
        values = json.loads(data[key]) if data.get(key) else []
        unknowns = [value for value in values if value not in known]
        if unknowns and not is_harvested(data):
            for unknown in unknowns:
                errors[key].append(tk._('"%s" is not one of the choices; pick from the list.') % _short(unknown))
        # kept in the list's order, so that a change is one only when something changed
        data[key] = json.dumps(sorted(dict.fromkeys(values), key=lambda value: (known.index(value) if value in known else len(known), value)), ensure_ascii=False)

    return validator


@scheming_validator
def tzc_known_value(field: dict[str, Any], schema: dict[str, Any]) -> Any:
    """One of the field's choices, unless the dataset is harvested."""

    def validator(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
        value = data.get(key)
        if value in (missing, None, ""):
            return
        if value not in [choice["value"] for choice in tk.h.scheming_field_choices(field)] and not is_harvested(data):
            errors[key].append(tk._('"%s" is not one of the choices; pick from the list.') % _short(value))

    return validator


def tzc_axes_decide_groups(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """Leave out groups that were given beside the axes: membership follows from the axes alone (see `axes.join`)."""
    for known in [entry for entry in data if entry[0] == "groups"]:
        del data[known]


def tzc_hide_confidential(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """A confidential dataset is private in CKAN's sense too; a private one is confidential."""
    private = data.get(("private",))
    if data.get(key) == "confidential":
        data[("private",)] = True
    elif private in (True, "True", "true", "1"):
        data[key] = "confidential"


def tzc_plain_text(value: Any) -> Any:
    """Text of a bearable length, without control characters (pasted from elsewhere, they break feeds)."""
    if not isinstance(value, str):
        raise tk.Invalid(tk._("Please write text here."))
    if len(value) > TEXT_LIMIT:
        words = tk._("This text has %(have)d characters; at most %(most)d are kept. Put the rest into a document and link to it.")
        raise tk.Invalid(words % {"have": len(value), "most": TEXT_LIMIT})
    return CONTROL.sub("", value)


def tzc_email(value: Any) -> Any:
    """An e-mail address."""
    if value and not re.fullmatch(r"[^@\s,;<>\"']+@[^@\s,;<>\"']+\.[^@\s,;<>\"'.]+", str(value).removeprefix("mailto:")):
        raise tk.Invalid(tk._('"%s" is not an e-mail address; it looks like name@example.org.') % _short(value))
    return value


def tzc_web_address(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """A web address; a harvested one is kept as it is when it leads nowhere dangerous."""
    value = data.get(key)
    if not value or value is missing:
        return
    if not _is_web(str(value)):
        errors[key].append(tk._('"%s" is not a web address; it begins with https://') % _short(value))


def tzc_resource_address(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """An uploaded file's name, or an address of the web; never one that a browser would run (javascript:, data:)."""
    value = data.get(key)
    if not value or value is missing or data.get((*key[:-1], "url_type")) == "upload":
        return
    scheme = urlsplit(str(value).strip()).scheme.lower()
    if scheme and scheme not in {"http", "https", "ftp", "ftps", "sftp", "s3", "urn"}:
        errors[key].append(tk._('"%s" is not an address that a reader could open; it begins with https://') % _short(value))


def tzc_true_or_false(value: Any) -> bool:
    """A stored truth value, as such."""
    return str(value).lower() in {"true", "1"}


def _is_web(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"

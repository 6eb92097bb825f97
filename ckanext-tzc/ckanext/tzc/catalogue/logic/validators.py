"""Validators of the metadata schemas. Every message says how to mend the value."""
from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckan.lib.navl.dictization_functions import missing
from ckanext.tzc.common.numbers import whole_number
from ckanext.tzc.common.territory import territory
from ckanext.tzc.common.territory import text as label
from ckanext.tzc.schemas import vocabulary
from flask import has_request_context

from tzc.catalogue import addresses, keywords, siren
from tzc.catalogue.periods import ends_before_it_starts
from tzc.catalogue.quality import MOST as MOST_POINTS
from tzc.publishing.terms import moment
from tzc.rights import policy

Key = tuple[Any, ...]
Flat = dict[Key, Any]
Errors = dict[Key, list[str]]

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
"""Characters that no text needs; those that turn the reading direction around make a name read as another one."""
TITLE_LIMIT, TEXT_LIMIT = 300, 100_000
FORMAT_LIMIT = 60
MOST_SOURCES = 50
"""Sources that a dataset may be derived from."""


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
        if not _is_blank(data.get(key)):
            return
        if field.get("demanded") and not is_harvested(data):
            errors[key].append(tk._("Please fill this in: it is needed to publish."))
            raise tk.StopOnError
        if data.get(key) is missing or data.get(key) is None:
            data.pop(key, None)
            raise tk.StopOnError

    return validator


def _is_blank(value: Any) -> bool:
    """Whether nothing is given, or nothing that a reader would see: blanks, or characters without a shape (a zero-width space)."""
    if isinstance(value, str):
        return value == "[]" or all(unicodedata.category(character)[0] in "ZC" for character in value)
    return value in (missing, None, [])


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


def _is_yes_or_no(value: Any) -> bool:
    """Whether `private` is said, or left out; in a form's words or JSON's."""
    return value in (missing, None) or isinstance(value, bool) or (isinstance(value, (str, int)) and str(value).lower() in ("", "0", "1", "true", "false"))


def tzc_hide_confidential(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """A confidential dataset is private in CKAN's sense too; a private one is confidential."""
    private, package = data.get(("private",)), context.get("package")
    if not _is_yes_or_no(private):
        # CKAN takes whatever it does not know for no
        errors[("private",)].append(tk._("Whether a dataset is private is answered by true or false: “%s” is neither.") % _short(private))
        raise tk.StopOnError
    was_both = package is not None and package.private and package.extras.get("access_level") == "confidential"
    if data.get(key) == "confidential":
        if was_both and private in (False, "False", "false", "0"):
            errors[key].append(tk._("A confidential dataset is private: say which level of access it has now."))
        data[("private",)] = True
    elif private in (True, "True", "true", "1"):
        if was_both and data.get(key) not in (missing, None, ""):
            # the level was changed, `private` is only sent back as it was
            data[("private",)] = False
        else:
            data[key] = "confidential"


def tzc_level_for_persons(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """Data on persons have a level of access that the law allows them (`levels` of the vocabulary)."""
    category = next((entry for entry in vocabulary("personal-data") if entry["code"] == data.get(key)), None)
    level = _given(data, ("access_level",)) or "open"
    if category and level not in category.get("levels", [level]) and not is_harvested(data):
        allowed = [label(entry["label"]) for entry in vocabulary("access-level") if entry["code"] in category["levels"]]
        errors[key].append(tk._("Such data cannot be given to everybody (GDPR, article 9). Choose another access level: %s.") % ", ".join(allowed))


def tzc_college(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """A partner's college follows from its kind where it is not given."""
    kind = next((entry for entry in vocabulary("partner-kind") if entry["code"] == data.get(("kind",))), None)
    if not _given(data, key) and kind:
        data[key] = kind["college"]


def tzc_plain_text(value: Any) -> Any:
    """Text of a bearable length, without control characters (pasted from elsewhere, they break feeds)."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        # a program's version or year
        value = str(value)
    if not isinstance(value, str):
        raise tk.Invalid(tk._("Please write text here, between quotation marks in JSON: not a list, an object or true and false."))
    if len(value) > TEXT_LIMIT:
        words = tk._("This text has %(have)d characters; at most %(most)d are kept. Put the rest into a document and link to it.")
        raise tk.Invalid(words % {"have": len(value), "most": TEXT_LIMIT})
    return CONTROL.sub("", value)


def tzc_not_withheld(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """A description from which addresses were withheld, as in search results, must not replace the whole one."""
    given = data.pop(key, None)
    if given is not tk.missing and given not in (None, "", False, []):
        errors[key].append(tk._("Addresses of files are withheld in this description. Ask for the dataset by package_show as a member of its partner, and change what that gives."))


def tzc_kept_archived(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """Whether a dataset is archived is what a move made it, whatever is sent."""
    stored = context.get("package")
    kept = stored.extras.get(key[0]) if stored else None
    if not kept:
        data.pop(key, None)
        raise tk.StopOnError
    data[key] = kept


def tzc_format(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """The name of a format, such as CSV; a longer text of another catalogue is cut."""
    value = _given(data, key).strip()
    if len(value) > FORMAT_LIMIT and is_harvested(data):
        data[key] = value[:FORMAT_LIMIT]
    elif len(value) > FORMAT_LIMIT:
        errors[key].append(tk._("A format is a short name, such as CSV, GeoJSON or PDF: at most %d characters. Write more into the description.") % FORMAT_LIMIT)


def tzc_points(value: Any) -> Any:
    """Points of the quality of a description."""
    if whole_number(value, digits=3) is None or int(value) > MOST_POINTS:
        raise tk.Invalid(tk._("Please write a whole number from 0 to {most}.").format(most=MOST_POINTS))
    return value


LONGEST_ADDRESS = 2500
"""Bytes of a file's address, and of an identifier: there are indexes of both (`idx_package_resource_url`, `tzc_publishing_identifier`); PostgreSQL takes entries up to 2,704."""


def tzc_title(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """A line, not a text; a longer one of another catalogue is cut."""
    value = _given(data, key)
    if len(value) <= TITLE_LIMIT:
        return
    if is_harvested(data):
        data[key] = f"{value[: TITLE_LIMIT - 1]}…"
        return
    words = tk._("This title has %(have)d characters; at most %(most)d are kept. Say it shorter; the description has room for more.")
    errors[key].append(words % {"have": len(value), "most": TITLE_LIMIT})


def tzc_identifier(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """No other dataset's identifier: national portals would take the two for one, and refuse the second. A harvested one is kept, and told by the one that had it first."""
    value, stored = _given(data, key).strip(), context.get("package")
    own = stored.id if stored else _given(data, ("id",))
    if len(value.encode("utf-8", "replace")) > LONGEST_ADDRESS:
        errors[key].append(tk._("This identifier is longer than %d characters, which is the most.") % LONGEST_ADDRESS)
        return
    if not value or value == own or is_harvested(data) or (stored and stored.extras.get(key[0]) == value):
        return
    named = (model.Package.id == value) | (model.Package.extras[key[0]].astext == value)
    if model.Session.query(model.Package.id).filter(named, model.Package.id != own, model.Package.state != "deleted").first():
        errors[key].append(tk._("Another dataset has the identifier “%s” already. Leave it out: each has one of its own.") % _short(value))


def tzc_email(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """An e-mail address; a harvested one is kept as it is."""
    value = _given(data, key)
    if value and not re.fullmatch(r"[^@\s,;<>\"']+@[^@\s,;<>\"']+\.[^@\s,;<>\"'.]+", value.removeprefix("mailto:")) and not _from_elsewhere(key, data):
        errors[key].append(tk._('"%s" is not an e-mail address; it looks like name@example.org.') % _short(value))


def tzc_web_address(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """A web address. A harvested one is kept as it is; one that a browser would run is dropped."""
    value = _given(data, key).strip()
    if value:
        data[key] = value
    if value and not addresses.leads_somewhere(value) and not _from_elsewhere(key, data):
        errors[key].append(_mending(value))


def tzc_web_addresses(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """The same, for a list."""
    values = [value.strip() for value in json.loads(_given(data, key) or "[]")]
    if not values:
        return
    if is_harvested(data):
        values = [value for value in values if not addresses.runs(value)]
    else:
        errors[key] += [_mending(value) for value in values if not addresses.leads_somewhere(value)]
    data[key] = json.dumps(values, ensure_ascii=False)


def tzc_sources(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """What data are derived from: addresses, and datasets of this portal, kept by their id as their name may change. Harvested ones are kept as they are."""
    values = list(dict.fromkeys(value.strip() for value in json.loads(_given(data, key) or "[]") if value.strip()))
    if is_harvested(data):
        data[key] = json.dumps([value for value in values if not addresses.runs(value)], ensure_ascii=False)
        return
    stored = context.get("package")
    # of a source that was named before, somebody who may not see it keeps the mention
    before = json.loads(stored.extras.get(key[0]) or "[]") if stored else []
    own = stored.id if stored else _given(data, ("id",))
    kept = []
    for value in values[:MOST_SOURCES]:
        here = _name_here(value)
        found = value if value in before or (not here and addresses.leads_somewhere(value)) else _dataset_id(here or value, context)
        if not found and addresses.scheme(value) in addresses.WEB:
            errors[key].append(_mending(value))
        elif not found:
            words = tk._("“%s” is neither a dataset that you may see here nor an address that begins with https://. A dataset's name is the end of its address.")
            errors[key].append(words % _short(value))
        elif found == own:
            errors[key].append(tk._("A dataset is not derived from itself: name the data that it is made of."))
        elif found not in kept:
            kept.append(found)
    if len(values) > MOST_SOURCES:
        errors[key].append(tk._("At most %d sources are kept: name the most important ones.") % MOST_SOURCES)
    data[key] = json.dumps(kept if not errors[key] else values, ensure_ascii=False)


def _name_here(value: str) -> str:
    """The name in the address of one of this portal's datasets; nothing of another address."""
    found = re.fullmatch(re.escape(str(tk.config["ckan.site_url"]).rstrip("/")) + r"(?:/[a-z]{2}(?:_[A-Z]{2})?)?/dataset/([a-z0-9_-]+)/?", value)
    return found[1] if found else ""


def _dataset_id(name: str, context: dict[str, Any]) -> str:
    """The id of a dataset that the asker may see; nothing of another."""
    try:
        found = tk.get_action("package_show")({"user": context.get("user", ""), "ignore_auth": bool(context.get("ignore_auth"))}, {"id": name})
    except (tk.ObjectNotFound, tk.NotAuthorized):
        return ""
    return str(found["id"]) if found.get("type") == "dataset" else ""


def tzc_harmless(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """Whatever an API or another catalogue says, but no address that a browser would run."""
    value = _given(data, key)
    if addresses.runs(value) and not _from_elsewhere(key, data):
        errors[key].append(_mending(value))


def tzc_harmless_lines(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """The same, for a list."""
    values = json.loads(_given(data, key) or "[]")
    bad = [value for value in values if addresses.runs(value)]
    if bad and not is_harvested(data):
        errors[key] += [_mending(value) for value in bad]
    elif bad:
        data[key] = json.dumps([value for value in values if value not in bad], ensure_ascii=False)


def tzc_resource_address(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """An uploaded file's name, or an address where a reader finds the data; never one that a browser would run."""
    value = _given(data, key).strip()
    if len(value.encode("utf-8", "replace")) > LONGEST_ADDRESS:
        words = tk._("This address is longer than %d characters, which is the most. Give a shorter one, such as that of the page where the file is found.")
        errors[key].append(words % LONGEST_ADDRESS)
        return
    # a file or a table of the DataStore is no address
    if not value or _given(data, (*key[:-1], "url_type")):
        return
    if addresses.scheme(value) == "urn" or addresses.leads_somewhere(value, addresses.REMOTE) or _from_elsewhere(key, data):
        return
    errors[key].append(_mending(value))


FRENCH_DAY = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
"""A day as it is written in France."""


def _day_as_stored(value: str) -> str:
    """On a French page `12/05/2025` is the twelfth of May; elsewhere it might be another day, and stays as it was typed."""
    written = FRENCH_DAY.fullmatch(value.strip())
    if written is None or not has_request_context() or tk.h.lang() != "fr":
        return value
    day = f"{written[3]}-{int(written[2]):02}-{int(written[1]):02}"
    return day if moment(day) else value


def _no_day(value: str) -> str:
    return str(tk._("“%s” is no day of the calendar. Write it as 2026-11-28; a year or a month alone will do too.")) % _short(value)


def tzc_written_date(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """A day as people write it, before all other validators of dates, whose words are others; what cannot be read is told of."""
    value = data.get(key)
    if not isinstance(value, str) or not value.strip() or is_harvested(data):
        return
    data[key] = _day_as_stored(value)
    if moment(data[key]) is None:
        errors[key].append(_no_day(value))
        raise tk.StopOnError


def tzc_calendar_date(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """A day that the calendar has; of another catalogue it is kept as it is, and not published."""
    value = _given(data, key)
    if value and not errors[key] and moment(value) is None and not is_harvested(data):
        errors[key].append(_no_day(value))


def tzc_embargo(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """Until when the data are kept back: a day or a moment where the territory is, kept as a moment in UTC."""
    value = _day_as_stored(_given(data, key).strip())
    if not value:
        data[key] = ""
        return
    try:
        stated = datetime.fromisoformat(value.replace("Z", "+00:00"))
        ends = (stated if stated.tzinfo else stated.replace(tzinfo=ZoneInfo(territory().timezone))).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        if is_harvested(data):
            data[key] = ""
        else:
            errors[key].append(tk._("“%s” is no day of the calendar. Write it as 2026-11-28, or with a time as 2026-11-28T09:00.") % _short(value))
        return
    data[key] = f"{ends:%Y-%m-%dT%H:%M:%SZ}"
    stored = context.get("package")
    if ends <= datetime.now(timezone.utc) and not is_harvested(data) and not (stored and stored.extras.get(key[0]) == data[key]):
        errors[key].append(tk._("This moment has passed already. Choose one to come, or leave this empty: the data are then given at once."))


def tzc_file_level(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """A level of a file's own: stricter than open. One that is no stricter than the dataset's changes nothing."""
    value = _given(data, key)
    if value == policy.OPEN or (is_harvested(data) and value not in policy.LEVELS):
        data[key] = ""
    elif value == policy.CONFIDENTIAL:
        errors[key].append(tk._("A file of a dataset that others see is not confidential: put it into a dataset of its own, which is."))


def tzc_end_of_period(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """The end of a period does not lie before its start, unless the dataset is harvested."""
    start, end = _given(data, (*key[:-1], "start")), _given(data, key)
    if ends_before_it_starts(start, end) and not is_harvested(data):
        errors[key].append(tk._("The period ends (%(end)s) before it begins (%(start)s). Change one of the two dates.") % {"start": start[:10], "end": end[:10]})


def tag_string_convert(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """Keywords written in a line, in the place of CKAN's validator of this name: apostrophes may stand in them, and all faults are told at once."""
    value = data.get(key)
    words = keywords.split(value) if isinstance(value, str) else [keywords.clean(str(word)) for word in value or []]
    # CKAN's form sends the same line as `tags` too
    there = {entry[1]: keywords.clean(str(value)) for entry, value in data.items() if len(entry) == 3 and entry[0] == "tags" and entry[2] == "name"}
    for number, word in enumerate([word for word in words if word not in there.values()], max(there, default=-1) + 1):
        data[("tags", number, "name")] = word
    errors[key] += [_keyword_words(word) for word in words if keywords.fault(word)]


def tag_length_validator(value: Any) -> Any:
    """In the place of CKAN's: `tag_name_validator` says it all."""
    return value


def tag_name_validator(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """One keyword, in the place of CKAN's validator of this name; what is harvested is made such that it is taken."""
    word = keywords.clean(str(data[key]))
    if is_harvested(data):
        word = keywords.tamed(word) or tk._("other")
    # a line of keywords is told of as a whole, at its own field
    elif keywords.fault(word) and not _given(data, ("tag_string",)):
        errors[key].append(_keyword_words(word))
    data[key] = word


def _keyword_words(word: str) -> str:
    messages = {
        "short": tk._("The keyword “%s” is too short: write at least two characters."),
        "long": tk._("The keyword “%s” is too long: write at most 100 characters; commas part keywords."),
        "characters": tk._("The keyword “%s” has characters that are not taken: use letters, digits, spaces, apostrophes and - _ . / & ( ) + ° % : only; commas part keywords."),
    }
    return str(messages[keywords.fault(word)]).replace("%s", _short(word))


def tzc_dataset_name(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """The name in a dataset's address; made from its title where none is given."""
    if context.get(addresses.NAMED_LATER):
        data[key] = ""
        return
    stored = context.get("package")
    own = stored.id if stored else _given(data, ("id",))
    _name(key, data, errors, stored, addresses.OTHERWISE, lambda name: _is_taken(model.Package, name, own))
    if errors[key] and _begun(_given(data, key), own, context):
        errors[key][:] = [tk._("You have begun this dataset already: it waits on your desk, as a draft. Go on there, or choose another address for a second one.")]


def tzc_partner_name(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """The same for a partner."""
    stored = context.get("group")
    _name(key, data, errors, stored, "partenaire", lambda name: _is_taken(model.Group, name, stored.id if stored else _given(data, ("id",))))


def _name(key: Key, data: Flat, errors: Errors, stored: Any, otherwise: str, taken: Callable[[str], bool]) -> None:
    value = _given(data, key).strip()
    title = _given(data, ("title",))
    if not value:
        data[key] = stored.name if stored else addresses.free_name(title, otherwise, taken)
        return
    data[key] = value
    if not re.fullmatch(r"[a-z0-9_-]{2,100}", value) or value in addresses.RESERVED:
        words = tk._("“%(name)s” cannot be an address. Use 2 to 100 small letters without accents, digits and hyphens, such as “%(other)s”; left empty, it follows the title.")
        errors[key].append(words % {"name": _short(value), "other": addresses.free_name(value, otherwise, taken)})
    elif taken(value):
        words = tk._("The address “%(name)s” is taken already. Choose another, such as “%(other)s”, or leave it empty: it follows the title.")
        errors[key].append(words % {"name": value, "other": addresses.free_name(value, otherwise, taken)})


def _begun(name: str, own: str, context: dict[str, Any]) -> bool:
    """Whether a name is that of the asker's own draft, as after the browser's back button."""
    user = model.User.get(context.get("user") or "")
    drafts = model.Session.query(model.Package.id).filter(model.Package.name == name, model.Package.id != own, model.Package.state.like("draft%"))
    return user is not None and drafts.filter(model.Package.creator_user_id == user.id).first() is not None


def _is_taken(kind: Any, name: str, own: str) -> bool:
    """By another one, a deleted one too: it may come back."""
    return bool(model.Session.query(kind.id).filter(kind.name == name, kind.id != own).first())


def tzc_owner(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """Ask for the partner in the words of the other fields, before CKAN's own check of rights; a harvest knows its source's partner, and need not ask."""
    if context.get(addresses.OWNER) and _given(data, key) == context[addresses.OWNER]:
        raise tk.StopOnError
    if not _given(data, key) and not is_harvested(data):
        errors[key].append(tk._("Please choose a partner: each dataset is published by one."))
        raise tk.StopOnError


def tzc_logo(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """An uploaded picture's file name: one that lies elsewhere is not shown (the security policy forbids it). The portal's own commands may name one."""
    if addresses.scheme(_given(data, key)) and not context.get("ignore_auth"):
        errors[key].append(tk._("A logo is uploaded here: pictures that lie elsewhere are not shown. Save the picture, then choose it as a file."))


def tzc_siren(value: Any) -> Any:
    """A SIREN, kept without blanks."""
    number = re.sub(r"[\s.-]", "", str(value))
    if not siren.is_siren(number):
        raise tk.Invalid(tk._("“%s” is no SIREN: it has nine digits, and the last one checks the others. Look for a mistyped digit.") % _short(value))
    return number


def tzc_siret(key: Key, data: Flat, errors: Errors, context: dict[str, Any]) -> None:
    """A SIRET, kept without blanks; it begins with the SIREN where one is given."""
    given = _given(data, key)
    number = re.sub(r"[\s.-]", "", given)
    body = re.sub(r"[\s.-]", "", _given(data, ("siren",)))
    data[key] = number
    if not siren.is_siret(number):
        errors[key].append(tk._("“%s” is no SIRET: it has fourteen digits, and the last one checks the others. Look for a mistyped digit.") % _short(given))
    elif siren.is_siren(body) and not number.startswith(body):
        errors[key].append(tk._("This SIRET belongs to another body: it should begin with the SIREN, %s.") % body)


def tzc_days(value: Any) -> Any:
    """A number of days from 1 to 3650, as text."""
    if not re.fullmatch(r"\s*[0-9]{1,4}\s*", str(value)) or not 1 <= int(value) <= 3650:
        raise tk.Invalid(tk._("“%s” is no number of days; write a whole number from 1 to 3650.") % _short(value))
    return str(int(value))


def tzc_true_or_false(value: Any) -> bool:
    """A stored truth value, as such."""
    return str(value).lower() in {"true", "1"}


def _given(data: Flat, key: Key) -> str:
    """What was given for a field, as text; nothing where it was not."""
    value = data.get(key)
    return "" if value is None or value is missing else str(value)


def _from_elsewhere(key: Key, data: Flat) -> bool:
    """Whether a value comes from another catalogue, which cannot be asked to mend it; one that a browser would run is dropped then."""
    if not is_harvested(data):
        return False
    if addresses.runs(_given(data, key)):
        data[key] = ""
    return True


def _mending(value: str) -> str:
    """What is wrong with an address, and the one that was probably meant."""
    meant = addresses.mended(value)
    if meant:
        return str(tk._("“%(value)s” is not a whole address. Did you mean %(meant)s?")) % {"value": _short(value), "meant": meant}
    return str(tk._("“%s” is not a web address. It looks like https://example.org/page: copy it from your browser's address bar.")).replace("%s", _short(value))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"

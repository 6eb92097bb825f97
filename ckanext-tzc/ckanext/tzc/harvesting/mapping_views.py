"""Pages of a source's mapping, and of datasets that are perhaps there twice. Everything that is kept is sent by a form."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import language
from flask import Blueprint, Response
from werkzeug.datastructures import MultiDict

from tzc.harvesting import mapping as rules

from . import columns, mappings, reports, samples, values, views
from .engine import store

mapped = Blueprint("tzc_harvest_mapping", __name__)

MORE = 3
"""Empty lines at the end of each table."""

CHOSEN = ("licence", "theme", "axis", "commune", "language")
"""Tables whose right side is chosen from a list; that of the others is written."""

PAIRS = 20
"""Pairs on a page."""


def _table_words() -> dict[str, tuple[str, str]]:
    """What each table is called, and what it does."""
    return {
        "licence": (tk._("Licences"), tk._("How the source states a licence, and which one of ours it is.")),
        "theme": (tk._("Themes"), tk._("Keywords of the source, and the European theme that they stand for.")),
        "axis": (tk._("Axes"), tk._("Keywords, codes of themes or publishers of the source, and the axis to which their datasets belong.")),
        "commune": (tk._("Communes"), tk._("Names of places at the source, and the commune where they lie.")),
        "publisher": (tk._("Publishers"), tk._("How the source calls a publisher, and how it is called here.")),
        "language": (tk._("Languages"), tk._("Languages that the portal did not understand.")),
        "format": (tk._("Formats"), tk._("Formats as the source calls them, and as they are called here.")),
    }


def _field_words() -> dict[str, str]:
    """What the fields are called of which the mapping says whose word counts."""
    return {
        "title": tk._("Title"), "notes": tk._("Description"), "tags": tk._("Keywords"), "theme": tk._("Themes"), "axis": tk._("Axes"),
        "communes": tk._("Communes"), "license_id": tk._("Licence"),
        "language": tk._("Languages"), "frequency": tk._("How often it changes"), "contact": tk._("Contact"), "publisher": tk._("Publisher"), "spatial_coverage": tk._("Places"),
        "temporal_coverage": tk._("Periods"), "provenance": tk._("Provenance"), "documentation": tk._("Documentation"), "access_level": tk._("Access"),
    }  # fmt: skip


def _keep_words() -> dict[str, str]:
    """Whose word counts where a field was edited here."""
    return {"unless_changed": tk._("the edit stays until the source changes it"), "always": tk._("the edit stays always"), "never": tk._("the source’s word counts")}


def of_form(form: MultiDict[str, str]) -> dict[str, Any]:
    """The mapping that a form says. Lines without our word are left out: most are only proposals."""

    def several(name: str) -> list[str]:
        return [value for value in form.getlist(name) if value]

    def lines(name: str) -> list[str]:
        return list(dict.fromkeys(line.strip() for line in form.get(name, "").splitlines() if line.strip()))

    read: dict[str, Any] = {}
    for table in rules.TABLES:
        pairs = zip(form.getlist(f"{table}-word"), form.getlist(f"{table}-ours"), strict=False)
        read[table] = {word.strip(): ours.strip() for word, ours in pairs if word.strip() and ours.strip()}
    listed = {"theme", "axis", "communes"}
    read["defaults"] = {name: several(f"defaults-{name}") if name in listed else form.get(f"defaults-{name}", "").strip() for name in rules.DEFAULTS}
    read["filters"] = {name: lines(f"filters-{name}") for name in rules.FILTERS}
    read["local_edits"] = {field: said for field in rules.EDITED if (said := form.get(f"edits-{field}", "")) and said != "unless_changed"}
    read["contact"] = {name: form.get(f"contact-{name}", "").strip() for name in ("name", "email", "url")}
    if form.get("redistribution") in {"yes", "no"}:
        read["redistribution"] = {"allowed": form["redistribution"] == "yes", "why": form.get("redistribution-why", "").strip()}
    return {part: filled for part, value in read.items() if (filled := {key: said for key, said in value.items() if said not in ("", [])})}


def _sent(form: MultiDict[str, str], package: Any, stored: dict[str, Any]) -> dict[str, Any]:
    """The mapping that a form says, with its choice of a table's columns."""
    read = of_form(form)
    if columns.has(package.id) and (chosen := columns.of_form(form, package.id, stored.get("columns", {}))):
        read["columns"] = chosen
    return read


def _shown(mapping: dict[str, Any], seen: samples.Seen) -> dict[str, Any]:
    """What the form is drawn of."""
    tables = []
    for name, (title, help_text) in _table_words().items():
        given = mapping.get(name, {})
        known = {word.casefold() for word in given}
        needed = [word for word in seen.needed[name] if word.casefold() not in known]
        proposed = dict.fromkeys((*needed, *(word for word in seen.words[name] if word.casefold() not in known)))
        rows = [*given.items(), *((word, "") for word in proposed), *[("", "")] * MORE]
        counts = {"given": len(given), "needed": len(needed)}
        tables.append({"name": name, "title": title, "help": help_text, "rows": rows, **counts, "choices": mappings.choices(name) if name in CHOSEN else None})
    return {
        "tables": tables,
        "needed": sum(table["needed"] for table in tables),
        "choices": {name: mappings.choices(name) for name in rules.DEFAULTS if name != "publisher"},
        "fields": _field_words(),
        "keep_words": _keep_words(),
        "mapping": mapping,
        "keeps": rules.keeps(mapping),
    }


def _mistakes(mapping: dict[str, Any]) -> list[dict[str, str]]:
    """What is wrong: `{"part", "words"}`."""
    try:
        rules.checked(mapping, mappings.lists())
    except rules.MappingError as error:
        return [{"part": mistake.key.partition(".")[0], "words": f"{mistake.key.partition('.')[2] or mistake.key}: {mistake.text(language())}"} for mistake in error.mistakes]
    return []


@mapped.route("/harvest/<name>/correspondances", methods=["GET", "POST"])
def mapping(name: str) -> views.Page:
    """A source's mapping: see what it makes of three datasets, and save it."""
    package = views._source(name)
    stored = tk.get_action("tzc_harvest_mapping_show")(views._context(), {"source": package.id})
    sent = tk.request.form if tk.request.method == "POST" else None
    given = _sent(sent, package, stored["mapping"]) if sent is not None else stored["mapping"]
    before = sent.get("before", "") if sent is not None else stored["version"]
    errors = [*_mistakes(given), *({"part": "columns", "words": words} for words in (columns.mistakes(sent) if sent is not None and "ask" not in sent else []))]
    if sent is not None and "save" in sent and not errors:
        try:
            made = tk.get_action("tzc_harvest_mapping_update")(views._context(), {"source": package.id, "mapping": given, "before": before})
        except tk.ValidationError as error:
            errors = [{"part": "", "words": words} for said in error.error_dict.values() for words in said]
        else:
            tk.h.flash_success(tk._("Nothing was changed.") if made["version"] == stored["version"] else _saved(package))
            answer: Response = tk.h.redirect_to("tzc_harvest_mapping.mapping", name=package.name)
            return answer
    refused = _asked(package) if sent is not None and "ask" in sent else ""
    seen, standing, of_table = samples.seen(package.id, stored["mapping"] if errors else given), reports.standing(package), columns.shown(package.id, given.get("columns", {}))
    may_ask = bool(standing and standing["ours"] and standing["active"] and not (standing["last"] and standing["last"]["open"]))
    told = {"tried": [] if errors else mappings.tried(seen.samples, given), "refused": refused, "may_ask": may_ask, "of_table": of_table}
    more = {"before": before, "errors": errors, "stored": stored, "unsaved": sent is not None, **told}
    page: views.Page = tk.render("harvesting/mapping.html", {"source": standing, **_shown(given, seen), **more})
    return page


def _saved(package: Any) -> str:
    """What is told after a mapping was saved, by what is under way."""
    run = store.open_run(package.id)
    if run is None:
        return str(tk._("The mapping is saved. The next run uses it for all datasets of the source."))
    if run.state == store.PLANNED:
        return str(tk._("The mapping is saved. The plan that waits was made without it: plan again."))
    return str(tk._("The mapping is saved. The run that is under way began without it and may end so; the next one uses it."))


def _asked(package: Any) -> str:
    """Ask the source for samples; why there are none, else nothing."""
    try:
        tk.get_action("tzc_harvest_mapping_sample")(views._context(), {"source": package.id})
    except tk.ValidationError as error:
        return "; ".join(str(words) for words in error.error_summary.values())
    return ""


@mapped.route("/harvest/<name>/correspondances/versions")
def versions(name: str) -> views.Page:
    """All versions of a source's mapping."""
    package = views._source(name)
    listed = tk.get_action("tzc_harvest_mapping_versions")(views._context(), {"source": package.id})
    told = [{**version, "parts": _parts(version["mapping"])} for version in listed]
    page: views.Page = tk.render("harvesting/mapping_versions.html", {"source": reports.standing(package), "versions": told})
    return page


def _parts(mapping: dict[str, Any]) -> list[dict[str, Any]]:
    """What a version says, part by part: `[{"title", "lines": [(word, ours)]}]`."""
    titles = {name: words[0] for name, words in _table_words().items()}
    titles |= {"defaults": tk._("Where the source says nothing"), "filters": tk._("What is taken"), "local_edits": tk._("Edits made here")}
    titles |= {"contact": tk._("Contact"), "redistribution": tk._("Other portals"), "columns": tk._("Columns of the table")}
    keeps, fields = _keep_words(), _field_words()

    def line(part: str, word: str, ours: Any) -> tuple[str, str]:
        if part == "local_edits":
            return fields.get(word, word), keeps.get(ours, ours)
        if part == "columns":
            return word, columns.said(ours)
        if part in rules.TABLES:
            return word, values.said(part, ours)
        return values.part(word), values.said(word, ours)

    return [{"title": titles.get(part, part), "lines": [line(part, word, ours) for word, ours in said.items()]} for part, said in mapping.items()]


@mapped.route("/harvest/<name>/doublons")
def doubles(name: str) -> views.Page:
    """Datasets of a source that are perhaps there twice."""
    package = views._source(name)
    number = views._page_asked()
    found = tk.get_action("tzc_harvest_doubles")(views._context(), {"source": package.id, "limit": PAIRS, "offset": (number - 1) * PAIRS})
    page: views.Page = tk.render("harvesting/doubles.html", {"source": reports.standing(package), "found": found, "page": views._pages(number, found["count"], PAIRS)})
    return page


@mapped.route("/harvest/<name>/doublons", methods=["POST"])
def decide(name: str) -> Response:
    """Keep what somebody says of a pair."""
    package = views._source(name)
    sent = tk.request.form
    asked = {"source": package.id, "one": sent.get("one", ""), "other": sent.get("other", ""), "decision": sent.get("decision", "")}
    try:
        tk.get_action("tzc_harvest_double_decide")(views._context(), asked)
    except tk.ObjectNotFound:
        tk.h.flash_error(tk._("That pair is not there any more."))
    except tk.ValidationError as error:
        tk.h.flash_error("; ".join(str(words) for words in error.error_summary.values()))
    answer: Response = tk.h.redirect_to("tzc_harvest_mapping.doubles", name=package.name)
    return answer

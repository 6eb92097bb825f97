"""The workflow room's own checks, and the checklist of all rooms."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import checks
from ckanext.tzc.common.checks import Finding, Partner

PERSONS = {"anonymised", "pseudonymised", "personal", "sensitive"}


def own(package: Mapping[str, Any], partner: Partner) -> Iterator[Finding]:
    """What every publication is asked for. A harvested dataset comes by its source's rule: what it lacks is told, and blocks nothing."""
    elsewhere = checks.is_harvested(package)
    licence = package.get("license_id") or ""
    yield Finding("title", bool(_text(package, "title")), tk._("It has a title."), not elsewhere, "title")
    yield Finding("description", bool(_text(package, "notes")), tk._("It has a description."), not elsewhere, "notes")
    yield Finding("licence", bool(licence) and licence != "notspecified", tk._("Its licence is known."), not elsewhere, "license_id")
    if partner.allowed_licences and licence:
        yield Finding("allowed_licence", licence in partner.allowed_licences, tk._("Its licence is one that the partner allows."), not elsewhere, "license_id")
    yield Finding("access_level", bool(package.get("access_level")), tk._("It says who may have the data."), not elsewhere, "access_level")
    contacts = [entry for entry in package.get("contact") or [] if isinstance(entry, dict) and any(entry.values())]
    told = tk._("It says whom to ask: a contact of its own, or the partner's address.")
    yield Finding("contact", bool(contacts) or bool(_partner_address(package)), told, partner.governed and not elsewhere, "contact")
    if package.get("personal_data") in PERSONS:
        told = tk._("It concerns persons: a report says how they are protected.")
        yield Finding("personal_data_report", bool(_text(package, "personal_data_report")), told, partner.governed and not elsewhere, "personal_data_report")
    yield Finding("files", bool(package.get("resources")), tk._("It has a file."), False, url=_files(package))


def _text(package: Mapping[str, Any], field: str) -> str:
    return str(package.get(field) or "").strip()


def _partner_address(package: Mapping[str, Any]) -> str:
    import ckan.model as model

    partner = model.Group.get(package["owner_org"]) if package.get("owner_org") else None
    return str(partner.extras.get("email") or "") if partner else ""


def _files(package: Mapping[str, Any]) -> str:
    return str(tk.h.url_for("dataset_resource.new", id=package["name"])) if package.get("name") else ""


def checklist(package: Mapping[str, Any], partner: Partner) -> list[dict[str, Any]]:
    """All lines, what blocks first: `{"rule", "ok", "blocks", "words", "url"}`; `url` leads to what mends it."""
    found = list(checks.findings(package, partner))
    found.sort(key=lambda finding: (finding.ok, not finding.blocks))
    return [{"rule": one.rule, "ok": one.ok, "blocks": one.blocks, "words": one.words, "url": one.url or _field(package, one.field)} for one in found]


def blocking(package: Mapping[str, Any], partner: Partner) -> list[Finding]:
    """What is in the way of a publication."""
    return [finding for finding in checks.findings(package, partner) if finding.blocks and not finding.ok]


def _field(package: Mapping[str, Any], field: str) -> str:
    if not field or not package.get("name"):
        return ""
    return f"{tk.h.url_for('dataset.edit', id=package['name'])}#field-{field}"


def refusal(found: list[Finding]) -> tk.ValidationError:
    """The error that says what blocks, by field."""
    told: dict[str, list[str]] = {}
    for finding in found:
        told.setdefault(finding.field or finding.rule, []).append(tk._("Not fulfilled yet: {rule}").format(rule=finding.words))
    return tk.ValidationError(told)


def register() -> None:
    """Have them counted."""
    checks.register("workflow", own)

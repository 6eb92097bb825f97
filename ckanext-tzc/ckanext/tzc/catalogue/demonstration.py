"""The demonstration catalogue: read from YAML, written through public actions as its partners' own users.

What the catalogue refuses to a partner it refuses to the demonstration: no check is passed over.
"""
from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import click
import yaml
from ckanext.tzc.common.territory import territory
from ckanext.tzc.schemas import vocabulary
from werkzeug.datastructures import FileStorage

SHOWN_PARTNER = 1
"""Which partner's account a newcomer is given: the second one, a town."""


def load(update: bool) -> dict[str, Any]:
    """Load what is missing, and with `update` bring descriptions up to date.

    Returns `{"partners", "datasets", "accounts": [{"role", "name", "password"}]}`; accounts only when made now.
    """
    folder = Path(tk.config["tzc.demo"])
    catalogue = yaml.safe_load((folder / "catalogue.yaml").read_text(encoding="utf-8"))
    if catalogue["territory"] != territory().id:
        raise click.ClickException(f"The demonstration catalogue is about {catalogue['territory']!r}, with its axes and communes; this portal is about {territory().id!r}.")
    administrator = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    accounts = []
    for position, partner in enumerate(catalogue["partners"]):
        password = _partner(administrator, partner, update)
        if password and position == SHOWN_PARTNER:
            accounts.append({"role": "Partner", "name": _account(partner["name"]), "password": password})
    for dataset in catalogue["datasets"]:
        _dataset(folder, dataset, update)
    return {"partners": len(catalogue["partners"]), "datasets": len(catalogue["datasets"]), "accounts": accounts}


def _account(partner: str) -> str:
    return f"agent-{partner}".removesuffix("-demo")


def _partner(administrator: str, partner: dict[str, Any], update: bool) -> str | None:
    """Make a partner and its first editor; the editor's password when made now."""
    there = model.Group.get(partner["name"])
    if there is None:
        tk.get_action("organization_create")({"user": administrator}, dict(partner))
    elif update:
        tk.get_action("organization_patch")({"user": administrator}, {"id": there.id, **partner})
    name = _account(partner["name"])
    if model.User.get(name):
        return None
    password = secrets.token_urlsafe(12)
    tk.get_action("user_create")({"user": administrator}, {"name": name, "email": f"{name}@example.org", "password": password, "fullname": f"Agent – {partner['title']}"})
    tk.get_action("organization_member_create")({"user": administrator}, {"id": partner["name"], "username": name, "role": "editor"})
    return password


def _dataset(folder: Path, dataset: dict[str, Any], update: bool) -> None:
    user = _account(dataset["owner"])
    there = model.Package.get(dataset["name"])
    wanted = _metadata(dataset)
    if there is None:
        tk.get_action("package_create")({"user": user}, wanted)
    elif update:
        tk.get_action("package_patch")({"user": user}, {"id": there.id, **wanted})
    have = {resource.name for resource in there.resources} if there else set()
    for resource in dataset["resources"]:
        if resource["name"] not in have:
            _resource(folder, user, dataset["name"], resource)


def _metadata(dataset: dict[str, Any]) -> dict[str, Any]:
    """The dataset as the schema wants it: codes become IRIs, `all` every commune."""
    place = territory()
    period = dataset.get("temporal")
    contact = dataset.get("contact")
    return {
        "name": dataset["name"],
        "title": dataset["title"],
        "notes": dataset["notes"],
        "owner_org": dataset["owner"],
        "tags": [{"name": tag} for tag in dataset["tags"]],
        "axis": dataset["axis"],
        "communes": list(place.commune_names) if dataset["communes"] == "all" else dataset["communes"],
        "access_level": dataset["access_level"],
        "license_id": dataset["license_id"],
        "personal_data": dataset.get("personal_data", ""),
        "personal_data_report": dataset.get("personal_data_report", ""),
        "theme": [_iri("data-theme", code) for code in dataset["theme"]],
        "hvd_category": [_iri("hvd-category", code) for code in dataset.get("hvd", [])],
        "frequency": _iri("frequency", dataset["frequency"]),
        "language": [_iri("language", code) for code in dataset["language"]],
        "temporal_coverage": [{key: str(value) for key, value in period.items()}] if period else [],
        "contact": [contact] if contact else [],
        "provenance": dataset.get("provenance", ""),
        "demonstration": True,
    }


def _iri(name: str, code: str) -> str:
    short = {"CONT": "UPDATE_CONT"}.get(code, code)
    found = next((entry for entry in vocabulary(name) if short in {entry["code"], entry.get("iso")}), None)
    if found is None:
        raise tk.ValidationError({name: [f"{code} is not in the vocabulary {name}"]})
    return str(found["uri"])


def _resource(folder: Path, user: str, package: str, resource: dict[str, Any]) -> None:
    wanted = {"package_id": package, "name": resource["name"], "description": resource.get("description", ""), "format": resource["format"]}
    if "url" in resource:
        tk.get_action("resource_create")({"user": user}, {**wanted, "url": resource["url"], "format": "HTML" if resource["format"] == "link" else resource["format"]})
        return
    file = folder / resource["file"]
    with file.open("rb") as stream:
        upload = FileStorage(stream=stream, filename=file.name)
        tk.get_action("resource_create")({"user": user}, {**wanted, "url": file.name, "upload": upload})

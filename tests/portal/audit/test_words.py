"""The journal says in words what happened; no code and no id is left to its reader."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckanext.tzc.audit import words
from ckanext.tzc.workflow import courses

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "with_request_context")

ROOMS = Path(words.__file__).parents[1]
ROOMS_THAT_TELL = ("rights", "workflow", "agreements", "audit", "harvesting")
KIND = re.compile(r'"((?:request|grant|dataset|delegation|duty|terms|invitation|link|agreement|licence|access|member|administrator|data|audit)\.[a-z_]+)"')
PAGES = {"dataset.read", "dataset.edit", "dataset.search", "dataset.new", "dataset.resources", "dataset.delete"}


def test_whatever_rooms_tell_has_words() -> None:
    told = {kind for room in ROOMS_THAT_TELL for file in (ROOMS / room).rglob("*.py") if file.name != "words.py" for kind in KIND.findall(file.read_text())} - PAGES
    told |= {*courses.TOLD.values(), *courses.TOLD_FROM.values(), *(f"dataset.change_{state}" for state in ("accepted", "sent_back", "withdrawn"))}
    assert len(told) > 40 and told <= set(words.kinds())


def particulars(kind: str, **content: Any) -> str:
    return " ".join(words.particulars({"kind": kind, "content": content}))


def test_particulars_are_words() -> None:
    partner = factories.Organization(image_url="", title="Le port")
    one, other = (factories.User(fullname=name) for name in ("Danielle Décide", "Rémi Remplace"))
    assert "Licence Ouverte" in (licence := particulars("licence.changed", **{"from": "lov2", "to": "odbl"})) and "lov2" not in licence and "odbl" not in licence
    access = particulars("access.changed", **{"from": {"level": "open", "private": False}, "to": {"level": "restricted", "private": True, "embargo": "2027-01-01", "partner": partner["id"]}})
    assert "Le port" in access and "2027-01-01" in access and not re.search("restricted|False|True|level|partner", access)
    assert particulars("access.changed", **{"from": {"level": ""}, "to": {"level": "restricted"}}).count("–") == 1
    place = particulars("member.changed", **{"from": None, "to": "editor"})
    assert tk._("Editor") in place and "editor" not in place
    delegation = particulars("delegation.created", **{"from": one["id"], "to": other["id"], "duty": "decider"})
    assert "Danielle Décide" in delegation and "Rémi Remplace" in delegation and one["id"] not in delegation
    assert "officer" not in (duty := particulars("duty.given", duty="officer")) and duty
    assert particulars("administrator.changed", administrator=True) != particulars("administrator.changed", administrator=False) != ""
    assert model.User.get(one["id"]) is not None

"""Which licence a dataset was under, when."""
from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]


def told(name: str, user: str = "", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = tk.get_action("tzc_licence_history")({"user": user}, {"id": name, **more})
    return found


def codes(name: str) -> list[str]:
    return [entry["licence"] for entry in told(name)["licences"]]


def test_each_licence_in_force_is_written_down_with_its_time(publish: Publish, partner: dict[str, Any], app: Any) -> None:
    made = publish(license_id="lov2")
    for change in ({"license_id": "odbl"}, {"title": "Un autre titre"}, {"license_id": "odbl"}, {"license_id": "lov2"}):
        tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], **change})
    found = told(made["name"])["licences"]
    assert [entry["licence"] for entry in found] == ["lov2", "odbl", "lov2"]
    assert [entry["until"] for entry in found] == [None, found[0]["since"], found[1]["since"]]
    assert all(entry["exact"] for entry in found)
    page = app.get(f"/dataset/{made['name']}").body
    assert "Licences précédentes" in page and "ODbL 1.0 – partage à l" in page
    assert "Licences précédentes" not in app.get(f"/dataset/{publish()['name']}").body


def test_the_licence_of_a_past_day_is_told(publish: Publish, partner: dict[str, Any]) -> None:
    made = publish(license_id="lov2")
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "license_id": "odbl"})
    rows = sorted(told(made["id"])["licences"], key=lambda entry: entry["since"])
    # as if it had been published in March and changed on the second of May, at half past midnight of Paris
    for entry, moment in zip(rows, ("2026-03-01T10:00:00+00:00", "2026-05-01T22:30:00+00:00"), strict=True):
        model.Session.execute(sa.text("UPDATE tzc_rights_licence SET since = :moment WHERE package_id = :id AND licence = :licence"), {"moment": moment, "id": made["id"], "licence": entry["licence"]})
    model.Session.commit()
    cases = {
        "2026-02-28": None, "2026-03-01": "lov2", "2026-05-01": "lov2", "2026-05-02": "odbl", "2026-05-01T22:29:59Z": "lov2", "2026-05-01T22:30:00Z": "odbl", "2026-05-02T00:29:00": "lov2",
        dt.datetime.now(dt.timezone.utc).isoformat(): "odbl",
    }  # fmt: skip
    assert {moment: told(made["id"], at=moment)["at"] for moment in cases} == cases
    for wrong in ("hier", "2026-02-30", "20260228xx", ["2026"]):
        with pytest.raises(tk.ValidationError) as caught:
            told(made["id"], at=wrong)
        assert "n’est pas une date" in caught.value.error_dict["at"][0]


def test_a_draft_has_no_licence_in_force(partner: dict[str, Any]) -> None:
    wanted = {"title": "Un essai", "notes": "Un essai.", "owner_org": partner["id"], "axis": ["mobilite"], "license_id": "lov2", "state": "draft"}
    # as the form does
    made = tk.get_action("package_create")({"user": partner["editor"], "allow_state_change": True}, wanted)
    assert made["state"] == "draft"
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "license_id": "odbl"})
    assert tk.get_action("tzc_licence_history")({"user": partner["editor"]}, {"id": made["id"]})["licences"] == []
    tk.get_action("package_patch")({"user": partner["editor"], "allow_state_change": True}, {"id": made["id"], "state": "active"})
    assert codes(made["id"]) == ["odbl"]


def test_what_a_program_changes_in_the_database_is_written_down_too(publish: Publish) -> None:
    made = publish(license_id="lov2")
    model.Session.execute(sa.text("UPDATE package SET license_id = '' WHERE id = :id"), {"id": made["id"]})
    assert [row[0] for row in model.Session.execute(sa.text("SELECT licence FROM tzc_rights_licence WHERE package_id = :id ORDER BY id"), {"id": made["id"]})] == ["lov2", "notspecified"]
    model.Session.rollback()
    assert codes(made["id"]) == ["lov2"]


def test_it_is_for_who_may_see_the_dataset(publish: Publish, partner: dict[str, Any]) -> None:
    hidden = publish(access_level="confidential")
    with pytest.raises(tk.NotAuthorized):
        told(hidden["id"])
    assert told(hidden["id"], partner["editor"])["licences"][0]["licence"] == "lov2"
    with pytest.raises(tk.ObjectNotFound):
        told("no-such-dataset")

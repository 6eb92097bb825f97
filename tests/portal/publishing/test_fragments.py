"""Fragments: written down by the database itself, made anew when anything changes, never lost by a crash."""
from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import redis
import sqlalchemy as sa
from ckan.lib.jobs import get_queue
from ckanext.tzc.publishing import jobs, renewing, store, stored
from ckanext.tzc.publishing.cli import check, rebuild
from ckanext.tzc.publishing.world import base
from click.testing import CliRunner
from tzc.publishing.packing import unpacked_one

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]


def body(package_id: str) -> str:
    model.Session.expire_all()
    row = model.Session.get(store.Fragment, package_id)
    return unpacked_one(row.n_triples if row else None).decode("utf-8")


def as_editor(partner: dict[str, Any], action: str, **fields: Any) -> Any:
    return tk.get_action(action)({"user": partner["editor"]}, fields)


def test_a_change_is_written_down_in_the_transaction_that_makes_it(publish: Publish) -> None:
    made = publish()
    renewing.renew_waiting(9)
    assert store.waiting() == 0
    model.Session.query(model.Package).filter_by(id=made["id"]).update({"title": "Jamais"})
    assert store.waiting() == 1
    model.Session.rollback()
    assert store.waiting() == 0
    # another program, past CKAN
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text("UPDATE package SET title = 'Autrement' WHERE id = :id"), {"id": made["id"]})
    assert renewing.renew_waiting(9) == 1
    assert "Autrement" in body(made["id"])


def test_what_waits_survives_a_lost_job(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any, **_more: Any) -> None:
        raise redis.exceptions.ConnectionError("away")

    get_queue(jobs.QUEUE).empty()
    monkeypatch.setattr(tk, "enqueue_job", away)
    made = publish(title="Sans file d'attente")
    monkeypatch.undo()
    assert len(get_queue(jobs.QUEUE)) == 0
    assert body(made["id"]) == ""
    assert jobs.renew_outdated() >= 1
    assert "Sans file d'attente" in body(made["id"])


def test_a_save_sends_one_job(publish: Publish) -> None:
    get_queue(jobs.QUEUE).empty()
    publish(resources=[{"url": "https://example.org/a.csv"}, {"url": "https://example.org/b.csv"}])
    publish()
    assert len([job for job in get_queue(jobs.QUEUE).jobs if job.func == jobs.renew]) == 1


def test_each_thing_that_a_fragment_holds_renews_it(publish: Publish, partner: dict[str, Any]) -> None:
    made = publish(tags=[{"name": "vélo"}], resources=[{"url": "https://example.org/a.csv", "name": "Ancien nom"}])
    renewing.renew_waiting(9)
    before = body(made["id"])
    changes: dict[str, Callable[[], Any]] = {
        "Un nouveau nom": lambda: as_editor(partner, "resource_patch", id=made["resources"][0]["id"], name="Un nouveau nom"),
        "piste cyclable": lambda: as_editor(partner, "package_patch", id=made["id"], tags=[{"name": "piste cyclable"}]),
        "Le nouveau partenaire": lambda: tk.get_action("organization_patch")({"ignore_auth": True, "user": partner["editor"]}, {"id": partner["id"], "title": "Le nouveau partenaire"}),
    }
    for words, change in changes.items():
        assert words not in before
        change()
        renewing.renew_waiting(9)
        assert words in body(made["id"]), words


def test_an_unchanged_dataset_keeps_its_revision(publish: Publish) -> None:
    made = publish()
    renewing.renew_waiting(9)
    revision = model.Session.get(store.Fragment, made["id"]).revision
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text("UPDATE package SET title = title WHERE id = :id"), {"id": made["id"]})
    assert renewing.renew_waiting(9) == 1
    renewing.rebuild()
    model.Session.expire_all()
    assert model.Session.get(store.Fragment, made["id"]).revision == revision


def test_a_change_during_the_making_is_not_lost(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody saves between the reading of a dataset and the writing of its fragment: the save waits for that moment."""
    made = publish()
    original = stored.read
    savers: list[threading.Thread] = []

    def read_then_change(*arguments: Any) -> Any:
        found = original(*arguments)
        monkeypatch.setattr(stored, "read", original)

        def save() -> None:
            with model.meta.engine.begin() as connection:
                connection.execute(sa.text("UPDATE package SET title = 'Entre-temps' WHERE id = :id"), {"id": made["id"]})

        savers.append(threading.Thread(target=save))
        savers[0].start()
        return found

    monkeypatch.setattr(stored, "read", read_then_change)
    renewing.renew_waiting(9)
    savers[0].join(9)
    renewing.renew_waiting(9)
    assert "Entre-temps" in body(made["id"])


def test_nobody_waits_for_a_dataset_that_is_being_changed(publish: Publish, partner: dict[str, Any]) -> None:
    """Its change waits, the others are dealt with; when it is hidden in the end, its fragment does not come back."""
    busy, other = publish(), publish()
    renewing.renew_waiting(9)
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text("UPDATE package SET private = true WHERE id = :id"), {"id": busy["id"]})
        model.Session.add(store.Change(package_id=busy["id"]))
        model.Session.commit()
        tk.get_action("package_patch")({"user": partner["editor"]}, {"id": other["id"], "title": "Autre titre"})
        assert renewing.renew_waiting(9) >= 2
        assert "Autre titre" in body(other["id"])
        assert [row.package_id for row in model.Session.query(store.Change)] == [busy["id"]]
        model.Session.rollback()
    row = model.Session.query(store.Fragment).filter_by(package_id=busy["id"]).one()
    assert (row.published, row.hidden) == (True, True)
    renewing.renew_waiting(9)
    model.Session.expire_all()
    assert not row.published


@pytest.mark.parametrize("field", [{"access_level": "restricted"}, {"embargo": "2098-01-01"}, {"private": True}])
def test_what_closes_a_dataset_hides_its_fragment_with_the_commit(publish: Publish, partner: dict[str, Any], field: dict[str, Any]) -> None:
    made = publish()
    renewing.renew_waiting(9)
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], **field})
    assert model.Session.query(store.Fragment.hidden).filter_by(package_id=made["id"]).scalar() is True


def test_a_file_that_is_closed_hides_it_too(publish: Publish, partner: dict[str, Any]) -> None:
    made = publish(resources=[{"url": "https://files.example.org/a.csv", "name": "Un fichier", "format": "CSV"}])
    renewing.renew_waiting(9)
    tk.get_action("resource_patch")({"user": partner["editor"]}, {"id": made["resources"][0]["id"], "description": "Mieux décrit"})
    assert model.Session.query(store.Fragment.hidden).scalar() is False
    tk.get_action("resource_patch")({"user": partner["editor"]}, {"id": made["resources"][0]["id"], "access_level": "restricted"})
    assert model.Session.query(store.Fragment.hidden).scalar() is True


def test_a_withdrawn_dataset_keeps_its_place_and_nothing_else(publish: Publish, partner: dict[str, Any]) -> None:
    made, after = publish(), publish()
    renewing.renew_waiting(9)
    place = model.Session.get(store.Fragment, made["id"]).position
    as_editor(partner, "package_delete", id=made["id"])
    renewing.renew_waiting(9)
    row = model.Session.get(store.Fragment, made["id"])
    assert (row.position, row.published, row.turtle, row.rdf_xml, row.json_ld, row.n_triples) == (place, False, None, None, None, None)
    model.Session.query(model.Package).filter_by(id=made["id"]).update({"state": "active"})
    model.Session.commit()
    renewing.renew_waiting(9)
    model.Session.expire_all()
    row = model.Session.get(store.Fragment, made["id"])
    assert (row.position, row.published) == (place, True)
    assert row.position < model.Session.get(store.Fragment, after["id"]).position


def test_time_renews_what_it_changes(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    """National portals refuse a day of change in the future: it is said when it has come."""
    coming = (datetime.now(timezone.utc) + timedelta(days=3)).date().isoformat()
    made = publish(modified=coming)
    renewing.renew_waiting(9)
    assert coming not in body(made["id"])
    assert renewing.renew_outdated(9) == 0
    later = datetime.now(timezone.utc) + timedelta(days=4)
    monkeypatch.setattr(renewing, "now", lambda: later)
    assert renewing.renew_outdated(9) == 1
    assert coming in body(made["id"])


def test_another_world_renews_all(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    publish()
    publish()
    renewing.renew_waiting(9)
    assert renewing.renew_outdated(9) == 0
    monkeypatch.setattr(renewing, "fingerprint", lambda: "another")
    assert renewing.renew_outdated(9) == 2
    assert renewing.renew_outdated(9) == 0


def test_commands_find_and_mend_what_differs(publish: Publish) -> None:
    made, missing, hidden = publish(), publish(), publish()
    runner = CliRunner()
    renewing.renew_waiting(9)
    assert runner.invoke(check).exit_code == 0
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text("UPDATE tzc_publishing_fragment SET digest = 'x', n_triples = '' WHERE package_id = :id"), {"id": made["id"]})
        connection.execute(sa.text("DELETE FROM tzc_publishing_fragment WHERE package_id = :id"), {"id": missing["id"]})
        connection.execute(sa.text("UPDATE package SET private = true WHERE id = :id"), {"id": hidden["id"]})
        connection.execute(sa.text("DELETE FROM tzc_publishing_change"))
    found = runner.invoke(check)
    assert found.exit_code == 1
    assert sorted(line.split("  ") for line in found.output.splitlines()[:-1]) == sorted([[made["id"], "differs"], [missing["id"], "missing"], [hidden["id"], "to be withdrawn"]])
    assert "3 datasets" in runner.invoke(rebuild).output
    assert runner.invoke(check).exit_code == 0


def test_stored_datasets_are_what_ckan_shows(publish: Publish, partner: dict[str, Any]) -> None:
    """One reading of many rows says what `package_show` says of each."""
    from ckanext.tzc.publishing.world import world
    from tzc.publishing import mapping

    made = publish(
        tags=[{"name": "vélo"}, {"name": "énergie"}], communes=["17300"], theme=["http://publications.europa.eu/resource/authority/data-theme/TRAN"], contact=[{"name": "Service", "email": "a@example.org"}],
        temporal_coverage=[{"start": "2024-01-01", "end": "2024-12-31"}], conforms_to=["https://example.org/schema"], late_after_days="30",
        resources=[{"url": "https://example.org/comptages.csv?annee=2024&mois=1", "format": "CSV", "name": "Comptages"}, {"url": "Été 2024.csv", "url_type": "upload", "format": "CSV"}],
    )  # fmt: skip
    shown = tk.get_action("package_show")({"ignore_auth": True, "use_cache": False}, {"id": made["id"]})
    shown["organization"] = tk.get_action("organization_show")({"ignore_auth": True}, {"id": partner["id"]})
    read = stored.read([made["id"]], base())[made["id"]]
    moment = datetime.now(timezone.utc)
    ours, theirs = (set(mapping.describe(dataset, world(), moment).triples) for dataset in (read, shown))
    assert {str(triple) for triple in ours - theirs} == set()
    assert {str(triple) for triple in theirs - ours} == set()


def test_a_harvested_dataset_keeps_its_identifier_and_stays_out_of_the_national_feed(publish: Publish, app: Any, partner: dict[str, Any]) -> None:
    from ckanext.harvest.model import HarvestJob, HarvestObject, HarvestSource

    made = publish(identifier="urn:elsewhere:1", uri="https://elsewhere.example/dataset/1")
    own = publish()
    source = HarvestSource(url="https://elsewhere.example/catalog", type="dcat_rdf", config="{}")
    source.save()
    job = HarvestJob(source=source)
    job.save()
    HarvestObject(guid="1", package_id=made["id"], current=True, source=source, job=job).save()
    renewing.renew_waiting(9)
    assert "<https://elsewhere.example/dataset/1> <http://purl.org/dc/terms/source> <https://elsewhere.example/dataset/1>" in body(made["id"])
    for address in ("/catalog/national.nt", f"/catalog/partner/{partner['name']}.nt"):
        feed = app.get(address, status=200).body
        assert own["id"] in feed
        assert "elsewhere.example" not in feed
    assert '"urn:elsewhere:1"' in app.get("/catalog.nt").body
    source.config = '{"redistribute": true}'
    source.save()
    assert '"urn:elsewhere:1"' in app.get("/catalog/national.nt").body


def test_status_is_for_everybody(publish: Publish) -> None:
    publish()
    publish(access_level="confidential")
    renewing.renew_waiting(9)
    told = tk.get_action("tzc_publishing_status")({"user": ""}, {})
    assert (told["datasets"], told["waiting"]) == (1, 0)
    assert told["changed"]


def test_an_iri_belongs_to_one_dataset(publish: Publish, app: Any, partner: dict[str, Any]) -> None:
    stated = "https://doi.org/10.5072/velos"
    first, second, third = (publish(uri=stated) for _ in range(3))
    renewing.rebuild()
    holders = [made["id"] for made in (first, second, third) if f"<{stated}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset>" in body(made["id"])]
    assert len(holders) == 1
    assert list(renewing.differences()) == []
    holder = holders[0]
    as_editor(partner, "package_patch", id=holder, notes="Autre texte")
    renewing.rebuild()
    assert f"<{stated}> " in body(holder), "whoever has it keeps it"
    text = app.get("/catalog/all.nt", status=200).body
    assert text.count("<http://www.w3.org/ns/dcat#dataset>") == 3

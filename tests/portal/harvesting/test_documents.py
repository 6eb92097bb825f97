"""Entries of the index made for many datasets at once are those that CKAN makes of each; datasets written together are those that `package_create` writes."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan import logic
from ckan.lib.dictization import model_dictize
from ckan.lib.search import index as search_index
from ckanext.tzc.harvesting.engine import documents, writing

from tests.portal.conftest import Publish
from tests.sites import Reply, Site

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")


def context() -> dict[str, Any]:
    return {"ignore_auth": True, "user": "", "model": model, "session": model.Session}


def packages() -> list[Any]:
    return list(model.Session.query(model.Package).filter_by(state="active").filter(model.Package.type == "dataset").order_by(model.Package.name))


def one_by_one(package: Any) -> dict[str, Any]:
    """What CKAN sends for a dataset."""
    with documents._gathered() as sent:
        plain, own = logic.package_show_default_and_custom_schemas(context(), package.id)
        search_index.PackageSearchIndex().index_package({**plain, "with_custom_schema": own}, defer_commit=True)
    [document] = sent
    return document


def plain(document: dict[str, Any]) -> dict[str, Any]:
    """An entry, its copies of the dataset read."""
    return {name: json.loads(value) if name in {"data_dict", "validated_data_dict"} else value for name, value in document.items()}


def same_as_one_by_one() -> int:
    found = packages()
    assert documents.dictized(found) == [model_dictize.package_dictize(package, context(), False) for package in found]
    assert [plain(document) for document in documents.made(found)] == [plain(one_by_one(package)) for package in found]
    return len(found)


@pytest.mark.parametrize("feed", ["dcat-udata.xml", "dcat-bnodes.xml", "dcat-nested.jsonld"])
def test_entries_of_a_real_feed(site: Site, source: Callable[..., dict[str, Any]], run: Callable[..., dict[str, Any]], reference: Path, feed: str) -> None:
    file = reference / "feeds" / feed
    site.answer = lambda _asked: Reply(file.read_bytes(), headers={"Content-Type": "application/rdf+xml" if file.suffix == ".xml" else "application/ld+json"})
    run(source(f"{site.address}/{file.name}", "tzc_dcat"))
    assert same_as_one_by_one() > 0


def test_entries_of_all_that_people_write(publish: Publish) -> None:
    file = {"url": "https://example.org/a.csv", "name": "A", "format": "CSV", "size": 12}
    uploaded = publish(title="Avec fichier", axis=["mobilite", "batiments"], tags=[{"name": "vélo"}, {"name": "air"}], resources=[file])
    publish(title="Autre", private=True, resources=[{"url": f"https://example.org/{number}.csv", "name": str(number)} for number in range(5)])
    other = publish(title=" Troisième ", tags=[{"name": "vélo"}], license_id="notspecified")
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    tk.get_action("package_relationship_create")({"ignore_auth": True, "user": user}, {"subject": uploaded["id"], "object": other["id"], "type": "depends_on"})
    tk.get_action("package_patch")({"ignore_auth": True, "user": user}, {"id": other["id"], "tags": [{"name": "air"}]})
    assert same_as_one_by_one() == 3


def test_what_rooms_know_counts_in_entries_made_together(publish: Publish) -> None:
    """An address that answered betters the score of one of several datasets, and of no other."""
    from ckanext.tzc.quality import store as quality

    file = {"url": "https://example.org/a.csv", "name": "A", "format": "CSV"}
    made = [publish(resources=[file]) for _turn in range(3)]
    before = {document["id"]: document["quality_score"] for document in documents.made(packages())}
    assert len(set(before.values())) == 1
    good = made[1]
    model.Session.add(quality.Link(package_id=good["id"], resource_id=good["resources"][0]["id"], kind=quality.ACCESS, url=file["url"], upload=False, ok=True, status=200, due=quality.now()))
    model.Session.commit()
    after = {document["id"]: document["quality_score"] for document in documents.made(packages())}
    assert after[good["id"]] > before[good["id"]] and after == {**before, good["id"]: after[good["id"]]}
    assert same_as_one_by_one() == 3


def without_moments(shown: dict[str, Any], *more: str) -> dict[str, Any]:
    told = {name: value for name, value in shown.items() if name not in {"id", "metadata_created", "metadata_modified", *more}}
    told["resources"] = [{name: value for name, value in file.items() if name not in {"id", "package_id", "created", "metadata_modified"}} for file in shown["resources"]]
    return told


def given(partner: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "title": "Comptages des vélos", "notes": "Passages.", "owner_org": partner["id"], "license_id": "lov2", "axis": ["mobilite"], "tags": [{"name": "vélo"}, {"name": "air"}, {"name": "vélo"}],
        "extras": [{"key": "guid", "value": "un"}, {"key": "saison", "value": "été"}], "contact": [{"name": "Service", "email": "a@example.org"}],
        "resources": [{"url": "https://example.org/a.csv", "name": "A", "format": "CSV"}, {"url": "https://example.org/b.csv", "name": "B"}], **fields,
    }  # fmt: skip


def test_what_is_written_together_is_what_is_created_one_by_one(partner: dict[str, Any]) -> None:
    wanted = [given(partner), given(partner, axis=[], tags=[{"name": "air"}]), given(partner, title="!", resources=[])]
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    created = [tk.get_action("package_create")({"user": user, "ignore_auth": True}, {**entry, "type": "dataset"}) for entry in wanted]
    stored = [tk.get_action("package_show")({"ignore_auth": True, "use_cache": False}, {"id": entry["id"]}) for entry in created]
    for package in packages():
        package.purge()
    model.Session.commit()
    model.Session.remove()
    writer = writing.Writer(partner["id"])
    writer.meet(wanted)
    ids = writer.create([writer.new(entry) for entry in wanted])
    model.Session.commit()
    model.Session.expire_all()
    written = [tk.get_action("package_show")({"ignore_auth": True, "use_cache": False}, {"id": identifier}) for identifier in ids]
    assert [without_moments(entry) for entry in written] == [without_moments(entry) for entry in stored]
    assert [entry["name"] for entry in written] == ["comptages-des-velos", "comptages-des-velos-2", "donnees"]
    members = model.Session.query(model.Member.table_id).filter(model.Member.capacity == "organization", model.Member.table_id.in_(ids)).all()
    assert len(members) == 3


@pytest.mark.parametrize("what", ["create", "update", "delete"])
def test_what_a_plugin_writes_besides_is_committed_with_the_batch(partner: dict[str, Any], publish: Publish, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Its hook calls an action, as those of CKAN, with the context that it is given: half a batch would be there for good, and be done again."""
    from ckanext.tzc.catalogue import plugin

    there = model.Package.get(publish(title="Déjà là")["id"])
    called = []

    def hook(_self: object, asked: dict[str, Any], package: dict[str, Any]) -> None:
        called.append(package["id"])
        tk.get_action("activity_create")({**asked, "ignore_auth": True}, {"user_id": partner["editor"], "object_id": package["id"], "activity_type": "changed package"})

    monkeypatch.setattr(plugin.CataloguePlugin, f"after_dataset_{what}", hook, raising=False)
    writer = writing.Writer(partner["id"])
    if what == "create":
        writer.create([writer.new(given(partner))])
    elif what == "update":
        writer.update(there, {**writing.shown(there.id, for_update=True), "title": "Autrement"})
    else:
        writer.delete(there)
    assert called
    model.Session.rollback()
    assert [(package.title, package.state) for package in packages()] == [("Déjà là", "active")]


def test_names_are_free(partner: dict[str, Any], publish: Publish) -> None:
    publish(name="comptages-des-velos-2")
    writer = writing.Writer(partner["id"])
    ids = writer.create([writer.new(given(partner)) for _turn in range(4)])
    model.Session.commit()
    names = [model.Package.get(identifier).name for identifier in ids]
    assert names == ["comptages-des-velos", "comptages-des-velos-3", "comptages-des-velos-4", "comptages-des-velos-5"]

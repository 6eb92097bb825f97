"""ckanext-harvest takes real catalogues into the portal, and a citizen finds their datasets."""
from __future__ import annotations

import contextlib
import functools
import http.server
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest

from tests.conftest import FEED_TYPES
from tests.sites import serving

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "allowed")


def harvest(partner: dict[str, Any], address: str, kind: str, config: dict[str, Any] | None = None, name: str = "") -> dict[str, Any]:
    """Run a source from beginning to end, as its worker would; returns the job's report."""
    administrator = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    source = tk.get_action("harvest_source_create")(
        {"user": administrator},
        {"url": address, "name": name or f"source-{kind.replace('_', '-')}", "title": "Source", "source_type": kind, "owner_org": partner["id"], "config": json.dumps({"allow_internal": True, **(config or {})})},
    )
    return harvested(source["id"])


def harvested(source_id: str) -> dict[str, Any]:
    """Run a source that is there; the job's report."""
    from ckanext.harvest.model import HarvestJob
    from ckanext.tzc.harvesting.engine import orders

    administrator = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    job = tk.get_action("harvest_job_create")({"user": administrator}, {"source_id": source_id})
    orders.work_now(job["id"])
    model.Session.expire_all()
    assert HarvestJob.get(job["id"]).status == "Finished"
    return dict(tk.get_action("harvest_job_report")({"user": administrator}, {"id": job["id"]}))


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server of a folder's files on the loopback."""

    class Files(http.server.SimpleHTTPRequestHandler):
        extensions_map = FEED_TYPES

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    with serving(functools.partial(Files, directory=str(folder))) as address:
        yield address


def found(question: str) -> list[str]:
    return [entry["title"] for entry in tk.get_action("package_search")({"user": ""}, {"q": question})["results"]]


def problems(report: dict[str, Any]) -> list[str]:
    gather = [error["message"] for error in report["gather_errors"]]
    return gather + [error["message"] for entry in report["object_errors"].values() for error in entry["errors"]]


@pytest.mark.parametrize(
    ("address", "count", "question"),
    [
        ("dcat-udata.xml", 2, "bureau de vote"),
        ("dcat-bnodes.xml", 3, "*:*"),
        ("dcat-nested.jsonld", 1, "*:*"),
        ("paged/catalog.jsonld", 4, "dataset"),
        ("partial/catalog.jsonld", 4, "dataset"),
    ],
)
def test_a_real_catalogue_is_taken_in_and_found(partner: dict[str, Any], feeds: str, address: str, count: int, question: str) -> None:
    report = harvest(partner, f"{feeds}/{address}", "dcat_rdf")
    assert problems(report) == []
    assert len(found("*:*")) == count
    assert found(question)


def test_a_record_that_fits_no_schema_is_named_with_its_faults(partner: dict[str, Any], feeds: str) -> None:
    """A DKAN's answer: its dates are words, its sizes too; a CKAN source says which record is refused and where."""
    [problem] = problems(harvest(partner, feeds, "ckan"))
    assert "04be6288-696d-4331-850d-a144871a7e3a" in problem and "last_modified" in problem
    assert found("*:*") == []


def test_keywords_keep_their_accents_and_lose_what_is_not_taken(partner: dict[str, Any], tmp_path: Path) -> None:
    """A sign that is refused costs the sign, not the dataset; two that are alike without it are one; what is too short goes."""
    words = ["énergie", "Mobilité douce", "l’été", "CO₂ #climat", "CO₂ *climat", "a", "#", "œuvre", "x" * 150]
    record = {"@id": "https://example.org/jeu", "@type": "dcat:Dataset", "dct:title": "Jeu", "dct:description": "Description.", "dcat:keyword": words}
    context = {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"}
    (tmp_path / "mots.jsonld").write_text(json.dumps({"@context": context, "@id": "https://example.org/", "@type": "dcat:Catalog", "dcat:dataset": [record]}), encoding="utf-8")
    with served(tmp_path) as address:
        assert problems(harvest(partner, f"{address}/mots.jsonld", "dcat_rdf")) == []
    [taken] = tk.get_action("package_search")({"user": ""}, {"q": "*:*"})["results"]
    assert {tag["name"] for tag in taken["tags"]} == {"énergie", "Mobilité douce", "l'été", "CO₂ climat", "œuvre", "x" * 100}


def test_what_is_harvested_keeps_its_licence_or_says_it_has_none(partner: dict[str, Any], feeds: str) -> None:
    harvest(partner, f"{feeds}/dcat-udata.xml", "dcat_rdf")
    for entry in tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 100})["results"]:
        assert entry["license_id"]
        assert entry["access_level"] == "open"
        assert not entry.get("axis")


def test_harvesting_again_changes_nothing(partner: dict[str, Any], feeds: str) -> None:
    harvest(partner, f"{feeds}/dcat-udata.xml", "dcat_rdf")
    before = tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 0})["count"]
    from ckanext.harvest.model import HarvestSource

    assert problems(harvested(model.Session.query(HarvestSource.id).scalar())) == []
    assert tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 0})["count"] == before


def test_harvest_sources_are_no_datasets(partner: dict[str, Any], feeds: str) -> None:
    harvest(partner, f"{feeds}/dcat-nested.jsonld", "dcat_rdf")
    kinds = {entry["type"] for entry in tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 100})["results"]}
    assert kinds == {"dataset"}


def make_source(partner: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A source, as the partner's editor makes one; of other programs' kinds, as an administrator does."""
    wanted = {"url": "http://127.0.0.1:1/", "name": "une-source", "title": "Source", "source_type": "tzc_dcat", "owner_org": partner["id"], "config": "{}", **fields}
    user = partner["editor"] if wanted["source_type"].startswith("tzc_") else tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    made: dict[str, Any] = tk.get_action("harvest_source_create")({"user": user}, wanted)
    return made


@pytest.mark.parametrize("kind", ["ckan", "dcat_rdf", "dcat_json"])
def test_kinds_that_may_lead_anywhere_are_administrators(partner: dict[str, Any], kind: str) -> None:
    """Their answers are shown: an editor could read whatever the server reaches, the index among it."""
    as_editor = {"user": partner["editor"]}
    wanted = {"url": "https://example.org/", "name": "une-source", "title": "Source", "source_type": kind, "owner_org": partner["id"], "config": "{}"}
    with pytest.raises(tk.ValidationError) as refused:
        tk.get_action("harvest_source_create")(as_editor, dict(wanted))
    assert "source_type" in refused.value.error_dict
    made = make_source(partner, source_type=kind, name="d-un-administrateur")
    for action in ("harvest_source_update", "package_patch"):
        with pytest.raises(tk.ValidationError):
            tk.get_action(action)(dict(as_editor), {**(made if action == "harvest_source_update" else {}), "id": made["id"], "url": "http://127.0.0.1:8984/"})
    own = make_source(partner, name="la-sienne", url="https://example.org/catalogue.ttl")
    with pytest.raises(tk.ValidationError):
        tk.get_action("harvest_source_update")(dict(as_editor), {**own, "source_type": kind})


@pytest.mark.parametrize("address", ["/etc/passwd", "file:///etc/passwd", "ftp://example.org/a.xml", "httpfile", "http://", "", "relative.xml"])
def test_a_source_is_on_the_web(partner: dict[str, Any], address: str) -> None:
    with pytest.raises(tk.ValidationError) as refused:
        make_source(partner, url=address)
    assert refused.value.error_dict["url"]
    source = make_source(partner)
    with pytest.raises(tk.ValidationError):
        tk.get_action("harvest_source_update")({"user": partner["editor"]}, {**source, "url": address})
    with pytest.raises(tk.ValidationError):
        tk.get_action("package_patch")({"user": partner["editor"]}, {"id": source["id"], "url": address})


@pytest.mark.parametrize("kind", ["dcat_rdf", "dcat_json"])
def test_no_file_of_this_machine_is_read(partner: dict[str, Any], tmp_path: Path, kind: str) -> None:
    """A source of an older release, or a next page, that names a file."""
    from ckanext.harvest.model import HarvestSource

    secret = tmp_path / "secret.ttl"
    secret.write_text("un-secret-du-serveur")
    make_source(partner, source_type=kind)
    source = model.Session.query(HarvestSource).one()
    source.url = str(secret)
    model.Session.commit()
    report = harvested(source.id)
    assert "https://" in report["gather_errors"][0]["message"]
    assert "un-secret" not in json.dumps(report)


def test_xml_is_read_as_rdf_whatever_the_server_calls_it(partner: dict[str, Any], feeds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FEED_TYPES, ".xml", "application/xml; charset=utf-8")
    assert problems(harvest(partner, f"{feeds}/dcat-bnodes.xml", "dcat_rdf")) == []
    assert len(found("*:*")) == 3


def test_a_source_keeps_type_and_configuration_after_a_run(partner: dict[str, Any], feeds: str) -> None:
    """The form of a source reads the index."""
    harvest(partner, f"{feeds}/dcat-nested.jsonld", "dcat_rdf", {"rdf_format": "json-ld"})
    tk.get_action("harvest_source_reindex")({"user": partner["editor"], "ignore_auth": True}, {"id": "source-dcat-rdf"})
    for cached in (True, False):
        shown = tk.get_action("harvest_source_show")({"user": partner["editor"], "use_cache": cached}, {"id": "source-dcat-rdf"})
        assert shown["source_type"] == "dcat_rdf" and json.loads(shown["config"]) == {"allow_internal": True, "rdf_format": "json-ld"}


def test_secrets_of_a_source_are_for_its_editors(app: Any, partner: dict[str, Any]) -> None:
    from ckan.tests import factories

    reader = factories.User()
    tk.get_action("member_create")({"ignore_auth": True, "user": partner["editor"]}, {"id": partner["id"], "object": reader["id"], "object_type": "user", "capacity": "member"})
    source = make_source(partner, url="http://user:urlpw@127.0.0.1:1/", source_type="ckan", config='{"api_key": "SECRETKEY1"}')
    assert source["private"] is True
    shown = tk.get_action("harvest_source_show")({"user": partner["editor"]}, {"id": source["id"]})
    assert "SECRETKEY1" in shown["config"] and "urlpw" in shown["url"]
    tries = [
        f"/api/3/action/{call}" for call in (
            "harvest_source_show?id=une-source", "package_show?id=une-source", "package_search?fq=dataset_type:harvest", "package_search?q=une-source",
            "recently_changed_packages_activity_list", "package_activity_list?id=une-source", f"organization_activity_list?id={partner['name']}", "harvest_source_list",
            "harvest_source_show_status?id=une-source",
        )
    ] + ["/harvest/about/une-source", "/harvest/une-source", "/dataset/une-source.ttl", "/dataset/une-source", "/harvest", "/catalog.ttl"]  # fmt: skip
    for address in tries:
        text = app.get(address).body
        assert "SECRETKEY1" not in text and "urlpw" not in text, address
    for action in ("package_show", "harvest_source_show"):
        try:
            seen = json.dumps(tk.get_action(action)({"user": reader["name"]}, {"id": source["id"]}))
        except tk.NotAuthorized:
            seen = ""
        assert "SECRETKEY1" not in seen and "urlpw" not in seen, action


def test_a_harvester_that_fails_ends_its_job_with_a_reason(partner: dict[str, Any], feeds: str) -> None:
    """A format that is forced on an answer of another kind; stock's consumer dies of it and the job runs for ever."""
    assert problems(harvest(partner, f"{feeds}/dcat-bnodes.xml", "dcat_rdf", {"rdf_format": "nt"}))


@pytest.mark.parametrize("action", ["harvest_object_list", "harvest_job_list", "harvest_source_list"])
def test_strangers_see_nothing_of_a_harvest(partner: dict[str, Any], action: str) -> None:
    with pytest.raises(tk.NotAuthorized):
        tk.get_action(action)({"user": "", "model": model, "session": model.Session}, {})


def test_a_harvested_record_is_for_the_source_s_editors(partner: dict[str, Any], feeds: str) -> None:
    from ckan.tests import factories
    from ckanext.harvest.model import HarvestObject

    harvest(partner, f"{feeds}/dcat-nested.jsonld", "dcat_rdf")
    record = model.Session.query(HarvestObject).first().id
    for user in ("", factories.User()["name"]):
        with pytest.raises(tk.NotAuthorized):
            tk.get_action("harvest_object_show")({"user": user, "model": model, "session": model.Session}, {"id": record})
    assert tk.get_action("harvest_object_show")({"user": partner["editor"], "model": model, "session": model.Session}, {"id": record})["id"] == record

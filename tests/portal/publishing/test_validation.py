"""What is published is validated in the background: nothing is missed, nothing of what is hidden is told, and the score follows until it stands still."""
from __future__ import annotations

import contextvars
import re
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import redis
import sqlalchemy as sa
from ckan.lib.jobs import get_queue
from ckan.tests import factories
from ckanext.tzc.publishing import jobs, renewing, store, stored, validating
from ckanext.tzc.publishing.cli import validate
from click.testing import CliRunner
from rdflib import Graph, Namespace, URIRef
from tzc.publishing.packing import packed, unpacked_one
from tzc.publishing.validation import Shapes

from tests import working
from tests.hiding import WAYS, hide
from tests.portal.publishing.test_feeds import FULL

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]
DQV = Namespace("http://www.w3.org/ns/dqv#")


@pytest.fixture(autouse=True)
def empty_queue() -> None:
    get_queue(jobs.QUEUE).empty()


def work() -> list[str]:
    return working.work(jobs.QUEUE)


def validated() -> dict[str, Any]:
    model.Session.expire_all()
    return {row.package_id: row for row in model.Session.query(validating.Validation)}


def past_ckan(statement: str, **values: Any) -> None:
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text(statement), values)


def without_partner(made: dict[str, Any]) -> None:
    """As a harvest may leave it: nobody publishes it, which DCAT-AP forbids."""
    past_ckan("UPDATE package SET owner_org = NULL WHERE id = :id", id=made["id"])


def without_addresses(made: dict[str, Any]) -> None:
    """A fragment as a fault of the mapping would make it."""
    spoilt = "".join(line for line in body(made).splitlines(keepends=True) if "dcat#accessURL>" not in line)
    past_ckan("UPDATE tzc_publishing_fragment SET digest = 'spoilt', n_triples = :body WHERE package_id = :id", id=made["id"], body=packed(spoilt))


def body(made: dict[str, Any]) -> str:
    """A dataset's triples as they are stored."""
    model.Session.expire_all()
    return unpacked_one(model.Session.get(store.Fragment, made["id"]).n_triples).decode("utf-8")


def told(made: dict[str, Any], user: str) -> dict[str, Any]:
    return dict(tk.get_action("tzc_publishing_validation")({"user": user}, {"id": made["name"]}))


def test_a_save_is_validated_by_a_job(publish: Publish) -> None:
    made = publish(**FULL)
    assert not validated()
    work()
    assert {package_id: row.conforms for package_id, row in validated().items()} == {made["id"]: True}
    assert validated()[made["id"]].digest == model.Session.get(store.Fragment, made["id"]).digest
    assert not validating.any_waiting()
    # what stays as it is is not looked at again
    moment = validated()[made["id"]].validated
    assert jobs.validate() == 0
    past_ckan("UPDATE package SET title = title WHERE id = :id", id=made["id"])
    jobs.renew()
    work()
    assert validated()[made["id"]].validated == moment


def test_what_lost_its_job_is_found(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any, **_more: Any) -> None:
        raise redis.exceptions.ConnectionError("away")

    monkeypatch.setattr(tk, "enqueue_job", away)
    made = publish(**FULL)
    jobs.renew_outdated()
    monkeypatch.undo()
    assert not get_queue(jobs.QUEUE).jobs
    assert jobs.validate() == 1
    assert validated()[made["id"]].conforms is True


def test_a_job_ends_in_time_and_the_next_goes_on(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        publish()
    renewing.renew_waiting(9)
    get_queue(jobs.QUEUE).empty()
    monkeypatch.setattr(validating, "NEWEST", sa.text(f"{validating.WAITING} ORDER BY fragment.revision DESC LIMIT 1"))
    monkeypatch.setattr(jobs, "VALIDATING_SECONDS", 0.001)
    assert jobs.validate() == 1
    assert len(validated()) == 1
    assert [job.func for job in get_queue(jobs.QUEUE).jobs if job.func == jobs.validate] == [jobs.validate]
    work()
    assert len(validated()) == 3


def test_other_shapes_look_at_everything_again(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    made = publish(**FULL)
    work()
    stricter = Shapes(validating.shapes().turtle + '\ntzcap:Dataset sh:property [ sh:path dct:title ; sh:maxLength 3 ; sh:message "Un titre plus court."@fr , "A shorter title."@en ] .\n')
    monkeypatch.setattr(validating, "shapes", lambda: stricter)
    assert validating.any_waiting()
    assert told(made, factories.Sysadmin()["name"])["present"] is False
    work()
    jobs.validate()
    assert validated()[made["id"]].conforms is False
    [result] = validated()[made["id"]].results
    assert (result["path"], result["value"], result["field"]) == ("http://purl.org/dc/terms/title", "Comptages des vélos", "title")


def test_what_is_forbidden_is_told_to_who_may_mend_it(publish: Publish, partner: dict[str, Any]) -> None:
    made = publish(name="velos", **FULL)
    assert told(made, partner["editor"]) == {"id": made["id"], "validated": None, "conforms": None, "present": None, "results": []}
    work()
    assert (told(made, partner["editor"])["conforms"], told(made, partner["editor"])["present"]) == (True, True)
    without_addresses(made)
    assert told(made, partner["editor"])["present"] is False
    jobs.validate()
    found = told(made, partner["editor"])
    assert (found["conforms"], found["present"]) == (False, True)
    [result] = found["results"]
    assert (result["severity"], result["field"], result["file"], result["resource"]) == ("violation", "url", "Comptages", made["resources"][0]["id"])
    assert result["url"].endswith(f"/dataset/velos/resource/{made['resources'][0]['id']}/edit#field-url")
    for user in ("", factories.User()["name"]):
        with pytest.raises(tk.NotAuthorized):
            told(made, user)
    with pytest.raises(tk.ObjectNotFound):
        told({"name": "nothing"}, partner["editor"])
    # a change that waits is said to be looked at later
    past_ckan("UPDATE package SET title = 'Autre' WHERE id = :id", id=made["id"])
    assert told(made, partner["editor"])["present"] is False


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_told_of_what_was_hidden(publish: Publish, partner: dict[str, Any], way: str) -> None:
    made = publish(name="velos", **FULL)
    work()
    assert len(validating.every()) == 1
    hide(way, made["id"], partner["editor"])
    assert validating.every() == []
    assert validating.said(made["id"]) is None
    jobs.renew()
    jobs.validate()
    assert validated() == {}


def test_the_command_counts_by_message(publish: Publish, partner: dict[str, Any]) -> None:
    publish(name="velos", **FULL)
    said = CliRunner().invoke(validate)
    assert (said.exit_code, said.output.splitlines()[-1]) == (0, "1 datasets, 0 not valid.")
    bad = publish(name="sans", **{**FULL, "tags": []})
    publish(name="autre", **{**FULL, "tags": []})
    without_partner(bad)
    said = CliRunner().invoke(validate)
    assert said.exit_code == 1, said.output
    assert [re.sub(r"\s+", " ", line).strip() for line in said.output.splitlines()] == [
        "1 violation Nommez un seul éditeur.", "2 warning Ajoutez des mots-clés.", f"{bad['id']} is not valid", "3 datasets, 1 not valid.",
    ]  # fmt: skip
    assert CliRunner().invoke(validate, ["velos"]).exit_code == 0
    assert CliRunner().invoke(validate, ["sans"]).exit_code == 1
    assert CliRunner().invoke(validate, ["nothing"]).exit_code == 1
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": "velos", "access_level": "confidential"})
    assert "not public" in CliRunner().invoke(validate, ["velos"]).output


def test_what_cannot_be_validated_holds_nothing_up(publish: Publish, partner: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    made = publish(**FULL)
    renewing.renew_waiting(9)
    broken = Shapes(validating.shapes().turtle + "\ntzcap:Dataset sh:property [ sh:path dct:title ; sh:minCount 'many' ] .\n")
    monkeypatch.setattr(validating, "shapes", lambda: broken)
    assert jobs.validate() == 1
    assert validated()[made["id"]].conforms is None
    assert jobs.validate() == 0
    assert told(made, partner["editor"])["conforms"] is None
    assert validating.forbidden(made["id"]) is None
    assert CliRunner().invoke(validate).exit_code == 1


# the score in the feed, and validation in the score


def measured(app: Any, name: str) -> dict[str, int]:
    graph = Graph().parse(data=app.get(f"/dataset/{name}.ttl", status=200).body, format="turtle")
    dataset = next(graph.subjects(DQV.hasQualityMeasurement))
    found = {}
    for measurement in graph.objects(dataset, DQV.hasQualityMeasurement):
        metric, value = graph.value(measurement, DQV.isMeasurementOf), graph.value(measurement, DQV.value)
        found[str(metric).rpartition("#")[2]] = value.toPython()
    return found


def shown(made: dict[str, Any], user: str = "") -> dict[str, Any]:
    return dict(tk.get_action("tzc_quality_show")({"user": user}, {"id": made["name"]}))


def test_the_feed_says_the_score_and_follows_it(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    made = publish(name="velos", **FULL)
    work()
    now = shown(made)
    assert measured(app, "velos") == {"qualityScore": now["score"], **{f"{one['id']}Score": one["points"] for one in now["dimensions"]}}
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "tags": []})
    work()
    assert measured(app, "velos")["findabilityScore"] == 70
    assert list(renewing.differences()) == []
    # and in what ckanext-dcat makes itself
    assert tk.get_action("dcat_dataset_show")({}, {"id": made["id"], "format": "ttl", "profiles": ["tzc_dcat_ap"]}).count("hasQualityMeasurement") >= 1


def test_its_metrics_stand_in_the_published_vocabulary(app: Any, publish: Publish) -> None:
    publish(name="velos", **FULL)
    work()
    terms = Graph().parse(data=app.get("/vocabulary.ttl", status=200).body, format="turtle")
    for metric in measured(app, "velos"):
        assert (URIRef(f"{tk.config['ckan.site_url']}/vocabulary#{metric}"), None, DQV.Metric) in terms
        assert f'id="{metric}"' in app.get("/vocabulary", status=200).body


def test_score_and_feed_come_to_rest(publish: Publish, partner: dict[str, Any]) -> None:
    """A score changes the RDF, which is validated, which may change the score; then nothing moves any more."""
    made = publish(name="velos", **FULL)
    past_ckan("UPDATE package SET notes = NULL WHERE id = :id", id=made["id"])
    assert {"score", "renew", "validate"} <= set(work())
    # no description was stated, but the feed has one: it obeys
    assert {one["id"]: one["state"] for one in shown(made, partner["editor"])["criteria"]}["conformance"] == "reached"
    administrator = factories.Sysadmin()["name"]
    before = shown(made)["score"]
    # while a change waits for its validation the last verdict counts: no score goes down and up at each save
    past_ckan("UPDATE package SET version = '2' WHERE id = :id", id=made["id"])
    jobs.renew()
    assert validating.any_waiting()
    assert shown(made)["score"] == before
    work()
    without_partner(made)
    jobs.renew()
    assert {"score", "renew", "validate"} <= set(work())
    now = shown(made, administrator)
    assert now["score"] == before - 30 - 10
    assert {one["id"]: one["state"] for one in now["criteria"]}["conformance"] == "missing"
    assert {fix["code"]: fix["gain"] for fix in now["fixes"]}["publisher"] == 40
    row = model.Session.execute(sa.text("SELECT score, conforms FROM tzc_quality_score WHERE package_id = :id"), {"id": made["id"]}).one()
    assert (row.score, row.conforms) == (now["score"], False)
    # nothing is left, and doing all again writes nothing
    revision = model.Session.get(store.Fragment, made["id"]).revision
    for job in (jobs.renew_outdated, jobs.validate):
        job()
    tk.get_action("package_show")({"ignore_auth": True}, {"id": made["id"]})
    assert (work(), store.waiting(), validating.any_waiting()) == ([], 0, False)
    model.Session.expire_all()
    assert model.Session.get(store.Fragment, made["id"]).revision == revision
    past_ckan("UPDATE package SET owner_org = :owner WHERE id = :id", id=made["id"], owner=partner["id"])
    jobs.renew()
    work()
    assert shown(made)["score"] == before


def test_only_a_score_that_differs_renews_the_feed(publish: Publish) -> None:
    made = publish(**FULL)
    work()
    assert store.waiting() == 0
    past_ckan("UPDATE tzc_quality_score SET score = score, dimensions = dimensions, changed = now(), computed = now() WHERE package_id = :id", id=made["id"])
    assert store.waiting() == 0
    past_ckan("UPDATE tzc_quality_score SET dimensions = jsonb_set(dimensions, '{contextuality}', '1') WHERE package_id = :id", id=made["id"])
    assert store.waiting() == 1
    jobs.renew()
    assert "#contextualityScore> ." in body(made)
    past_ckan("DELETE FROM tzc_quality_score WHERE package_id = :id", id=made["id"])
    assert store.waiting() == 1
    jobs.renew()
    model.Session.expire_all()
    assert "hasQualityMeasurement" not in body(made)
    assert stored.scores([made["id"]]) == {}


def test_the_quality_page_says_what_the_rules_say(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    made = publish(name="velos", **{**FULL, "contact": [{"name": "Accueil"}]})
    token = factories.APIToken(user=partner["editor"])["token"]

    def page() -> str:
        return str(contextvars.Context().run(app.get, "/en/dataset/quality/velos", headers={"Authorization": token}, status=200).body)

    assert "This one was not yet." in page()
    work()
    assert "Nothing that the European rules forbid." in page()
    assert re.search(r'href="/en/dataset/edit/velos#field-contact">Give the contact&#39;s e-mail address or page.', page())
    without_addresses(made)
    assert "It has changed since" in page()
    jobs.validate()
    text = page()
    assert "portals may refuse the dataset until it is corrected" in text
    assert re.search(rf'href="/en/dataset/velos/resource/{made["resources"][0]["id"]}/edit#field-url">Give the file&#39;s whole address', text)
    assert "It has changed since" not in text
    # what no other fix mends is one fix, which leads to that list
    assert 'href="/en/dataset/quality/velos#rules"' in text
    assert "Donnez l’adresse complète du fichier" in str(contextvars.Context().run(app.get, "/dataset/quality/velos", headers={"Authorization": token}, status=200).body)

"""Why a run did not go well: by cause, with what to do, in the reader's language; what is still refused; how sources stand at a glance."""
from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.catalogue import plugin
from ckanext.tzc.harvesting import cli, health
from ckanext.tzc.harvesting.engine import orders, reasons, store, telling, writing
from click.testing import CliRunner

from tests.domain.harvesters.speakers import answered, turtle
from tests.people import Person
from tests.sites import Asked, Reply, Site

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

TITLES = [(f"jeu-{number:02}", f"Comptage {number:02}") for number in range(6)]
Source = Callable[..., dict[str, Any]]


def act(name: str, **asked: Any) -> dict[str, Any]:
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    answer: dict[str, Any] = tk.get_action(name)({"user": user}, {"source": "une-source", **asked})
    return answer


def harvest() -> store.Run:
    run_id = act("tzc_harvest_run", approve=True)["run"]
    orders.work_now(run_id)
    found = store.run(run_id)
    assert found is not None
    return found


def says(site: Site, datasets: list[tuple[str, str]], etag: str = "") -> None:
    """The catalogue lists these; a dataset without a title is refused."""
    body = turtle(site, datasets)

    def answer(asked: Asked) -> Reply:
        headers = {"ETag": etag} if etag else {}
        if etag and asked.headers.get("If-None-Match") == etag:
            return Reply(status=304, headers=headers)
        reply = answered(body, "text/turtle")
        return Reply(reply.body, headers={**reply.headers, **headers})

    site.answer = answer


def test_an_address_that_is_too_long_is_refused_alone(site: Site, source: Source) -> None:
    """No index of the database takes it. The others are taken."""
    address = "https://example.org/" + "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(50))[:2700]
    with_file = f'<jeu-01> dcat:distribution <jeu-01/f> . <jeu-01/f> a dcat:Distribution ; dcat:accessURL <{address}> .'
    site.answer = lambda _: answered(turtle(site, TITLES, with_file), "text/turtle")
    source(f"{site.address}/catalog", "tzc_dcat")
    run_id = act("tzc_harvest_dry_run")["run"]
    orders.work_now(run_id)
    assert (act("tzc_harvest_status")["state"], act("tzc_harvest_status")["found"]["new"], act("tzc_harvest_status")["found"]["refused"]) == (store.PLANNED, 5, 1)
    act("tzc_harvest_approve")
    orders.work_now(run_id)
    told = act("tzc_harvest_status")
    assert (told["state"], told["done"], told["problems"]) == (store.DONE, {"new": 5, "refused": 1}, [])
    [entry] = act("tzc_harvest_entries", outcome="refused")["entries"]
    assert (entry["title"], entry["cause"]) == ("Comptage 01", "schema") and entry["words"].endswith(
        "fichier 2, url : Cette adresse dépasse 2500 caractères, le maximum. Donnez-en une plus courte, par exemple celle de la page où se trouve le fichier."
    )


@pytest.fixture
def made(site: Site, source: Source) -> dict[str, Any]:
    """A DCAT source."""
    says(site, TITLES)
    return source(f"{site.address}/catalog", "tzc_dcat")


def causes(**asked: Any) -> list[tuple[str, str, int]]:
    return [(group["place"], group["cause"], group["count"]) for group in act("tzc_harvest_status", **asked)["causes"]]


# by cause


def test_records_are_grouped_by_cause(site: Site, made: dict[str, Any], editor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    original = writing.Writer._validated

    def refuses(writer: Any, wanted: dict[str, Any], *rest: Any) -> dict[str, Any]:
        if wanted["title"] == "Comptage 01":
            raise tk.ValidationError({"title": ["Trop beau"]})
        answer: dict[str, Any] = original(writer, wanted, *rest)
        return answer

    def falls_over(_self: object, _context: object, package: dict[str, Any]) -> None:
        if package["title"] == "Comptage 02":
            raise KeyError("axis")

    says(site, [*TITLES, ("sans-1", ""), ("sans-2", "")])
    with monkeypatch.context() as patched:
        patched.setattr(writing.Writer, "_validated", refuses)
        patched.setattr(plugin.CataloguePlugin, "after_dataset_create", falls_over)
        run = harvest()
    assert causes() == [("records", "no_title", 2), ("records", "schema", 1), ("records", "fault", 1)], "the most frequent first, then by their words"
    [group] = [group for group in act("tzc_harvest_status")["causes"] if group["cause"] == "no_title"]
    assert group["what"] == "La fiche n’a pas de titre." and "compléter" in group["todo"] and [name[-6:] for name in group["records"]] == ["sans-1", "sans-2"] and group["still"] is False
    assert act("tzc_harvest_entries", cause="schema")["entries"][0]["cause"] == "schema" and act("tzc_harvest_entries", cause="no_title")["count"] == 2
    assert {reason["cause"] for reason in telling.summary(run)["reasons"]} == {"no_title", "schema", "fault"}
    body = editor.visit(f"/harvest/une-source/job/{run.id}")
    for words in ("La fiche n’a pas de titre.", "(2 fiches)", "ne respecte pas les règles de ce portail", "Trop beau", "dans le portail", "KeyError", "À faire", "compléter la fiche"):
        assert words in body, words
    assert len(editor.page.xpath("//main//details")) == 3 and len(editor.page.xpath("//main//details//li/a")) == 4
    body = editor.visit(editor.page.xpath("//main//details[1]//li/a/@href")[0])
    assert "La fiche n’a pas de titre." in body and "has no title" in body and "À faire" in body
    assert "There" not in editor.visit(f"/en/harvest/une-source/job/{run.id}") and "The record has no title." in editor.visit(f"/en/harvest/une-source/job/{run.id}")


def test_many_records_of_a_cause_are_counted_and_some_named(site: Site, made: dict[str, Any], editor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasons, "MOST", 3)
    says(site, [*TITLES, *((f"sans-{number}", "") for number in range(5))])
    run = harvest()
    [group] = reasons.records(run.id)
    assert (group["count"], len(group["records"])) == (5, 3)
    body = editor.visit(f"/harvest/une-source/job/{run.id}")
    assert "(5 fiches)" in body and len(editor.page.xpath("//main//details//li")) == 3


def test_a_plan_that_waits_says_what_it_would_refuse(site: Site, made: dict[str, Any], editor: Person) -> None:
    says(site, [*TITLES, ("sans-1", "")])
    run_id = act("tzc_harvest_dry_run")["run"]
    orders.work_now(run_id)
    assert causes() == [("records", "no_title", 1)]
    assert "La fiche n’a pas de titre." in editor.visit(f"/harvest/une-source/job/{run_id}")
    assert "La fiche n’a pas de titre." in editor.visit(f"/harvest/une-source/job/{run_id}/plan?kind=refused")


HOSTILE = {
    "not_found": Reply(status=404), "forbidden": Reply(status=403), "login": Reply(status=401), "server_error": Reply(status=500), "busy": Reply(status=429, headers={"Retry-After": "86400"}),
    "page": Reply(b"<!DOCTYPE html><html>", headers={"Content-Type": "text/html"}), "empty": Reply(b""), "cut_off": Reply(b"<http://a> <http://b", headers={"Content-Type": "text/turtle"}),
    "entities": Reply(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', headers={"Content-Type": "application/rdf+xml"}), "broken_off": Reply(b"@", headers={"Content-Length": "100"}),
    "redirect": Reply(status=302, headers={"Location": "/catalog"}), "format": Reply(b"<http://a> <http://b> <http://c> .", headers={"Content-Type": "text/turtle"}),
}  # fmt: skip


@pytest.mark.parametrize("cause", HOSTILE)
def test_what_a_source_does_to_us_is_told_apart(site: Site, made: dict[str, Any], editor: Person, cause: str) -> None:
    from tzc.harvesting.causes import CAUSES

    reply = HOSTILE[cause]
    site.answer = lambda _: Reply(reply.body, reply.status, dict(reply.headers))
    run = harvest()
    assert causes() == [("listing", cause, 1), ("listing", "partial", 1)], "why, then what comes of it"
    body = editor.visit(f"/harvest/une-source/job/{run.id}")
    for texts in (CAUSES[cause].what, CAUSES[cause].advice(by_hand=True)):
        assert texts.fr in body.replace("&#39;", "'")
    assert f"{site.address}/catalog" in body or cause in {"format", "broken_off"}, "the particular"


def test_an_inner_address_is_told(site: Site, source: Source, editor: Person) -> None:
    source(f"{site.address}/catalog", "tzc_dcat", {})
    run = harvest()
    assert {cause for _place, cause, _count in causes()} == {"inner", "partial"} and site.asked == []
    assert "réseau interne, fermé aux moissons" in editor.visit(f"/harvest/une-source/job/{run.id}")


def test_what_another_version_wrote_is_told_in_its_words(site: Site, made: dict[str, Any], editor: Person) -> None:
    says(site, [*TITLES, ("sans-1", "")])
    run = harvest()
    model.Session.query(store.Entry).update({"cause": ""})
    store.problem(run.id, "Ein alter Grund", "von gestern")
    model.Session.commit()
    body = editor.visit(f"/harvest/une-source/job/{run.id}")
    assert "The record has no title (dct:title)." in body and "Ein alter Grund" in body and "À faire" not in body


def test_the_command_tells_causes(site: Site, made: dict[str, Any]) -> None:
    says(site, [*TITLES, ("sans-1", "")])
    harvest()
    told = CliRunner().invoke(cli.tzc, ["harvest", "status", "une-source"])
    assert "Records, 1: The record has no title. Have the record completed" in told.output, told.output
    told = CliRunner().invoke(cli.tzc, ["harvest", "status", "une-source", "--json"])
    read = json.loads(told.output)
    assert [reason["cause"] for reason in read["reasons"]] == ["no_title"] == [group["cause"] for group in read["causes"]]


def test_the_command_says_what_to_do_with_a_plan_that_waits(site: Site, made: dict[str, Any]) -> None:
    says(site, TITLES)
    orders.work_now(act("tzc_harvest_run")["run"])
    for order in ("run", "dry-run"):
        told = CliRunner().invoke(cli.tzc, ["harvest", order, "une-source"])
        assert told.exit_code == 1 and "--approve" in told.output and "--again" in told.output, told.output


@pytest.mark.parametrize("order", [["run"], ["dry-run"], ["dry-run", "--again"]])
def test_the_command_approves_no_plan_in_which_suspiciously_much_leaves(site: Site, made: dict[str, Any], order: list[str]) -> None:
    def asked(*more: str) -> Any:
        return CliRunner().invoke(cli.tzc, ["harvest", order[0], "une-source", *more])

    says(site, TITLES)
    harvest()
    says(site, TITLES[:-5])
    if order[1:]:
        orders.work_now(act("tzc_harvest_dry_run")["run"])
    for night, more in enumerate((["--wait"], ["--wait"], ["--wait", "--json"], [])):
        told = asked("--approve", *(order[1:] if not night else []), *more)
        assert (told.exit_code, "--with-departures" in told.output) == (3, True), told.output
        if "--json" in more:
            answer = json.loads(told.output)
            assert (answer["state"], answer["asks"], "--with-departures" in answer["not_approved"]) == ("planned", "departures", True)
        else:
            assert told.output.startswith("planned: 1 unchanged, 5 deleted"), "what it would do stands before why it does not"
        assert model.Session.query(model.Package).filter_by(type="dataset", state="active").count() == len(TITLES)
    told = asked("--with-departures", "--approve", "--wait", "--json")
    answer = json.loads(told.output)
    assert (told.exit_code, answer["state"], answer["deleted"]) == (0, "done", 5) and "not_approved" not in answer
    # and at once, by somebody who knows
    says(site, [])
    assert asked("--with-departures", "--wait").exit_code == asked("--with-departures", "--approve").exit_code == 2
    assert store.open_run(made["id"]) is None
    told = asked("--with-departures", "--approve", "--wait", "--json")
    assert (told.exit_code, json.loads(told.output)["deleted"]) == (0, len(TITLES) - 5)


def test_the_command_fails_where_the_source_cannot_be_read(site: Site, made: dict[str, Any]) -> None:
    says(site, TITLES)
    harvest()
    told = CliRunner().invoke(cli.tzc, ["harvest", "run", "une-source", "--wait", "--json"])
    assert told.exit_code == 0, told.output
    site.answer = lambda _: Reply(status=404)
    for words in (["--json"], []):
        told = CliRunner().invoke(cli.tzc, ["harvest", "run", "une-source", "--wait", *words])
        assert told.exit_code == 1 and "404" in told.output, told.output


def test_a_plan_that_was_given_up_is_not_said_to_have_failed(site: Site, made: dict[str, Any], editor: Person) -> None:
    says(site, TITLES)
    harvest()
    says(site, [])
    act("tzc_harvest_run")
    orders.work_now(str(store.open_run(made["id"]).id))  # type: ignore[union-attr] -- it was begun just now
    act("tzc_harvest_stop")
    body = editor.visit("/harvest/une-source")
    assert tk._("Its plan was given up: nothing was done") in body and "Échec" not in body and "Un nombre suspect" in body


# still refused


def test_what_was_refused_stays_to_be_seen_while_nothing_changes(site: Site, made: dict[str, Any], editor: Person) -> None:
    says(site, [*TITLES, ("sans-1", ""), ("sans-2", "")], etag='"un"')
    read = harvest()
    for _ in range(2):
        again = harvest()
        told = act("tzc_harvest_status")
        assert (told["repeats"], told["still_refused"], told["found"]["refused"]) == (read.id, 2, 0)
        assert [(group["cause"], group["count"], group["still"]) for group in told["causes"]] == [("no_title", 2, True)]
        assert telling.summary(again)["still_refused"] == 2 == len(telling.summary(again)["reasons"])
    assert act("tzc_harvest_entries", still=True)["count"] == 2 and act("tzc_harvest_entries")["count"] == 0
    body = editor.visit(f"/harvest/une-source/job/{again.id}")
    assert "2 fiches sont toujours refusées" in body and "La fiche n’a pas de titre." in body and f"/job/{read.id}" in body
    for address in ("/harvest", "/harvest/une-source"):
        assert "2 fiches refusées" in editor.visit(address)
    says(site, [*TITLES, ("sans-1", "Avec titre")], etag='"deux"')
    harvest()
    told = act("tzc_harvest_status")
    assert (told["repeats"], told["still_refused"], told["causes"]) == (None, 0, [])
    assert "refusée" not in editor.visit("/harvest/une-source")


# at a glance


def glance(made: dict[str, Any]) -> dict[str, Any]:
    from ckanext.tzc.harvesting import reports

    found = reports.standing(model.Package.get(made["id"]))
    assert found is not None
    how: dict[str, Any] = found["health"]
    return how


def test_how_a_source_stands(site: Site, made: dict[str, Any], editor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.harvesting.grace_days", 7)
    assert (glance(made)["words"], glance(made)["well"]) == ("Jamais moissonnée", None)
    act("tzc_harvest_run")
    orders.work_now(str(store.open_run(made["id"]).id))  # type: ignore[union-attr] -- it was begun just now
    assert glance(made)["tone"] == "warning" and "approbation" in glance(made)["words"] and "approbation" in editor.visit("/harvest")
    act("tzc_harvest_approve")
    assert (glance(made)["tone"], glance(made)["words"]) == ("info", "0 fiches sur 6 sont traitées")
    orders.work_now(str(store.open_run(made["id"]).id))  # type: ignore[union-attr] -- as above
    well = glance(made)
    assert (well["tone"], well["words"], well["datasets"], well["refused"], well["missing"], well["kept"], well["since"]) == ("success", "Tout va bien", 6, 0, 0, 0, None)
    assert abs(well["well"] - dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)) < dt.timedelta(minutes=1)
    says(site, [*TITLES[:5], ("sans-1", "")])
    harvest()
    now = glance(made)
    assert (now["tone"], now["datasets"], now["refused"], now["missing"], now["well"]) == ("warning", 6, 1, 1, well["well"]) and now["since"] > well["well"]
    body = editor.visit("/harvest")
    for words in ("Des fiches sont refusées", "6 jeux de données", "1 fiche refusée", "1 absent de la source, gardé pour l’instant", "Tout allait bien pour la dernière fois"):
        assert words in body, words
    model.Session.query(store.ItemRow).filter(store.ItemRow.missing.is_not(None)).update({"kept": True})
    model.Session.commit()
    assert (glance(made)["missing"], glance(made)["kept"]) == (0, 1)
    site.answer = lambda _: Reply(status=500)
    harvest()
    assert (glance(made)["tone"], glance(made)["datasets"]) == ("bad", 6) and "n’a pas pu être lu" in editor.visit("/harvest/une-source")


def test_a_first_plan_that_was_given_up_waits_for_nobody(site: Site, made: dict[str, Any]) -> None:
    act("tzc_harvest_run")
    orders.work_now(str(store.open_run(made["id"]).id))  # type: ignore[union-attr] -- it was begun just now
    act("tzc_harvest_stop")
    assert (glance(made)["tone"], glance(made)["words"]) == ("warning", tk._("Its plan was given up: nothing was done"))


def test_what_somebody_meant_to_leave_out_is_no_trouble(site: Site, made: dict[str, Any]) -> None:
    act("tzc_harvest_mapping_update", mapping={"filters": {"publishers": ["Personne"]}})
    harvest()
    assert causes() == [("records", "filtered", 6)]
    assert (glance(made)["tone"], glance(made)["refused"]) == ("success", 6)


@pytest.mark.usefixtures("allowed")
def test_other_programs_sources_stand_as_their_last_job(source: Source, editor: Person) -> None:
    from ckanext.harvest.model import HarvestJob, HarvestObject

    made = source("https://catalogue.example.org/", "ckan", user=None)
    moment = dt.datetime(2026, 1, 1, 12)  # noqa: DTZ001 -- as the database holds it
    job = HarvestJob(source_id=made["id"], status="Finished", created=moment, gather_started=moment, finished=moment)
    job.save()
    HarvestObject(job=job, guid="1", state="COMPLETE", report_status="added").save()
    assert (glance(made)["tone"], glance(made)["well"]) == ("success", moment)
    later = HarvestJob(source_id=made["id"], status="Finished", created=moment + dt.timedelta(days=1), gather_started=moment, finished=moment + dt.timedelta(days=1))
    later.save()
    HarvestObject(job=later, guid="2", state="ERROR", report_status="errored").save()
    assert (glance(made)["tone"], glance(made)["well"], glance(made)["refused"]) == ("warning", moment, 1)
    assert health.of({}) == {}


def test_a_source_that_never_ran_says_so(made: dict[str, Any]) -> None:
    for name in ("status", "restore", "entries", "log"):
        with pytest.raises(tk.ObjectNotFound) as missing:
            act(f"tzc_harvest_{name}")
        assert missing.value.message == tk._("This source was never harvested: there is no run yet.")
    for name in ("status", "restore"):
        told = CliRunner().invoke(cli.harvest, [name, "une-source"])
        assert told.exit_code == 1 and "jamais été moissonnée" in told.output
    with pytest.raises(tk.ObjectNotFound) as missing:
        act("tzc_harvest_status", run="autre")
    assert missing.value.message == tk._("There is no such run.")


def test_the_command_says_which_run_it_looked_at_and_which_have_something_to_take_back(site: Site, made: dict[str, Any]) -> None:
    def restore(*more: str) -> list[str]:
        told = CliRunner().invoke(cli.harvest, ["restore", "une-source", *more])
        assert told.exit_code == 0, told.output
        return [line.strip() for line in told.output.splitlines()]

    def deletes(count: int) -> tuple[str, str]:
        says(site, TITLES[:count])
        run = harvest()
        return run.id, run.begun.isoformat()

    deletes(6)
    (first, begun), (second, _), (last, _) = deletes(5), deletes(4), deletes(4)
    [looked, heading, *others] = restore()
    assert looked.startswith(f"The last run, {last}, of 20") and looked.endswith("it deleted nothing that is still to be taken back.")
    assert heading == "Of other runs something can be taken back:"
    assert [line.split("   ")[0] for line in others] == [f"ckan tzc harvest restore une-source --run {run}" for run in (second, first)] and all(line.endswith(", 1 dataset)") for line in others)
    [looked, _, other] = restore("--run", second)
    assert looked.startswith(f"Run {second} of 20") and looked.endswith(": 1 dataset back.") and first in other
    assert json.loads(restore("--run", first, "--json")[0]) == {"restored": 1, "run": first, "begun": begun, "others": []}
    assert len(restore()) == 1


@pytest.mark.parametrize(("more", "config", "again"), [({}, {}, False), ({"frequency": "WEEKLY"}, {}, True), ({}, {"schedule": "30 3 * * *"}, True)])
def test_what_is_tried_again_by_itself_is_told_only_of_sources_with_a_rhythm(editor: Person, site: Site, source: Source, more: dict[str, str], config: dict[str, str], again: bool) -> None:
    source(f"{site.address}/catalog", "tzc_dcat", {"allow_internal": True, **config}, **more)
    site.answer = lambda _: Reply(status=500)
    run = harvest()
    [told] = [cause for cause in act("tzc_harvest_status")["causes"] if cause["cause"] == "server_error"]
    assert ("à la main" not in told["todo"]) is again and ("la prochaine moisson réessaie" in told["todo"]) is again
    editor.visit(f"/harvest/une-source/job/{run.id}")
    assert told["todo"] in editor.page.xpath("string(//main)")
    said = CliRunner().invoke(cli.harvest, ["status", "une-source"]).output
    assert ("by hand" not in said) is again and ("next run tries again" in said) is again

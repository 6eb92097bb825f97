"""Who looks after a source learns that it came into trouble, and that it is over: once each, by mail and by the partner's program, in their language."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import ckan.model as model
import ckan.plugins.core as plugins
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckanext.tzc.accounts import mail
from ckanext.tzc.harvesting import sources
from ckanext.tzc.harvesting.bridge import watching
from ckanext.tzc.harvesting.engine import orders, store, working
from ckanext.tzc.notices import jobs
from ckanext.tzc.notices import store as notices

from tests.domain.harvesters.speakers import answered, turtle
from tests.mailbox import Mailbox
from tests.people import Person
from tests.portal.accounts.conftest import mailbox
from tests.portal.harvesting.conftest import as_before
from tests.portal.harvesting.strange import Strange
from tests.sites import Reply, Site, served

__all__ = ["mailbox"]

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

TITLES = [(f"jeu-{number:02}", f"Comptage {number:02}") for number in range(12)]
Make = Callable[..., dict[str, Any]]


@pytest.fixture
def program() -> Iterator[Site]:
    """A partner's program."""
    with served() as site:
        site.answer = lambda _: Reply(status=204)
        yield site


def says(site: Site, datasets: list[tuple[str, str]]) -> None:
    site.answer = lambda _: answered(turtle(site, datasets), "text/turtle")


@pytest.fixture
def made(site: Site, source: Make, mailbox: Mailbox) -> dict[str, Any]:
    """A source that was harvested without trouble."""
    says(site, TITLES)
    found = source(f"{site.address}/catalog", "tzc_dcat", title="Le catalogue du port")
    night(approve=True)
    assert kinds(mailbox) == []
    return found


def night(user: str | None = None, **asked: Any) -> store.Run:
    """A run as the scheduler begins it, or somebody; to where it ends or waits."""
    name = user or tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    run_id = tk.get_action("tzc_harvest_run")({"user": name}, {"source": "une-source", **asked})["run"]
    orders.work_now(run_id)
    found = store.run(run_id)
    assert found is not None
    return found


def kinds(mailbox: Mailbox) -> list[str]:
    """What the partner's people were told, in order; and the mails are sent."""
    jobs.write_mails()
    mail.send_due()
    model.Session.rollback()
    query = model.Session.query(notices.Notice.kind).filter(notices.Notice.kind.startswith("harvest.")).order_by(notices.Notice.id)
    return [kind for (kind,) in query]


def trouble() -> str:
    known = model.Session.query(store.Known).populate_existing().one()
    assert bool(known.since) is bool(known.trouble)
    return str(known.trouble)


def address(user: str) -> str:
    return str(model.User.get(user).email)


def test_a_source_that_cannot_be_read_is_told_once_and_its_recovery_once(site: Site, made: dict[str, Any], partner: dict[str, Any], mailbox: Mailbox) -> None:
    site.answer = lambda _: Reply(status=403)
    run = night()
    assert kinds(mailbox) == ["harvest.failed"] and trouble() == "failed"
    [message] = mailbox.mails
    assert message["To"].addresses[0].addr_spec == address(partner["editor"])
    assert "Le catalogue du port" in message["Subject"] and "moissonné" in message["Subject"]
    body = message.get_content()
    for words in ("Le serveur refuse de nous répondre (403).", "laisser ce portail lire le catalogue", f"/harvest/une-source/job/{run.id}", "À faire"):
        assert words in body, words
    for status in (403, 500):
        site.answer = lambda _, status=status: Reply(status=status)  # type: ignore[misc] -- a lambda with a default
        night()
    assert kinds(mailbox) == ["harvest.failed"], "not each night, nor for another reason"
    says(site, TITLES)
    night()
    night()
    assert kinds(mailbox) == ["harvest.failed", "harvest.recovered"] and trouble() == ""
    assert len(mailbox.mails) == 2 and "sans problème" in mailbox.mails[1]["Subject"]
    site.answer = lambda _: Reply(status=500)
    night()
    assert kinds(mailbox) == ["harvest.failed", "harvest.recovered", "harvest.failed"], "another trouble is told anew"


def test_refused_records_are_told_the_first_time(site: Site, made: dict[str, Any], mailbox: Mailbox) -> None:
    says(site, [*TITLES, ("sans-1", ""), ("sans-2", "")])
    night()
    assert kinds(mailbox) == ["harvest.refused"] and trouble() == "records"
    body = mailbox.mails[0].get_content()
    assert "La fiche n’a pas de titre." in body and "Fiches\u00a0: 2" in body and "Faites compléter" in body
    night()
    says(site, [*TITLES, ("sans-1", ""), ("sans-3", "")])
    night()
    assert kinds(mailbox) == ["harvest.refused"]
    says(site, TITLES)
    night()
    assert kinds(mailbox) == ["harvest.refused", "harvest.recovered"]


def test_what_is_still_refused_while_nothing_changes_is_no_recovery(site: Site, made: dict[str, Any], mailbox: Mailbox) -> None:
    body = turtle(site, [*TITLES, ("sans-1", "")])
    site.answer = lambda asked: Reply(status=304) if asked.headers.get("If-None-Match") else Reply(body.encode() if isinstance(body, str) else body, headers={"Content-Type": "text/turtle", "ETag": '"un"'})
    night()
    again = night()
    assert again.repeats and kinds(mailbox) == ["harvest.refused"] and trouble() == "records"


def test_a_harvest_that_the_brake_stopped_is_told(site: Site, made: dict[str, Any], mailbox: Mailbox) -> None:
    says(site, TITLES[:6])
    run = night()
    assert run.state == store.PLANNED and kinds(mailbox) == ["harvest.waits"] and trouble() == "departures"
    body = mailbox.mails[0].get_content()
    assert "nombre suspect" in body and "approuvez-le" in body
    tk.get_action("tzc_harvest_stop")({"user": tk.config["ckan.site_id"]}, {"source": "une-source"})
    assert night().state == store.PLANNED
    assert kinds(mailbox) == ["harvest.waits"], "given up, and the same the next night"
    editor = factories.User()["name"]
    tk.get_action("organization_member_create")({"ignore_auth": True, "user": editor}, {"id": model.Package.get("une-source").owner_org, "username": editor, "role": "editor"})
    tk.get_action("tzc_harvest_approve")({"user": editor}, {"source": "une-source"})
    orders.work_now(str(store.open_run(made["id"]).id))  # type: ignore[union-attr] -- it was approved just now
    assert kinds(mailbox) == ["harvest.waits", "harvest.recovered"]
    assert mailbox.mails[-1]["To"].addresses[0].addr_spec != address(editor), "who approved it knows"


def test_a_first_plan_is_told_and_its_approval_is_not(site: Site, source: Make, mailbox: Mailbox) -> None:
    says(site, TITLES)
    made = source(f"{site.address}/catalog", "tzc_dcat")
    night()
    assert kinds(mailbox) == ["harvest.waits"] and trouble() == "first" and "première moisson" in mailbox.mails[0]["Subject"]
    tk.get_action("tzc_harvest_stop")({"user": tk.config["ckan.site_id"]}, {"source": "une-source"})
    night()
    tk.get_action("tzc_harvest_approve")({"user": tk.config["ckan.site_id"]}, {"source": "une-source"})
    orders.work_now(str(store.open_run(made["id"]).id))  # type: ignore[union-attr] -- it was approved just now
    assert kinds(mailbox) == ["harvest.waits"] and trouble() == ""


def test_who_asked_for_a_run_is_not_told_what_they_see(site: Site, made: dict[str, Any], partner: dict[str, Any], mailbox: Mailbox) -> None:
    site.answer = lambda _: Reply(status=500)
    run = night(user=partner["editor"])
    assert run.by == partner["editor"] and kinds(mailbox) == [] and trouble() == "failed"


def test_a_dry_run_that_waits_is_told_to_nobody(site: Site, made: dict[str, Any], mailbox: Mailbox) -> None:
    says(site, [*TITLES, ("jeu-12", "Encore un")])
    run_id = tk.get_action("tzc_harvest_dry_run")({"user": tk.config["ckan.site_id"]}, {"source": "une-source"})["run"]
    orders.work_now(run_id)
    assert kinds(mailbox) == [] and trouble() == ""
    says(site, TITLES[:2])
    run_id = tk.get_action("tzc_harvest_dry_run")({"user": tk.config["ckan.site_id"]}, {"source": "une-source", "again": True})["run"]
    orders.work_now(run_id)
    run = store.run(run_id)
    assert run is not None and (run.state, run.asks) == (store.PLANNED, "departures")
    assert kinds(mailbox) == [] and trouble() == "", "nor one in which much is missing"


def test_a_run_that_broke_off_is_told(site: Site, made: dict[str, Any], mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> None:
        raise KeyError("axis")

    with monkeypatch.context() as patched:
        patched.setattr(working.applying, "run", breaks)
        run = night()
    assert run.state == store.FAILED and kinds(mailbox) == ["harvest.failed"]
    assert "dans le portail" in mailbox.mails[0].get_content()
    assert run.done == {"unchanged": 12}


def test_the_partners_address_is_written_to_and_each_reads_their_language(site: Site, made: dict[str, Any], partner: dict[str, Any], mailbox: Mailbox) -> None:
    tk.get_action("organization_patch")({"ignore_auth": True, "user": tk.config["ckan.site_id"]}, {"id": partner["id"], "email": "donnees@port.example.org"})
    tk.get_action("tzc_notices_wish_update")({"user": partner["editor"]}, {"mail": "at_once", "language": "en"})
    site.answer = lambda _: Reply(status=404)
    night()
    kinds(mailbox)
    texts = {message["To"].addresses[0].addr_spec: message.get_content() for message in mailbox.mails}
    assert set(texts) == {"donnees@port.example.org", address(partner["editor"])}
    assert "There is nothing at this address (404)." in texts[address(partner["editor"])] and "/en/harvest/une-source" in texts[address(partner["editor"])]
    assert "Il n’y a rien à cette adresse (404)." in texts["donnees@port.example.org"]
    # an editor's own address is not written to twice
    tk.get_action("organization_patch")({"ignore_auth": True, "user": tk.config["ckan.site_id"]}, {"id": partner["id"], "email": address(partner["editor"]).upper()})
    mailbox.mails.clear()
    says(site, TITLES)
    night()
    kinds(mailbox)
    assert len(mailbox.mails) == 1


def test_without_editors_the_administrators_are_told(site: Site, made: dict[str, Any], partner: dict[str, Any], mailbox: Mailbox) -> None:
    administrator = factories.Sysadmin()
    tk.get_action("organization_member_delete")({"ignore_auth": True, "user": tk.config["ckan.site_id"]}, {"id": partner["id"], "username": partner["editor"]})
    site.answer = lambda _: Reply(status=404)
    night()
    assert kinds(mailbox) == ["harvest.failed"] and mailbox.mails[0]["To"].addresses[0].addr_spec == administrator["email"]


def test_the_partners_program_is_called(site: Site, made: dict[str, Any], partner: dict[str, Any], program: Site, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.notices.internal_webhooks", True)
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    tk.get_action("tzc_notices_webhook_update")({"user": user}, {"partner": partner["name"], "url": f"{program.address}/hook"})
    site.answer = lambda _: Reply(status=404)
    run = night()
    night()
    says(site, TITLES)
    night()
    jobs.call()
    told = [json.loads(asked.body) for asked in program.asked]
    assert [call["type"] for call in told] == ["harvest.failed", "harvest.recovered"]
    assert told[0]["data"] == {"about": {"source": made["id"], "run": run.id, "partner": partner["id"]}, "url": f"{tk.config['ckan.site_url']}/harvest/une-source/job/{run.id}"}


def test_it_stands_in_the_portal_too(site: Site, made: dict[str, Any], partner: dict[str, Any], app: Any) -> None:
    from tests.people import PASSWORD

    site.answer = lambda _: Reply(status=404)
    night()
    user = model.User.get(partner["editor"])
    user.password = PASSWORD
    model.Session.commit()
    body = Person(app, partner["editor"]).visit("/compte/notifications")
    assert "Le catalogue du port" in body and "Il n’y a rien à cette adresse (404)." in body


# sources that another program harvests


Theirs = Callable[..., store.Run]


@pytest.fixture
def theirs(source: Make, allowed: None, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Theirs:
    """A night of a source of another program's harvester, in which it does this with its records (see `Strange`)."""
    monkeypatch.setitem(plugins._PLUGINS_SERVICE, "strange", Strange(name="strange"))
    monkeypatch.setitem(tk.config, sources.ALLOWED, ["strange"])
    monkeypatch.setattr(watching, "limits", lambda: watching.Limits(run=60, silence=1.5, stop=0.2))
    monkeypatch.setattr(watching, "LOOK", 0.05)
    made = source("https://catalogue.example.org/", "strange", {"records": ["writes un"]}, title="Le catalogue du port")

    def harvested(*records: str, user: str | None = None, **settings: Any) -> store.Run:
        as_before(made, {"records": records, **settings})
        return night(user)

    assert harvested("writes un").state == store.DONE
    assert kinds(mailbox) == [], "that all is well from the beginning is no news"
    return harvested


FAULTS: list[tuple[list[str], dict[str, Any], str]] = [
    (["writes un"], {"listing": "raises"}, "failed"), (["writes un"], {"listing": "nothing"}, "failed"), (["writes un"], {"listing": "dies"}, "failed"), (["writes un"], {"listing": "hangs"}, "failed"),
    (["writes un", "requests http://127.0.0.1:1/"], {"allow_internal": False}, "failed"), (["raises"], {}, "records"), (["writes un", "fails", "dies"], {}, "records"), (["hangs"], {}, "records"),
]  # fmt: skip


@pytest.mark.parametrize(("records", "settings", "stands"), FAULTS, ids=lambda value: value if isinstance(value, str) else None)
def test_trouble_of_another_programs_harvester_is_told_once_and_its_recovery_once(theirs: Theirs, mailbox: Mailbox, records: list[str], settings: dict[str, Any], stands: str) -> None:
    run = theirs(*records, **settings)
    assert run.state == (store.FAILED if "listing" in settings else store.DONE) and trouble() == stands
    told = {"failed": "harvest.failed", "records": "harvest.refused"}[stands]
    assert kinds(mailbox) == [told]
    [message] = mailbox.mails
    assert "Le catalogue du port" in message["Subject"] and f"/harvest/une-source/job/{run.id}" in message.get_content()
    theirs(*records, **settings)
    assert kinds(mailbox) == [told], "not each night"
    assert theirs("writes un").state == store.DONE
    assert kinds(mailbox) == [told, "harvest.recovered"] and trouble() == ""
    theirs("writes un")
    assert kinds(mailbox) == [told, "harvest.recovered"] and len(mailbox.mails) == 2


def test_how_many_of_its_records_failed_is_told(theirs: Theirs, mailbox: Mailbox) -> None:
    run = theirs("writes un", "fails", "raises")
    assert run.done == {"changed": 1, "failed": 2}
    kinds(mailbox)
    assert "Fiches\u00a0: 2" in mailbox.mails[0].get_content()


def test_a_run_of_another_program_that_was_ended_is_told(theirs: Theirs, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it took too long, or as too many workers died of it."""
    monkeypatch.setattr(watching, "limits", lambda: watching.Limits(run=1, silence=60))
    assert theirs("writes un", "hangs").state == store.FAILED
    assert kinds(mailbox) == ["harvest.failed"]
    theirs("writes un")
    run_id = tk.get_action("tzc_harvest_run")({"user": tk.config["ckan.site_id"]}, {"source": "une-source"})["run"]
    model.Session.query(store.Run).filter_by(id=run_id).update({"taken_over": 6, "broke": "SIGKILL"})
    model.Session.commit()
    orders.work_now(run_id)
    assert kinds(mailbox) == ["harvest.failed", "harvest.recovered", "harvest.failed"] and trouble() == "failed"


def test_a_run_of_another_program_that_somebody_stopped_changes_nothing(theirs: Theirs, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(self: Strange, found: Any) -> Any:
        model.Session.query(store.Run).update({"wanted": "stop"})
        return original(self, found)

    original = Strange.import_stage
    theirs("raises")
    with monkeypatch.context() as patched:
        patched.setattr(Strange, "import_stage", stops)
        assert theirs("writes un", "writes deux").state == store.STOPPED
    assert kinds(mailbox) == ["harvest.refused"] and trouble() == "records"


def test_how_a_source_stands_is_written_with_the_end_of_its_run(theirs: Theirs, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told of what did not come to be."""

    def breaks(*_: Any) -> None:
        raise KeyError("axis")

    with monkeypatch.context() as patched:
        patched.setattr(working, "_end", breaks)
        with pytest.raises(KeyError):
            theirs("raises")
    model.Session.rollback()
    assert kinds(mailbox) == [] and trouble() == ""


def test_the_partners_program_is_called_for_another_programs_harvester_too(theirs: Theirs, partner: dict[str, Any], program: Site, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.notices.internal_webhooks", True)
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    tk.get_action("tzc_notices_webhook_update")({"user": user}, {"partner": partner["name"], "url": f"{program.address}/hook"})
    theirs("writes un", listing="raises")
    theirs("writes un")
    jobs.call()
    assert [json.loads(asked.body)["type"] for asked in program.asked] == ["harvest.failed", "harvest.recovered"]

"""Hostile sources, from end to end: one that was harvested well answers with a fault, beside another one.

The run ends, its page says why, nothing of the portal is lost, and the other source is harvested as always. What the parts do for themselves: `tests/domain/harvesters`.
"""
from __future__ import annotations

import gzip
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk
import psutil
import pytest
from ckanext.tzc.harvesters import http, listing
from ckanext.tzc.harvesters.http import Limits, is_public
from ckanext.tzc.harvesting.engine import orders, serving, store
from ckanext.tzc.harvesting.partners import PartnerHarvester

from tests.certificates import Authority
from tests.domain.harvesters import hostile
from tests.domain.harvesters.hostile import MEGABYTE
from tests.domain.harvesters.speakers import Answer, answered, turtle
from tests.portal.harvesting.world import KINDS, TITLES, Catalogue, Run, World, datasets
from tests.sites import Asked, Reply, served

pytestmark = pytest.mark.usefixtures("with_plugins", "with_request_context")

ALL = tuple(KINDS)
SOME = ("ckan", "dcat-turtle", "table-csv")
"""For what is the client's, whichever kind asks."""

JSON, XML, PAGED = ("ckan", "udata", "opendatasoft", "data.json"), ("csw", "dcat-xml"), ("ckan", "csw", "dcat-turtle", "udata")
NOT_WHOLE = "Le catalogue n’a pas été lu en entier."
LIMITS = Limits(connect=2, read=5, answer=20, size=MEGABYTE, tries=2, pause=0.01, longest_pause=2)


@pytest.fixture
def limits(run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Small ones, so that no case waits; some of them may be set."""

    def set_to(**given: Any) -> None:
        monkeypatch.setattr(PartnerHarvester, "limits", Limits(**{**vars(LIMITS), **given}))

    set_to()
    return set_to


Fault = Callable[[Catalogue], Answer]


def always(reply: Reply) -> Fault:
    return lambda _one: lambda _asked: reply


def instead(change: Callable[[Reply], Reply]) -> Fault:
    """What is made of each of its answers."""

    def fault(one: Catalogue) -> Answer:
        whole = one.well()
        return lambda asked: change(whole(asked))

    return fault


def cut(reply: Reply) -> Reply:
    return Reply(reply.body[: len(reply.body) * 2 // 3], reply.status, dict(reply.headers))


def half_packed(reply: Reply) -> Reply:
    """Half a gzip, whose length is that of the half."""
    body = gzip.compress(reply.body)
    return Reply(body[: len(body) // 2], reply.status, {"Content-Type": reply.headers.get("Content-Type", ""), "Content-Encoding": "gzip"})


def drip(out: Any) -> None:
    for _ in range(1000):
        out.write(b" ")
        out.flush()
        time.sleep(0.02)


PAGE = Reply(b"<!DOCTYPE html><html><title>Maintenance</title></html>", headers={"Content-Type": "text/html"})
LATIN = instead(lambda reply: Reply(reply.body.decode().replace("été", "\x00").encode("ascii", "replace").replace(b"\x00", b"\xe9t\xe9"), reply.status, dict(reply.headers)))
GIBIBYTES = hostile.Stream()
XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

CASES: list[tuple[str, tuple[str, ...], Fault, str]] = [
    ("a page", ALL, always(PAGE), "answers with a page (text/html), not with "),
    ("nothing", SOME, always(Reply()), "answers with nothing, where "),
    ("404", ALL, always(Reply(status=404)), "answers with the status 404."),
    ("500", SOME, always(Reply(status=500)), "answers with the status 500."),
    ("503", ("dcat-turtle",), always(Reply(status=503)), "answered 2 times that it is not available now (last with 503)."),
    ("429", SOME, always(Reply(status=429, headers={"Retry-After": "86400"})), "wants to be asked again in 86400 seconds only; that is too long to wait. Harvest it again then."),
    ("truncated", JSON, instead(cut), "answers with broken or cut off JSON: "),
    ("truncated", XML, instead(cut), "The XML is broken or cut off: "),
    ("truncated", ("dcat-turtle",), instead(cut), "answers with broken or cut off RDF (turtle): "),
    ("truncated", ("table-csv",), instead(cut), ": the table is cut off or broken."),
    ("truncated", ("table-xlsx",), instead(cut), "is a broken or cut off XLSX: "),
    ("broken off", SOME, instead(lambda reply: Reply(cut(reply).body, headers={"Content-Length": str(len(reply.body))})), "cannot be had: ProtocolError: "),
    ("half a gzip", ALL, instead(half_packed), "cannot be had: DecodeError: what it packed (gzip) ends in the middle"),
    ("another charset", (*JSON, "dcat-turtle"), LATIN, "answers in another encoding than UTF-8."),
    ("another charset", XML, LATIN, "The XML is broken or cut off: "),
    ("nested", (*JSON, "dcat-turtle"), always(Reply(b"[" * 500_000)), "broken or cut off "),
    ("an entity bomb", XML, always(Reply(hostile.BOMB.encode(), headers={"Content-Type": "application/xml"})), "The XML has a document type (DOCTYPE), which is not read: it may define entities."),
    ("a gzip bomb", SOME, always(hostile.packed(64 * MEGABYTE)), "answers with more than 1 MB."),
    ("an XLSX bomb", ("table-xlsx",), always(Reply(hostile.workbook_bomb(), headers=XLSX)), "is larger than 200 MB when it is unpacked."),
    ("2 GiB", SOME, lambda _one: GIBIBYTES.reply, "answers with more than 1 MB."),
    ("the same page for ever", PAGED, lambda one: (one.speaker.endless or one.well)(one.site, TITLES), "paging "),
    ("a slow drip", ("dcat-turtle", "udata"), always(Reply(headers={"Content-Length": "1000"}, write=drip)), "takes longer than 0.3 seconds."),
]
LINES = [pytest.param(speaker, fault, cause, id=f"{name}-{speaker}") for name, speakers, fault, cause in CASES for speaker in speakers]


def hit(world: World, run: Run, one: Catalogue, answer: Answer) -> list[str]:
    """Harvest a source that answers so; what its page says besides that nothing is deleted. Nothing of the portal is changed, and the other source is harvested."""
    before = datasets()
    one.site.answer = answer
    run(one.source)
    state, reasons = world.told(one)
    assert state == store.DONE and reasons.pop(reasons.index(NOT_WHOLE))
    assert datasets() == before
    world.goes_on(run)
    return reasons


@pytest.mark.parametrize(("speaker", "fault", "cause"), LINES)
def test_a_fault(world: World, run: Run, limits: Callable[..., None], speaker: str, fault: Fault, cause: str) -> None:
    one = world.harvested(speaker, run)
    limits(answer=0.3 if "0.3 seconds" in cause else 20)
    [reason] = hit(world, run, one, fault(one))
    assert cause in reason
    one.site.answer = one.well()
    assert run(one.source) == {"counts": {"not modified": 12}, "problems": []}, "it is well again"


@pytest.mark.parametrize("speaker", ALL)
def test_an_emptied_catalogue(world: World, run: Run, limits: Callable[..., None], speaker: str) -> None:
    one = world.harvested(speaker, run)
    before = datasets()
    one.site.answer = one.well([])
    run(one.source)
    words = "12 jeux de données sur 12 manquent à la source, un nombre suspect : rien n’est fait tant que quelqu’un n’a pas regardé puis approuvé la moisson, ou ne l’a pas arrêtée."
    assert world.told(one) == (store.STOPPED, [words])
    assert datasets() == before
    world.goes_on(run)


@pytest.mark.parametrize("speaker", hostile.GROWING)
def test_a_listing_that_always_brings_more(world: World, run: Run, limits: Callable[..., None], speaker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = world.well(world.new(speaker), run)
    before = datasets()
    monkeypatch.setattr(listing, "MOST_RECORDS", 30)
    one.site.asked.clear()
    one.site.answer = hostile.GROWING[speaker](one.site, TITLES)
    run(one.source)
    assert world.told(one) == (store.DONE, ["The listing has more than 30 records.", NOT_WHOLE])
    assert len(one.site.asked) < 10 and before.items() <= datasets().items()
    world.goes_on(run)


@pytest.mark.parametrize("speaker", XML)
def test_an_entity_from_elsewhere(world: World, run: Run, limits: Callable[..., None], speaker: str) -> None:
    one = world.harvested(speaker, run)
    with served() as elsewhere:
        body = hostile.reads_elsewhere(elsewhere.address).encode()
        [reason] = hit(world, run, one, lambda _: Reply(body, headers={"Content-Type": "application/xml"}))
        assert "The XML has a document type (DOCTYPE), which is not read: it may define entities." in reason
        assert elsewhere.asked == [] and "root:" not in reason


def test_a_server_that_wants_to_be_asked_again_is_waited_for(world: World, run: Run, limits: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    one = world.harvested("dcat-turtle", run)
    whole, waits, asked = one.well(), list[float](), iter(range(100))
    monkeypatch.setattr(http.time, "sleep", waits.append)
    one.site.answer = lambda question: Reply(status=429, headers={"Retry-After": "2"}) if next(asked) == 1 else whole(question)
    assert run(one.source) == {"counts": {"not modified": 12}, "problems": []}
    assert waits == [2.0]


@pytest.mark.parametrize("speaker", ["ckan", "csw", "dcat-turtle", "udata", "opendatasoft", "data.json"])
def test_an_identifier_that_is_given_twice(world: World, run: Run, limits: Callable[..., None], speaker: str) -> None:
    one = world.harvested(speaker, run)
    reasons = hit(world, run, one, one.well([*TITLES[:6], ("jeu-04", "Un autre"), *TITLES[6:]]))
    assert reasons[-1] == "The identifier jeu-04 is given to several records that are not the same; the first of them is taken."


@pytest.mark.parametrize("speaker", [name for name in ALL if name != "table-xlsx"])
def test_a_description_of_ten_megabytes(world: World, run: Run, limits: Callable[..., None], speaker: str) -> None:
    """It is cut off, and its record is as good as any other."""
    one = world.well(world.new(speaker), run)
    before = datasets()
    limits(size=50 * MEGABYTE)
    one.site.answer = hostile.talkative(one.well(), "jeu-05", 10 * MEGABYTE)
    assert run(one.source) == {"counts": {"updated": 1, "not modified": 11}, "problems": []}
    after = datasets()
    [changed] = [name for name in before if after[name] != before[name]]
    shown = tk.get_action("package_show")({"ignore_auth": True}, {"id": changed})
    assert (shown["title"], shown["notes"]) == ("Comptage d’été 05", "x" * 100_000)
    world.editor.visit(f"/dataset/{shown['name']}")
    world.editor.visit(f"/dataset/harvest_object/{changed}")
    world.goes_on(run)


CIRCLES = """
<jeu-01> dct:isPartOf <jeu-02> . <jeu-02> dct:isPartOf <jeu-03> . <jeu-03> dct:isPartOf <jeu-01> ; dct:hasPart <jeu-03>, _:a . _:a dct:relation _:b . _:b dct:relation _:a .
<jeu-05> dcat:distribution <jeu-05> . _:fichier6 dcat:accessService _:fichier6 ; dct:conformsTo _:fichier6 ; dct:license _:fichier6 .
"""


def test_statements_in_circles(world: World, run: Run, limits: Callable[..., None]) -> None:
    one = world.harvested("dcat-turtle", run)
    before = datasets()
    one.site.answer = lambda _: answered(turtle(one.site, TITLES, CIRCLES), "text/turtle")
    assert run(one.source) == {"counts": {"not modified": 12}, "problems": []}
    assert datasets() == before


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ('[] a dcat:Dataset ; dct:title "Sans nom" .', "A dataset has neither an address nor an identifier (dct:identifier): Sans nom."),
        ('[] a dcat:Dataset ; dct:title "Sans\\u0000 nom" .', "A dataset has neither an address nor an identifier (dct:identifier): Sans nom."),
        ("<{here}> a <http://www.w3.org/ns/hydra/core#PartialCollectionView> ; hydra:next <{here}> .", "The next page is one that was read before ({here}): the paging goes round in circles."),
        ("<{here}> hydra:next <http://192.0.2.1/catalog> .", 'The next page is at another server (192.0.2.1). If that is right, name it in the configuration: {{"allow_hosts": ["192.0.2.1"]}}.'),
    ],
    ids=["blank", "null", "itself", "elsewhere"],
)
def test_a_feed_that_says_too_little_or_leads_astray(world: World, run: Run, limits: Callable[..., None], more: str, reason: str) -> None:
    one = world.harvested("dcat-turtle", run)
    here = f"{one.site.address}/catalog"
    body = turtle(one.site, TITLES, more.replace("{here}", here))
    assert hit(world, run, one, lambda _: answered(body, "text/turtle")) == [reason.format(here=here)]


# where servers lead


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> dict[str, Iterator[str]]:
    """127.0.0.2 stands for a number of the public internet; names lead to these numbers, one after the other."""
    names: dict[str, Iterator[str]] = {}
    real = socket.getaddrinfo

    def lookup(host: str, port: Any, *rest: Any, **named: Any) -> Any:
        return real(next(names[host]) if host in names else host, port, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(http, "is_public", lambda number: number == "127.0.0.2" or is_public(number))
    return names


def outside(world: World, run: Run, speaker: str) -> Catalogue:
    """A source on the public internet, to which nobody allowed the internal one."""
    name = f"public {speaker}"
    if name not in world.made:
        world.made[name] = world.well(world.new(speaker, site=world.stack.enter_context(served("127.0.0.2")), allow_internal=False), run)
    return world.made[name]


INNER = [
    *((speaker, "127.0.0.1:{port}", "127.0.0.1") for speaker in ALL),
    *(
        ("dcat-turtle", host, name)
        for host, name in (
            ("localhost:{port}", "localhost"), ("10.0.0.1", "10.0.0.1"), ("169.254.169.254", "169.254.169.254"), ("[::1]:{port}", "::1"), ("[::ffff:127.0.0.1]:{port}", "::ffff:127.0.0.1"),
            ("0:{port}", "0"), ("inner.example:{port}", "inner.example"),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("speaker", "host", "name"), INNER, ids=[f"{speaker}-{host}" for speaker, host, _ in INNER])
def test_a_redirect_inwards(world: World, run: Run, limits: Callable[..., None], public: dict[str, Iterator[str]], speaker: str, host: str, name: str) -> None:
    one = outside(world, run, speaker)
    public["inner.example"] = iter(["127.0.0.1"] * 100)
    with served() as inner:
        where = host.format(port=inner.address.rpartition(":")[2])
        reasons = hit(world, run, one, lambda _: Reply(status=302, headers={"Location": f"http://{where}/latest/meta-data/"}))
        assert reasons == [f"{name} is an address of an internal network. Only a source for which an administrator allowed it may lead there."]
        assert inner.asked == []


def test_a_name_that_leads_inwards_when_it_is_asked_again(world: World, run: Run, limits: Callable[..., None], public: dict[str, Iterator[str]]) -> None:
    """It is public when the first page is asked, and internal at the second; each look is that of a connection."""
    public["rebind.example"] = iter(["127.0.0.2"] * 100)
    site = world.stack.enter_context(served("127.0.0.2"))
    site.address = site.address.replace("127.0.0.2", "rebind.example")
    one = world.well(world.new("dcat-turtle", site=site, allow_internal=False), run)
    looks = public["rebind.example"] = iter(["127.0.0.2", *["127.0.0.1"] * 100])
    site.asked.clear()
    reasons = hit(world, run, one, one.well([("jeu-00", "Comptage d’été 00"), *TITLES[1:]]))
    assert reasons == ["rebind.example is an address of an internal network. Only a source for which an administrator allowed it may lead there."]
    assert len(site.asked) == 1 and len(list(looks)) == 99


def test_a_certificate_that_ended(world: World, run: Run, limits: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one for another name, and one that nobody known has signed."""
    authority, stranger = (Authority(folder) for folder in (tmp_path / "a", tmp_path / "b"))
    monkeypatch.setattr(http.certifi, "where", lambda: str(authority.file))
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(authority.certificate("127.0.0.1", 100))
    one = world.well(world.new("dcat-turtle", site=world.stack.enter_context(served(secure=secure))), run)
    for file, why in (
        (authority.certificate("127.0.0.1", -1), "certificate has expired"),
        (authority.certificate("127.0.0.9", 100), "IP address mismatch, certificate is not valid for '127.0.0.1'"),
        (stranger.certificate("127.0.0.1", 100), "unable to get local issuer certificate"),
    ):
        secure.load_cert_chain(file)
        one.site.asked.clear()
        [reason] = hit(world, run, one, one.well())
        assert reason.startswith(f"{one.site.address}/catalog cannot be had: ") and f"certificate verify failed: {why}" in reason
        assert one.site.asked == []


# what servers cost


def begun(one: Catalogue) -> str:
    """A run that waits for a worker."""
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    job = tk.get_action("harvest_job_create")({"user": user}, {"source_id": one.source["id"], "run": False})
    return str(orders.begin(job["id"], approved_by=user).id)


def test_a_server_that_says_nothing_holds_up_no_other(world: World, run: Run, limits: Callable[..., None]) -> None:
    one, other = world.harvested("dcat-turtle", run), world.harvested("ckan", run)
    asked, told = threading.Event(), threading.Event()

    def silent(question: Asked) -> Reply:
        asked.set()
        told.wait(60)
        return Reply(status=404)

    before = datasets()
    one.site.answer, other.site.answer = silent, other.well()
    held, free = begun(one), begun(other)
    service = serving.Service(2)
    assert [service.look(), service.look(), service.look()] == [True, True, False]
    assert asked.wait(60)
    process = next(number for number, (claimed, _) in service.workers.items() if claimed == free)
    os.waitpid(process, 0)
    del service.workers[process]
    states = [found.state for name in (free, held) if (found := store.run(name))]
    assert states == [store.DONE, store.PLANNING]
    told.set()
    service.reap(0)
    state, reasons = world.told(one)
    assert state == store.DONE and f"{one.site.address}/catalog answers with the status 404." in reasons
    assert datasets() == before


def test_an_answer_of_two_gibibytes_costs_its_limit(world: World, run: Run, limits: Callable[..., None]) -> None:
    """Memory that a worker's process takes besides what it begins with."""
    one = world.harvested("dcat-turtle", run)
    limits(size=16 * MEGABYTE)
    costs = []
    for answer in (one.well(), GIBIBYTES.reply):
        one.site.answer = answer
        service = serving.Service(1)
        begun(one)
        before = psutil.Process().memory_info().rss
        assert service.look()
        [process] = service.workers
        _, status, used = os.wait4(process, 0)
        assert status == 0
        costs.append(used.ru_maxrss * 1024 - before)
    assert f"{one.site.address}/catalog answers with more than 16 MB." in world.told(one)[1]
    assert costs[1] - costs[0] < 3 * 16 * MEGABYTE and GIBIBYTES.sent < 64 * MEGABYTE

"""Each way in which a catalogue can fail us has a cause of its own, with words for who has to do something about it."""
from __future__ import annotations

import ast
import contextlib
import gzip
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ckanext.tzc.harvesters
import pytest
from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.base import Source
from ckanext.tzc.harvesters.http import Client, FetchError, Limits
from ckanext.tzc.harvesters.listing import Trail, once
from ckanext.tzc.harvesters.partners.ckan_api import CkanApi
from ckanext.tzc.harvesters.partners.csw import Csw
from ckanext.tzc.harvesters.partners.dcat_feed import DcatFeed
from ckanext.tzc.harvesters.partners.table import Table
from ckanext.tzc.harvesters.record import Item, RecordError
from tzc.harvesting import causes

from tests.sites import Asked, Reply, Site, catalogue, served

QUICK = Limits(connect=1, read=0.5, answer=1, size=2**20, tries=2, pause=0.01, longest_pause=1)
HTML = b"<!DOCTYPE html><html><title>Maintenance</title></html>"
LAUGHS = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">' + b"".join(
    b'<!ENTITY %c "%s">' % (letter + 1, b"&%c;" % letter * 10) for letter in range(ord("b"), ord("j"))
) + b"]><a>&j;</a>"  # fmt: skip


def test_every_cause_is_told_in_two_sentences_and_two_languages() -> None:
    for code, cause in causes.CAUSES.items():
        assert code == cause.code and code.replace("_", "").isalpha()
        for texts in (cause.what, cause.todo, cause.advice(by_hand=True)):
            for words in texts:
                assert words[0].isupper() and words.endswith(".") and len(words) > 15, words
            assert texts.text("en") == texts.text("de") == texts.en != texts.text("fr") == texts.fr
        assert " :" not in cause.what.fr.replace(" :", "") and "'" not in cause.what.fr + cause.todo.fr, "French signs"
    by_hand = {code: cause.advice(by_hand=True).en for code, cause in causes.CAUSES.items()}
    assert [code for code, words in by_hand.items() if "next run tries" in words] == [], "without a rhythm there is no such run"
    assert [code for code, words in by_hand.items() if "by hand" in words] == ["no_answer", "timeout", "broken_off", "server_error", "empty", "incomplete", "fault"]
    assert all(cause.advice(by_hand=False) is cause.todo for cause in causes.CAUSES.values())
    what = [cause.what for cause in causes.CAUSES.values()]
    assert len(set(what)) == len(what), "no two of them read the same"
    assert causes.of("demain") is None and causes.of("") is None


def test_a_status_has_its_cause() -> None:
    assert [causes.of_status(status) for status in (400, 401, 403, 404, 410, 429, 500, 503)] == ["status", "login", "forbidden", "not_found", "not_found", "busy", "server_error", "server_error"]


def test_of_several_ways_the_one_that_is_there_says_most() -> None:
    assert [causes.most_telling(codes) for codes in (["not_found", "server_error", "page"], ["not_found", "not_found"], [])] == ["server_error", "not_found", ""]


def _refusals() -> Iterator[tuple[str, ast.Call]]:
    """Wherever our harvesters refuse something."""
    for folder in ckanext.tzc.harvesters.__path__:
        for file in sorted(Path(folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"FetchError", "RecordError", "IncompleteError", "XmlError", "Item"}:
                    yield f"{file.name}:{node.lineno}", node


def test_every_code_that_is_said_is_one_of_the_table() -> None:
    said = set()
    for place, call in _refusals():
        arguments = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "cause")] if getattr(call.func, "id", "") != "Item" else [
            keyword.value for keyword in call.keywords if keyword.arg == "cause"
        ]  # fmt: skip
        codes = [node.value for argument in arguments for node in ast.walk(argument) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        assert set(codes) <= causes.CAUSES.keys(), (place, codes)
        said |= set(codes)
    assert len(said) > 15
    defaults = {kind.cause for kind in (FetchError, *FetchError.__subclasses__())} | {RecordError("x").cause, Item().cause}
    assert defaults <= causes.CAUSES.keys()


# what servers do


def cause(address: str, act: Callable[[Client], Any] | None = None, **more: Any) -> str:
    """What it fails for to ask this address."""
    with pytest.raises(FetchError) as failed:
        (act or (lambda asking: asking.get(address)))(Client(**{"allow_internal": True, "limits": QUICK, **more}))
    return failed.value.cause


def drip(out: Any) -> None:
    with contextlib.suppress(OSError):
        for _ in range(100):
            out.write(b" ")
            out.flush()
            threading.Event().wait(0.1)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(status=401), "login"), (Reply(status=403), "forbidden"), (Reply(status=404), "not_found"), (Reply(status=500), "server_error"), (Reply(status=503), "server_error"),
        (Reply(status=429), "busy"), (Reply(status=429, headers={"Retry-After": "86400"}), "busy"), (Reply(status=503, headers={"Retry-After": "86400"}), "server_error"), (Reply(status=400), "status"),
        (Reply(status=302, headers={"Location": "/"}), "redirect"), (Reply(status=302, headers={"Location": "http://["}), "redirect"), (Reply(status=302, headers={"Location": "file:///etc/passwd"}), "address"),
        (Reply(b" " * 2**21), "too_large"), (Reply(gzip.compress(b" " * 2**21), headers={"Content-Encoding": "gzip"}), "too_large"),
        (Reply(headers={"Content-Length": "100"}, write=drip), "timeout"), (Reply(b"{", headers={"Content-Length": "100"}), "broken_off"),
    ],
)  # fmt: skip
def test_what_a_server_answers(site: Site, reply: Reply, expected: str) -> None:
    site.answer = lambda _: Reply(reply.body, reply.status, dict(reply.headers), reply.write)
    assert cause(f"{site.address}/") == expected


@pytest.mark.parametrize(
    ("body", "read", "expected"),
    [
        (HTML, "json", "page"), (b"", "json", "empty"), (b'{"a": [1', "json", "cut_off"), (b'"\xe9"', "json", "encoding"), (HTML, "xml", "page"), (b"<a><b>", "xml", "cut_off"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>', "xml", "entities"), (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "xml", "entities"), (LAUGHS, "xml", "entities"),
    ],
)  # fmt: skip
def test_what_an_answer_holds(site: Site, body: bytes, read: str, expected: str) -> None:
    site.answer = lambda _: Reply(body)
    assert cause(site.address, lambda asking: getattr(asking.get(f"{site.address}/"), read)()) == expected


def test_where_nobody_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert cause(f"http://127.0.0.1:{port}/") == "timeout", "somebody listens and says nothing"
    assert cause(f"http://127.0.0.1:{port}/") == "no_answer"
    for internal in (True, False):
        assert cause("http://nulle-part.invalid/", allow_internal=internal) == "unknown_host"
    assert cause("http://127.0.0.1:1/", allow_internal=False) == "inner"
    assert cause("ftp://data.example.org/") == cause("http://[/") == "address"


def test_a_certificate_that_is_not_valid(tmp_path: Path) -> None:
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    past = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1).not_valid_before(past).not_valid_after(past + dt.timedelta(days=1))
    plain = serialization.Encoding.PEM
    file = tmp_path / "expired.pem"
    file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(plain) + key.private_bytes(plain, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def talk(server: socket.socket) -> None:
        line, _ = server.accept()
        with line, contextlib.suppress(OSError):
            context.wrap_socket(line, server_side=True).close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=talk, args=(server,), daemon=True).start()
        assert cause(f"https://localhost:{server.getsockname()[1]}/") == "certificate"


# what catalogues do


def listed(harvester: base.Harvester, site: Site, path: str = "/catalog", **settings: object) -> str:
    with pytest.raises(FetchError) as failed:
        list(base.listing(harvester, Client(allow_internal=True, limits=QUICK), Source(f"{site.address}{path}", settings)))
    return failed.value.cause


def test_what_is_no_catalogue_of_the_kind(site: Site) -> None:
    site.answer = lambda _: Reply(b"[]")
    assert listed(CkanApi(), site) == "api_refuses" and listed(DcatFeed(), site) == "format"
    site.answer = lambda _: Reply(b"<a/>", headers={"Content-Type": "application/xml"})
    assert listed(Csw(), site) == "format"
    site.answer = lambda _: Reply(b'<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows">Non</ows:ExceptionReport>', headers={"Content-Type": "application/xml"})
    assert listed(Csw(), site) == "api_refuses"
    site.answer = lambda asked: Reply(b"", 500 if asked.path.endswith("package_search") else 404)
    assert listed(CkanApi(), site) == "server_error", "not that the other ways are not there"
    site.answer = lambda _: Reply(LAUGHS, headers={"Content-Type": "application/rdf+xml"})
    assert listed(DcatFeed(), site) == "entities"
    site.answer = lambda _: Reply(b"Nom;Lien\nA;https://example.org/a\n", headers={"Content-Type": "text/csv"})
    assert listed(Table(), site, columns={"title": "Intitulé"}) == "table_columns"


def test_listings_that_do_not_end_or_are_not_whole(site: Site) -> None:
    site.answer = catalogue([{"id": "a", "title": "A"}], count=5)
    assert listed(CkanApi(), site, "") == "incomplete"
    with pytest.raises(FetchError) as failed:
        list(once([[Item("a", "x")], [Item("a", "x")]]))
    assert failed.value.cause == "paging"
    trail = Trail("https://data.example.org/a")
    for link, expected in (("https://ailleurs.example.org/b", "other_server"), ("https://data.example.org/a", "paging")):
        trail.been("https://data.example.org/a")
        with pytest.raises(FetchError) as failed:
            trail.follow("https://data.example.org/a", [link])
        assert failed.value.cause == expected


def test_a_login_goes_on_to_pages_of_the_same_server_only() -> None:
    trail = Trail("https://moi:mot@data.example.org/a", ["ailleurs.example.org"])
    for link, followed in (("/b", "https://moi:mot@data.example.org/b"), ("http://data.example.org/c", "http://data.example.org/c"), ("https://ailleurs.example.org/d", "https://ailleurs.example.org/d")):
        assert trail.follow("https://data.example.org/a", [link]) == followed


def test_records_that_cannot_be_taken(site: Site) -> None:
    source = Source(site.address)
    for content, expected in (
        ({"id": "a"}, "no_title"), ({"title": "A"}, "no_identifier"), ({"id": "a", "title": "A", "private": True, "owner_org": "x"}, "withheld"),
        ({"id": "a", "title": "A", "state": "deleted"}, "withheld"), ([], "record"),
    ):  # fmt: skip
        with pytest.raises(RecordError) as failed:
            base.record_of(CkanApi(), json.dumps(content), source)
        assert failed.value.cause == expected, content


def test_a_record_that_cannot_be_had_by_itself_keeps_its_cause() -> None:
    with served() as site:

        def answer(asked: Asked) -> Reply:
            action = asked.path.rpartition("/")[2]
            names = json.dumps({"success": True, "result": ["a", "b"]}).encode()
            good = json.dumps({"success": True, "result": {"id": "a", "title": "A"}}).encode()
            return Reply(names) if action == "package_list" else Reply(good) if asked.question.get("id") == "a" else Reply(b"", 403 if action == "package_show" else 404)

        site.answer = answer
        items = list(base.listing(CkanApi(), Client(allow_internal=True, limits=QUICK), Source(site.address)))
        assert [(item.identifier, item.cause if item.problem else "") for item in items] == [("a", ""), ("", "forbidden")]

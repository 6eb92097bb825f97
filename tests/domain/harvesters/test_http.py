"""The client of our harvesters comes to an end whatever a server does, and goes nowhere it should not."""
from __future__ import annotations

import datetime as dt
import gzip
import socket
import subprocess
import sys
import time
from email.utils import format_datetime
from typing import Any

import pytest
from ckanext.tzc.harvesters import http, xml
from ckanext.tzc.harvesters.http import Client, FetchError, ForbiddenError, Limits, is_public, retry_after

from tests.sites import Asked, Reply, Site

QUICK = Limits(connect=2, read=2, answer=3, pause=0.01, longest_pause=2)


def client(**limits: Any) -> Client:
    return Client(allow_internal=True, limits=Limits(**{**vars(QUICK), **limits}))


def test_an_answer(site: Site) -> None:
    site.json({"a": ["é"]})
    assert client().get(f"{site.address}/x?é=1 2").json() == {"a": ["é"]}
    assert site.asked[0].question == {"é": "1 2"}


def test_harvesters_know_no_ckan() -> None:
    wanted = "import sys, ckanext.tzc.harvesters.partners.ckan_api, ckanext.tzc.harvesters.partners.csw; print([name for name in sys.modules if name in ('ckan', 'flask', 'sqlalchemy', 'ckanext.harvest')])"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", wanted], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b"<!DOCTYPE html><html>", "text/html", "a page"), (b"\xef\xbb\xbf <html>", "text/html", "a page"), (b'{"a": [1, 2', "application/json", "cut off"), (b"", "", "nothing"),
        (b'"\xe9"', "application/json", "UTF-8"), (b"[" * 200_000, "application/json", "cut off"),
    ],
)  # fmt: skip
def test_what_is_no_json(site: Site, body: bytes, kind: str, reason: str) -> None:
    site.answer = lambda _: Reply(body, headers={"Content-Type": kind})
    with pytest.raises(FetchError, match=reason):
        client().get(site.address).json()


def test_it_asks_again_and_waits_as_long_as_it_is_told(site: Site) -> None:
    replies = [Reply(status=429, headers={"Retry-After": "1"}), Reply(status=503), Reply(b"{}")]
    site.answer = lambda _: replies.pop(0)
    began = time.monotonic()
    assert client().get(site.address).json() == {}
    assert 1 <= time.monotonic() - began < 2.5
    assert len(site.asked) == 3


def test_it_does_not_wait_too_long(site: Site) -> None:
    site.answer = lambda _: Reply(status=429, headers={"Retry-After": "86400"})
    with pytest.raises(FetchError, match="86400 seconds"):
        client().get(site.address)
    assert len(site.asked) == 1


def test_pauses_grow_and_none_is_longer_than_it_may_be(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(http.time, "sleep", waits.append)
    site.answer = lambda _: Reply(status=503)
    with pytest.raises(FetchError, match="4 times"):
        client(pause=0.5, longest_pause=10).get(site.address)
    assert waits == [0.5, 1.0, 2.0]
    waits.clear()
    with pytest.raises(FetchError, match="2 seconds only"):
        client(pause=0.5, longest_pause=1).get(site.address)
    assert waits == [0.5, 1.0]


def test_it_does_not_wait_beyond_the_time_of_a_run(site: Site) -> None:
    site.answer = lambda _: Reply(status=429, headers={"Retry-After": "2"})
    began = time.monotonic()
    with pytest.raises(FetchError, match="2 seconds only"):
        client(run=1).get(site.address)
    assert time.monotonic() - began < 1 and len(site.asked) == 1


def test_it_gives_up(site: Site) -> None:
    site.answer = lambda _: Reply(status=503)
    with pytest.raises(FetchError, match="4 times"):
        client().get(site.address)
    assert len(site.asked) == 4


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_other_errors_are_told_at_once(site: Site, status: int) -> None:
    site.answer = lambda _: Reply(status=status)
    with pytest.raises(FetchError, match=str(status)):
        client().get(site.address)
    assert len(site.asked) == 1


def test_what_is_cut_off_is_asked_for_again(site: Site) -> None:
    replies = [Reply(b'{"a": 1', headers={"Content-Length": "20"}), Reply(b'{"a": 1}')]
    site.answer = lambda _: replies.pop(0)
    assert client().get(site.address).json() == {"a": 1}


def test_what_is_cut_off_always_is_told(site: Site) -> None:
    def chunk(out: Any) -> None:
        out.write(b"1f\r\nonly some")

    site.answer = lambda _: Reply(headers={"Transfer-Encoding": "chunked", "Connection": "close"}, write=chunk)
    with pytest.raises(FetchError, match="cannot be had"):
        client().get(site.address)


@pytest.mark.parametrize(
    ("robots", "least"),
    [
        (Reply(b"", status=404), 0.1), (Reply(b"User-agent: *\nCrawl-delay: 0.4\n"), 0.1), (Reply(b"User-agent: *\nCrawl-delay: 1\n"), 1.0), (Reply(b"\xff\xfe\0\0", status=200), 0.1),
        (Reply(b"User-agent: other\nCrawl-delay: 9\n\nUser-agent: ckanext-tzc\nCrawl-delay: 1\n"), 1.0), (Reply(b"User-agent: *\nCrawl-delay: 3600\n"), 1.5), (Reply(b"", status=500), 0.1),
        (Reply("User-agent: *\nCrawl-delay: ²\n".encode()), 0.1), (Reply(b"User-agent: *\nCrawl-delay: " + b"9" * 5000 + b"\n"), 0.1), (Reply(b"User-agent: *\nCrawl-delay: " + b"9" * 400 + b"\n"), 0.1),
    ],
)  # fmt: skip
def test_a_host_is_asked_at_a_pace(site: Site, robots: Reply, least: float) -> None:
    """That of ours, or the slower one that it wants."""
    site.answer = lambda asked: robots if asked.path == "/robots.txt" else Reply(b"{}")
    asking = client(pace=0.1, longest_pace=1.5)
    asking.get(site.address)
    assert [asked.path for asked in site.asked] == ["/"], "who is asked once is not asked for more"
    asking.get(site.address)
    began = time.monotonic()
    asking.get(site.address)
    assert time.monotonic() - began >= least * 0.9
    assert [asked.path for asked in site.asked] == ["/", "/robots.txt", "/", "/"]


def test_a_pace_that_takes_too_long_in_all(site: Site) -> None:
    site.answer = lambda asked: Reply(b"User-agent: *\nCrawl-delay: 5\n") if asked.path == "/robots.txt" else Reply(b"{}")
    asking = client(pace=0.1, run=2)
    asking.get(site.address)
    with pytest.raises(FetchError, match="in all"):
        asking.get(site.address)
    assert [asked.path for asked in site.asked] == ["/", "/robots.txt"]


def test_robots_are_told_no_secret(site: Site) -> None:
    site.answer = lambda _: Reply(b"{}")
    asking = Client(allow_internal=True, limits=Limits(**{**vars(QUICK), "pace": 0.01}), headers={"Authorization": "a secret"})
    for _ in range(2):
        asking.get(site.address)
    assert [asked.headers.get("Authorization") for asked in site.asked] == ["a secret", None, "a secret"]


def drip(out: Any) -> None:
    for _ in range(100):
        out.write(b" ")
        out.flush()
        time.sleep(0.2)


def test_a_server_that_drips_is_hung_up_on(site: Site) -> None:
    site.answer = lambda _: Reply(headers={"Content-Length": "100"}, write=drip)
    began = time.monotonic()
    with pytest.raises(FetchError, match="longer than 1 seconds"):
        client(answer=1).get(site.address)
    assert time.monotonic() - began < 3


def test_a_catalogue_that_takes_too_long_in_all(site: Site) -> None:
    """However quick each answer is."""
    site.answer = lambda _: Reply(headers={"Content-Length": "100"}, write=drip)
    began = time.monotonic()
    with pytest.raises(FetchError, match=r"The catalogue takes longer than 0\.5 seconds in all"):
        client(run=0.5, answer=8).get(site.address)
    assert time.monotonic() - began < 6


def test_headers_that_drip_are_hung_up_on() -> None:
    import threading

    def talk(server: socket.socket) -> None:
        line, _ = server.accept()
        with line:
            try:
                line.sendall(b"HTTP/1.1 200 OK\r\n")
                for number in range(100):
                    line.sendall(b"X-%d: y\r\n" % number)
                    time.sleep(0.2)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=talk, args=(server,), daemon=True).start()
        began = time.monotonic()
        with pytest.raises(FetchError, match="longer than 1 seconds"):
            client(answer=1).get(f"http://127.0.0.1:{server.getsockname()[1]}/")
        assert time.monotonic() - began < 3


def test_a_server_that_says_nothing(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(FetchError, match="cannot be had"):
        client(read=0.2, tries=2).get(f"http://127.0.0.1:{server.getsockname()[1]}/")


def test_what_is_no_http() -> None:
    import threading

    def talk(server: socket.socket) -> None:
        for _ in range(2):
            line, _address = server.accept()
            with line:
                line.sendall(b"SSH-2.0-OpenSSH\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=talk, args=(server,), daemon=True).start()
        with pytest.raises(FetchError, match="cannot be had"):
            client(tries=2).get(f"http://127.0.0.1:{server.getsockname()[1]}/")


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_too_long(site: Site, packed: bool) -> None:
    body = b" " * (3 * 2**20)
    site.answer = lambda _: Reply(gzip.compress(body), headers={"Content-Encoding": "gzip"}) if packed else Reply(body)
    with pytest.raises(FetchError, match="more than 1 MB"):
        client(size=2**20).get(site.address)
    assert len(client().get(site.address).body) == len(body)


@pytest.mark.parametrize(("status", "method"), [(301, "POST"), (302, "POST"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_redirects_are_followed(site: Site, status: int, method: str) -> None:
    site.answer = lambda asked: Reply(status=status, headers={"Location": "/there"}) if asked.path == "/" else Reply(b"{}")
    assert client().post(f"{site.address}/", b"<q/>", "application/xml").url == f"{site.address}/there"
    assert (site.asked[-1].method, site.asked[-1].body) == (method, b"<q/>" if method == "POST" else b"")


@pytest.mark.parametrize(("location", "reason"), [("/", "more than 5 times"), ("file:///etc/passwd", "no address of the web"), ("http://[", "no address"), ("http://x:99999/", "not written")])
def test_redirects_that_lead_nowhere(site: Site, location: str, reason: str) -> None:
    site.answer = lambda _: Reply(status=302, headers={"Location": location})
    with pytest.raises(FetchError, match=reason):
        client().get(f"{site.address}/")


def test_a_key_goes_to_its_own_host_only(site: Site) -> None:
    from tests.sites import served

    with served() as other:
        other.answer = lambda _: Reply(b"{}")
        site.answer = lambda _: Reply(status=302, headers={"Location": f"{other.address}/"})
        Client(allow_internal=True, limits=QUICK, headers={"Authorization": "clef"}).get(site.address)
        assert site.asked[0].headers["Authorization"] == "clef" and "Authorization" not in other.asked[0].headers
        Client(allow_internal=True, limits=QUICK).get(site.address.replace("//", "//jeanne:mot%20de%20passe@"))
        assert site.asked[-1].headers["Authorization"].startswith("Basic ") and "Authorization" not in other.asked[-1].headers


def test_a_report_shows_no_password(site: Site) -> None:
    with pytest.raises(FetchError) as failed:
        client().get(site.address.replace("//", "//jeanne:secret@") + "/x?token=secret")
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://[::1]/", "http://0:1/", "http://169.254.169.254/", "http://10.0.0.1/", "http://[::ffff:127.0.0.1]:1/", "http://2130706433:1/", "https://127.0.0.1:1/"])  # fmt: skip
def test_the_internal_network_is_closed(address: str) -> None:
    with pytest.raises(ForbiddenError, match="internal network"):
        Client(limits=QUICK).get(address)


def test_a_redirect_into_the_internal_network_is_not_followed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site stands in for a public one; what it leads to is looked at as any other."""
    here = int(site.address.rpartition(":")[2])
    monkeypatch.setattr("ckanext.tzc.harvesters.http.is_public", lambda number: number == "127.0.0.1")
    site.answer = lambda _: Reply(status=302, headers={"Location": f"http://[::1]:{here}/"})
    with pytest.raises(ForbiddenError):
        Client(limits=QUICK).get(f"{site.address}/")
    assert len(site.asked) == 1


def test_a_name_is_looked_up_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is public when it is looked at and internal a moment later."""
    answers = [[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 1))], [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))]]
    asked: list[str] = []

    def lookup(host: str, *rest: Any, **named: Any) -> Any:
        asked.append(host)
        return answers[min(len(asked), 2) - 1] if host == "rebind.example" else real(host, *rest, **named)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr("ckanext.tzc.harvesters.http.is_public", lambda number: number == "192.0.2.1")
    with pytest.raises(FetchError):
        Client(limits=Limits(connect=0.3, tries=1)).get("http://rebind.example/")
    assert asked == ["rebind.example", "192.0.2.1"]


def test_a_name_with_very_many_numbers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of which none answers: each is waited for by itself."""
    asked: list[str] = []
    many = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{number}", 1)) for number in range(200)]

    def lookup(host: str, *rest: Any, **named: Any) -> Any:
        asked.append(host)
        return many if host == "many.example" else real("127.0.0.1", 1, *rest[1:], **named)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr("ckanext.tzc.harvesters.http.is_public", lambda number: number.startswith("192.0.2."))
    with pytest.raises(FetchError, match="cannot be had"):
        Client(limits=Limits(connect=0.3, tries=1)).get("http://many.example/")
    assert asked == ["many.example", *(f"192.0.2.{number}" for number in range(4))]


@pytest.mark.parametrize(
    "number", ["8.8.8.8", "2a00:1450:4007:80c::200e", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::", "2001:0:4136:e378:8000:63bf:f7f7:f7f7"]
)  # fmt: skip
def test_public_numbers(number: str) -> None:
    assert is_public(number)


@pytest.mark.parametrize(
    "number",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0.0.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1%eth0", "fd00::1", "fec0::1", "ff02::1",
     "::ffff:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe"],
)  # fmt: skip
def test_internal_numbers(number: str) -> None:
    assert not is_public(number)


def test_when_to_ask_again() -> None:
    assert retry_after("7") == 7
    assert 50 < (retry_after(format_datetime(dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=60))) or 0) <= 60
    assert retry_after("soon") is None and retry_after("") is None
    assert retry_after("²") is None and retry_after("Mon, 01 Jan 99999999999999999999 00:00:00 GMT") is None


def test_xml_may_be_long_and_deep_but_not_too_deep() -> None:
    assert len(xml.parse(f"<a>{'x' * 12 * 2**20}</a>".encode()).text) == 12 * 2**20
    assert xml.parse(b"<a>" * 1000 + b"</a>" * 1000).tag == "a"
    with pytest.raises(xml.XmlError, match="depth"):
        xml.parse(b"<a>" * 10**6 + b"</a>" * 10**6)


@pytest.mark.parametrize("text", ["<a><b></a>", "<a>", "", '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_xml_that_is_not_read(text: str) -> None:
    with pytest.raises(xml.XmlError):
        xml.parse(text.encode())


def test_asked_keeps_what_was_asked(site: Site) -> None:
    site.answer = lambda asked: Reply(asked.body)
    assert client().post(site.address, b"<q/>", "application/xml").body == b"<q/>"
    assert isinstance(site.asked[0], Asked) and site.asked[0].headers["Content-Type"] == "application/xml"

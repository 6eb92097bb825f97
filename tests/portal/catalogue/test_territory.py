"""The territory's commands, and what a second territory changes in forms and pages. A whole portal of it: tests/stack/test_territory.py."""
from __future__ import annotations

import contextlib
import http.server
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.catalogue import geo_api, helpers
from ckanext.tzc.catalogue.cli import tzc
from ckanext.tzc.common.territory import first_licences, licence_codes
from ckanext.tzc.portal import theme
from click.testing import CliRunner
from tzc.catalogue.territory import read_file, read_territory

ROOT = Path(__file__).resolve().parents[3]
OVERSEAS = ROOT / "tests" / "territories" / "overseas.yaml"
SIREN = "249740101"

pytestmark = pytest.mark.usefixtures("with_plugins")

Answer = Callable[[str], tuple[int, dict[str, str], bytes]]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """This portal serves the second territory."""
    monkeypatch.setitem(tk.config, "tzc.territory", str(OVERSEAS))


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(tzc, ["territory", *words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def serve(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """A server on the loopback: its address, and what it was asked."""
    asked: list[str] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Say what `answer` says."""
            asked.append(self.path)
            status, headers, content = answer(self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):  # the client may have broken off
                self.wfile.write(content)

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def written(path: str) -> tuple[int, dict[str, str], bytes]:
    """The answers of tests/territories/geo-api; like the real one, fields that were not asked for are left out."""
    parts = urlsplit(path)
    siren, _, below = parts.path.removeprefix("/epcis/").partition("/")
    file = ROOT / "tests" / "territories" / "geo-api" / "epcis" / siren / f"{below or 'index'}.json"
    if not file.is_file():
        return 404, {"Content-Type": "text/plain"}, b"Not Found"
    fields = {"code", *parse_qs(parts.query)["fields"][0].split(",")}
    content = json.loads(file.read_text(encoding="utf-8"))
    cut = [{key: value for key, value in entry.items() if key in fields} for entry in (content if isinstance(content, list) else [content])]
    return 200, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(cut if isinstance(content, list) else cut[0]).encode()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The géo API's stand-in; what it was asked."""
    for address, asked in serve(written):
        monkeypatch.setitem(tk.config, "tzc.geo_api", f"{address}/")
        yield asked


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Answer]]:
    """A server that answers as `odd["answer"]` does."""
    chosen: dict[str, Answer] = {}

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        return chosen["answer"](path)

    for address, _asked in serve(answer):
        monkeypatch.setitem(tk.config, "tzc.geo_api", address)
        yield chosen


# check


def test_a_good_file_is_summed_up() -> None:
    assert run("check", str(OVERSEAS)) == (0, f"{OVERSEAS}: 3 axes, 5 communes, languages en, es\n")


def test_a_wrong_file_is_told_with_line_key_and_what_was_expected(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(OVERSEAS.read_text(encoding="utf-8").replace("[cc-by, odbl, other-closed]", "[cc-by, mine]").replace("logo: overseas.svg\n", ""), encoding="utf-8")
    code, words = run("check", str(file))
    assert code == 1
    assert "licences.1: 'mine' is not usable; expected one of lov2, odbl" in words


def test_the_schema_knows_the_languages_that_ckan_has() -> None:
    from ckan.lib import i18n
    from tzc.catalogue.territory import json_schema

    folder = Path(i18n.get_ckan_i18n_dir())
    there = {"en", *(entry.name for entry in folder.iterdir() if (entry / "LC_MESSAGES").is_dir())}
    assert set(json_schema()["$defs"]["language"]["enum"]) == there


# draft


def test_a_draft_is_printed(api: list[str]) -> None:
    code, text = run("draft", "249 740 101")
    assert code == 0
    territory = read_territory(text, licences=licence_codes())
    assert (territory.siren, territory.timezone, territory.projection) == (SIREN, "Indian/Reunion", 2975)
    assert list(territory.licences) == first_licences() == ["lov2", "odbl", "cc-by", "cc-by-sa", "cc-zero", "other-closed", "notspecified"]
    assert len(territory.communes) == 5
    assert [urlsplit(path).path for path in api] == [f"/epcis/{SIREN}", f"/epcis/{SIREN}/communes"]


def test_a_draft_is_written_once(api: list[str], tmp_path: Path) -> None:
    file = tmp_path / "corse.yaml"
    code, words = run("draft", "200040764", "--output", str(file))
    assert code == 0
    assert "7 communes" in words
    assert "TODO" in words
    assert run("check", str(file))[0] == 0
    before = file.read_bytes()
    code, words = run("draft", "200040764", "--output", str(file))
    assert code == 1
    assert "exists already" in words
    assert file.read_bytes() == before
    code, words = run("draft", "200040764", "--output", str(tmp_path / "nowhere" / "a.yaml"))
    assert code == 1
    assert "could not be written" in words


def test_a_mistyped_siren_is_not_asked_for(api: list[str]) -> None:
    code, words = run("draft", "249740102")
    assert code == 1
    assert "249740102 is no SIREN" in words
    assert api == []


def test_an_unknown_siren_is_told(api: list[str]) -> None:
    code, words = run("draft", "000000000")
    assert code == 1
    assert "knows no inter-municipality with the SIREN 000000000" in words


def test_no_network_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setitem(tk.config, "tzc.geo_api", f"http://127.0.0.1:{unused.getsockname()[1]}")
        code, words = run("draft", SIREN)
    assert code == 1
    assert "could not be asked (ConnectionError). Check the network" in words


@pytest.mark.parametrize(
    ("status", "headers", "content", "words"),
    [
        (200, {}, b"<html>Maintenance</html>", "did not answer with JSON"),
        (200, {}, b"\xff\xfe", "did not answer with JSON"),
        (200, {}, b'{"message": "?"}', "the inter-municipality has no name"),
        (200, {}, b"[]", "the inter-municipality has no name"),
        (200, {}, b'{"nom": "CA X"}', "the inter-municipality has no communes"),
        (503, {}, b"", "answered with the status 503"),
        (302, {"Location": "https://example.org/"}, b"", "answered with the status 302"),
        (200, {}, b" " * (geo_api.LARGEST + 1), "broken off"),
    ],
)  # fmt: skip
def test_an_odd_answer_is_told(odd: dict[str, Answer], status: int, headers: dict[str, str], content: bytes, words: str) -> None:
    odd["answer"] = lambda _path: (status, headers, content)
    code, said = run("draft", SIREN)
    assert code == 1
    assert words in said


def test_a_commune_that_cannot_be_is_told(odd: dict[str, Answer]) -> None:
    communes = [{"nom": "Y", "code": "999", "centre": {"type": "Point", "coordinates": [1, 46]}}]
    odd["answer"] = lambda path: (200, {}, json.dumps(communes if "/communes" in path else {"nom": "CA X"}).encode())
    code, said = run("draft", SIREN)
    assert code == 1
    assert "The géo API's answer cannot be used" in said
    assert "communes.0.code" in said


def test_a_slow_answer_is_broken_off(odd: dict[str, Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geo_api, "SECONDS", 0.5)

    def late(_path: str) -> tuple[int, dict[str, str], bytes]:
        time.sleep(1.5)
        return 200, {}, b"{}"

    odd["answer"] = late
    begun = time.monotonic()
    code, said = run("draft", SIREN)
    assert code == 1
    assert "could not be asked (ReadTimeout)" in said
    assert time.monotonic() - begun < 1.4


# a second territory's file, in this process


def test_the_form_offers_the_territorys_licences_in_its_order(elsewhere: None) -> None:
    assert [choice["value"] for choice in helpers.tzc_licence_choices({})] == ["cc-by", "odbl", "other-closed"]
    assert helpers.tzc_first_licence() == "cc-by"


@pytest.mark.usefixtures("clean_db", "clean_index")
def test_a_licence_that_is_not_offered_is_refused(elsewhere: None, errors: Any) -> None:
    assert list(errors(axis=["reef"], license_id="lov2")) == ["license_id"]


@pytest.mark.usefixtures("clean_db")
def test_logo_colours_and_goals_are_shown(elsewhere: None, app: Any) -> None:
    body = app.get("/en/about").body
    answer = app.get(tk.h.tzc_logo_url())
    assert answer.data == (OVERSEAS.parent / "overseas.svg").read_bytes()
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "max-age=2592000" in answer.headers["Cache-Control"]
    assert f'src="{tk.h.tzc_logo_url()}"' in body
    assert '<meta name="theme-color" content="#7A1F5C">' in body
    assert "--second:#1f7a6a" in app.get("/tzc/theme.css").body
    assert "Greenhouse gas emissions, 42.5% less than in 2018" in body
    assert "Solar power, 1,250\u00a0GWh" in body
    assert 'href="https://example.org/climate-plan"' in body


def test_a_territory_without_logo_has_the_icon(app: Any) -> None:
    assert tk.h.tzc_logo_url() is None
    app.get("/tzc/logo", status=404)
    assert tk.h.tzc_favicon_url() in app.get("/about").body


def test_a_territory_without_second_colour_has_one_of_its_accent() -> None:
    colours = read_file(OVERSEAS).colours
    assert "--second:#1f7a6a" in theme.stylesheet(colours)
    alone = theme.stylesheet(type(colours)(accent=colours.accent))
    deep = alone.partition("--accent-deep:")[2][:7]
    assert f"--second:{deep}" in alone


@pytest.mark.usefixtures("with_request_context")
def test_moments_are_told_as_the_territorys_day(elsewhere: None) -> None:
    # half past nine in the evening, universal time, is the next day in the Indian Ocean
    assert tk.h.tzc_moment("2026-03-01T21:30:00.000000") == "March 2, 2026"
    assert tk.h.tzc_updated({"metadata_modified": "2026-03-01T21:30:00"}) == "March 2, 2026"
    # a day that a partner wrote down stays that day
    assert tk.h.tzc_updated({"modified": "2026-03-03", "metadata_modified": "2026-03-01T21:30:00"}) == "March 3, 2026"


def test_the_demonstration_is_not_loaded_into_another_territory(elsewhere: None) -> None:
    done = CliRunner().invoke(tzc, ["demo", "load"])
    assert done.exit_code == 1
    assert "'cote-sous-le-vent'" in done.output

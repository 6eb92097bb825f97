"""Formats by content: files whose format is missing or contested are looked at after a run, politely and guarded, and what was found stays."""
from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckanext.tzc.common import outages
from ckanext.tzc.harvesters import http, peek
from ckanext.tzc.harvesting import contents, jobs
from ckanext.tzc.harvesting.engine import orders, store, telling, writing
from tzc.harvesting import content, repair

from tests.domain.harvesters.speakers import package
from tests.people import Person
from tests.portal.harvesting.conftest import keep
from tests.sites import Asked, Reply, Site, catalogue
from tests.sites import served as elsewhere

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

ROWS = b"commune;habitants\nLa Rochelle;77205\n" * 400
COLLECTION = b'{"type": "FeatureCollection", "features": []}'


def shapefile() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for end, size in (("dbf", 20_000), ("prj", 10), ("shp", 10)):
            made.writestr(f"communes.{end}", b"x" * size)
    return out.getvalue()


class Served:
    """A catalogue and its files on one server: `files` by path, as their servers would give them."""

    def __init__(self, site: Site) -> None:
        self.site, self.files, self.tags = site, {"/a": ROWS, "/b.zip": shapefile(), "/c.csv": ROWS, "/d": COLLECTION}, {"/a": '"un"'}
        self.packages: list[dict[str, Any]] = [
            {
                **package("jeu-1", "Communes"),
                "resources": [
                    {"url": f"{site.address}/a", "name": "A"}, {"url": f"{site.address}/b.zip", "name": "B", "format": "ZIP"}, {"url": f"{site.address}/c.csv", "name": "C"},
                    {"url": f"{site.address}/d", "name": "D", "format": "JSON"}, {"url": f"{site.address}/wms?service=WMS&request=GetCapabilities", "name": "E", "format": "WMS"},
                ],
            }
        ]  # fmt: skip
        site.answer = self.answer

    def answer(self, asked: Asked) -> Reply:
        if asked.path.startswith("/api/"):
            return catalogue(self.packages)(asked)
        content = self.files.get(asked.path)
        if content is None:
            return Reply(b"", 404)
        tag = self.tags.get(asked.path, "")
        if tag and asked.headers.get("If-None-Match") == tag:
            return Reply(b"", 304, {"ETag": tag})
        first, _, last = asked.headers["Range"].removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last) + 1] if first else content[-int(last) :]
        return Reply(part, 206, {"Content-Range": "…".encode().decode("latin-1"), **({"ETag": tag} if tag else {})})

    def asked(self) -> list[tuple[str, str]]:
        return [(one.path, one.headers.get("Range", "")) for one in self.site.asked if not one.path.startswith("/api/")]


@pytest.fixture
def served(site: Site, source: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Served:
    """Harvested once, nothing looked at yet."""
    monkeypatch.setitem(tk.config, "tzc.harvesting.formats_pause", "0")
    made = Served(site)
    source(site.address, "tzc_ckan")
    harvest()
    return made


def admin() -> str:
    return str(tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"])


def harvest() -> dict[str, int]:
    run_id = tk.get_action("tzc_harvest_run")({"user": admin()}, {"source": "une-source", "approve": True})["run"]
    orders.work_now(run_id)
    run = store.run(run_id)
    assert run is not None and run.state == store.DONE
    return {name: count for name, count in telling.summary(run).items() if isinstance(count, int) and count}


def shown() -> dict[str, Any]:
    identifier = model.Session.query(model.Package.id).filter_by(title="Communes", type="dataset").scalar()
    return dict(tk.get_action("package_show")({"ignore_auth": True, "use_cache": False}, {"id": identifier}))


def formats() -> dict[str, str]:
    return {file["name"]: file.get("format") or "" for file in shown()["resources"]}


def test_what_is_missing_or_contested_is_looked_at_and_said(served: Served, person: Callable[[str], Person]) -> None:
    assert formats() == {"A": "", "B": "ZIP", "C": "CSV", "D": "JSON", "E": "WMS"}
    assert served.asked() == [], "the harvest asks the catalogue only"
    assert jobs.look_into_files() == 3
    assert formats() == {"A": "CSV", "B": "SHP", "C": "CSV", "D": "GeoJSON", "E": "WMS"}
    first, last = "bytes=0-8191", "bytes=-8192"
    assert sorted(served.asked()) == sorted([("/a", first), ("/b.zip", first), ("/b.zip", last), ("/d", first)])
    [found] = tk.get_action("package_search")({"user": ""}, {"q": "Communes"})["results"]
    assert [file.get("format") for file in found["resources"]][:2] == ["CSV", "SHP"], "the index knows it too"
    editor = person("editor")
    body = editor.visit(f"/dataset/harvest_object/{shown()['id']}")
    assert body.count("premiers octets") == 3
    file = shown()["resources"][0]
    hint = tk._("The source did not say this format clearly: the portal found it in the first bytes of the file.")
    assert hint in editor.visit(f"/dataset/{shown()['id']}/resource/{file['id']}") and hint not in editor.visit(f"/dataset/{shown()['id']}/resource/{shown()['resources'][2]['id']}")
    served.site.asked.clear()
    assert jobs.look_into_files() == 0 and served.asked() == [], "what was found is remembered"


def test_the_next_harvests_keep_it_and_a_format_that_the_source_states_wins(served: Served) -> None:
    jobs.look_into_files()
    served.packages[0]["notes"] = "Une description."
    assert harvest()["changed"] == 1
    assert formats() == {"A": "CSV", "B": "SHP", "C": "CSV", "D": "GeoJSON", "E": "WMS"}
    from ckanext.harvest.model import HarvestObject

    kept = {extra.key: extra.value for extra in HarvestObject.filter(package_id=shown()["id"], current=True).one().extras}
    assert [what for what, _value in json.loads(kept["mended"])].count(repair.FORMAT) == 3, "noted when it is read"
    assert json.loads(kept["edits"])["kept"] == [], "and no edit of anybody's"
    assert harvest() == {"unchanged": 1}
    served.packages[0]["resources"][0]["format"] = "XLSX"
    served.packages[0]["resources"][1]["format"] = "KML"
    harvest()
    assert (formats()["A"], formats()["B"]) == ("XLSX", "KML")


def test_an_edit_made_here_stays(served: Served) -> None:
    dataset = shown()
    dataset["resources"][0]["format"] = "Parquet"
    tk.get_action("package_update")({"user": admin()}, dataset)
    jobs.look_into_files()
    assert formats()["A"] == "Parquet" and formats()["B"] == "SHP"
    assert "/a" not in {path for path, _part in served.asked()}


def due(served: Served) -> None:
    for row in model.Session.query(contents.Content):
        row.again = store.now()
    model.Session.commit()
    served.site.asked.clear()


def test_it_is_looked_at_again_in_time_and_costs_little_where_it_is_as_it_was(served: Served) -> None:
    dataset = shown()
    jobs.look_into_files()
    for file in dataset["resources"]:
        file["format"] = {"A": "", "B": "ZIP", "D": "JSON"}.get(file["name"], file.get("format"))
    tk.get_action("package_update")({"ignore_auth": True, "user": admin()}, {**shown(), "resources": [{**file, "format": "TXT" if file["name"] == "A" else file["format"]} for file in shown()["resources"]]})
    due(served)
    assert jobs.look_into_files() == 1
    [one] = [asked for asked in served.site.asked if asked.path == "/a"]
    assert one.headers["If-None-Match"] == '"un"' and formats()["A"] == "CSV", "the server says that it is as it was"


def test_what_cannot_be_had_harms_nothing_and_is_tried_later(served: Served, site: Site) -> None:
    del served.files["/a"]
    served.files["/b.zip"] = b"<!DOCTYPE html><html>Connexion</html>"
    served.files["/d"] = b'{"type": "Feat'
    before = shown()
    assert jobs.look_into_files() == 3
    assert shown() == before, "a page in the place of an archive takes nothing"
    rows = {row.url.rpartition("/")[2]: row for row in model.Session.query(contents.Content)}
    assert set(rows) == {"a", "b.zip", "d"} and all(row.again > store.now() for row in rows.values())
    assert rows["a"].again - rows["a"].looked <= contents.UNANSWERED < rows["b.zip"].again - rows["b.zip"].looked
    assert jobs.look_into_files() == 0


def test_a_busy_host_is_left_alone(served: Served, site: Site) -> None:
    whole = served.answer
    site.answer = lambda asked: whole(asked) if asked.path.startswith("/api/") else Reply(b"", 429, {"Retry-After": "7200"})
    assert jobs.look_into_files() == 1
    assert len(served.asked()) == 1, "the others of that host wait too"
    assert {round((row.again - row.looked).total_seconds()) for row in model.Session.query(contents.Content)} == {7200}


# what one file's server answers is no reason not to look at the others


def rows() -> dict[str, contents.Content]:
    return {row.url.rpartition("/")[2]: row for row in model.Session.query(contents.Content).populate_existing()}


@pytest.mark.parametrize("status", [429, 503, 500])
def test_a_server_may_want_to_be_left_alone_for_ever(served: Served, site: Site, status: int) -> None:
    """For as long as is believed; it is none of the others' business."""
    whole, forever = served.answer, {"Retry-After": "99999999999999999"}
    with elsewhere() as other:
        other.answer = lambda _: Reply(COLLECTION)
        served.packages[0]["resources"][3]["url"] = f"{other.address}/d"
        harvest()
        site.answer = lambda asked: whole(asked) if asked.path.startswith("/api/") else Reply(b"", status, forever)
        assert jobs.look_into_files() == (3 if status == 500 else 2)
    assert set(rows()) == {"a", "b.zip", "d"} and (formats()["A"], formats()["D"]) == ("", "GeoJSON")
    assert {row.again - row.looked for row in rows().values()} == {contents.USUAL}
    assert jobs.look_into_files() == 0


FOLDED = '"' + "x" * 497 + '\r\n y"'
"""Cut after 500 characters it ends in the middle of the fold."""


@pytest.mark.parametrize(("tag", "kept"), [(FOLDED, ""), ('"un\r\n deux"', ""), ('"' + "x" * 600 + '"', ""), ('"un"', '"un"')])
def test_what_cannot_be_said_to_a_server_is_not_remembered(served: Served, tag: str, kept: str) -> None:
    served.tags["/a"] = tag
    assert jobs.look_into_files() == 3
    assert rows()["a"].etag == kept
    undo(served)
    due(served)
    assert jobs.look_into_files() == 3 and formats()["A"] == "CSV"


def undo(served: Served) -> None:
    """As the source has it."""
    files = [{**file, "format": {"A": "TXT", "B": "ZIP", "D": "JSON"}.get(file["name"], file.get("format"))} for file in shown()["resources"]]
    tk.get_action("package_update")({"ignore_auth": True, "user": admin()}, {**shown(), "resources": files})


def test_what_was_remembered_before_and_cannot_be_said_holds_up_nobody(served: Served) -> None:
    jobs.look_into_files()
    undo(served)
    rows()["a"].etag = '"un\r\n'
    due(served)
    assert jobs.look_into_files() == 3
    assert (formats()["A"], formats()["D"]) == ("TXT", "GeoJSON")
    assert all(row.again > store.now() for row in rows().values())


def test_a_file_over_which_the_looker_falls_holds_up_nobody(served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def falls(answer: peek.Peek) -> str:
        if answer.head.startswith(b"commune"):
            raise KeyError("axis")
        return whole(answer)

    whole = contents.kind
    with monkeypatch.context() as patched:
        patched.setattr(contents, "kind", falls)
        assert jobs.look_into_files() == 3
    assert formats() == {"A": "", "B": "SHP", "C": "CSV", "D": "GeoJSON", "E": "WMS"}
    assert [record.exc_info[1].args for record in caplog.records if record.exc_info and record.exc_info[1] and "/a" in record.getMessage()] == [("axis",)]
    assert rows()["a"].again - rows()["a"].looked == contents.UNANSWERED
    assert jobs.look_into_files() == 0


def test_while_the_index_is_away_nothing_is_noted_of_files(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no file's fault."""

    def away(_answer: peek.Peek) -> str:
        raise outages.OutageError("away")

    with monkeypatch.context() as patched:
        patched.setattr(contents, "kind", away)
        with pytest.raises(outages.OutageError):
            jobs.look_into_files()
    assert rows() == {}
    assert jobs.look_into_files() == 3


def test_few_at_once_and_with_pauses(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.harvesting.formats_at_once", 1)
    assert [jobs.look_into_files() for _ in range(4)] == [1, 1, 1, 0]
    model.Session.query(contents.Content).delete()
    model.Session.commit()
    monkeypatch.setitem(tk.config, "tzc.harvesting.formats_at_once", 0)
    assert jobs.look_into_files() == 0
    monkeypatch.setitem(tk.config, "tzc.harvesting.formats_at_once", 60)
    monkeypatch.setitem(tk.config, "tzc.harvesting.formats_pause", "1")
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    dataset = shown()
    tk.get_action("package_update")({"ignore_auth": True, "user": admin()}, {**dataset, "resources": [{**file, "format": "ZIP" if file["name"] in "AB" else "PDF"} for file in dataset["resources"]]})
    assert jobs.look_into_files() == 2
    assert len(waited) == 2 and waited[0] == 0 and 0.5 < waited[1] <= 1, "one host is asked once a second"


def test_addresses_of_the_internal_network_are_not_asked(site: Site, source: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.harvesting.formats_pause", "0")
    served = Served(site)
    made = source(site.address, "tzc_ckan")
    harvest()
    tk.get_action("harvest_source_patch")({"user": admin()}, {"id": made["id"], "config": "{}"})
    assert jobs.look_into_files() == 3
    assert served.asked() == [] and formats()["A"] == ""


def test_no_key_of_a_source_goes_to_its_files(site: Site, source: Callable[..., dict[str, Any]], partner: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.harvesting.formats_pause", "0")
    Served(site)
    keep(partner, site.address.removeprefix("http://"), kind="bearer", token="secret")
    source(site.address, "tzc_ckan", {"allow_internal": True, "credential": "acces"})
    harvest()
    assert "secret" in str(site.asked[0].headers)
    jobs.look_into_files()
    files = [asked for asked in site.asked if not asked.path.startswith("/api/")]
    assert files and not any("secret" in str(asked.headers) for asked in files)


def test_a_server_that_gives_no_parts_is_read_no_further_than_wanted(site: Site) -> None:
    sent: list[int] = []

    def endless(out: Any) -> None:
        for _ in range(10_000):
            out.write(b"a;b\n" * 4096)
            sent.append(1)

    site.answer = lambda _: Reply(write=endless)
    answer = peek.Peeker(allow_internal=True).peek(site.address)
    assert len(answer.head) == 8192 and (answer.status, answer.whole, answer.tail) == (200, False, b"") and len(sent) < 5000


def test_a_server_that_drips_is_hung_up_on(site: Site) -> None:
    def slowly(out: Any) -> None:
        for _ in range(200):
            out.write(b"a")
            out.flush()
            time.sleep(0.02)

    site.answer = lambda _: Reply(write=slowly)
    begun = time.monotonic()
    answer: Any = None
    try:
        answer = peek.Peeker(allow_internal=True, limits=http.Limits(answer=0.2, run=1)).peek(site.address)
    except (http.FetchError, *http.BROKEN):
        answer = None
    assert time.monotonic() - begun < 2 and (answer is None or len(answer.head) < 100)


def test_redirects_are_followed_each_looked_at(site: Site) -> None:
    site.answer = lambda asked: Reply(b"a;b\n1;2\n", 200) if asked.path == "/la" else Reply(b"", 302, {"Location": "/la"})
    assert peek.Peeker(allow_internal=True).peek(f"{site.address}/ici").head.startswith(b"a;b")
    site.answer = lambda _: Reply(b"", 302, {"Location": "/encore"})
    with pytest.raises(http.FetchError):
        peek.Peeker(allow_internal=True).peek(site.address)


def test_a_dataset_that_cannot_be_written_is_left(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: Any) -> bool:
        raise tk.ValidationError({"title": ["Non"]})

    monkeypatch.setattr(writing.Writer, "update", refuses)
    assert jobs.look_into_files() == 3
    assert formats()["A"] == ""


def test_a_run_asks_for_the_job(site: Site, source: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(contents.OneJob, "send", lambda self: asked.append(self.name))
    Served(site)
    source(site.address, "tzc_ckan")
    harvest()
    assert "harvest-contents" in asked


@pytest.mark.parametrize(("head", "code"), [(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00", "PNG"), (b"GIF89a\x01\x00\x01\x00", "GIF"), (b"\x00\x01", ""), (b"bonjour", ""), (b"", "")])
def test_other_binary_files_are_known_by_libmagic(head: bytes, code: str) -> None:
    assert contents.kind(peek.Peek(200, head=head, whole=True)) == code


def test_every_kind_has_a_name_and_a_code() -> None:
    # an Atom feed is stated of services too
    for code in set(content.KINDS) - {"ATOM"}:
        assert contents.code_of(contents.format_of(code).name) == code
    assert (contents.code_of(""), contents.code_of("truc"), contents.code_of("WMS"), contents.code_of("SHP"), contents.code_of("shapefile")) == ("", "", None, "SHP", "SHP")
    assert set(contents._certain()) & {"csv", "wms", "shapefile", "geopackage"} == {"csv", "wms", "shapefile", "geopackage"} and not {"zip", "json", "html", "web page"} & set(contents._certain())
    assert set(repair.CONTESTED) <= {contents.code_of(contents.format_of(code).name) for code in repair.CONTESTED}


def test_what_was_found_is_asked_for_once_for_many_records(served: Served) -> None:
    jobs.look_into_files()
    served.packages[:] = [{**served.packages[0], **package(f"jeu-{number}", f"Jeu {number}"), "resources": served.packages[0]["resources"]} for number in range(20)]
    asked: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    sa.event.listen(model.meta.engine, "before_cursor_execute", hear)
    try:
        run_id = tk.get_action("tzc_harvest_dry_run")({"user": admin()}, {"source": "une-source"})["run"]
        orders.work_now(run_id)
    finally:
        sa.event.remove(model.meta.engine, "before_cursor_execute", hear)
    assert len([statement for statement in asked if "FROM tzc_harvesting_content" in statement]) == 1
    entries = model.Session.query(store.Entry).filter_by(run_id=run_id, change=store.NEW).all()
    assert len(entries) == 19
    assert {tuple(file.get("format") for file in entry.given["resources"]) for entry in entries} == {("CSV", "Shapefile", "CSV", "GeoJSON", "WMS")}

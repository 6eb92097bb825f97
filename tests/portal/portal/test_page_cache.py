"""Pages kept for strangers: given fast, never to or from somebody known, and given up when something has changed."""
from __future__ import annotations

import contextvars
import dataclasses
import gzip
import re
import uuid
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.lib.redis import connect_to_redis
from ckan.tests import factories
from ckanext.tzc.portal import page_cache
from werkzeug.test import Client

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

TOKEN = "Authorization"


class Counted:
    """The portal's application, and how often it was asked."""

    def __init__(self, app: Any) -> None:
        self.app, self.asked = app, 0
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer, after what happens meanwhile."""
        self.asked += 1
        answer = self.app(environ, start_response)
        self.meanwhile()
        return answer


class Reader(Client):
    """A browser whose requests share nothing with the test's own request context, as on a server."""

    def open(self, *arguments: Any, **named: Any) -> Any:
        """One request."""
        return contextvars.Context().run(super().open, *arguments, **named)


@pytest.fixture
def made(app: Any) -> Counted:
    return Counted(app.app)


@pytest.fixture
def reader(made: Counted) -> Any:
    """A stranger's browser before the cache, which is watched as in a running portal."""
    number = page_cache.Generation(connect_to_redis(), f"test-{uuid.uuid4()}")
    page_cache.watch(number)
    yield Reader(page_cache.PageCache(made, number, TOKEN), use_cookies=False)
    page_cache.watch(page_cache.generation())


def test_a_page_is_made_once(reader: Any, made: Counted, publish: Any) -> None:
    name = publish()["name"]
    for address in ("/", "/en/", "/about", "/dataset/", "/dataset/?q=velo", f"/dataset/{name}", f"/en/dataset/{name}", "/organization/", "/group/", "/group/mobilite", "/accessibilite"):
        made.asked = 0
        first, second = reader.get(address), reader.get(address)
        assert first.status_code == second.status_code == 200, address
        assert made.asked == 1, address
        assert first.data == second.data
        assert "Set-Cookie" not in second.headers and b"_csrf_token" not in second.data


def test_languages_and_questions_are_pages_of_their_own(reader: Any) -> None:
    pages = {reader.get(address).data for address in ("/", "/en/", "/dataset/", "/dataset/?q=eau", "/dataset/?q=air")}
    assert len(pages) == 5


@pytest.mark.parametrize("headers", [{"Cookie": "tzc=1"}, {TOKEN: "x"}, {"X-CKAN-API-Key": "x"}])
def test_who_may_be_known_is_answered_by_the_application(reader: Any, made: Counted, headers: dict[str, str]) -> None:
    reader.get("/about")
    reader.get("/about", headers=headers)
    reader.get("/about", headers=headers)
    assert made.asked == 3


@pytest.mark.parametrize("address", ["/dataset/?q=eau", "/group/mobilite?q=eau"])
def test_a_part_of_a_page_takes_the_place_of_none(reader: Any, axes: list[str], address: str) -> None:
    """CKAN answers htmx with a part of the page, at the same address."""
    reader.get(address, headers={"HX-Request": "true"})
    assert "<html" in reader.get(address).text
    reader.get(address, headers={"HX-Request": "true"})
    assert "<html" in reader.get(address).text


def test_a_page_with_a_cookie_is_not_kept(made: Counted) -> None:
    def with_cookie(environ: Any, start_response: Any) -> Any:
        return made(environ, lambda status, headers, exc_info=None: start_response(status, [*headers, ("Set-Cookie", "tzc=1")], exc_info))

    reader = Reader(page_cache.PageCache(with_cookie, page_cache.Generation(connect_to_redis(), f"test-{uuid.uuid4()}"), TOKEN), use_cookies=False)
    reader.get("/about")
    reader.get("/about")
    assert made.asked == 2


def test_a_signed_in_page_reaches_no_stranger(reader: Any, publish: Any) -> None:
    name = publish()["name"]
    user = factories.User(fullname="Prénom Secret", password="un-long-mot-de-passe")
    known = Reader(reader.application)
    form = known.get("/user/login").text
    token = re.search(r'name="_csrf_token"[^>]*value="([^"]+)"', form)
    assert token
    known.post("/user/login", data={"login": user["name"], "password": "un-long-mot-de-passe", "_csrf_token": token[1]})
    for address in (f"/dataset/{name}", "/", "/dataset/"):
        assert "Prénom Secret" in known.get(address).text
        for _ in range(2):
            answer = reader.get(address)
            assert "Secret" not in answer.text and "Set-Cookie" not in answer.headers
        assert "Prénom Secret" in known.get(address).text, "nor the other way round"


@pytest.mark.parametrize("address", ["/user/login", "/dataset/none-such", "/catalog.ttl", "/api/3/action/status_show"])
def test_what_is_no_page_for_all_is_not_kept(reader: Any, made: Counted, address: str) -> None:
    reader.get(address)
    reader.get(address)
    assert made.asked == 2


def test_programs_that_ask_for_rdf_get_rdf(reader: Any, publish: Any) -> None:
    name = publish()["name"]
    assert reader.get(f"/dataset/{name}").mimetype == "text/html"
    assert reader.get(f"/dataset/{name}", headers={"Accept": "text/turtle, */*;q=0.1"}).mimetype == "text/turtle"
    assert reader.get(f"/dataset/{name}", headers={"Accept": "text/html"}).mimetype == "text/html"


def test_a_change_is_seen_at_once(reader: Any, publish: Any, partner: dict[str, Any]) -> None:
    dataset = publish(title="Avant")
    addresses = ["/dataset/", f"/dataset/{dataset['name']}", f"/organization/{partner['name']}", "/"]
    assert all("Avant" in reader.get(address).text for address in addresses)
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": dataset["id"], "title": "Après"})
    for address in addresses:
        text = reader.get(address).text
        assert "Après" in text and "Avant" not in text, address


def test_a_hidden_dataset_is_gone_at_once(reader: Any, publish: Any, partner: dict[str, Any]) -> None:
    dataset = publish(title="Bientôt secret")
    assert "Bientôt secret" in reader.get("/dataset/").text
    assert reader.get(f"/dataset/{dataset['name']}").status_code == 200
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": dataset["id"], "access_level": "confidential"})
    assert "Bientôt secret" not in reader.get("/dataset/").text
    assert reader.get(f"/dataset/{dataset['name']}").status_code in {403, 404}


def test_a_page_that_was_being_made_during_a_change_is_not_kept(reader: Any, made: Counted, publish: Any) -> None:
    dataset = publish(title="Avant")
    change = model.Package.get(dataset["id"])

    def meanwhile() -> None:
        made.meanwhile = lambda: None
        with model.meta.engine.begin() as connection:
            connection.execute(model.package_table.update().where(model.package_table.c.id == change.id).values(title="Après"))

    made.meanwhile = meanwhile
    reader.get(f"/dataset/{dataset['name']}")
    reader.get(f"/dataset/{dataset['name']}")
    assert made.asked == 2


def test_reading_gives_up_nothing(reader: Any, made: Counted) -> None:
    user = factories.UserWithToken()
    reader.get("/about")
    for _ in range(2):
        reader.get("/api/3/action/package_search", headers={TOKEN: user["token"]})
    asked = made.asked
    reader.get("/about")
    assert made.asked == asked


def test_reading_rows_gives_up_nothing(reader: Any, made: Counted, publish: Any, partner: dict[str, Any]) -> None:
    """CKAN reads rows of a table by a statement that begins with WITH."""
    dataset = publish(resources=[{"name": "Rangées", "url": "https://example.org/rangees.csv", "format": "CSV"}])
    file = dataset["resources"][0]["id"]
    records = [{"lieu": "Aytré", "comptage": 3}]
    tk.get_action("datastore_create")({"user": partner["editor"], "ignore_auth": True}, {"resource_id": file, "force": True, "records": records})
    for address in (f"/dataset/{dataset['name']}", f"/dataset/{dataset['name']}/resource/{file}"):
        reader.get("/about")
        reader.get(address)
        asked = made.asked
        assert reader.get(f"/api/3/action/datastore_search?resource_id={file}&q=aytr%C3%A9&filters={{}}").json["result"]["total"] == 1
        reader.get(f"/datastore/dump/{file}")
        assert made.asked == asked + 2
        reader.get(address)
        reader.get("/about")
        assert made.asked == asked + 2
    tk.get_action("datastore_upsert")({"user": partner["editor"], "ignore_auth": True}, {"resource_id": file, "force": True, "method": "insert", "records": records})
    asked = made.asked
    reader.get("/about")
    assert made.asked == asked + 1


def test_what_no_reader_sees_gives_up_nothing(reader: Any, made: Counted, publish: Any) -> None:
    """Addresses of files are tried all day long, and work is looked for each two seconds: if each answer gave up the pages, none would be kept."""
    from ckanext.tzc.harvesting.engine import leases
    from ckanext.tzc.quality import scoring, store

    dataset = publish()["id"]
    score = scoring.compute(dataset)
    reader.get("/dataset/")
    asked = made.asked
    store.make_due()
    assert scoring.compute(dataset) == score
    assert leases.claim(leases.me()) is None
    reader.get("/dataset/")
    assert made.asked == asked
    found, _ = scoring.assess(scoring.show(dataset))
    store.write(dataset, None, dataclasses.replace(found, score=0))
    model.Session.commit()
    reader.get("/dataset/")
    assert made.asked == asked + 1


def test_a_browser_that_has_the_page_is_told_so(reader: Any) -> None:
    first = reader.get("/about")
    again = reader.get("/about", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.data
    assert first.headers["Cache-Control"] == "private, no-cache"


def test_packed_for_those_who_can_unpack(reader: Any) -> None:
    plain = reader.get("/about")
    packed = reader.get("/about", headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.data) == plain.data
    assert "Content-Encoding" not in reader.get("/about", headers={"Accept-Encoding": "gzip;q=0"}).headers
    head = reader.head("/about")
    assert head.status_code == 200 and not head.data and int(head.headers["Content-Length"]) == len(plain.data)


def test_a_very_long_question_is_not_kept(reader: Any, made: Counted) -> None:
    for _ in range(2):
        assert reader.get(f"/dataset/?q={'a' * 600}").status_code == 200
    assert made.asked == 2

"""What every kind of source of observations does the same, however its servers speak: one suite over all kinds."""
from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from ckanext.tzc.harvesters.http import FetchError, ForbiddenError, Limits
from ckanext.tzc.harvesters.sensors import base, file
from ckanext.tzc.harvesters.sensors.asking import Asking
from ckanext.tzc.harvesters.sensors.base import Page
from ckanext.tzc.harvesters.sensors.kinds import KINDS
from tzc.sensors import definition, model, partitions, pulls, units
from tzc.sensors.faults import BatchError

from tests.domain.harvesters.sensors.speakers import NOW, SPEAKERS, Seen, Speaker
from tests.sites import Asked, Reply, Site, served


@pytest.fixture(params=SPEAKERS, ids=lambda speaker: speaker.name)
def speaker(request: pytest.FixtureRequest) -> Speaker:
    """Each way that sources speak."""
    found: Speaker = request.param
    return found


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in parts of a few lines, and nobody waits for the pace."""
    monkeypatch.setattr(file, "PART", 100)


def client(speaker: Speaker, site: Site, **more: Any) -> Asking:
    told = speaker.definition(site.address)
    limits = Limits(tries=2, pause=0.01, answer=5)
    return Asking(told["address"], secret=more.pop("secret", speaker.secret), now=more.pop("now", NOW), allow_internal=more.pop("allow_internal", True), limits=limits)


def collect(speaker: Speaker, site: Site, cursor: Any = None, **more: Any) -> list[Page]:
    return list(speaker.kind.collect(client(speaker, site, **more), speaker.definition(site.address), cursor))


def seen(pages: Iterable[Page]) -> Seen:
    """The observations of pages, sorted; each as often as it was told."""
    rows = [
        (page.decoded.names[index], partitions.moment(int(time)), float(result))
        for page in pages for index, time, result in zip(page.decoded.index, page.decoded.times, page.decoded.results, strict=True)
    ]  # fmt: skip
    return sorted(rows)


def once(rows: Seen) -> Seen:
    return sorted(set(rows))


def test_every_kind_is_tried() -> None:
    assert {speaker.name for speaker in SPEAKERS} == set(KINDS) == {kind.code for kind in pulls.PULLED} == set(pulls.USUAL)


def test_a_definition_is_taken(speaker: Speaker) -> None:
    told = {**speaker.definition("https://data.example.org"), "credential": "clé", "kind": speaker.name, "name": "Stations"}
    told = told if "credential" in (*definition.KINDS[speaker.name].needs, *definition.KINDS[speaker.name].takes) else {**told, "credential": ""}
    kept = definition.read(told)
    assert {name: value for name, value in kept.fields.items() if name != "credential"} == speaker.definition("https://data.example.org")
    for needed in definition.KINDS[speaker.name].needs:
        with pytest.raises(definition.DefinitionError) as caught:
            definition.read({**told, needed: ""})
        assert caught.value.faults[needed] == "needed"


def test_what_is_observed(speaker: Speaker, site: Site) -> None:
    site.answer = speaker.says(site, speaker.told())
    streams = speaker.kind.describe(client(speaker, site), speaker.definition(site.address))
    names = [stream.external for stream in streams]
    assert len(set(names)) == len(names)
    assert {name for name, _, _ in speaker.sees(speaker.told())} <= set(names)
    for stream in streams:
        assert units.code(stream.unit) == stream.unit and stream.kind in model.KINDS and stream.visibility == model.PUBLIC
        assert base.known(stream.property.code) and stream.thing.external and stream.thing.name
    told = next(stream for stream in streams if stream.external == speaker.sees(speaker.told())[0][0])
    assert (told.unit, told.property.code) != ("1", "other") and told.unit == speaker.unit


def test_all_that_is_there(speaker: Speaker, site: Site) -> None:
    site.answer = speaker.says(site, speaker.told())
    pages = collect(speaker, site)
    assert seen(pages) == sorted(speaker.sees(speaker.told()))
    assert all(not page.decoded.rejected for page in pages)


def test_units_come_with_what_is_measured(speaker: Speaker, site: Site) -> None:
    """Where a source measures in another unit than the portal's, it says so."""
    site.answer = speaker.says(site, speaker.told())
    streams = {stream.external: stream for stream in speaker.kind.describe(client(speaker, site), speaker.definition(site.address))}
    for page in collect(speaker, site):
        for name, unit in page.decoded.units.items():
            if name in streams:
                units.line(units.code(unit), streams[name].unit)


def test_a_kept_page_is_decoded_again(speaker: Speaker, site: Site) -> None:
    site.answer = speaker.says(site, speaker.told())
    for page in collect(speaker, site):
        again = speaker.kind.decode(page.body, speaker.definition(site.address))
        assert (list(again.names), again.units) == (list(page.decoded.names), page.decoded.units)
        for column in ("index", "times", "seconds", "results", "flags", "rows"):
            np.testing.assert_array_equal(getattr(again, column), getattr(page.decoded, column))


def test_a_run_that_breaks_off_goes_on_there(speaker: Speaker, site: Site) -> None:
    """From each page's cursor, as it comes back from the database, the rest is read: nothing is missed, and nothing else is."""
    site.answer = speaker.says(site, speaker.told())
    pages = collect(speaker, site)
    for count in range(1, len(pages) + 1):
        cursor = json.loads(json.dumps(pages[count - 1].cursor))
        rest = collect(speaker, site, cursor)
        assert once(seen(pages[:count]) + seen(rest)) == once(speaker.sees(speaker.told()))


def test_later_only_what_is_new(speaker: Speaker, site: Site) -> None:
    before = speaker.told()
    site.answer = speaker.says(site, before)
    cursor = collect(speaker, site)[-1].cursor
    later = NOW + dt.timedelta(days=1)
    new = [(station, moment + speaker.step, value + 1) for station, moment, value in before[-len(speaker.stations) :]]
    site.answer = speaker.says(site, [*before, *new])
    found = seen(collect(speaker, site, cursor, now=later))
    assert set(speaker.sees([*before, *new])) - set(speaker.sees(before)) <= set(found)
    assert set(found) <= set(speaker.sees([*before, *new]))


def test_a_source_that_says_nothing_new(speaker: Speaker, site: Site) -> None:
    site.answer = speaker.says(site, speaker.told())
    cursor = collect(speaker, site)[-1].cursor
    again = collect(speaker, site, cursor)
    assert set(seen(again)) <= set(speaker.sees(speaker.told()))
    last = again[-1].cursor if again else cursor
    assert last.get("until") == cursor.get("until") or last.get("until", "") >= cursor.get("until", "")


def test_a_source_without_observations(speaker: Speaker, site: Site) -> None:
    site.answer = speaker.says(site, [])
    assert seen(collect(speaker, site)) == []


def test_an_answer_that_is_cut_off(speaker: Speaker, site: Site) -> None:
    """It is refused, or read up to its last whole line, never as something else."""
    whole = speaker.says(site, speaker.told())

    def half(asked: Asked) -> Reply:
        reply = whole(asked)
        return Reply(reply.body[: len(reply.body) * 2 // 3], reply.status, reply.headers)

    site.answer = half
    try:
        found = seen(collect(speaker, site))
    except (FetchError, BatchError) as error:
        assert len(str(error)) > 10
    else:
        assert speaker.name in {"file", "opendatasoft"} and set(found) <= set(speaker.sees(speaker.told()))


def test_a_connection_that_is_cut_off(speaker: Speaker, site: Site) -> None:
    whole = speaker.says(site, speaker.told())

    def half(asked: Asked) -> Reply:
        reply = whole(asked)
        return Reply(reply.body[: len(reply.body) // 2], reply.status, {**reply.headers, "Content-Length": str(len(reply.body))})

    site.answer = half
    with pytest.raises(FetchError, match=r".{20}"):
        collect(speaker, site)


@pytest.mark.parametrize(("body", "cause"), [(b"<!DOCTYPE html><html><title>Maintenance</title></html>", "page"), (b"", "empty")])
def test_what_is_no_answer(speaker: Speaker, site: Site, body: bytes, cause: str) -> None:
    site.answer = lambda _: Reply(body, headers={"Content-Type": "text/html"})
    if not body and speaker.name in {"file", "opendatasoft"}:
        with pytest.raises((FetchError, BatchError)) if speaker.name == "opendatasoft" else _fine():
            assert collect(speaker, site) == []
        return
    with pytest.raises(FetchError) as caught:
        collect(speaker, site)
    assert caught.value.cause == cause


def _fine() -> Any:
    import contextlib

    return contextlib.nullcontext()


@pytest.mark.parametrize(("status", "cause"), [(500, "server_error"), (401, "login"), (403, "forbidden"), (429, "busy"), (503, "server_error")])
def test_a_server_that_refuses(speaker: Speaker, site: Site, status: int, cause: str) -> None:
    site.answer = lambda _: Reply(b"{}", status)
    with pytest.raises(FetchError) as caught:
        collect(speaker, site)
    assert caught.value.cause == cause


def test_paging_without_end(speaker: Speaker, site: Site) -> None:
    if speaker.endless is None:
        pytest.skip("does not page by links")
    site.answer = speaker.endless(site, speaker.told())
    with pytest.raises(FetchError) as caught:
        collect(speaker, site)
    assert caught.value.cause == "paging" and len(site.asked) < 20


def test_the_internal_network_is_closed(speaker: Speaker, site: Site) -> None:
    site.answer = speaker.says(site, speaker.told())
    with pytest.raises(ForbiddenError):
        collect(speaker, site, allow_internal=False)
    assert site.asked == []


def test_a_credential_goes_to_its_own_host_only(speaker: Speaker, site: Site) -> None:
    """A source that leads elsewhere does not take it along."""
    with served("127.0.0.2") as elsewhere:
        elsewhere.answer = lambda _: Reply(b"<html>")
        whole = speaker.says(site, speaker.told())
        login = "/api/login"
        site.answer = lambda asked: whole(asked) if asked.path == login and b"secret" in asked.body else Reply(b"", 307, {"Location": f"{elsewhere.address}{asked.path}"})
        for secret in ({"token": "geheim"}, {"header": "apikey", "value": "geheim"}, {"user": "a", "password": "geheim"}, {"user": "ville", "password": "secret"}):
            with pytest.raises((FetchError, BatchError)):
                collect(speaker, site, secret=secret)
    assert elsewhere.asked and not [asked for asked in elsewhere.asked if "geheim" in str(asked.headers) or asked.body or "Authorization" in asked.headers]


@pytest.mark.parametrize("content", ["", "{", "\x00", "[1]", "null", "{}", '"x"', "<a/>", "1e999", '[{"a": [[1]]}]', '{"value": [1], "data": [1], "features": [1]}', "a;b\n1;2;3\n"])
def test_any_content_is_decoded_or_refused_by_name(speaker: Speaker, content: str) -> None:
    told = speaker.definition("https://data.example.org")
    for body in (content.encode(), b"{}\n" + content.encode(), b'{"format": "parquet"}\n' + content.encode()):
        try:
            found = speaker.kind.decode(body, told)
        except BatchError as error:
            assert error.code
        else:
            assert len(found.times) == len(found.index) == len(found.results)

"""Pages of measurements: what a dataset's page says of its streams, the list and map of things, the health of sources, and the page that others frame."""
from __future__ import annotations

import contextvars
import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from lxml import html
from tzc.sensors import partitions, quality
from tzc.sensors.readings import readings

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Make = Callable[..., dict[str, int]]
HOUR = 3_600_000_000


def now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


def page_of(app: Any, address: str, status: int = 200, **headers: str) -> Any:
    answer = contextvars.Context().run(app.get, address, headers=headers, status=status)
    return html.fromstring(answer.body)


def as_user(name: str) -> dict[str, str]:
    return {"Authorization": factories.APIToken(user=name)["token"]}


def text(page: Any, path: str) -> str:
    return " ".join(page.xpath(f"string({path})").split())


@pytest.fixture
def hours(streams: Make) -> Callable[..., dict[str, int]]:
    """Streams of the hour with values, the last one some hours ago."""

    def make(values: dict[str, list[float]], ago: float = 0.5, **more: Any) -> dict[str, int]:
        import ckan.model as model
        from ckanext.tzc.sensors import settling, writing

        numbers = streams(*values, interval=3600, **more)
        ends = partitions.microseconds(now() - dt.timedelta(hours=ago))
        for name, column in values.items():
            writing.write(readings([numbers[name]] * len(column), [ends - (len(column) - 1 - place) * HOUR for place in range(len(column))], column))
        model.Session.commit()
        settling.settle_all()
        return numbers

    return make


def test_the_list_says_what_is_measured_and_what_was_last(hours: Any, dataset: dict[str, Any]) -> None:
    numbers = hours({"t": [10.0, 12.5]})
    found = tk.get_action("tzc_sensor_stream_list")({"user": ""}, {"dataset": dataset["name"]})
    assert (found["count"], found["limit"], found["offset"]) == (1, 100, 0)
    one = found["streams"][0]
    assert {name: one[name] for name in ("id", "name", "unit", "unit_words", "value", "state", "observations", "marks")} == {
        "id": numbers["t"], "name": "t", "unit": "Cel", "unit_words": "°C", "value": 12.5, "state": "live", "observations": 2, "marks": [],
    }  # fmt: skip
    assert one["property"] == {"code": "air_temperature", "label": "Température de l’air", "definition": "http://vocab.nerc.ac.uk/standard_name/air_temperature/"}
    assert one["thing"]["geometry"] == {"type": "Point", "coordinates": [-1.15, 46.16]}
    assert one["dataset"]["id"] == dataset["id"]
    assert one["last"].endswith("Z")


def test_the_list_is_filtered_and_paged(hours: Any) -> None:
    hours({"a": [1.0], "b": [2.0]})
    hours({"h": [50.0]}, code="relative_humidity", unit="%")

    def names(**asked: Any) -> list[str]:
        return [one["name"] for one in tk.get_action("tzc_sensor_stream_list")({"user": ""}, asked)["streams"]]

    assert names() == ["a", "b", "h"]
    assert names(property="relative_humidity") == ["h"]
    assert names(bbox="-1.2,46.1,-1.1,46.2") == ["a", "b", "h"]
    assert names(bbox=[0, 46.1, 1, 46.2]) == []
    assert (names(limit=1, offset=1), names(limit="2"), names(offset=9)) == (["b"], ["a", "b"], [])
    for wrong in ({"limit": 5000}, {"limit": -1}, {"offset": "x"}, {"bbox": "1,2,3"}, {"bbox": "a,b,c,d"}, {"bbox": "2,0,1,0"}, {"bbox": "nan,0,1,1"}, {"property": ["a"]}, {"limit": True}, {"bbox": 5}):
        with pytest.raises(tk.ValidationError):
            tk.get_action("tzc_sensor_stream_list")({"user": ""}, wrong)
    for missing in ("nothing-of-this-name", ["x"], "a\0b", 5):
        with pytest.raises(tk.ObjectNotFound):
            tk.get_action("tzc_sensor_stream_list")({"user": ""}, {"dataset": missing})


def test_late_and_silent_are_said(app: Any, hours: Any, dataset: dict[str, Any]) -> None:
    hours({"late": [1.0]}, ago=5)
    hours({"silent": [2.0]}, ago=20)
    found = tk.get_action("tzc_sensor_stream_list")({"user": ""}, {})["streams"]
    assert [(one["name"], one["state"]) for one in found] == [("late", "late"), ("silent", "silent")]
    page = page_of(app, "/capteurs")
    assert [" ".join(each.text_content().split()) for each in page.xpath("//*[@class='tzc-series-late']")] == [
        "en retard : plus de 3 mesures manquent", "muet : plus de 10 mesures manquent"
    ]


def test_a_datasets_page_has_its_measurements(app: Any, hours: Any, dataset: dict[str, Any]) -> None:
    """In words, rows and links, without any script."""
    numbers = hours({"t": [10.0, 14.5, 12.25]})
    page = page_of(app, f"/dataset/{dataset['name']}")
    section = page.xpath("//section[@id='measurements']")[0]
    words = text(section, ".//ul[@data-series-summary]")
    assert "12,25\u00a0°C" in words.replace(" °C", "\u00a0°C")
    assert "10" in words and "14,5" in words
    rows = section.xpath(".//tbody/tr")
    assert [row.xpath("string(td[1])") for row in rows] == ["12,25", "14,5", "10"]
    formats = {link.get("data-series-format"): link.get("href") for link in section.xpath(".//a[@data-series-format]")}
    assert list(formats) == ["csv", "parquet", "json"]
    for address in formats.values():
        contextvars.Context().run(app.get, address, status=200)
    told = json.loads(contextvars.Context().run(app.get, formats["json"], status=200).body)
    assert told["streams"][0]["values"] == [10.0, 14.5, 12.25]
    assert section.xpath(f".//a[@href='/sta/v1.1/Datastreams({numbers['t']})']")
    assert not page.xpath("//script[not(@src) and not(@type='application/ld+json')]")
    assert not page.xpath("//*[@style]")


def test_a_page_without_streams_loads_no_chart(app: Any, dataset: dict[str, Any]) -> None:
    page = page_of(app, f"/dataset/{dataset['name']}")
    assert not page.xpath("//*[@id='measurements']")
    assert not page.xpath("//script[contains(@src, 'uplot') or contains(@src, 'series')]")


def test_streams_are_compared_and_periods_chosen(app: Any, hours: Any, dataset: dict[str, Any]) -> None:
    numbers = hours({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    page = page_of(app, f"/dataset/{dataset['name']}?stream={numbers['a']}&stream={numbers['b']}&period=1d")
    assert [tick.get("value") for tick in page.xpath("//input[@name='stream' and @type='checkbox' and @checked]")] == [str(numbers["a"]), str(numbers["b"])]
    assert page.xpath("//button[@aria-pressed='true']/@value") == ["1d"]
    assert [cell.text_content() for cell in page.xpath("//*[@id='measurements']//tbody/tr[1]/td")] == ["2", "4"]
    assert len(page.xpath("//ul[@data-series-summary]/li")) == 2
    for odd in ("stream=x", "stream=999999", f"stream={numbers['a']}&from=hier", "from=2026-11-02&to=2026-11-01", "period=9d", "stream=" + "9" * 40):
        page = page_of(app, f"/dataset/{dataset['name']}?{odd}")
        assert len(page.xpath("//*[@id='measurements']//tbody/tr")) == 2, odd
        assert bool(page.xpath("//*[@id='measurements']//*[@role='alert']")) == ("from" in odd or "period" in odd), odd


def test_a_gap_is_a_row_and_marks_are_words(app: Any, streams: Make, dataset: dict[str, Any]) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import settling, writing

    number = streams("t", interval=3600)["t"]
    ends = partitions.microseconds(now()) // HOUR * HOUR
    writing.write(readings([number] * 3, [ends - 20 * HOUR, ends - HOUR, ends], [10.0, 99.0, 12.0], flags=[0, quality.SUSPECT, 0]))
    model.Session.commit()
    settling.settle_all()
    rows = page_of(app, f"/dataset/{dataset['name']}").xpath("//*[@id='measurements']//tbody/tr")
    told = [[cell.text_content() for cell in row.xpath("td")] for row in rows]
    assert told[0] == ["12", "saut brusque"]
    assert told[1][0] == "99" and set(told[1][1].split(", ")) == {"valeur invraisemblable", "après une interruption", "douteux selon la source"}
    assert told[2] == ["aucune mesure"]
    assert told[3] == ["10", ""]


def test_hidden_streams_are_shown_nowhere(app: Any, hours: Any, source: Any, dataset: dict[str, Any]) -> None:
    """Those of a person to the person alone; those of a dataset that is no longer open to nobody."""
    import ckan.model as model
    from ckanext.tzc.sensors import store

    numbers = hours({"own": [7.0]}, visibility="private")
    person = factories.User()
    model.Session.get(store.Stream, numbers["own"]).person = person["id"]
    model.Session.commit()
    administrator = factories.Sysadmin()["name"]
    for headers in ({}, as_user(factories.User()["name"]), as_user(administrator)):
        assert not page_of(app, f"/dataset/{dataset['name']}?stream={numbers['own']}", **headers).xpath("//*[@id='measurements']")
        assert "Station of the port" not in page_of(app, "/capteurs", **headers).text_content()
        assert json.loads(contextvars.Context().run(app.get, "/capteurs.geojson", headers=headers).body)["features"] == []
    assert page_of(app, f"/dataset/{dataset['name']}", **as_user(person["name"])).xpath("//*[@id='measurements']")
    assert not page_of(app, f"/dataset/{dataset['name']}", **as_user(person["name"])).xpath("//*[@id='series-embed']")
    page_of(app, f"/embed/series?stream={numbers['own']}", 404)
    page_of(app, f"/embed/series?stream={numbers['own']}", 404, **as_user(person["name"]))


def test_a_restricted_datasets_streams_are_not_shown(app: Any, hours: Any, dataset: dict[str, Any]) -> None:
    numbers = hours({"t": [7.0]})
    assert page_of(app, f"/embed/series?stream={numbers['t']}").xpath("//h1")
    tk.get_action("package_patch")({"ignore_auth": True, "user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]}, {"id": dataset["id"], "access_level": "restricted", "license_id": "other-closed"})
    page_of(app, f"/embed/series?stream={numbers['t']}", 404)
    assert not page_of(app, f"/dataset/{dataset['name']}").xpath("//*[@id='measurements']")
    assert tk.get_action("tzc_sensor_stream_list")({"user": ""}, {})["count"] == 0


def test_the_map_and_the_list_say_the_same(app: Any, hours: Any) -> None:
    hours({"t": [10.0, 12.5]})
    hours({"h": [55.0]}, code="relative_humidity", unit="%")
    page = page_of(app, "/capteurs")
    listed = [(" ".join(item.xpath("string(strong)").split()), dict(zip(item.xpath(".//dt/text()"), [" ".join(words.split()) for words in item.xpath(".//dd/text()")], strict=True))) for item in page.xpath("//li[@data-tzc-feature]")]
    data = page.xpath("//*[@data-tzc-map]")[0].get("data-tzc-map")
    features = json.loads(contextvars.Context().run(app.get, data, status=200).body)["features"]
    drawn = [(one["properties"].pop("Nom"), {name: " ".join(words.split()) for name, words in one["properties"].items()}) for one in features]
    assert drawn == listed
    assert features[0]["geometry"]["coordinates"] == [-1.15, 46.16]
    assert {option.get("value") for option in page.xpath("//select[@name='property']/option")} == {"", "air_temperature", "relative_humidity"}
    filtered = page_of(app, "/capteurs?property=relative_humidity")
    assert len(filtered.xpath("//li[@data-tzc-feature]//dd")) == 1
    assert "property=relative_humidity" in filtered.xpath("//*[@data-tzc-map]")[0].get("data-tzc-map")
    for odd in ("?property=nichts", "?page=9", "?page=x", "?page=0"):
        page_of(app, f"/capteurs{odd}")


def test_health_is_for_those_who_look_after_sources(app: Any, hours: Any, source: Any, partner: dict[str, Any]) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import store

    hours({"live": [1.0]})
    hours({"late": [1.0]}, ago=5)
    for observations, rejected, days in ((80, 20, 1), (10, 10, 30)):
        model.Session.add(store.Arrival(
            source=source.id, received=now() - dt.timedelta(days=days), way="http", kind="csv", body=b"", digest=b"", bytes=0, state="done", attempts=1, observations=observations,
            new=0, changed=0, rejected=rejected,
        ))  # fmt: skip
    model.Session.commit()
    found = tk.get_action("tzc_sensor_health")({"user": partner["editor"]}, {})
    assert len(found) == 1
    assert {name: found[0][name] for name in ("name", "streams", "live", "late", "silent", "never", "observations", "rejected", "rejected_percent", "trouble")} == {
        "name": "Stations", "streams": 2, "live": 1, "late": 1, "silent": 0, "never": 0, "observations": 80, "rejected": 20, "rejected_percent": 25.0, "trouble": None,
    }  # fmt: skip
    assert [one["name"] for one in found[0]["named"]] == ["late"]
    assert tk.get_action("tzc_sensor_health")({"user": factories.User()["name"]}, {}) == []
    with pytest.raises(tk.NotAuthorized):
        tk.get_action("tzc_sensor_health")({"user": ""}, {})
    page = page_of(app, "/capteurs/sante", **as_user(partner["editor"]))
    assert "Stations" in text(page, "//tbody") and "25 % (20 sur 80)" in text(page, "//tbody") and "En partie en retard ou muette" in text(page, "//tbody")
    answer = contextvars.Context().run(app.get, "/capteurs/sante", status=302, follow_redirects=False)
    assert "/user/login" in answer.headers["Location"]


def test_a_source_of_which_nothing_is_taken_does_not_work(app: Any, source: Any, partner: dict[str, Any]) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import store

    def tone() -> str:
        return str(page_of(app, "/capteurs/sante", **as_user(partner["editor"])).xpath("string(//tbody//td[1]/span/@class)"))

    assert tone() == "tzc-badge tzc-tone-info"
    number = "source-1"
    model.Session.query(store.Source).filter_by(id=number).update({"seen": now()})
    for rejected, expected in ((3, "bad"), (2, "success")):
        model.Session.add(store.Arrival(
            source=number, received=now(), way="http", kind="csv", body=b"", digest=b"", bytes=0, state="done", attempts=1, observations=3, new=3 - rejected, changed=0, rejected=rejected,
        ))  # fmt: skip
        model.Session.commit()
        assert tone() == f"tzc-badge tzc-tone-{expected}"


def test_what_a_source_does_not_describe_is_called_in_the_language_of_the_reader(app: Any, source: Any, dataset: dict[str, Any]) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import describing
    from tzc.sensors.model import Property, Stream, Thing

    describing.describe(source, [Stream("x", Thing("x", "x"), Property("other"), name="x"), Stream("y", Thing("y", "y"), Property("other", name="Sludge"), name="y")])
    model.Session.commit()
    found = tk.get_action("tzc_sensor_stream_list")({"user": ""}, {"dataset": dataset["id"]})["streams"]
    assert [one["property"]["label"] for one in found] == ["Autre grandeur", "Sludge"]


def test_only_the_embedded_page_may_be_framed_elsewhere(app: Any, hours: Any, dataset: dict[str, Any]) -> None:
    numbers = hours({"t": [10.0, 12.5]})
    embed = contextvars.Context().run(app.get, f"/embed/series?stream={numbers['t']}&period=30d", status=200)
    assert "X-Frame-Options" not in embed.headers
    assert "frame-ancestors *" in embed.headers["Content-Security-Policy"]
    assert "script-src 'self'" in embed.headers["Content-Security-Policy"]
    page = html.fromstring(embed.body)
    assert not page.xpath("//form") and not page.xpath("//header")
    assert "Set-Cookie" not in embed.headers
    code = page_of(app, f"/dataset/{dataset['name']}").xpath("string(//*[@id='series-embed'])")
    address = html.fromstring(code).get("src")
    assert contextvars.Context().run(app.get, address.removeprefix(tk.config["ckan.site_url"]), status=200)
    for other, status in (("/capteurs", 200), (f"/dataset/{dataset['name']}", 200), ("/embed/series", 404), ("/embed/series?stream=999999", 404), (f"/embed/series?stream={numbers['t']}&stream=999999", 404)):
        answer = contextvars.Context().run(app.get, other, status=status)
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN", other
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"], other


def test_the_chart_library_is_served_from_its_package_and_nothing_else_is(app: Any) -> None:
    script = tk.h.tzc_uplot("uPlot.iife.min.js")
    assert re.fullmatch(r"/uplot/1\.6\.30/uPlot\.iife\.min\.js", script)
    answer = app.get(script, status=200)
    assert "max-age=2592000, immutable" in answer.headers["Cache-Control"]
    assert "uPlot" in answer.body
    for other in ("/uplot/1.6.30/sha256", "/uplot/1.6.29/uPlot.min.css", "/uplot/1.6.30/../../lock"):
        app.get(other, status=404)


def test_the_demonstration_has_measurements(publish: Any) -> None:
    """Loaded twice, it is there once."""
    from ckanext.tzc.sensors import demonstration

    publish(name="qualite-de-l-air-station-urbaine", demonstration=True)
    publish(name="niveau-et-sel-des-canaux", demonstration=False)
    done = demonstration.load()
    assert (done["sources"], done["streams"]) == (1, 5)
    assert done["observations"] > 5000
    assert demonstration.load()["observations"] <= 5
    found = tk.get_action("tzc_sensor_stream_list")({"user": ""}, {"dataset": "qualite-de-l-air-station-urbaine"})
    assert [(one["name"], one["unit_words"], one["state"]) for one in found["streams"]][:2] == [("Dioxyde d’azote (NO₂)", "µg/m³", "live"), ("Ozone (O₃)", "µg/m³", "live")]


def test_odd_things_of_a_hostile_source_break_nothing(app: Any, source: Any, dataset: dict[str, Any]) -> None:
    """A server that is asked may say anything of its things; the map, its questions and those about places are everybody's."""
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import describing
    from tzc.sensors.model import Property, Sensor, Stream, Thing

    places: list[Any] = [{"type": "Point", "coordinates": ["x", "y"]}, {"type": "Point", "coordinates": [1]}, {"type": "Point", "coordinates": {}}, {"type": "Rubbish", "coordinates": "\0"}]
    odd = [
        Stream(f"t{at}", Thing(f"s{at}", "S\0", "\0", place, "\0", {"a": "\0", "b": float("nan")}), Property("other", "N\0"), "n\0", "d\0", Sensor("s\0", "\0", "\0", "\0"))
        for at, place in enumerate(places)
    ]  # fmt: skip
    rows = describing.describe(source, [*odd, Stream("a\0", Thing("x", "X"), Property("other")), Stream("y" * 5_000, Thing("x", "X"), Property("other"))])
    model.Session.commit()
    assert sorted(rows) == ["t0", "t1", "t2", "t3"], "what has no name that can be kept is passed over"
    listed = tk.get_action("tzc_sensor_stream_list")({"user": ""}, {"bbox": "-2,45,0,47"})
    assert listed["count"] == 0
    assert app.get("/sta/v1.1/Locations?$filter=st_within(location, geography'POLYGON((-2 45,0 45,0 47,-2 45))')").json["value"] == []
    assert [one["geometry"] for one in app.get("/capteurs.geojson").json["features"]] == [None] * 4

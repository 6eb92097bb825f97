"""Programs of others read observations through a real server: a client library of the standard, and the commands that docs/series-api.md shows."""
from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from tzc.sensors import partitions
from tzc.sensors.readings import SECOND, readings
from werkzeug.serving import make_server

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

DOCS = Path(__file__).parents[3] / "docs"
START = partitions.microseconds(partitions.Month(2026, 10).first)
Make = Callable[..., Any]


@pytest.fixture
def served(app: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The portal, served on the loopback."""
    import ckan.plugins.toolkit as tk

    server = make_server("127.0.0.1", 0, app.app, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setitem(tk.config, "ckan.site_url", address)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def number(streams: Make) -> int:
    """A stream with 250 values, which are those of its minutes."""
    import ckan.model as model
    from ckanext.tzc.sensors import settling, writing

    made = streams("t", interval=600)["t"]
    writing.write(readings([made] * 250, START + np.arange(250) * 600 * SECOND, np.arange(250) / 10))
    model.Session.commit()
    settling.settle_all()
    return int(made)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::SyntaxWarning", "ignore::FutureWarning")
def test_a_client_library(served: str, number: int) -> None:
    import frost_sta_client as fsc

    service = fsc.SensorThingsService(f"{served}/sta/v1.1")
    things = service.things().query().filter("name eq 'Station of the port'").expand("Locations,Datastreams($expand=ObservedProperty)").list()
    assert [thing.name for thing in things] == ["Station of the port"]
    thing = things.entities[0]
    assert thing.locations.entities[0].location["coordinates"] == [-1.15, 46.16]
    stream = thing.datastreams.entities[0]
    assert (stream.id, stream.unit_of_measurement.symbol, stream.observed_property.name) == (number, "Cel", "Air temperature")
    found = service.datastreams().find(number)
    assert found.name == "t"
    # 100 a page: the library follows the links
    values = [one.result for one in found.get_observations().query().orderby("phenomenonTime", "asc").list()]
    assert values == (np.arange(250) / 10).tolist()
    newest = found.get_observations().query().orderby("phenomenonTime", "desc").top(3).list()
    assert [one.result for one in newest.entities] == [24.9, 24.8, 24.7]
    one = service.observations().find(newest.entities[0].id)
    assert one.result == 24.9
    warm = service.observations().query().filter(f"result ge 24 and Datastream/id eq {number}").count().list()
    assert warm.count == 10


def commands(page: str) -> list[str]:
    return re.findall(r"^    (curl .*)$", (DOCS / page).read_text(), re.MULTILINE)


def run(command: str, served: str, dataset: str, number: int) -> requests.Response:
    """What curl would do."""
    words = shlex.split(re.sub(r"\b12\b|\b13\b", str(number), command.replace("http://localhost:5000", served).replace("DATASET", dataset)).replace("stream\\=", "stream="))[1:]
    address, headers, data, place = "", {}, [], 0
    while place < len(words):
        word = words[place]
        if word in ("-o", "-H", "--data-urlencode"):
            place += 1
            if word == "-H":
                name, _, value = words[place].partition(": ")
                headers[name] = value
            elif word == "--data-urlencode":
                data.append(tuple(words[place].split("=", 1)))
        elif not word.startswith("-"):
            address = word
        place += 1
    return requests.get(address, params=data, headers=headers, timeout=30)


def test_the_commands_of_the_docs(served: str, dataset: dict[str, Any], number: int) -> None:
    shown = commands("series-api.md")
    assert len(shown) == 14
    for command in shown:
        answer = run(command, served, dataset["id"], number)
        assert answer.status_code == 200, (command, answer.text)
        assert answer.content, command
    found = run(next(command for command in shown if "result gt 14" in command), served, dataset["id"], number).json()
    assert found["@iot.count"] == 109
    places = run(next(command for command in shown if "st_within" in command), served, dataset["id"], number).json()
    assert len(places["value"]) == 1
    hours = run(next(command for command in shown if "every=1h" in command), served, dataset["id"], number).json()
    assert len(hours["streams"][0]["times"]) == 42


def test_the_page_for_integrators(served: str, number: int) -> None:
    for command in commands("integrator.md"):
        if "/sta/v1.1" in command or "/api/tzc/series" in command:
            assert run(command, served, "", number).status_code == 200

"""A resident's life with a meter, in a real browser on a phone: consent, file, curve, sum of a street, withdrawal; and who sees nothing of it, at any time."""
from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from tzc_stack import lifecycle
from tzc_stack.paths import here
from tzc_stack.settings import load
from tzc_stack.testing import HOMES

from tests.e2e.test_whole_request import Office, Person, meet
from tests.e2e.test_whole_request import words as _
from tests.people import PASSWORD
from tests.portal.sensors import homes

__all__ = ["meet"]

pytestmark = pytest.mark.browser

DRAWN = "document.querySelector('[data-tzc-series]').tzcPlot"
WATTS = 1000.0


class Street:
    """The dataset of meters, a group that keeps its published sums, and nine neighbours who count in it."""

    def __init__(self, office: Office, stamp: str) -> None:
        self.office, self.stamp = office, stamp
        self.town = f"commune-{stamp}"
        office.call("organization_create", name=self.town, title=f"Commune {stamp}")
        if office.page.request.get(f"{office.portal.url}/api/3/action/package_show?id={HOMES}").status == 404:
            self.dataset(HOMES, "Courbes des habitants", "confidential")
        self.sums = f"somme-de-la-rue-{stamp}"
        self.dataset(self.sums, f"Somme de la rue {stamp}", "open")
        self.title = f"Rue des Peupliers {stamp}"
        about = "Pour savoir à quelle heure la rue consomme."
        self.group = office.call("tzc_meter_group_create", dataset=self.sums, title=self.title, about=about, until=homes.UNTIL, rule="keep")["id"]

    def dataset(self, name: str, title: str, level: str) -> None:
        self.office.call("package_create", name=name, title=title, notes="Pour les essais.", owner_org=self.town, axis=["mobilite"], license_id="lov2", access_level=level)

    def account(self, name: str, full: str) -> str:
        """An account; its token."""
        self.office.call("user_create", name=name, fullname=full, email=f"{name}@example.org", password=PASSWORD)
        return str(self.office.call("api_token_create", user=name, name="tests")["token"])

    def neighbour(self, place: int) -> str:
        """An account whose meter counts in the group; its token."""
        name = f"voisin-{place}-{self.stamp}"
        token = self.account(name, f"Voisin {place}")
        given = {"number": homes.number(place), "purpose": "group", "group": self.group, "until": homes.UNTIL, "version": "2026-11", "accept": True, "label": f"Chez {place}"}
        made = asked(self.office.portal.url, token, "tzc_meter_create", given)
        taken = asked(self.office.portal.url, token, "tzc_meter_upload", {"id": str(made["id"]), "upload": homes.curve(place).decode()})
        assert taken["new"] == 96
        return token


def asked(url: str, token: str, action: str, data: dict[str, Any]) -> Any:
    """An action, by somebody's program."""
    answer = requests.post(f"{url}/api/3/action/{action}", json=data, headers={"Authorization": token}, timeout=60)
    assert answer.status_code == 200, answer.text[:1000]
    return answer.json()["result"]


def addresses(meter: str, stream: int) -> list[str]:
    """Wherever a curve might be seen; the first two are pages."""
    return [
        meter, f"{meter}/donnees.csv", f"/api/tzc/series?stream={stream}&every=raw", f"/api/tzc/series?stream={stream}&every=1d&format=csv", f"/sta/v1.1/Datastreams({stream})",
        f"/sta/v1.1/Datastreams({stream})/Observations", f"/embed/series?stream={stream}",
    ]  # fmt: skip


def answers(person: Person, meter: str, stream: int) -> list[int]:
    """What each of them answers somebody."""
    return [person.has(f"{person.portal.url}{address}")[0] for address in addresses(meter, stream)]


def in_lists(person: Person, stream: int) -> bool:
    """Whether any list has the stream."""
    url = person.portal.url
    listed = json.loads(person.has(f"{url}/sta/v1.1/Datastreams?$filter=id%20eq%20{stream}")[1])["value"]
    known = json.loads(person.has(f"{url}/api/3/action/tzc_sensor_stream_list?limit=1000")[1])["result"]["streams"]
    return bool(listed) or stream in [one["id"] for one in known]


HIDDEN = [404] * 7
GUEST = [302, 302, *[404] * 5]
OWN = [200] * 6 + [404]
"""The page that others frame is for what everybody may see."""


def sums_of(url: str, dataset: str) -> list[float]:
    """What is published of the street, to a stranger."""
    streams = requests.get(f"{url}/api/3/action/tzc_sensor_stream_list", params={"dataset": dataset}, timeout=60).json()["result"]["streams"]
    if not streams:
        return []
    number = next(one["id"] for one in streams if one["unit"] == "kW.h")
    told = requests.get(f"{url}/api/tzc/series?stream={number}&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&every=raw", timeout=60).json()
    return [value for value in told["streams"][0]["values"] if value is not None]


def test_a_residents_life(portal: Any, page: Any, meet: Callable[..., Person]) -> None:
    own = dataclasses.replace(here(), var=portal.var)
    if load(own).given.get("TZC_HOMES_DATASET") != HOMES:
        pytest.skip("the stack was started without TZC_HOMES_DATASET")
    stamp, office = str(int(time.time())), Office(portal, page)
    street = Street(office, stamp)
    administrator, stranger = Person(portal.administrator[0], page, portal), meet("")
    resident, neighbour = meet(f"habitante-{stamp}", phone=True), meet(f"voisin-1-{stamp}")
    street.account(resident.name, "Hélène Habitante")
    for place in range(1, 10):
        street.neighbour(place)

    # she signs in and finds the page in her menu
    screen = resident.screen
    resident.enter()
    screen.locator("header summary", has_text=_("My account")).click()
    screen.locator("header").get_by_role("link", name=_("My meters"), exact=True).click()
    screen.wait_for_url("**/compte/compteurs")
    resident.look()

    # nothing is ticked before; without the tick nothing is kept
    assert screen.locator("main input:checked").count() == 0
    screen.fill("#field-number", homes.number(40))
    screen.fill("#field-label", "Chez moi")
    screen.check("input[name=purpose][value=own]")
    screen.fill("#field-until", homes.UNTIL)
    resident.push("button[value=add]")
    assert screen.locator(".tzc-errors a[href='#field-accept']").count() == 1
    assert screen.input_value("#field-label") == "Chez moi" and screen.is_checked("input[name=purpose][value=own]")
    resident.look()
    screen.check("#field-accept")
    resident.push("button[value=add]")
    screen.wait_for_url("**/compte/compteurs/*")
    meter = screen.url.removeprefix(portal.url)
    resident.look()

    # a file of another meter is refused in words, hers is taken
    for content, taken in ((homes.curve(41), False), (homes.curve(40, WATTS), True)):
        screen.set_input_files("#field-upload", {"name": "courbe.csv", "mimeType": "text/csv", "buffer": content})
        resident.push("button[value=upload]")
        assert (screen.locator(".tzc-errors").count() == 0) is taken
        resident.look()
    assert "96" in screen.locator("section[role=status]").inner_text()

    # her curve, drawn and as the same numbers
    resident.go(meter)
    screen.locator(".u-over").wait_for()
    drawn = [value for value in screen.evaluate(f"{DRAWN}.data[1]") if value is not None]
    assert drawn == [WATTS + 40] * 96
    rows = screen.eval_on_selector_all("[data-series-table] tbody tr", "all => all.map(row => row.cells[1].textContent)")
    assert [float(text.replace("\u202f", "").replace(",", ".")) for text in rows if "mesure" not in text] == drawn
    assert [screen.locator(f"section[aria-labelledby=curve-title] tbody tr >> nth={day} >> td >> nth=0").inner_text() for day in range(3)] == ["23,92", "24,96", "1,04"]
    assert _("Power consumed") in screen.locator("[data-series-legend]").inner_text()
    resident.look()
    stream = int(screen.get_attribute("input[name=stream]", "value"))

    # nobody else has it
    neighbour.enter()

    def only_hers() -> None:
        assert answers(resident, meter, stream) == OWN and in_lists(resident, stream)
        for person, expected in ((neighbour, HIDDEN), (administrator, HIDDEN), (stranger, GUEST)):
            assert answers(person, meter, stream) == expected
            assert not in_lists(person, stream)

    only_hers()

    # she lets it count in the street's sum
    resident.go(meter)
    screen.check("input[name=purpose][value=group]")
    screen.select_option("#field-group", label=street.title)
    screen.fill("#field-until", homes.UNTIL)
    screen.check("#field-accept")
    resident.push("button[value=consent]")
    assert street.title in screen.locator("section[aria-labelledby=holds-title]").inner_text()
    resident.look()
    only_hers()
    lifecycle.ckan(own, ["tzc", "sensors", "groups"])
    expected = round((sum(500 + place for place in range(1, 10)) + WATTS + 40) / 1000, 3)
    assert sums_of(portal.url, street.sums) == [expected] * 48
    only_hers()

    # she takes all of it along
    resident.go(meter)
    with screen.expect_download() as coming:
        screen.locator("main a[href$='/donnees.csv']").click()
    lines = coming.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 97 and lines[1] == "2026-01-05T00:00:00Z;2026-01-05T00:30:00Z;consumption;1040.0;W;0"
    resident.go("/compte/compteurs")
    with screen.expect_download() as coming:
        screen.locator("main a[href$='/donnees.json']").click()
    bundle = json.loads(coming.value.path().read_text())
    assert sorted(one["purpose"] for one in bundle["consents"]) == ["group", "own"] and [one["label"] for one in bundle["meters"]] == ["Chez moi"]

    # one consent is withdrawn, the other keeps the curve
    resident.go(meter)
    assert "96" in screen.locator("section[aria-labelledby=holds-title]").inner_text(), "what would be erased is said before"
    screen.locator("section[aria-labelledby=holds-title] li", has_text="Voir mes courbes").locator("button").click()
    screen.locator(".flash-messages", has_text=_("This consent is withdrawn. Another one of yours keeps the curve: it stays.")).wait_for()
    assert screen.url.endswith(meter)
    only_hers()

    # all is withdrawn: she reads what is erased and what stays, and it is nowhere
    resident.push("button[value=remove]")
    assert screen.url.endswith("/compte/compteurs")
    said = screen.locator(".flash-messages").inner_text()
    assert "96" in said and "48 " in said and street.title in said
    assert _("It stays known that you had agreed and that you withdrew, without anything of the meter.") in said
    resident.look()
    assert screen.locator("section[aria-labelledby=meters-title] li").count() == 0
    assert screen.locator("section[aria-labelledby=consents-title] tbody tr").count() == 2
    for person, expected_answers in ((resident, HIDDEN), (neighbour, HIDDEN), (administrator, HIDDEN), (stranger, GUEST)):
        assert answers(person, meter, stream) == expected_answers
        assert not in_lists(person, stream)
    bundle = json.loads(resident.has(f"{portal.url}/compte/compteurs/donnees.json")[1])
    assert bundle["meters"] == [] and {one["state"] for one in bundle["consents"]} == {"withdrawn"} and {one["meter"] for one in bundle["consents"]} == {None}
    # the sums that were out stay, as the group had said; and neighbours still have theirs
    lifecycle.ckan(own, ["tzc", "sensors", "groups"])
    assert sums_of(portal.url, street.sums) == [expected] * 48
    neighbour.go("/compte/compteurs")
    neighbour.screen.locator("section[aria-labelledby=meters-title] a").click()
    neighbour.screen.locator(".u-over").wait_for()
    assert [value for value in neighbour.screen.evaluate(f"{DRAWN}.data[1]") if value is not None] == [501.0] * 96
    neighbour.look()

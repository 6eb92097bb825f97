"""Charts and the map of sensors in a real browser: drawn, zoomed, compared, by mouse and keyboard; the table says what is drawn; framed by another site."""
from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.looks import check, overflow, serious
from tests.people import sign_in

pytestmark = pytest.mark.browser

AIR = "/dataset/qualite-de-l-air-station-urbaine"

DRAWN = "document.querySelector('[data-tzc-series]').tzcPlot"


def opened(page: Any, address: str) -> Any:
    """The page with its chart drawn; what the console says against it."""
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(address, wait_until="networkidle")
    page.locator(".u-over").wait_for()
    return messages


def numbers(page: Any) -> list[str]:
    """The streams to choose from."""
    return [str(value) for value in page.eval_on_selector_all("input[name=stream][type=checkbox]", "all => all.map(one => one.value)")]


def shown(page: Any) -> tuple[float, float]:
    """From when to when the chart goes (milliseconds)."""
    low, high = page.evaluate(f"[{DRAWN}.scales.x.min, {DRAWN}.scales.x.max]")
    return low, high


def until(page: Any, true: Any) -> None:
    """Wait for something to come about; the content policy forbids Playwright's own way to wait for a condition."""
    for _time in range(500):
        if true():
            return
        page.wait_for_timeout(20)
    raise AssertionError("it did not come about")


def settled(page: Any, what: Any) -> None:
    """After something that asks for other measurements."""
    with page.expect_response(lambda answer: "/api/tzc/series" in answer.url and "every=auto" in answer.url):
        what()
    # the content policy forbids Playwright's own way to wait for a condition
    page.locator("[data-tzc-series]:not([aria-busy])").wait_for()


@pytest.mark.parametrize("width", [1280, 360])
def test_a_chart_is_drawn(portal: Any, page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    requests: list[Any] = []
    page.on("requestfinished", lambda request: requests.append(request))  # noqa: PLW0108 -- Playwright marks the function it is given, and a method cannot be marked
    assert opened(page, portal.url + AIR) == []
    assert page.evaluate(f"{DRAWN}.data[0].length") > 100
    assert {urlsplit(request.url).netloc for request in requests if request.url.startswith("http")} == {urlsplit(portal.url).netloc}
    assert sum(request.sizes()["responseBodySize"] for request in requests) <= 300_000
    assert len(requests) <= 25
    assert serious(page) == []
    assert overflow(page) == 0


def test_the_table_says_what_is_drawn(portal: Any, page: Any) -> None:
    """Each value of the chart stands in the table at its moment, and no other."""
    opened(page, portal.url + AIR)
    temperature = numbers(page)[-1]
    opened(page, f"{portal.url}{AIR}?stream={temperature}&period=30d")
    drawn = page.evaluate(f"[{DRAWN}.data[0], {DRAWN}.data[1]]")
    pairs = {time: value for time, value in zip(*drawn, strict=True) if value is not None}
    rows = page.eval_on_selector_all("[data-series-table] tbody tr", "all => all.map(row => [Number(row.dataset.time), row.cells[1].textContent])")
    told = {time: float(text.replace("\u202f", "").replace(",", ".")) for time, text in rows if "mesure" not in text}
    assert set(told) == set(pairs)
    assert all(abs(told[time] - value) <= abs(value) * 1e-4 for time, value in pairs.items())
    assert len(pairs) > 600


def test_gaps_and_marks_are_seen(portal: Any, page: Any) -> None:
    opened(page, portal.url + AIR)
    opened(page, f"{portal.url}{AIR}?stream={numbers(page)[-1]}&period=30d")
    assert None in page.evaluate(f"{DRAWN}.data[1]"), "a break in the line"
    assert page.locator("[data-series-table] .tzc-series-gap").first.inner_text() == "aucune mesure"
    assert page.locator(".tzc-series-odd").count() == 1
    assert len([value for value in page.evaluate(f"{DRAWN}.data[{DRAWN}.series.length - 1]") if value is not None]) in range(3, 7)


def test_the_mouse_zooms(portal: Any, page: Any) -> None:
    """What is dragged over is asked for anew and comes finer."""
    opened(page, portal.url + AIR + "?period=30d")
    stream = numbers(page)[-1]
    opened(page, f"{portal.url}{AIR}?stream={stream}&period=30d")
    assert "every=1h" in page.get_attribute("[data-series-format=csv]", "href")
    before = shown(page)
    page.locator(".u-over").scroll_into_view_if_needed()
    box = page.locator(".u-over").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 100, steps=5)
    settled(page, page.mouse.up)
    after = shown(page)
    assert 0.05 < (after[1] - after[0]) / (before[1] - before[0]) < 0.15
    address = page.get_attribute("[data-series-format=csv]", "href")
    assert "every=raw" in address
    asked = parse_qs(urlsplit(page.url).query)
    assert (asked["stream"], len(asked["from"]), len(asked["to"])) == ([stream], 1, 1)
    with page.expect_download() as coming:
        page.click("[data-series-format=csv]")
    lines = coming.value.path().read_text().splitlines()
    assert len(lines) - 1 == len([one for one in page.evaluate(f"{DRAWN}.data[1]") if one is not None])
    page.reload(wait_until="networkidle")
    page.locator(".u-over").wait_for()
    assert shown(page) == after, "the address keeps what is shown"


@pytest.fixture
def finger(browser: Any) -> Iterator[Any]:
    """A page on a phone, with a screen that is touched; and what a finger does there: `drag(page, points)`."""
    context = browser.new_context(viewport={"width": 360, "height": 800}, has_touch=True, is_mobile=True, locale="fr-FR", timezone_id="Europe/Paris")
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def drag(page: Any, first: tuple[float, float], last: tuple[float, float], steps: int = 8) -> None:
    """A finger goes down, moves and is taken away: as the browser itself is told by a screen, so that it decides what is scrolled."""
    screen = page.context.new_cdp_session(page)
    for step in range(steps + 1):
        x, y = (begin + (end - begin) * step / steps for begin, end in zip(first, last, strict=True))
        screen.send("Input.dispatchTouchEvent", {"type": "touchMove" if step else "touchStart", "touchPoints": [{"x": x, "y": y}]})
    screen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    screen.detach()


def test_a_finger_zooms_sideways_and_scrolls_up_and_down(portal: Any, finger: Any) -> None:
    page = finger
    opened(page, portal.url + AIR)
    opened(page, f"{portal.url}{AIR}?stream={numbers(page)[-1]}&period=30d")
    before = shown(page)
    page.locator(".u-over").scroll_into_view_if_needed()
    box = page.locator(".u-over").bounding_box()
    middle = box["y"] + box["height"] / 2
    # up: the page scrolls, the chart stays as it is
    scrolled = page.evaluate("scrollY")
    drag(page, (box["x"] + box["width"] * 0.5, middle), (box["x"] + box["width"] * 0.5 + 4, middle - 200))
    until(page, lambda: page.evaluate("scrollY") > scrolled + 50)
    assert shown(page) == before
    assert page.evaluate(f"{DRAWN}.select.width") == 0
    # sideways: what the finger went over is shown, and the page stays where it is
    page.locator(".u-over").scroll_into_view_if_needed()
    box = page.locator(".u-over").bounding_box()
    scrolled, middle = page.evaluate("scrollY"), box["y"] + box["height"] / 2
    settled(page, lambda: drag(page, (box["x"] + box["width"] * 0.4, middle), (box["x"] + box["width"] * 0.6, middle)))
    after = shown(page)
    assert 0.15 < (after[1] - after[0]) / (before[1] - before[0]) < 0.25
    assert before[0] < after[0] and after[1] < before[1]
    assert page.evaluate("scrollY") == scrolled
    # a tap shows the value there, and changes nothing
    box = page.locator(".u-over").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator("[data-series-pointed]:not(:empty)").wait_for()
    assert shown(page) == after
    # and the buttons are there for who drags nothing
    settled(page, page.locator("[data-series-act=whole]").tap)
    assert shown(page) == before
    assert serious(page) == [] and overflow(page) == 0


def test_keys_and_buttons_do_what_the_mouse_does(portal: Any, page: Any) -> None:
    opened(page, portal.url + AIR)
    first, last = shown(page)
    page.locator("[data-series-chart]").focus()
    settled(page, lambda: page.keyboard.press("+"))
    near = shown(page)
    assert near[1] - near[0] == pytest.approx((last - first) / 2, abs=2)
    settled(page, lambda: page.keyboard.press("ArrowLeft"))
    assert shown(page)[0] == pytest.approx(near[0] - (last - first) / 4, abs=2)
    settled(page, lambda: page.keyboard.press("0"))
    assert shown(page) == (first, last)
    settled(page, lambda: page.locator("[data-series-act=farther]").press("Enter"))
    assert shown(page)[1] - shown(page)[0] == pytest.approx((last - first) * 2, abs=2)
    settled(page, lambda: page.locator("[data-series-act=whole]").press("Space"))
    assert shown(page) == (first, last)
    assert "Station" not in page.get_attribute("[data-series-chart]", "aria-label") or page.get_attribute("[data-series-chart]", "aria-label").startswith("Courbe")


def test_streams_are_compared_on_two_axes(portal: Any, page: Any) -> None:
    opened(page, portal.url + AIR)
    settled(page, page.locator("input[name=stream][type=checkbox]").last.check)
    assert page.evaluate(f"{DRAWN}.axes.map(axis => axis.label || '')") == ["", "µg/m³", "°C"]
    assert page.locator("[data-series-legend] li").count() >= 2
    assert page.locator("[data-series-summary] li").count() == 2
    assert len(parse_qs(urlsplit(page.url).query)["stream"]) == 2
    settled(page, page.locator("input[name=stream][type=checkbox]").first.uncheck)
    assert page.evaluate(f"{DRAWN}.axes.length") == 2
    page.locator("input[name=stream][type=checkbox]").last.uncheck()
    assert page.locator("[data-series-status]").inner_text() == "Cochez au moins une série."


def test_periods_are_chosen(portal: Any, page: Any) -> None:
    opened(page, portal.url + AIR)
    settled(page, lambda: page.click("button[name=period][value='1d']"))
    low, high = shown(page)
    assert high - low == 86_400_000
    day = page.input_value("input[name=to]")
    page.fill("input[name=from]", day)
    settled(page, lambda: page.click(".tzc-series-days button"))
    low, high = shown(page)
    assert high - low == 86_400_000
    assert page.evaluate("low => new Intl.DateTimeFormat('fr', {timeZone: 'Europe/Paris', hour: '2-digit', minute: '2-digit'}).format(new Date(low))", low) == "00:00"


def test_without_scripts_there_are_words_rows_and_links(portal: Any, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, locale="fr-FR", viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(portal.url + AIR)
    assert page.locator("[data-series-table] tbody tr").count() == 100
    assert not page.locator("[data-series-chart]").is_visible()
    page.click("button[name=period][value='1d']")
    page.wait_for_url("**period=1d**")
    assert page.locator("[data-series-table] tbody tr").count() in (23, 24, 25)
    page.locator("input[name=stream][type=checkbox]").last.check()
    page.click("button[name=period][value='7d']")
    page.wait_for_url("**stream=*&stream=*&period=7d**")
    assert page.locator("[data-series-summary] li").count() == 2
    assert overflow(page) == 0
    context.close()


@contextlib.contextmanager
def other_site(page_text: str) -> Iterator[str]:
    """A site of somebody else's with one page."""

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page_text.encode())

        def log_message(self, *_arguments: Any) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_another_site_shows_the_chart_and_no_other_page(portal: Any, page: Any) -> None:
    opened(page, portal.url + AIR)
    code = page.locator("#series-embed").text_content()
    with other_site(f"<!doctype html><title>Ailleurs</title>{code}<iframe id=whole src='{portal.url}{AIR}'></iframe>") as address:
        page.goto(address)
        frame = page.frame_locator("iframe >> nth=0")
        frame.locator(".u-over").wait_for()
        assert frame.locator("h1").inner_text().startswith("Station du centre-ville")
        assert frame.locator("header").count() == 0
        page.wait_for_load_state("networkidle")
        assert not any(each.url.endswith(AIR) and each.locator("h1").count() for each in page.frames)
    page.goto(portal.url + "/embed/series?" + code.split("?", 1)[1].split('"', 1)[0].replace("&amp;", "&"), wait_until="networkidle")
    check(page)


def test_the_map_opens_from_the_list(portal: Any, page: Any) -> None:
    page.goto(portal.url + "/capteurs", wait_until="networkidle")
    page.locator(".tzc-map-canvas path.leaflet-interactive").first.wait_for()
    drawn = page.locator(".tzc-map-canvas path.leaflet-interactive").count()
    assert drawn == page.locator("[data-tzc-feature]").count() == 7
    item = page.locator("[data-tzc-feature]").filter(has_text="Sonde de la vanne est")
    assert "muet" in item.inner_text()
    item.locator("button").press("Enter")
    popup = page.locator(".leaflet-popup")
    assert "Sonde de la vanne est" in popup.inner_text() and "muet" in popup.inner_text()
    check(page)
    page.select_option("#field-property", "water_level")
    page.click(".tzc-things-filter button")
    page.wait_for_url("**property=water_level")
    assert page.locator("[data-tzc-feature]").count() == 3
    page.locator("[data-tzc-feature] a").first.click()
    page.locator(".u-over").wait_for()


def test_the_health_of_sources(portal: Any, page: Any) -> None:
    sign_in(page, portal.url, portal.administrator)
    assert page.goto(portal.url + "/capteurs/sante", wait_until="networkidle").status == 200
    assert "Sondes des canaux" in page.locator("tbody").inner_text()
    check(page)

"""The pages in a real browser: accessible, light, at phone width, in both languages; the form keeps what was typed."""
from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.looks import overflow, serious
from tests.people import sign_in

pytestmark = pytest.mark.browser

DATASET = "/dataset/comptages-velo-horaires"
RESTRICTED = "/dataset/confort-ete-logements-suivis"
PUBLIC = [
    "/", "/dataset/", "/dataset/?q=qqqqq", DATASET, RESTRICTED, "/organization/", "/organization/agglomeration-demo",
    "/group/", "/group/mobilite", "/about", "/accessibilite", "/user/login", "/nulle-part",
]

REQUESTS, BYTES = 25, 300_000


@pytest.mark.parametrize("address", PUBLIC)
def test_desk(portal: Any, page: Any, address: str) -> None:
    """Nothing serious for axe, few requests, little weight, no other host, no mistake in the console."""
    requests: list[Any] = []
    messages: list[str] = []
    page.on("requestfinished", lambda request: requests.append(request))  # noqa: PLW0108 -- Playwright marks the function it is given, and a method cannot be marked
    page.on("console", lambda message: messages.append(message.text) if message.type == "error" and "status of 404" not in message.text else None)
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(portal.url + address, wait_until="networkidle")
    assert serious(page) == []
    assert messages == []
    hosts = {urlsplit(request.url).netloc for request in requests if request.url.startswith("http")}
    assert hosts == {urlsplit(portal.url).netloc}
    assert len(requests) <= REQUESTS
    assert sum(request.sizes()["responseBodySize"] for request in requests) <= BYTES
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == 1


@pytest.mark.parametrize("address", PUBLIC)
def test_phone(portal: Any, phone: Any, address: str) -> None:
    """No sideways scrolling, nothing serious for axe."""
    phone.goto(portal.url + address, wait_until="networkidle")
    assert overflow(phone) == 0
    assert serious(phone) == []


@pytest.mark.parametrize("address", ["/", "/dataset/", DATASET])
def test_layout_stands_still(portal: Any, page: Any, address: str) -> None:
    page.add_init_script(
        "window.__shift = 0; new PerformanceObserver(list => list.getEntries().forEach(entry => { window.__shift += entry.value }))"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    page.goto(portal.url + address, wait_until="networkidle")
    assert page.evaluate("window.__shift") < 0.05


def test_reads_without_scripts(portal: Any, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, locale="fr-FR", viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(portal.url)
    page.fill("main input[name=q], .tzc-hero input[name=q]", "vélo")
    page.click(".tzc-hero button")
    page.locator(".tzc-card").first.wait_for()
    page.click(".tzc-filters > summary")
    page.locator(".tzc-facet li a").first.click()
    page.locator(".tzc-chosen li").wait_for()
    page.locator(".tzc-card a").first.click()
    page.locator("#files .tzc-file").first.wait_for()
    context.close()


WORK = [
    "/organization/edit/agglomeration-demo", "/organization/new", "/organization/manage_members/agglomeration-demo", "/organization/member_new/agglomeration-demo",
    "/organization/delete/agglomeration-demo", "/group/edit/mobilite", "/group/manage_members/mobilite", "/harvest", "/harvest/new",
    *(f"/dataset/{kind}/{DATASET.rpartition('/')[2]}" for kind in ("edit", "resources", "quality", "activity", "delete")), "/organization/activity/agglomeration-demo",
    "/group/activity/mobilite", "/organization/members/agglomeration-demo", "/doublons", "/dashboard/datasets", "/dashboard/organizations", "/user/", "/user/edit",
    *(f"/ckan-admin/{page}" for page in ("", "trash", "trash?name=dataset", "config", "activities", "activities?age=all")), "/publishing/received",
    "/compte/notifications", "/compte/notifications/reglages", "/organization/webhook/agglomeration-demo",
]  # fmt: skip
"""Pages of those who look after datasets, partners, axes, harvests and the portal."""


@pytest.fixture(scope="module")
def source(portal: Any, browser: Any) -> str:
    """The name of a source of harvests that ran once and failed: the machine's own network is refused."""
    name = f"source-d-essai-{uuid.uuid4().hex[:6]}"
    context = browser.new_context(locale="fr-FR")
    page = context.new_page()
    sign_in(page, portal.url, portal.administrator)
    page.goto(f"{portal.url}/harvest/new")
    page.check("input[name=source_type][value=tzc_ckan]")
    page.fill("input[name=url]", f"http://127.0.0.1:9/{name}")
    page.fill("input[name=title]", name)
    page.click("main button[name=save]")
    page.wait_for_url(f"**/harvest/{name}")
    page.click("main button[name=start]")
    for _ in range(90):
        page.wait_for_load_state()
        if page.locator(".tzc-tone-bad").count():
            break
        page.wait_for_timeout(2000)
        page.reload()
    assert page.locator(".tzc-tone-bad").count() == 2, "the source's state, and its last run"
    context.close()
    return name


@pytest.mark.parametrize("width", [1280, 360])
def test_pages_of_work(portal: Any, page: Any, source: str, width: int) -> None:
    """Administrators' pages too: they fit and are usable, the content policy blocks nothing of them, nothing fails."""
    messages: list[str] = []
    page.on("console", lambda message: messages.append(f"{page.url}: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: messages.append(f"{page.url}: {error}"))
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, portal.url, portal.administrator)
    harvests = [f"/harvest/{source}", f"/harvest/{source}/job", f"/harvest/{source}/job/last", *(f"/harvest/{source}/{more}" for more in ("acces", "correspondances", "correspondances/versions", "doublons")), *(f"/harvest/{step}/{source}" for step in ("edit", "refresh", "clear", "delete"))]
    people = [f"/user/{portal.partner[0]}", f"/user/activity/{portal.partner[0]}", f"/user/delete/{portal.partner[0]}"]
    for address in [*WORK, *harvests, *people]:
        assert page.goto(portal.url + address, wait_until="networkidle").status == 200, address
        assert (address, overflow(page), serious(page)) == (address, 0, [])
        assert page.locator("h1").count() == 1, address
        assert page.locator("body.tzc-light").count() == 1, address
    assert messages == []


def test_the_header_of_who_is_signed_in_has_two_rows(portal: Any, page: Any) -> None:
    """At desk width the name and all links of the account stand in one, the menu in the other; narrower, the account's links are folded."""
    sign_in(page, portal.url, portal.administrator)
    for width in (1280, 1264, 1000):
        page.set_viewport_size({"width": width, "height": 800})
        for address in ("/organization/", "/en/organization/"):
            page.goto(portal.url + address)
            tops = page.evaluate("""() => ['.tzc-name', '.tzc-account', '.tzc-bar'].map((name) => {
                const box = document.querySelector(name).getBoundingClientRect();
                return [box.top, box.bottom, box.left, box.right];
            })""")
            name, account, bar = tops
            assert name[0] < account[1] <= bar[0] and account[0] < name[1] and account[2] >= name[3], (width, address, tops)
            assert account[1] - account[0] < 45 and account[3] <= width, (width, address, tops)
            assert overflow(page) == 0
            assert page.locator(".tzc-account a[href*='/dashboard/datasets']").is_visible() == (width > 1200)


def test_a_script_that_got_into_a_page_is_not_run(portal: Any, page: Any) -> None:
    for address in ("/", DATASET, "/user/login"):
        page.goto(portal.url + address)
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')")
        page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")
        page.wait_for_timeout(200)
        assert page.evaluate("window.ran") is None


def test_no_cookie_for_a_reader(portal: Any, page: Any) -> None:
    for address in ("/", "/dataset/", DATASET):
        page.goto(portal.url + address)
    assert page.context.cookies() == []


def test_language(portal: Any, page: Any) -> None:
    """French first; the switch leads to the same page in English and back."""
    page.goto(portal.url + DATASET)
    assert page.locator("html").get_attribute("lang") == "fr"
    assert page.locator("#files-title").inner_text().startswith("Fichier")
    page.click(".tzc-languages a[lang=en]")
    page.wait_for_url(f"**/en{DATASET}")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("#files-title").inner_text().startswith("File")
    page.click(".tzc-languages a[lang=fr]")
    assert page.locator("html").get_attribute("lang") == "fr"


def test_keyboard_reaches_the_content(portal: Any, page: Any) -> None:
    page.goto(f"{portal.url}/dataset/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "tzc-skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_filters(portal: Any, page: Any, phone: Any) -> None:
    """A column on a desk, a drawer on a phone."""
    page.goto(f"{portal.url}/dataset/")
    assert page.locator(".tzc-facet").first.is_visible()
    phone.goto(f"{portal.url}/dataset/")
    assert not phone.locator(".tzc-facet").first.is_visible()
    phone.click(".tzc-filters > summary")
    assert phone.locator(".tzc-facet").first.is_visible()


def test_a_restricted_dataset_says_how_to_ask(portal: Any, page: Any) -> None:
    answer = page.goto(portal.url + RESTRICTED)
    assert answer.status == 200
    assert page.locator("#files .tzc-notice-key a[href^='mailto:']").count() == 1
    assert page.locator("#files a", has_text="Télécharger").count() == 0


@pytest.fixture
def form(portal: Any, page: Any) -> Any:
    """The form of a new dataset, opened by a partner."""
    sign_in(page, portal.url, portal.partner)
    page.goto(f"{portal.url}/dataset/new")
    return page


def test_form_sections(form: Any) -> None:
    assert form.locator("#section-essentials #field-title").is_visible()
    for section in ("found", "trusted", "more"):
        assert form.locator(f"#section-{section}").get_attribute("open") is None
    assert form.locator(".tzc-must", has_text="(obligatoire)").count() >= 4
    assert form.locator("[onclick], script:not([src])").count() == 0
    assert serious(form) == []
    form.set_viewport_size({"width": 360, "height": 800})
    assert overflow(form) == 0


def test_form_address_follows_title(form: Any) -> None:
    form.fill("#field-title", "L’été à Saint-Œil")
    assert form.input_value("#field-name") == "l-ete-a-saint-oeil"


def test_form_keeps_what_was_typed(form: Any) -> None:
    """A mistake: a summary that leads to it, its part opened, the message beside it, and nothing lost anywhere else."""
    form.fill("#field-title", "Essai de saisie")
    form.check("input[name=axis][value=mobilite]")
    form.click("#section-found > summary")
    form.fill("#field-tag_string", "mer, été")
    form.check("input[name=communes] >> nth=1")
    form.fill("input[name='temporal_coverage-0-start']", "2025-01-01")
    form.click("#section-found [data-add]")
    form.fill("input[name='temporal_coverage-1-start']", "2026-01-01")
    form.click("#section-trusted > summary")
    form.fill("input[name='contact-0-name']", "Un service")
    form.fill("input[name='contact-0-email']", "pas un courriel")
    form.click("main button[name=save]")
    summary = form.locator(".tzc-errors")
    summary.wait_for()
    assert summary.locator("li").count() == 2
    form.locator(".tzc-errors:focus").wait_for()
    assert form.locator("#field-notes-error").is_visible()
    assert form.locator("#section-trusted").get_attribute("open") is not None
    assert form.input_value("#field-title") == "Essai de saisie"
    assert form.is_checked("input[name=axis][value=mobilite]")
    assert form.is_checked("input[name=communes] >> nth=1")
    assert form.input_value("#field-tag_string") == "mer, été"
    assert form.input_value("input[name='temporal_coverage-0-start']") == "2025-01-01"
    assert form.input_value("input[name='temporal_coverage-1-start']") == "2026-01-01"
    assert form.input_value("input[name='contact-0-email']") == "pas un courriel"
    assert serious(form) == []
    summary.locator("a").last.click()
    assert form.evaluate("document.activeElement.id") == "field-contact-0-email"


def test_publishing_from_the_form(form: Any, tmp_path: Any) -> None:
    """Describe, add a file, publish, take away again."""
    table = tmp_path / "comptages.csv"
    table.write_text("jour;passages\n2026-01-01;3\n", encoding="utf-8")
    form.fill("#field-title", "Essai de publication")
    form.fill("#field-notes", "Une description.")
    form.check("input[name=axis][value=mobilite]")
    form.click("main button[name=save]")
    form.wait_for_url("**/resource/new")
    page = tmp_path / "page.csv"
    page.write_text("<!DOCTYPE html><html><body><h1>Page</h1></body></html>", encoding="utf-8")
    form.set_input_files("#field-resource-upload", str(page))
    form.click("button[value=go-metadata]")
    form.locator(".tzc-errors").wait_for()
    assert form.input_value("#field-name") == "page"
    form.set_input_files("#field-resource-upload", str(table))
    # a name that nobody typed follows the file, after a mistake too
    expect(form.locator("#field-name")).to_have_value("comptages")
    form.click("button[value=go-metadata]")
    form.wait_for_url("**/dataset/essai-de-publication")
    assert form.locator("h1").inner_text().strip() == "Essai de publication"
    assert form.locator("#files .tzc-file").count() == 1
    form.goto(form.url.replace("/dataset/", "/dataset/delete/"))
    form.click("button[name=delete]")
    form.wait_for_load_state("networkidle")


def test_form_tells_of_a_file_before_it_travels(form: Any, tmp_path: Any) -> None:
    """Too large a file is not sent; a file beside an address is told of; a draft without a file is published knowingly, then deleted from its page."""
    table = tmp_path / "a.csv"
    table.write_text("a;b\n1;2\n", encoding="utf-8")
    form.fill("#field-title", "Essai de fichier")
    form.fill("#field-notes", "Une description.")
    form.check("input[name=axis][value=mobilite]")
    form.click("main button[name=save]")
    form.wait_for_url("**/resource/new")
    form.fill("input[name=url]", "https://example.org/a.csv")
    assert not form.locator("[data-both]").is_visible()
    form.set_input_files("#field-resource-upload", str(table))
    assert form.locator("[data-both]").is_visible()
    form.evaluate("document.querySelector('[data-drop]').dataset.most = '5'")
    form.click("button[value=go-metadata]")
    assert form.locator("[data-too-large]").is_visible()
    assert form.url.endswith("/resource/new")
    form.set_input_files("#field-resource-upload", [])
    form.fill("input[name=url]", "")
    form.fill("#field-name", "")
    form.click("button[value=go-metadata]")
    form.locator(".tzc-errors:focus").wait_for()
    form.locator(".tzc-errors a").click()
    assert form.evaluate("document.activeElement.id") == "field-resource-upload"
    assert serious(form) == []
    form.click("button[value=publish-without]")
    form.wait_for_url("**/dataset/essai-de-fichier")
    assert form.locator(".flash-messages .alert-success").is_visible()
    form.goto(form.url.replace("/dataset/", "/dataset/delete/"))
    form.click("button[name=delete]")
    form.wait_for_url("**/dashboard/datasets")
    assert "Essai de fichier" in form.locator(".flash-messages").inner_text()


def stops_before(page: Any, selector: str, most: int) -> int:
    """How often the tab key is pressed until something within the selector has the focus."""
    for count in range(1, most + 1):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return count
    raise AssertionError(f"{most} times the tab key, and {selector} is not reached")


def test_a_map_is_passed_in_a_few_stops(portal: Any, page: Any) -> None:
    """The places of a map are no stops: the list below it opens each by the keyboard."""
    page.goto(portal.url + "/dataset/stationnements-velo", wait_until="networkidle")
    page.locator(".tzc-map-canvas path.leaflet-interactive").first.wait_for()
    page.locator("a[href='#map-list']").focus()
    assert stops_before(page, "#map-list", 6) <= 6
    page.locator("a[href='#map-list']").press("Enter")
    assert page.evaluate("document.activeElement.id") == "map-list"
    page.keyboard.press("Enter")
    page.locator(".tzc-map-list button").first.press("Enter")
    assert page.locator(".leaflet-popup").is_visible()


def test_the_results_come_before_the_filters_by_the_keyboard(portal: Any, page: Any) -> None:
    page.goto(portal.url + "/dataset/", wait_until="networkidle")
    page.locator("#field-giant-search").focus()
    assert stops_before(page, "a[href='#results']", 3) <= 3
    assert page.locator("a[href='#results']").is_visible()
    assert overflow(page) == 0
    page.keyboard.press("Enter")
    assert stops_before(page, ".tzc-card a", 8) <= 8


def test_a_title_without_spaces_does_not_widen_the_page(portal: Any, phone: Any) -> None:
    phone.goto(portal.url + DATASET, wait_until="networkidle")
    phone.evaluate("for (const words of [document.querySelector('h1'), document.querySelector('.breadcrumb .active')]) { words.textContent = 'x'.repeat(300); }")
    assert overflow(phone) == 0

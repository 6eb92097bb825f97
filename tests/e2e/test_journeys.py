"""The journeys of a resident and of a partner, by keyboard alone: each step is reached by Tab, seen, and done by Enter or Space."""
from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

MOST = 90
"""Presses of Tab within which anything on a page is reached."""


def reach(page: Any, selector: str, most: int = MOST) -> int:
    """Press Tab until the focus is on what `selector` names; how often. The focus must be seen there."""
    for presses in range(1, most + 1):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            seen = page.evaluate(
                """() => {
                    const style = getComputedStyle(document.activeElement), box = document.activeElement.getBoundingClientRect();
                    return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== 'none') && box.width > 0 && box.height > 0;
                }"""
            )
            assert seen, f"the focus on {selector} is not seen"
            return presses
    raise AssertionError(f"{selector} is not reached by {most} presses of Tab")


def follow(page: Any, selector: str) -> None:
    """Reach a link or button and press Enter; the next page is there."""
    reach(page, selector)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.fixture(params=["desk", "phone"])
def screen(request: pytest.FixtureRequest, page: Any, phone: Any) -> Any:
    """A desk's and a phone's width: both have keyboards."""
    return page if request.param == "desk" else phone


def test_a_resident_finds_understands_and_takes(portal: Any, screen: Any) -> None:
    """Home, search, filter, dataset, what is in a file, download."""
    screen.goto(portal.url)
    reach(screen, ".tzc-hero input[name=q]")
    screen.keyboard.type("vélo")
    with screen.expect_navigation():
        screen.keyboard.press("Enter")
    if screen.viewport_size["width"] < 600:
        reach(screen, ".tzc-filters > summary")
        screen.keyboard.press("Enter")
    follow(screen, ".tzc-facet a")
    assert screen.locator(".tzc-chosen li").count() == 1
    follow(screen, ".tzc-card a")
    assert "/dataset/" in screen.url
    follow(screen, "#files a[href*='/resource/']:not([href*='/download/'])")
    assert "/resource/" in screen.url
    reach(screen, "a[href*='/download/']")
    with screen.expect_download() as download:
        screen.keyboard.press("Enter")
    assert Path(download.value.path()).stat().st_size > 0


@pytest.mark.parametrize(
    ("begin", "steps", "end"),
    [
        ("/", ["nav a[href$='/organization/']", "main a[href*='/organization/']", "main a[href*='/dataset/']"], "/dataset/"),
        ("/", ["nav a[href$='/group/']", "main a[href*='/group/']", "main a[href*='/dataset/']"], "/dataset/"),
        ("/about", [".tzc-languages a[lang=en]", "footer a[href*='accessib']"], "/accessibilite"),
        ("/dataset/?q=qqqqq", ["main a[href*='/dataset']"], "/dataset"),
        ("/nulle-part", ["main a[href*='/dataset/']"], "/dataset/"),
        ("/", [".tzc-account a[href*='/user/login']", "main a[href*='/user/reset']"], "/user/reset"),
    ],
)
def test_ways_by_keyboard(portal: Any, screen: Any, begin: str, steps: list[str], end: str) -> None:
    screen.goto(portal.url + begin)
    for selector in steps:
        follow(screen, selector)
    assert end in screen.url


def test_a_first_dataset_by_keyboard_in_ten_steps(portal: Any, page: Any, tmp_path: Path) -> None:
    """From sign-in to a published table without a manual: each field filled and each button pressed is a step."""
    table = tmp_path / "premiers-comptages.csv"
    table.write_text("jour;passages\n2026-01-01;3\n2026-01-02;5\n", encoding="utf-8")
    steps: list[str] = []

    def fill(selector: str, words: str) -> None:
        steps.append(selector)
        reach(page, selector)
        page.keyboard.type(words)

    def press(selector: str) -> None:
        steps.append(selector)
        follow(page, selector)

    # a listener from the start: the browser then tells of a chooser however soon after the page it opens
    page.on("filechooser", lambda _: None)
    page.goto(f"{portal.url}/user/login")
    fill("input[name=login]", portal.partner[0])
    fill("input[name=password]", portal.partner[1])
    press("main button[type=submit]")
    press(".tzc-account a[href*='/dataset/new']")
    fill("#field-title", "Premiers comptages au clavier")
    fill("#field-notes", "Passages par jour, comptés à la main.")
    steps.append("axis")
    reach(page, "input[name=axis]")
    page.keyboard.press("Space")
    press("main button[name=save]")
    steps.append("file")
    reach(page, "#field-resource-upload")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(str(table))
    press("button[value=go-metadata]")
    try:
        page.wait_for_url("**/dataset/premiers-comptages-au-clavier**")
        assert page.locator("h1").inner_text().strip() == "Premiers comptages au clavier"
        assert page.locator("#files .tzc-file").count() == 1
        assert len(steps) == 10, steps
    finally:
        page.goto(f"{portal.url}/dataset/delete/premiers-comptages-au-clavier")
        page.click("button[name=delete]")
        page.wait_for_load_state("networkidle")


def enter(page: Any, url: str, account: tuple[str, str]) -> None:
    """Sign in by keyboard."""
    page.goto(f"{url}/user/login")
    for field, words in zip(("login", "password"), account, strict=True):
        reach(page, f"input[name={field}]")
        page.keyboard.type(words)
    follow(page, "main button[type=submit]")


def test_a_partner_is_described(portal: Any, screen: Any) -> None:
    enter(screen, portal.url, portal.administrator)
    screen.goto(f"{portal.url}/organization/agglomeration-demo")
    follow(screen, "main a[href$='/organization/edit/agglomeration-demo']")
    reach(screen, "textarea[name=description]")
    screen.keyboard.press("Control+End")
    screen.keyboard.type(" ")
    follow(screen, "main button[name=save]")
    assert screen.url.endswith("/organization/agglomeration-demo")


def test_somebody_becomes_a_member_and_leaves(portal: Any, screen: Any) -> None:
    enter(screen, portal.url, portal.administrator)
    screen.goto(f"{portal.url}/organization/edit/agglomeration-demo")
    follow(screen, ".tzc-tabs a[href$='/organization/manage_members/agglomeration-demo']")
    follow(screen, "main a[href$='/organization/member_new/agglomeration-demo']")
    reach(screen, "input[name=username]")
    screen.keyboard.type(portal.partner[0])
    reach(screen, "input[name=role]")
    screen.keyboard.press("Space")
    follow(screen, "main button[name=submit]")
    row = f".tzc-file:has-text('{portal.partner[0]}')"
    assert screen.locator(row).count() == 1
    # members stand in the order of their names, and the new one need not be the first
    remove = screen.locator(f"{row} .tzc-button-bad").get_attribute("href")
    follow(screen, f"a[href='{remove}']")
    assert screen.locator("h1").inner_text().startswith("Retirer ")
    follow(screen, "main button[name=delete]")
    assert screen.locator(row).count() == 0


@pytest.mark.parametrize(
    ("begin", "steps", "end"),
    [
        ("/dataset/comptages-velo-horaires", ["main a[href*='/dataset/activity/']"], "/dataset/activity/"),
        ("/dataset/comptages-velo-horaires", ["main a[href*='/dataset/quality/']", "main a[href$='/dataset/comptages-velo-horaires']"], "/dataset/comptages-velo-horaires"),
        ("/user/edit", ["main button[name=save]"], "/user/"),
    ],
)
def test_ways_of_a_partner(portal: Any, screen: Any, begin: str, steps: list[str], end: str) -> None:
    enter(screen, portal.url, portal.administrator)
    screen.goto(portal.url + begin)
    for selector in steps:
        follow(screen, selector)
    assert end in screen.url


def test_a_token_is_made_and_taken_back(portal: Any, page: Any) -> None:
    enter(page, portal.url, portal.partner)
    page.goto(f"{portal.url}/user/{portal.partner[0]}/api-tokens")
    reach(page, "input[name=name]")
    page.keyboard.type("clavier")
    follow(page, "main .tzc-form button[type=submit]")
    tokens = page.locator(".tzc-tokens li")
    assert ["clavier" in words for words in tokens.all_inner_texts()] == [True]
    follow(page, ".tzc-tokens .tzc-link")
    assert tokens.count() == 0


def test_a_source_is_added_and_opened(portal: Any, screen: Any) -> None:
    name = f"source-au-clavier-{uuid.uuid4().hex[:6]}"
    enter(screen, portal.url, portal.administrator)
    screen.goto(f"{portal.url}/harvest/new")
    reach(screen, "input[name=source_type]")
    screen.keyboard.press("ArrowDown")
    reach(screen, "input[name=url]")
    screen.keyboard.type(f"https://catalogue.example.org/{name}")
    reach(screen, "input[name=title]")
    screen.keyboard.type(name)
    follow(screen, "main button[name=save]")
    assert screen.url.endswith(f"/harvest/{name}")
    follow(screen, f"main a[href$='/harvest/edit/{name}']")
    assert screen.locator("input[value=tzc_csw]").is_checked()


def test_files_are_put_into_another_order(portal: Any, screen: Any) -> None:
    """By buttons; the focus goes on from the file that moved."""
    enter(screen, portal.url, portal.administrator)
    screen.goto(f"{portal.url}/dataset/edit/comptages-velo-horaires")
    follow(screen, ".tzc-tabs a[href$='/dataset/resources/comptages-velo-horaires']")
    names = screen.locator(".tzc-order h2")
    before = [words.partition(".")[2] for words in names.all_inner_texts()]
    assert len(before) > 1
    first = screen.locator(".tzc-order > li").first.get_attribute("id")
    follow(screen, "button[name=down]")
    after = [words.partition(".")[2] for words in names.all_inner_texts()]
    assert after == [before[1], before[0], *before[2:]]
    assert "position 2" in screen.locator(".flash-messages").inner_text()
    reach(screen, f"#{first} button[name=up]", 5)
    with screen.expect_navigation():
        screen.keyboard.press("Enter")
    assert [words.partition(".")[2] for words in names.all_inner_texts()] == before


def test_a_harvest_is_run_read_and_ended(portal: Any, page: Any) -> None:
    """Add a source, run it, read why it failed, delete it: its address leads into this machine, which is refused."""
    name = f"moisson-au-clavier-{uuid.uuid4().hex[:6]}"
    enter(page, portal.url, portal.administrator)
    page.goto(portal.url)
    follow(page, ".tzc-account a[href*='/dashboard/datasets']")
    follow(page, "main a[href$='/harvest/']")
    follow(page, "main a[href$='/harvest/new']")
    reach(page, "input[name=url]")
    page.keyboard.type(f"http://127.0.0.1:9/{name}")
    reach(page, "input[name=title]")
    page.keyboard.type(name)
    follow(page, "main button[name=save]")
    follow(page, "main button[name=start]")
    for _ in range(90):
        if page.locator(".tzc-tone-bad").count():
            break
        page.wait_for_timeout(2000)
        page.reload()
    follow(page, f"main section a[href*='/harvest/{name}/job/']")
    assert page.locator(".tzc-reasons li").count() >= 1
    follow(page, f".tzc-tabs a[href$='/harvest/{name}']")
    follow(page, f"main a[href$='/harvest/delete/{name}']")
    follow(page, "main button[name=delete]")
    assert page.url.endswith("/harvest/")
    assert name in page.locator(".flash-messages").inner_text()
    assert page.locator(f"main a[href$='/harvest/{name}']").count() == 0


def test_administration(portal: Any, screen: Any) -> None:
    """Somebody becomes an administrator and no longer; the trash is looked at."""
    enter(screen, portal.url, portal.administrator)
    screen.goto(f"{portal.url}/ckan-admin/")
    reach(screen, "input[name=username]")
    screen.keyboard.type(portal.partner[0])
    follow(screen, "main button[name=status][value='1']")
    row = f".tzc-file:has-text('{portal.partner[0]}')"
    assert screen.locator(row).count() == 1
    # the administrator cannot take it from themselves, so there is one button
    follow(screen, "main .tzc-file-tools button[name=status]")
    assert screen.locator(row).count() == 0
    follow(screen, ".tzc-tabs a[href$='/ckan-admin/trash']")
    follow(screen, ".tzc-tabs a[href$='/user/']")
    follow(screen, f"main a[href$='/user/edit/{portal.partner[0]}']")
    assert screen.locator("input[name=email]").count() == 1

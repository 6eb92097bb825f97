"""A second territory's portal, started from its file and nothing else."""
from __future__ import annotations

import dataclasses
import re
import shutil
import tempfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests
import yaml
from tzc.catalogue.territory import read_file
from tzc_stack import archive, lifecycle
from tzc_stack.paths import ROOT, here

from .conftest import Own

pytestmark = pytest.mark.stack

FILE = ROOT / "tests" / "territories" / "overseas.yaml"
SECOND: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
FIRST: dict[str, Any] = yaml.safe_load((ROOT / "config" / "territory.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def second() -> Iterator[Own]:
    """The portal, with one dataset that was last changed in the evening (universal time)."""
    scratch = Path(tempfile.mkdtemp(prefix="tzc-territory-"))
    scratch.chmod(0o755)
    portal = Own(dataclasses.replace(here(), var=scratch / "var"))
    try:
        done = portal.run("up", TZC_TERRITORY=str(FILE), TZC_DEMO="1")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "The demonstration catalogue is about another territory: this one starts empty." in done.stdout
        portal.token = portal.run("ckan", "user", "token", "add", "admin", "tests").stdout.strip().splitlines()[-1].strip()
        portal.action("organization_create", name="island", title="Island")
        portal.action(
            "package_create", name="panels", title="Solar panels", notes="Where they stand.", owner_org="island", license_id="odbl", axis=["sun-and-wind"], communes=["97415"],
            tags=[{"name": "solar"}],
        )
        with psycopg2.connect(portal.settings.database_url) as connection, connection.cursor() as cursor:
            cursor.execute("UPDATE package SET metadata_modified = '2026-03-01 21:30:00' WHERE name = 'panels'")
        connection.close()
        yield portal
    finally:
        lifecycle.reset(portal.paths)
        shutil.rmtree(scratch, ignore_errors=True)


def page(second: Own, address: str, **session: Any) -> str:
    answer = requests.get(f"{second.settings.web_url}{address}", timeout=60, **session)
    assert answer.status_code == 200, answer.text[:500]
    return unescape(answer.text)


def the_form(second: Own) -> str:
    return page(second, "/dataset/new", headers={"Authorization": second.token})


def test_its_home_page(second: Own) -> None:
    home = page(second, "/")
    assert '<html lang="en"' in home
    assert "Leeward Coast Zero Carbon" in home
    assert SECOND["tagline"]["en"] in home
    groups = re.findall(r'<h3><a href="/group/([^"]+)">([^<]+)</a></h3>', home)
    assert groups == [(axis["id"], axis["title"]["en"]) for axis in SECOND["axes"]]
    options = re.findall(r'<option value="(\w+)">([^<]+)</option>', home)
    assert sorted(options) == sorted((commune["code"], commune["name"]) for commune in SECOND["communes"])
    theme = re.search(r'href="(/tzc/theme\.css[^"]*)"', home)
    assert theme is not None
    colours = page(second, theme[1])
    assert "--accent:#7a1f5c" in colours
    assert "--second:#1f7a6a" in colours
    assert re.search(r'class="tzc-logo" src="/tzc/logo', home)


def test_its_second_language(second: Own) -> None:
    home = page(second, "/es/")
    assert '<html lang="es"' in home
    assert "Costa de Sotavento Cero Carbono" in home
    assert SECOND["axes"][1]["title"]["es"] in home
    assert '>Español</span>' in page(second, "/")
    # texts of the interface that nobody has put into Spanish are English, never French
    about = page(second, "/es/about")
    assert "Lines of action" in about
    assert "municipios reales de una isla" in about
    assert requests.get(f"{second.settings.web_url}/fr/about", timeout=60).status_code == 404


def test_its_form(second: Own) -> None:
    form = the_form(second)
    for name, values in (("axis", [axis["id"] for axis in SECOND["axes"]]), ("communes", [commune["code"] for commune in SECOND["communes"]])):
        assert re.findall(rf'<input[^>]*name="{name}"[^>]*value="([^"]+)"', form) == values
    licences = re.search(r'<select[^>]*name="license_id".*?</select>', form, re.S)
    assert licences is not None
    assert re.findall(r'value="([^"]*)"( selected)?', licences[0]) == [("cc-by", " selected"), ("odbl", ""), ("other-closed", "")]


def test_its_axes_are_groups_that_datasets_join_by_themselves(second: Own) -> None:
    assert sorted(second.action("group_list")) == sorted(axis["id"] for axis in SECOND["axes"])
    assert [group["name"] for group in second.action("package_show", id="panels")["groups"]] == ["sun-and-wind"]
    assert "Solar panels" in page(second, "/group/sun-and-wind")


def test_its_search(second: Own) -> None:
    results = page(second, "/dataset/?q=solar&communes=97415&groups=sun-and-wind")
    assert "Solar panels" in results
    assert "Saint-Paul" in results
    assert "Sun and wind" in results


def test_its_time_zone(second: Own) -> None:
    assert "Updated on March 2, 2026" in page(second, "/dataset/panels")
    assert "ckan.display_timezone = Indian/Reunion" in second.paths.ini.read_text(encoding="utf-8")


def test_its_goals(second: Own) -> None:
    about = page(second, "/about")
    assert "Greenhouse gas emissions, 42.5% less than in 2018" in about
    assert "Solar power, 1,250\u00a0GWh" in about


def test_licences_are_named_in_its_first_language(second: Own) -> None:
    titles = {licence["id"]: licence["title"] for licence in second.action("license_list")}
    assert titles["odbl"] == "ODbL 1.0 – share alike"


def test_no_word_of_the_first_territory_is_anywhere(second: Own) -> None:
    places = [word for commune in FIRST["communes"] for word in (commune["code"], commune["name"])]
    texts = [text for texts in (FIRST["name"], FIRST["tagline"], *(axis["description"] for axis in FIRST["axes"])) for text in texts.values()]
    ids = [axis["id"] for axis in FIRST["axes"] if axis["id"] != "donnees"]  # the word for data stands in the API's address of the contact
    words = [*places, *texts, *ids, FIRST["id"], FIRST["colours"]["accent"], FIRST["siren"], "Rochelle", "Vieux-Port"]
    addresses = ["/", "/es/", "/dataset/", "/dataset/panels", "/about", "/es/about", "/accessibilite", "/group/", "/organization/", "/user/login", "/nowhere"]
    feeds = ["/catalog.ttl", "/catalog.jsonld", "/feeds/dataset.atom", "/tzc/theme.css", "/api/3/action/package_search"]
    bodies = {address: unescape(requests.get(f"{second.settings.web_url}{address}", timeout=60).text) for address in (*addresses, *feeds)}
    bodies["/dataset/new"] = the_form(second)
    found = [(address, word) for address, body in bodies.items() for word in words if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", body, re.IGNORECASE)]
    assert found == []


def test_the_feed_names_its_communes(second: Own) -> None:
    feed = page(second, "/dataset/panels.ttl")
    assert "http://id.insee.fr/geo/commune/97415" in feed
    assert "Saint-Paul" in feed
    assert "Leeward Coast Zero Carbon" in page(second, "/catalog.ttl")


def test_a_backup_carries_the_file_and_its_logo(second: Own, tmp_path: Path) -> None:
    file, unpacked = tmp_path / "backup.tar.gz", tmp_path / "unpacked"
    done = second.run("backup", str(file))
    assert done.returncode == 0, done.stderr
    unpacked.mkdir()
    archive._unpack(file, unpacked)
    # restored where another territory is served, it is laid beside the data, ready to be used
    elsewhere = dataclasses.replace(second.paths, var=tmp_path)
    archive._same_territory(elsewhere, dataclasses.replace(second.settings, given={}), unpacked / "territory.yaml")
    kept = read_file(tmp_path / "territory-of-backup" / "territory.yaml")
    assert kept.id == SECOND["id"]
    assert kept.logo == read_file(FILE).logo


def test_a_wrong_file_is_refused_before_anything_is_stopped(second: Own, tmp_path: Path) -> None:
    pids = second.pids()
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(FILE.read_text(encoding="utf-8").replace('"#7A1F5C"', "purple"), encoding="utf-8")
    shutil.copy(FILE.parent / "overseas.svg", tmp_path)
    done = second.run("up", TZC_TERRITORY=str(wrong))
    assert done.returncode == 1
    assert "colours.accent: 'purple' is not usable; expected a colour in quotes" in done.stderr
    assert "What to do:" in done.stderr
    (tmp_path / "overseas.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    wrong.write_text(FILE.read_text(encoding="utf-8"), encoding="utf-8")
    done = second.run("up", TZC_TERRITORY=str(wrong))
    assert done.returncode == 1
    assert "logo: 'overseas.svg' holds <script>" in done.stderr
    assert second.pids() == pids
    assert second.settings.given["TZC_TERRITORY"] == str(FILE)

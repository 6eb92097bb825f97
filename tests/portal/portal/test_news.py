"""News as Atom: whole addresses, pages that lead on, nothing that is not for everybody."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import ckan.plugins.toolkit as tk
import pytest
from tzc.catalogue.atom import SPACE

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def test_news(app: Any, publish: Callable[..., dict[str, Any]], partner: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "ckan.feeds.limit", 2)
    shown = [publish(title=f"Vélos \x0b& <trains> {number}", notes="L’été\x00", tags=[{"name": "mobilité"}])["id"] for number in range(3)]
    publish(title="Caché", access_level="confidential")
    publish(title="Brouillon", state="draft")
    gone = publish(title="Parti")
    tk.get_action("package_delete")({"user": partner["editor"]}, {"id": gone["id"]})
    site = tk.config["ckan.site_url"].rstrip("/")

    def read(address: str) -> tuple[ET.Element, dict[str, str], list[str]]:
        answer = app.get(address, status=200)
        assert answer.content_type.startswith("application/atom+xml")
        root = ET.fromstring(answer.body)  # noqa: S314 -- our own
        links = {link.attrib["rel"]: link.attrib["href"] for link in root.findall(f"{{{SPACE}}}link")}
        assert all(address.startswith(f"{site}/") for address in links.values()), "whole addresses"
        assert root.findtext(f"{{{SPACE}}}author/{{{SPACE}}}name") and root.findtext(f"{{{SPACE}}}updated")
        return root, links, [(entry.findtext(f"{{{SPACE}}}id") or "").rpartition("/")[2] for entry in root.findall(f"{{{SPACE}}}entry")]

    for address in ("/feeds/dataset.atom", f"/feeds/organization/{partner['name']}.atom", "/feeds/group/mobilite.atom", "/feeds/tag/mobilité.atom", "/feeds/custom.atom?q=vélos&axis=mobilite"):
        root, links, first = read(address)
        assert "previous" not in links and links["first"] == links["self"]
        _root, second, rest = read(links["next"].removeprefix(site))
        assert links["next"] == links["last"] == second["self"] and "next" not in second
        assert sorted(first + rest) == sorted(shown), address
        beyond = links["next"].removeprefix(site).replace("page=2", "page=3")
        assert app.get(beyond, status=None).status_code == 404
    author = root.findtext(f"{{{SPACE}}}entry/{{{SPACE}}}author/{{{SPACE}}}name")
    assert author == partner["title"]
    assert root.attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "fr"
    assert read("/en/feeds/dataset.atom")[0].attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "en"
    assert read("/feeds/custom.atom?q=introuvablissime")[2] == []
    for address in ("/feeds/organization/mobilite.atom", f"/feeds/group/{partner['name']}.atom", "/feeds/organization/nulle-part.atom"):
        assert app.get(address, status=None).status_code == 404
    for entry in root.findall(f"{{{SPACE}}}entry"):
        link = entry.find(f"{{{SPACE}}}link")
        assert link is not None
        assert app.get(link.attrib["href"].removeprefix(site), status=200)

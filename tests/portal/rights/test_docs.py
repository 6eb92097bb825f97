"""The pages of docs for those who decide, protect and publish name addresses, actions and tables that are there."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

pytestmark = pytest.mark.usefixtures("with_plugins", "with_request_context")

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("dpo", "requests", "rights", "partner", "asking", "agreements", "workflow", "notices", "audit")
ADDRESS = re.compile(r"`(/[a-z.][^` ]*)`")
ELSEWHERE = {"/", "/liens/"}


def told() -> set[tuple[str, str]]:
    return {(page, address) for page in PAGES for address in ADDRESS.findall((DOCS / f"{page}.md").read_text())}


def test_each_address_leads_somewhere(app: Any) -> None:
    routes, unknown = app.flask_app.url_map.bind("localhost"), set()
    for page, address in told():
        path = re.sub(r"<[a-z]+>|NAME|TOKEN|NOM|ID|…", "x", address.split("?")[0])
        try:
            routes.match(path)
        except (MethodNotAllowed, RequestRedirect):
            continue
        except NotFound:
            unknown.add((page, address))
    assert {(page, address) for page, address in unknown if address not in ELSEWHERE} == set()


@pytest.mark.parametrize("page", PAGES)
def test_each_table_and_action_is_there(page: str) -> None:
    tables = set(sa.inspect(model.meta.engine).get_table_names())
    for name in set(re.findall(r"`(tzc_[a-z_]+)`", (DOCS / f"{page}.md").read_text())):
        if name in tables or name == "tzc_proposed":
            continue
        assert callable(tk.get_action(name)), name

"""A partner's dataset, and who may change it."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sites import Site, served

Act = Callable[..., Any]

TABLE = b"id,jour,valeur\n1,2026-01-01,3.5\n2,2026-01-02,4.5\n"
MORE = b"id,jour,valeur\n1,2026-01-01,3.5\n2,2026-01-02,4.5\n3,2026-01-03,5\n"


@pytest.fixture
def source() -> Iterator[Site]:
    """A partner's platform."""
    with served() as site:
        yield site


@pytest.fixture
def dataset(publish: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """A restricted dataset without files."""
    return publish(access_level="restricted")


@pytest.fixture
def act(partner: dict[str, Any]) -> Act:
    """Call an action, as the partner's editor where nobody else is named."""
    import ckan.plugins.toolkit as tk

    def call(action: str, user: str = "", /, **data: Any) -> Any:
        return tk.get_action(action)({"user": user or partner["editor"]}, data)

    return call


@pytest.fixture
def administrator() -> str:
    """An administrator of the portal."""
    from ckan.tests import factories

    return str(factories.Sysadmin()["name"])


@pytest.fixture
def content() -> Callable[[dict[str, Any]], bytes | None]:
    """What readers would download of the file of a feed; None where there is none yet."""
    from pathlib import Path

    import ckan.model as model
    from ckan.lib import uploader

    def read(feed: dict[str, Any]) -> bytes | None:
        from ckanext.tzc.feeding import store

        model.Session.expire_all()
        row = store.feed(feed["id"])
        file = model.Resource.get(row.resource) if row and row.resource else None
        return Path(uploader.get_resource_uploader({"id": file.id, "url": file.url, "url_type": file.url_type}).get_path(file.id)).read_bytes() if file else None

    return read

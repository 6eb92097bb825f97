"""An entry of the index that is made while its dataset is removed does not come back."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pysolr
import pytest
from ckan.lib.search.index import PackageSearchIndex

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def found() -> list[str]:
    return [entry["name"] for entry in tk.get_action("package_search")({"ignore_auth": True}, {"q": "*:*", "rows": 50})["results"]]


@pytest.fixture
def removed_meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Somebody removes a dataset after a job has read it and before the job writes its entry."""

    def prepare(package_id: str) -> None:
        index = PackageSearchIndex.index_package

        def late(self: Any, pkg_dict: Any, defer_commit: bool = False) -> None:
            if pkg_dict and pkg_dict["id"] == package_id:
                with model.meta.engine.begin() as connection:
                    connection.exec_driver_sql("UPDATE package SET state = 'deleted' WHERE id = %(id)s", {"id": package_id})
            index(self, pkg_dict, defer_commit)

        monkeypatch.setattr(PackageSearchIndex, "index_package", late)

    return prepare


def test_one_entry(publish: Callable[..., dict[str, Any]], removed_meanwhile: Callable[[str], None]) -> None:
    from ckanext.tzc.common import indexing

    made, other = publish(name="parti"), publish(name="reste")
    model.Session.commit()
    removed_meanwhile(made["id"])
    indexing.anew(made["id"])
    indexing.anew(other["id"])
    assert found() == ["reste"]


def test_entries_of_many(publish: Callable[..., dict[str, Any]], removed_meanwhile: Callable[[str], None]) -> None:
    from ckanext.tzc.harvesting.engine import documents

    made, other = publish(name="parti"), publish(name="reste")
    model.Session.commit()
    removed_meanwhile(made["id"])
    documents.to_index([made["id"], other["id"]])
    assert found() == ["reste"]


def test_what_is_gone_before(publish: Callable[..., dict[str, Any]]) -> None:
    from ckanext.tzc.common import indexing

    made = publish(name="parti")
    tk.get_action("dataset_purge")({"ignore_auth": True, "user": ""}, {"id": made["id"]})
    indexing.anew(made["id"])
    assert found() == []


def test_many_that_are_gone_are_one_request_and_the_others_stay(publish: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.common import indexing

    gone, other, stays = (publish(name=name) for name in ("parti", "aussi", "reste"))
    model.Session.query(model.Package).filter(model.Package.id.in_([gone["id"], other["id"]])).update({"state": "deleted"})
    model.Session.commit()
    asked: list[str] = []
    original = pysolr.Solr.delete
    monkeypatch.setattr(pysolr.Solr, "delete", lambda solr, *rest, **named: (asked.append(named["q"]), original(solr, *rest, **named))[1])
    monkeypatch.setattr(indexing, "AT_ONCE", 2)
    indexing.forget_gone([stays["id"]])
    assert asked == []
    indexing.forget_gone([gone["id"], 'il n’y a "rien" \\', other["id"], stays["id"], gone["id"]])
    assert len(asked) == 2 and found() == ["reste"], "in portions"

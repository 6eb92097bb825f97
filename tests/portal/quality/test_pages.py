"""Where quality shows on pages, and to whom."""
from __future__ import annotations

import contextvars
import re
from collections.abc import Callable
from typing import Any

import ckan.model as model
import pytest
from ckan.tests import factories
from ckanext.tzc.quality import scoring

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]


def asked(app: Any, address: str, user: str | None = None, status: int = 200) -> str:
    """A page, in a context of its own, as a user or a stranger."""
    headers = {"Authorization": factories.APIToken(user=user)["token"]} if user else {}
    return str(contextvars.Context().run(app.get, address, headers=headers, status=status).body)


def test_the_page_is_for_who_may_edit(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    made = publish()
    page = asked(app, f"/en/dataset/quality/{made['name']}", partner["editor"])
    assert f'href="/en/dataset/edit/{made["name"]}#field-tag_string"' in page
    assert "+30" in page
    asked(app, f"/en/dataset/quality/{made['name']}", factories.User()["name"], status=403)
    asked(app, f"/en/dataset/quality/{made['name']}", status=403)
    asked(app, "/en/dataset/quality/no-such-dataset", partner["editor"], status=404)
    hidden = publish(access_level="confidential")
    asked(app, f"/en/dataset/quality/{hidden['name']}", status=404)
    assert "Quality: " in asked(app, f"/en/dataset/{made['name']}", partner["editor"])
    assert "Quality: " not in asked(app, f"/en/dataset/{made['name']}")


def test_a_file_that_could_not_be_read_stands_there(app: Any, publish: Publish, partner: dict[str, Any], create_with_upload: Any) -> None:
    from ckanext.tzc.tables import loading

    made = publish()
    address = f"/en/dataset/quality/{made['name']}"
    assert "could not be read as a table" not in asked(app, address, partner["editor"])
    file = create_with_upload("a;b\n1;2\n1;2;3;4\n", "casse.csv", context={"user": partner["editor"]}, package_id=made["id"], name="Comptages")
    assert loading.load(file["id"]) == "refused"
    page = asked(app, address, partner["editor"])
    assert "could not be read as a table" in page
    assert f'href="/en/dataset/{made["name"]}/resource/{file["id"]}/edit">Comptages' in page


def test_a_harvested_dataset_says_what_its_source_did_not_state(app: Any, publish: Publish) -> None:
    from ckanext.harvest.model import HarvestJob, HarvestObject, HarvestSource

    made = publish(license_id="notspecified", theme=["http://publications.europa.eu/resource/authority/data-theme/TRAN"])
    source = HarvestSource(id="source", url="https://catalogue.example.org/data.rdf", title="Le catalogue du port", type="dcat_rdf")
    job = HarvestJob(id="job", source=source)
    for entry in (source, job, HarvestObject(guid="g", source=source, job=job, package_id=made["id"], current=True)):
        model.Session.add(entry)
    model.Session.commit()
    told = re.search(r"It does not state:([^<]*)", asked(app, f"/en/dataset/{made['name']}"))
    assert told
    assert "licence" in told[1]
    assert "themes" not in told[1]


def test_a_partners_average_is_for_its_members(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    made = publish()
    score = scoring.compute(made["id"])
    address = f"/en/organization/{partner['name']}"
    assert f"on average: {score} of 405" in asked(app, address, partner["editor"])
    assert "on average" not in asked(app, address, factories.User()["name"])
    assert "on average" not in asked(app, address)

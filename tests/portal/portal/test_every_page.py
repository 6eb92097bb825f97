"""Every page of the application, as an administrator meets it: drawn in the portal's own layout, or closed with a way on."""
from __future__ import annotations

import contextvars
import re
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.lib.search import rebuild
from ckan.tests import factories

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]

NO_PAGES = re.compile(r"/(api|webassets|static|tzc|leaflet|feeds|file|datatables_filtered|datastore/dump)(/|$)")
"""What is for programs, or a file."""


@pytest.fixture
def things(publish: Publish, partner: dict[str, Any]) -> dict[str, str]:
    """One of each thing that an address may name."""
    from ckanext.activity.model import Activity
    from ckanext.harvest.model import HarvestJob, HarvestObject

    made = publish()
    resource = tk.get_action("resource_create")({"user": partner["editor"]}, {"package_id": made["id"], "url": "https://example.org/a.png", "name": "Une image", "format": "PNG"})
    view = tk.get_action("resource_view_create")({"ignore_auth": True, "user": partner["editor"]}, {"resource_id": resource["id"], "view_type": "image_view", "title": "Image"})
    wanted = {"url": "https://catalogue.example.org/", "name": "une-source", "title": "Une source", "source_type": "tzc_ckan", "owner_org": partner["id"]}
    source = tk.get_action("harvest_source_create")({"user": partner["editor"]}, wanted)
    job = HarvestJob(source_id=source["id"])
    job.save()
    record = HarvestObject(job=job, guid="une-fiche", content="{}", package_id=made["id"], current=True)
    record.save()
    activity = model.Session.query(Activity).filter_by(object_id=made["id"]).first()
    return {
        "dataset": made["name"], "resource": resource["id"], "view": view["id"], "organization": partner["name"], "group": "mobilite", "user": partner["editor"],
        "harvest": source["name"], "job": job.id, "record": record.id, "activity": activity.id,
    }  # fmt: skip


def filled(rule: Any, things: dict[str, str]) -> str | None:
    """An address of a rule, with things that are there; None for what has none here."""
    path = str(rule)
    kind = path.strip("/").partition("/")[0]
    named = {
        "resource_id": things["resource"], "view_id": things["view"], "activity_id": things["activity"], "identifier": things["job"], "source": things["harvest"], "kind": "organization",
        "package_type": "dataset", "user_id": things["user"], "locale": "fr",
    }  # fmt: skip
    own = {"dashboard": "user", "tableau": "dataset", "compte": "user"}.get(kind, kind)
    if path.startswith(("/harvest/object", "/dataset/harvest_object")):
        named["identifier"] = things["record"]
    if "changes/" in path:
        own = "activity"
    named["id"] = named["name"] = named["_id"] = things.get(own, things["dataset"])
    if kind == "harvest" and "/job/<" in path:
        named["id"] = things["job"]
    if path.startswith("/<any("):
        named["name"] = things["organization"]
    address = re.sub(r"<(?:[^:<>]*:)?(\w+)>", lambda found: named.get(found[1], ""), path)
    return None if "<" in address or "//" in address else address


def test_every_page_is_in_the_portals_own_layout(app: Any, things: dict[str, str]) -> None:
    """None is CKAN's, none fails."""
    headers = {"Authorization": factories.APIToken(user=factories.Sysadmin()["name"])["token"]}
    rules = [rule for rule in app.flask_app.url_map.iter_rules() if "GET" in rule.methods and not NO_PAGES.match(str(rule))]
    addresses = sorted({address for rule in rules if (address := filled(rule, things)) is not None})
    assert len(addresses) > 120
    stock, failed, pages = [], [], 0
    for address in addresses:
        try:
            answer = contextvars.Context().run(app.get, address, headers=headers, status=None, follow_redirects=False)
        except Exception as error:  # noqa: BLE001 -- whatever a page fails on is told with its address
            failed.append((address, repr(error)[:200]))
            continue
        if answer.status_code >= 500:
            failed.append((address, str(answer.status_code)))
        if answer.mimetype == "text/html" and answer.status_code < 300:
            pages += 1
            if "tzc-light" not in answer.body:
                stock.append(address)
    assert not failed, failed
    assert not stock, "\n".join(stock)
    assert pages > 60


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        ("/dataset/{dataset}/resource/{resource}/views", "/dataset/{dataset}/resource/{resource}"),
        ("/dataset/{dataset}/resource/{resource}/new_view?view_type=image_view", "/dataset/{dataset}/resource/{resource}"),
        ("/dataset/{dataset}/resource/{resource}/edit_view/{view}", "/dataset/{dataset}/resource/{resource}"),
        ("/dataset/{dataset}/resource/{resource}/view/{view}", "/dataset/{dataset}/resource/{resource}?view_id={view}"),
        ("/dataset/groups/{dataset}", "/dataset/edit/{dataset}"),
        ("/organization/bulk_process/{organization}", "/organization/{organization}"),
        ("/group/followers/{group}", "/group/{group}"),
        ("/user/{user}/groups", "/user/{user}"),
        ("/dashboard/", "/dashboard/datasets"),
        ("/dataset/{dataset}/history/{activity}", "/dataset/activity/{dataset}"),
        ("/harvest/admin/{harvest}", "/harvest/{harvest}"),
        ("/dataset/harvest_object/{dataset_id}", "/harvest/object/{record}"),
        ("/ckan-admin/reset_config", "/ckan-admin/config"),
    ],
)
def test_closed_pages_lead_on(app: Any, things: dict[str, str], address: str, leads_to: str) -> None:
    named = {**things, "dataset_id": model.Package.get(things["dataset"]).id}
    headers = {"Authorization": factories.APIToken(user=factories.Sysadmin()["name"])["token"]}
    answer = contextvars.Context().run(app.get, address.format(**named), headers=headers, status=302, follow_redirects=False)
    assert answer.headers["Location"].removeprefix(tk.config["ckan.site_url"]) == leads_to.format(**named)


def test_a_change_leads_to_its_history_for_those_who_may_see_it(app: Any, things: dict[str, str], partner: dict[str, Any]) -> None:
    headers = {"Authorization": factories.APIToken(user=partner["editor"])["token"]}
    answer = contextvars.Context().run(app.get, f"/dataset/changes/{things['activity']}", headers=headers, status=302, follow_redirects=False)
    assert "/dataset/activity/" in answer.headers["Location"]
    contextvars.Context().run(app.get, f"/dataset/changes/{things['activity']}", status=404)


def test_a_view_of_a_kind_that_nothing_draws_is_left_out(app: Any, things: dict[str, str]) -> None:
    """As those of CKAN's text and table views, which portals may hold from earlier: its pages fail on them."""
    model.Session.query(model.ResourceView).filter_by(id=things["view"]).update({"view_type": "text_view"})
    model.Session.commit()
    body = contextvars.Context().run(app.get, f"/dataset/{things['dataset']}/resource/{things['resource']}", status=200).body
    assert "Une image" in body
    answer = contextvars.Context().run(app.get, f"/dataset/{things['dataset']}/resource/{things['resource']}/view/{things['view']}", status=302, follow_redirects=False)
    assert "view_id" not in answer.headers["Location"]


def test_a_picture_has_words(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    made = publish()
    resource = tk.get_action("resource_create")({"user": partner["editor"]}, {"package_id": made["id"], "url": "https://example.org/a.png", "name": "Le port", "format": "PNG"})
    model.Session.query(model.Resource).filter_by(id=resource["id"]).update({"url_type": "upload"})
    model.Session.commit()
    rebuild(package_id=made["id"])
    tk.get_action("resource_view_create")({"ignore_auth": True, "user": partner["editor"]}, {"resource_id": resource["id"], "view_type": "image_view", "title": "Image"})
    body = contextvars.Context().run(app.get, f"/dataset/{made['name']}/resource/{resource['id']}", status=200).body
    assert re.search(r'<img class="tzc-picture"[^>]* alt="Le port"', body)
    assert "style=" not in body

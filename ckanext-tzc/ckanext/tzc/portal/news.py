"""What is new, as Atom: at the addresses of CKAN's own feeds, whose pages lead nowhere and which name no language and no author."""
from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import indexing
from ckanext.tzc.common.territory import territory, text
from flask import Blueprint, Response, request

from tzc.catalogue import atom

news = Blueprint("tzc_news", __name__, url_prefix="/feeds")

FILTER = re.compile(r"[a-z][a-z0-9_]*")
"""The name of a field, as a filter gives it."""
OWN = {"q", "page", "sort"}


@news.route("/dataset.atom")
def general() -> Response:
    """All datasets."""
    return _feed("dataset.search", {}, "", "")


@news.route("/organization/<name>.atom")
def organization(name: str) -> Response:
    """A partner's."""
    partner = _group(name, partner=True)
    return _feed("organization.read", {"id": partner.name}, f'owner_org:"{partner.id}"', partner.title)


@news.route("/group/<name>.atom")
def group(name: str) -> Response:
    """An axis's."""
    axis = _group(name, partner=False)
    return _feed("group.read", {"id": axis.name}, f'groups:"{axis.name}"', axis.title)


@news.route("/tag/<name>.atom")
def tag(name: str) -> Response:
    """Those with a keyword."""
    return _feed("dataset.search", {"tags": name}, _narrowed("tags", name), name)


@news.route("/custom.atom")
def custom() -> Response:
    """Those that a search finds."""
    given = {key: value for key, value in request.args.items() if key not in OWN and not key.startswith("_") and value and FILTER.fullmatch(key)}
    asked = {**given, **{key: request.args[key] for key in ("q", "sort") if request.args.get(key)}}
    return _feed("dataset.search", asked, " ".join(_narrowed(key, value) for key, value in given.items()), request.args.get("q", ""))


def _group(name: str, partner: bool) -> Any:
    found = model.Group.get(name)
    if found is None or found.state != model.State.ACTIVE or found.is_organization != partner:
        tk.abort(404)
    return found


def _narrowed(field: str, value: str) -> str:
    return f"{field}:{indexing.quoted(value)}"


def _feed(page: str, asked: dict[str, str], narrowed: str, about: str) -> Response:
    number, size = int(request.args.get("page", "1")), int(tk.config["ckan.feeds.limit"])
    question = {"q": asked.get("q") or "*:*", "fq": narrowed, "sort": asked.get("sort") or "metadata_modified desc", "rows": size, "start": (number - 1) * size}
    # what everybody sees, whoever asks
    found = tk.get_action("package_search")({"user": ""}, question)
    if "tzc_instead" in found:
        found = {"count": 0, "results": []}  # what was asked for is not there, and what is near it is no news of it
    pages = atom.page_links(number, found["count"], size)
    if pages is None:
        tk.abort(404)
    name = text(territory().name)
    told = {
        "id": f"{tk.config['ckan.site_url'].rstrip('/')}{request.path}", "title": f"{name} – {about}" if about else name,
        "subtitle": tk._("Datasets, those that changed last first"), "author": name, "language": tk.h.lang().replace("_", "-"),
        "updated": _moment(datetime.now(timezone.utc).isoformat()),
    }  # fmt: skip
    links = {"self": _address(number), "alternate": tk.h.url_for(page, qualified=True, **asked), **{relation: _address(other) for relation, other in pages.items()}}
    answer = Response(atom.feed(told, links, [_entry(package, name) for package in found["results"]]), content_type=f"{atom.TYPE}; charset=utf-8")
    answer.add_etag()
    return answer.make_conditional(request)


def _address(number: int) -> str:
    question = {**request.args.to_dict(), "page": str(number)}
    if number == 1:
        del question["page"]
    return str(tk.h.url_for(request.endpoint, qualified=True, **(request.view_args or {}), **question))


def _entry(package: dict[str, Any], name: str) -> atom.Entry:
    return atom.Entry(
        id=f"{tk.config['ckan.site_url'].rstrip('/')}/dataset/{package['id']}",
        title=package.get("title") or package["name"],
        address=tk.h.url_for("dataset.read", id=package["name"], qualified=True),
        author=(package.get("organization") or {}).get("title") or name,
        summary=package.get("notes") or "",
        published=_moment(package["metadata_created"]),
        updated=_moment(package["metadata_modified"]),
        keywords=[keyword["name"] for keyword in package.get("tags", [])],
    )


def _moment(stored: str) -> str:
    """CKAN's moments are in UTC and do not say so."""
    return f"{stored[:19]}Z"

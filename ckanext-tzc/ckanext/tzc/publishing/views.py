"""The feeds: ckanext-dcat's addresses, answered from fragments, and those of partners, axes, high-value datasets and national portals."""
from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.numbers import whole_number
from flask import Blueprint, Response, request

from tzc.publishing.documents import EXTENSIONS, Syntax
from tzc.publishing.intake import PORTALS

from . import answers, feed_pages, feeds, intake_words, plain_errors, renewing
from .sparql_views import sparql
from .vocabulary_views import vocabulary

publishing = Blueprint("tzc_publishing", __name__)
publishing.after_app_request(plain_errors.in_plain_text)

__all__ = ["publishing", "sparql", "vocabulary"]

KNOWN = {"page", "after", "modified_since", "profiles"}
MEANINGLESS = {"q", "fq", "sort"}
ALSO = dict.fromkeys(("changed_since", "changed-since", "modified-since"), "modified_since")
"""Other names of a question."""
OTHER_PROFILES = ("croissant", "euro_dcat_ap", "euro_dcat_ap_scheming", "schemaorg")
"""Those of ckanext-dcat that write our datasets, one at a time."""
RECEIVED = 50
"""Datasets on a page of what portals received."""
STOCK_FORMATS = {"rdf", "xml", "n3", "ttl", "jsonld"}
"""Those of ckanext-dcat, for profiles other than ours."""


class RefusedError(Exception):
    """A question that has no answer: status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@publishing.app_errorhandler(RefusedError)
def refused(error: RefusedError) -> Response:
    """The reason, to a program."""
    return answers.refuse(error.status, error.reason)


@publishing.after_app_request
def open_to_scripts(response: Response) -> Response:
    """A script of another site may ask with what a harvester sends."""
    if request.method == "OPTIONS" and (request.blueprint == publishing.name or request.endpoint in {"dcat.read_catalog", "dcat.read_dataset"}):
        allowed = {"Origin": "*", "Methods": "GET, HEAD, OPTIONS", "Headers": "Accept, If-Modified-Since, If-None-Match"}
        response.headers.extend({f"Access-Control-Allow-{name}": value for name, value in allowed.items()})
    return response


@publishing.before_app_request
def instead_of_stock() -> Any:
    """ckanext-dcat's addresses are answered from fragments; other profiles than ours are its own."""
    if request.endpoint not in {"dcat.read_catalog", "dcat.read_dataset"} or request.method not in {"GET", "HEAD"}:
        return None
    parts = request.view_args or {}
    extension = parts.get("_format")
    if not extension and not answers.asks_for_rdf(request):
        # ckanext-dcat looks once more, and gives what was refused
        request.environ["HTTP_ACCEPT"] = "text/html"
        return None
    if other_profiles():
        return _check_other_profiles(parts.get("_id"), extension)
    if request.endpoint == "dcat.read_catalog":
        return _feed(feeds.WHOLE, extension)
    return _dataset(parts["_id"], extension)


def other_profiles() -> bool:
    """Whether profiles are asked for that are not those of the feed."""
    return bool({name for name in request.args.get("profiles", "").split(",") if name} - {"euro_dcat_ap_3", "euro_dcat_ap_2", "tzc_dcat_ap"})


def _check_other_profiles(name: str | None, extension: str | None) -> None:
    """What ckanext-dcat would fail on, or show to some readers only, has no answer either."""
    if request.args["profiles"] not in OTHER_PROFILES:
        raise RefusedError(404, tk._("There is no such profile. There are, beside ours: {names}.").format(names=", ".join(OTHER_PROFILES)))
    if extension and extension not in STOCK_FORMATS:
        raise RefusedError(404, tk._("There is no such format. There are: {extensions}.").format(extensions=", ".join(sorted(STOCK_FORMATS))))
    _question()
    if _whole_number("page", request.args.get("page", "1"), 1) > feed_pages.LAST:
        raise RefusedError(404, tk._("There is no page {number}.").format(number=request.args["page"]))
    if name:
        renewing.renew_before_reading()
        package = model.Package.get(name)
        if package is None or feeds.dataset(package.id, EXTENSIONS["nt"]) is None:
            raise RefusedError(404, tk._("Dataset not found"))


@publishing.route("/catalog")
def catalogue() -> Response:
    """The whole catalogue, in the syntax that the reader asks for."""
    return _feed(feeds.WHOLE, None)


@publishing.route("/catalog/all.<extension>")
def dump(extension: str) -> Response:
    """The whole catalogue in one document."""
    syntax = _syntax(extension)
    if asked := sorted(set(request.args) & {*KNOWN - {"profiles"}, *MEANINGLESS, *ALSO}):
        words = tk._("This is the whole catalogue in one document, without {names}: ask {address} for a part of it.")
        raise RefusedError(400, words.format(names=", ".join(asked), address=f"/catalog.{extension}"))
    at = feeds.state()
    etag = feeds.etag(at.known, "all", syntax.name)
    if at.settled and (known := answers.fresh(request, etag, at.changed)):
        return known
    return answers.rdf(request, feeds.whole(feeds.WHOLE, syntax, at), answers.media_of(extension, syntax), etag, at.changed)


@publishing.route("/catalog/national")
@publishing.route("/catalog/national.<extension>")
def national(extension: str | None = None) -> Response:
    """What national portals should take from here: not what came from elsewhere."""
    return _feed(feeds.NATIONAL, extension)


@publishing.route("/catalog/hvd")
@publishing.route("/catalog/hvd.<extension>")
def high_value(extension: str | None = None) -> Response:
    """High-value datasets."""
    return _feed(feeds.HIGH_VALUE, extension)


@publishing.route("/catalog/partner/<name>")
@publishing.route("/catalog/partner/<name>.<extension>")
def partner(name: str, extension: str | None = None) -> Response:
    """What a partner publishes, by its name here or its SIREN."""
    siren = name.replace(" ", "")[:9] if name.replace(" ", "").isdigit() else name
    partners = model.Session.query(model.Group).filter(model.Group.is_organization, model.Group.state == "active")
    named = [partner.id for partner in partners.filter((model.Group.id == name) | (model.Group.name == name))]
    found = named or [partner.id for partner in partners.filter(model.Group.extras["siren"].astext == siren).order_by(model.Group.id)]
    if not found:
        raise RefusedError(404, tk._("There is no partner of this name or SIREN."))
    return _feed(feeds.of_partner(found), extension)


@publishing.route("/catalog/axis/<name>")
@publishing.route("/catalog/axis/<name>.<extension>")
def axis(name: str, extension: str | None = None) -> Response:
    """What sheds light on an axis."""
    group = model.Group.get(name)
    if group is None or group.is_organization or group.state != "active":
        raise RefusedError(404, tk._("There is no axis of this name."))
    return _feed(feeds.of_axis(group.name), extension)


def _syntax(extension: str | None) -> Syntax:
    if extension is None:
        syntax = answers.negotiated(request)
        if syntax is None:
            raise RefusedError(406, tk._("This catalogue is written in: {types}.").format(types=", ".join(answers.MEDIA)))
        return syntax
    if extension not in EXTENSIONS:
        raise RefusedError(404, tk._("There is no such format. There are: {extensions}.").format(extensions=", ".join(EXTENSIONS)))
    return EXTENSIONS[extension]


def _dataset(name: str, extension: str | None) -> Response:
    syntax = _syntax(extension)
    renewing.renew_before_reading()
    package = model.Package.get(name)
    found = feeds.dataset(package.id, syntax) if package else None
    if found is None:
        raise RefusedError(404, tk._("Dataset not found"))
    content, changed = found
    etag = feeds.etag(hashlib.sha256(content).hexdigest(), syntax.name)
    return answers.fresh(request, etag, changed) or answers.rdf(request, content, answers.media_of(extension or answers.ending(request), syntax), etag, changed)


def _feed(choice: feeds.Choice, extension: str | None) -> Response:
    """A page of a feed: the first, one by its number, or the one after a place in the order."""
    syntax = _syntax(extension)
    if other_profiles():
        raise RefusedError(404, tk._("This feed is written by our own profile only: leave profiles out."))
    question = _question()
    for name, least in (("after", 0), ("page", 1)):
        if name in question:
            _whole_number(name, question[name], least)
    if "modified_since" in question:
        choice = feeds.changed_since(choice, _moment(question["modified_since"]))
    try:
        return feed_pages.answer(request, feeds.state(), choice, syntax, answers.media_of(extension or answers.ending(request), syntax), question)
    except feed_pages.NoSuchPageError as error:
        raise RefusedError(404, tk._("There is no page {number}.").format(number=error)) from error


def _question() -> dict[str, str]:
    """What is asked, each once."""
    if asked := sorted(MEANINGLESS & set(request.args)):
        raise RefusedError(400, tk._("A feed cannot be searched: leave {names} out, or ask {address}.").format(names=", ".join(asked), address="/api/3/action/package_search"))
    every = [(ALSO.get(name, name), value) for name, value in request.args.items(multi=True)]
    names = [name for name, _value in every if name in KNOWN]
    if len(set(names)) < len(names) or {"page", "after"} <= set(names):
        raise RefusedError(400, tk._("Ask for one page, and from one moment on: each of {names} once, and either page or after.").format(names=", ".join(sorted(KNOWN))))
    given = dict(every)
    return {name: given[name] for name in KNOWN - {"profiles"} if name in given}


def _whole_number(name: str, stated: str, least: int) -> int:
    found = whole_number(stated, least)
    if found is None:
        raise RefusedError(400, tk._("{name} must be a whole number from {least} up.").format(name=name, least=least))
    return found


def _moment(stated: str) -> datetime:
    try:
        # a plus sign that is not written as %2B arrives as a space
        moment = datetime.fromisoformat(stated.replace("Z", "+00:00").replace(" ", "+") if "T" in stated else stated)
        return moment.astimezone(timezone.utc).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError) as error:
        raise RefusedError(400, tk._("modified_since must be a day or a moment as ISO 8601 writes it, such as 2026-11-28 or 2026-11-28T10:00:00Z.")) from error


@publishing.route("/publishing/received")
def received_page() -> Any:
    """What the portals that harvest us make of one's datasets."""
    asked = {name: request.args[name] for name in ("portal", "status") if request.args.get(name)}
    number = request.args.get("page", "1")
    offset = (int(number) - 1) * RECEIVED if number.isascii() and number.isdigit() and int(number[:9]) > 0 else 0
    try:
        told = tk.get_action("tzc_publishing_intake")({}, {**asked, "limit": RECEIVED, "offset": offset})
        counts = {portal: tk.get_action("tzc_publishing_intake")({}, {"portal": portal, "limit": 1})["counts"] for portal in PORTALS}
    except tk.NotAuthorized:
        return tk.abort(403, tk._("Only those who publish for a partner see what portals make of its data."))
    except tk.ValidationError:
        return tk.abort(404, tk._("Page not found"))
    pager = SimpleNamespace(page=offset // RECEIVED + 1, page_count=-(-told["count"] // RECEIVED))
    words = {status: intake_words.status(status) for status in ("refused", "loss", "taken")}
    return tk.render("publishing/received.html", {"told": told, "counts": counts, "words": words, "page": pager, "status": asked.get("status", "")})

"""The map of things, the health of sources, the page that others frame, and the chart library's files."""
from __future__ import annotations

import json
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import headers, ways
from flask import Response, request

from tzc.sensors import liveness

from . import charting, drawing, helpers, listing
from .blueprint import sensors

PER_PAGE = 100
"""Things on a page, on its map and in its list."""

UPLOT = {"uPlot.iife.min.js": "text/javascript", "uPlot.min.css": "text/css", "LICENSE": "text/plain"}


def _user() -> str:
    return str(tk.current_user.name) if tk.current_user.is_authenticated else ""


def _asked() -> tuple[listing.Asked, int]:
    """The filter and the page that the address asks for; what is no such thing is nothing."""
    said = request.args.get("property", "")
    page = request.args.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    return listing.Asked(property="" if "\0" in said else said[:200], public=True), max(1, number)


@sensors.route("/capteurs")
def things() -> Any:
    """All things that the reader may see, a page of them; what is a person's own is on pages of theirs."""
    asked, page = _asked()
    count, found = listing.things(_user(), asked, PER_PAGE, (page - 1) * PER_PAGE)
    question = {name: value for name, value in (("property", asked.property), ("page", str(page) if page > 1 else "")) if value}
    return tk.render(
        "sensors/things.html",
        {
            "things": [{**thing, "lines": _lines(thing)} for thing in found], "count": count, "page": page, "pages": -(-count // PER_PAGE), "property": asked.property,
            "properties": listing.properties(_user()), "data": tk.h.url_for("tzc_sensors.features", **question), "tiles": tk.config["tzc.map.tiles"],
            "attribution": tk.config["tzc.map.attribution"], "editor": _looks_after(),
        },
    )  # fmt: skip


def _looks_after() -> bool:
    """Whether the reader may change the datasets of any partner."""
    return tk.current_user.is_authenticated and bool(tk.get_action("organization_list_for_user")({"user": _user()}, {"permission": "update_dataset"}))


def _lines(thing: dict[str, Any]) -> list[dict[str, str]]:
    """What was last of each stream, in words."""
    return [
        {
            "label": charting.title(stream, several=False),
            "words": f"{listing.number(stream['value'], stream['unit_words'])}, {listing.moment(stream['last'])}"
            if stream["last"] else charting.liveness_words(liveness.NEVER),
            "late": charting.liveness_words(stream["state"]) if stream["state"] in (liveness.LATE, liveness.SILENT) else "",
        }
        for stream in thing["streams"]
    ]  # fmt: skip


@sensors.route("/capteurs.geojson")
def features() -> Response:
    """The things of a page of `/capteurs` in its order, with what was last; those without a place too, so that each has its line in the list."""
    asked, page = _asked()
    _count, found = listing.things(_user(), asked, PER_PAGE, (page - 1) * PER_PAGE)
    drawn = [
        {
            "type": "Feature", "id": thing["id"], "geometry": thing["geometry"],
            "properties": {tk._("Name"): thing["name"], **{line["label"]: " – ".join(filter(None, (line["words"], line["late"]))) for line in _lines(thing)}},
        }
        for thing in found
    ]  # fmt: skip
    tk.request.environ["__no_cache__"] = True
    return Response(json.dumps({"type": "FeatureCollection", "features": drawn}, ensure_ascii=False), content_type="application/geo+json")


@sensors.route("/capteurs/sante")
def health() -> Any:
    """How the sources of one's own partners do."""
    headers.keep_private()
    if not tk.current_user.is_authenticated:
        return tk.redirect_to("user.login", came_from=ways.here())
    return tk.render("sensors/health.html", {"sources": [_worded(source) for source in tk.get_action("tzc_sensor_health")({"user": _user()}, {})]})


def _worded(source: dict[str, Any]) -> dict[str, Any]:
    """A source with its state in words, and its tone."""
    bad = source["silent"] + source["never"]
    tone, words = (
        ("bad", tk._("In trouble since {moment}").format(moment=listing.moment(source["since"]))) if source["trouble"]
        else ("info", tk._("Paused")) if source["paused"]
        else ("warning", tk._("Waits for an administrator")) if not source["allowed"]
        else ("bad", tk._("Everything is rejected")) if source["rejected"] and source["rejected"] == source["observations"]
        else ("info", tk._("Nothing has come yet.")) if not source["seen"] and not source["last"]
        else ("bad", tk._("Silent")) if source["streams"] and bad == source["streams"]
        else ("warning", tk._("Partly late or silent")) if bad or source["late"]
        else ("success", tk._("Works"))
    )  # fmt: skip
    percent = source["rejected_percent"]
    share = "–" if percent is None else tk._("{percent} % ({rejected} of {observations})").format(
        percent=listing.number(round(percent, 2)), rejected=listing.number(source["rejected"]), observations=listing.number(source["observations"])
    )  # fmt: skip
    return {**source, "tone": tone, "words": words, "share": share, "named": [{**one, "words": charting.liveness_words(one["state"])} for one in source["named"]]}


@sensors.route("/embed/series")
def embed() -> Any:
    """A chart alone, which other sites may frame: of streams that everybody may see, whoever asks."""
    chart = charting.of_streams("", request.args)
    if chart is None:
        return tk.abort(404, tk._("There is no such chart, or not everybody may see it."))
    headers.let_be_framed()
    return tk.render("sensors/embed.html", {"drawn": drawing.told(chart)})


@sensors.route("/uplot/<version>/<name>")
def uplot(version: str, name: str) -> Any:
    """A file of the chart library; the version in the address lets browsers keep it."""
    folder = helpers.uplot_folder()
    if folder is None or name not in UPLOT or version != helpers.uplot_version():
        return tk.abort(404, tk._("There is no such page."))
    return headers.Kept((folder / name).read_bytes(), mimetype=UPLOT[name])

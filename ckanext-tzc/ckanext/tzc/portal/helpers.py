"""What templates of every room may call."""
from __future__ import annotations

import datetime as dt
import html
import json
import re
import time
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytz
from babel import Locale
from ckanext.tzc.common import ways
from ckanext.tzc.common.territory import language, territory, text

from . import ground, meanwhile, pictures, refusals, theme

Package = dict[str, Any]

SUMMARY_LIMIT = 190
"""Characters of a summary on a result card: two lines at desk width."""

LIGHT = {
    "home",
    "dashboard",
    "datastore.dictionary",
    "dcat",
    "dataset.search",
    "dataset.read",
    "dataset.new",
    "dataset.edit",
    "dataset.delete",
    "dataset_resource.read",
    "dataset_resource.new",
    "dataset_resource.edit",
    "dataset_resource.delete",
    *(
        f"{kind}.{page}"
        for kind in ("organization", "group")
        for page in ("index", "read", "about", "new", "edit", "delete", "members", "manage_members", "member_new", "member_delete")
    ),
    "harvest.new",
    "harvest.edit",
    "user.login",
    "user.api_tokens",
    "user.delete",
    "user.edit",
    "user.index",
    "user.read",
    "user.logged_out_page",
    "user.logout",
    "user.request_reset",
    "user.perform_reset",
    "user.register",
    "util",
    # an address that leads nowhere: it was looked for among the files
    "static",
}
"""Blueprints and endpoints whose pages are drawn wholly by our own stylesheet and need none of CKAN's scripts."""


def tzc_territory() -> Any:
    """The territory: name, axes, communes, contact."""
    return territory()


def tzc_text(texts: dict[str, str]) -> str:
    """A text of the territory in the reader's language."""
    return text(texts)


def tzc_language() -> str:
    """The reader's language, such as `fr`."""
    return language()


def tzc_languages() -> list[dict[str, Any]]:
    """The languages of the portal, each with this page's address in it: `{"code", "name", "url", "current"}`."""
    here = tk.request.environ.get("CKAN_CURRENT_URL", "/")
    return [
        {"code": code, "name": _own_name(code), "url": tk.h.url_for(here, locale=code), "current": code == language()}
        for code in territory().languages
    ]


def _own_name(code: str) -> str:
    """A language's name in itself, such as `Français`."""
    locale = Locale.parse(code)
    name = str(locale.get_display_name(locale) or code)
    return name[0].upper() + name[1:]


def tzc_here() -> str:
    """This page, in its language: to come back to after signing in."""
    return ways.here()


def tzc_refusal(message: str) -> str:
    """Why somebody is refused, in words."""
    return refusals.words(str(message))


def tzc_is_asked_for(file: dict[str, Any]) -> bool:
    """Whether a file in its form is not open to all, by its own level or by that of the dataset whose form it is."""
    package = model.Package.get(file.get("package_id") or (tk.request.view_args or {}).get("id") or "")
    levels = {file.get("access_level"), package.extras.get("access_level") if package else None}
    return not levels <= {None, "", "open"}


def tzc_light() -> bool:
    """Whether this page does without CKAN's own stylesheet and scripts.

    Pages of other extensions, which we did not draw, keep both, with ours on top.
    """
    endpoint = tk.request.endpoint or ""
    blueprint = endpoint.partition(".")[0]
    return not endpoint or endpoint in LIGHT or blueprint in LIGHT or blueprint.startswith("tzc_")


def tzc_theme_url() -> str:
    """Address of the stylesheet that holds the territory's colours; it changes with them, so that it may be kept long."""
    url: str = tk.h.url_for("tzc_portal.theme_css", locale="default", v=theme.version(theme.stylesheet(territory().colours)))
    return url


def tzc_favicon_url() -> str:
    """Address of the portal's icon."""
    url: str = tk.h.url_for("tzc_portal.favicon", locale="default", v=theme.version(theme.icon(territory().colours)))
    return url


def tzc_logo_url() -> str | None:
    """Address of the territory's logo, where it has one."""
    logo = territory().logo
    url: str | None = tk.h.url_for("tzc_portal.logo", locale="default", v=theme.version(logo.content)) if logo else None
    return url


def tzc_goals() -> list[dict[str, Any]]:
    """The territory's goals in the reader's words: `{"year", "title", "words", "source"}`; `words` say how much, or nothing."""
    from babel.numbers import format_decimal

    def number(amount: float) -> str:
        return str(format_decimal(amount, locale=language()))

    def words(goal: Any) -> str:
        if goal.reduction is not None:
            return str(tk._("%(percent)s%% less than in %(year)s")) % {"percent": number(goal.reduction), "year": goal.baseline}
        return f"{number(goal.value)}\u00a0{goal.unit}" if goal.value is not None else ""

    return [{"year": goal.year, "title": text(goal.title), "words": words(goal), "source": goal.source} for goal in territory().goals]


def tzc_axis(name: str) -> Any:
    """The axis or lever that a CKAN group stands for, or None."""
    return next((axis for axis in territory().axes if axis.id == name), None)


def tzc_person(user_id: str) -> dict[str, str]:
    """Who has an account, for those who look after a partner's members: `{"name", "display_name"}`."""
    import ckan.model as model

    user = model.User.get(user_id)
    return {"name": user.name, "display_name": user.display_name} if user else {"name": user_id, "display_name": user_id}


def tzc_axis_counts() -> dict[str, int]:
    """How many datasets each axis has, from one search."""
    found = tk.get_action("package_search")({}, {"q": "*:*", "fq": "dataset_type:dataset", "rows": 0, "facet.field": ["axis"], "facet.limit": -1})
    return {item["name"]: item["count"] for item in found["search_facets"].get("axis", {}).get("items", [])}


def tzc_home() -> dict[str, Any]:
    """What the home page shows, from one search and one count."""
    found = tk.get_action("package_search")(
        {},
        {"q": "*:*", "fq": "dataset_type:dataset", "rows": 6, "sort": "metadata_created desc", "facet.field": ["axis", "organization", "tags", "communes"], "facet.limit": -1},
    )
    counts = {facet: {item["name"]: item["count"] for item in content["items"]} for facet, content in found["search_facets"].items()}
    partners = sorted(found["search_facets"].get("organization", {}).get("items", []), key=lambda item: (-item["count"], item["display_name"]))
    words = sorted(counts.get("tags", {}).items(), key=lambda item: (-item[1], item[0]))[:5]
    place = territory()
    known = place.commune_names
    return {
        "count": found["count"],
        "newest": found["results"],
        "axes": [{"axis": axis, "count": counts.get("axis", {}).get(axis.id, 0)} for axis in place.axes],
        "partners": partners,
        "words": [word for word, _count in words],
        "communes": sorted(place.communes, key=lambda commune: commune.name),
        "covered": len([code for code in counts.get("communes", {}) if code in known]),
        "files": _count_files() if found["count"] < LARGE else _count_files_lately(int(time.monotonic() // KEPT_COUNT)),
    }


LARGE, KEPT_COUNT = 10_000, 60.0
"""Datasets from which on the files are not counted for each reader; and for how many seconds their number is kept then."""


@lru_cache(maxsize=1)
def _count_files_lately(_moment: int) -> int:
    return _count_files()


def _count_files() -> int:
    import ckan.model as model

    count: int = (
        model.Session.query(model.Resource.id)
        .join(model.Package, model.Package.id == model.Resource.package_id)
        .filter(model.Resource.state == "active", model.Package.state == "active", model.Package.private.is_(False), model.Package.type == "dataset")
        .count()
    )
    return count


def tzc_summary(package: Package, limit: int = SUMMARY_LIMIT) -> str:
    """The first sentence or two of a description, without Markdown."""
    # CKAN gives HTML's entities; the template escapes once more
    plain = html.unescape(str(tk.h.markdown_extract(package.get("notes") or package.get("description") or "", 0)))
    plain = re.sub(r"\s+", " ", plain).strip()
    if len(plain) <= limit:
        return plain
    kept = ""
    for sentence in re.split(r"(?<=[.!?…])\s+(?=[A-ZÀ-ÖØ-Þ«“\"0-9])", plain):
        if kept and len(kept) + len(sentence) > limit:
            break
        kept = f"{kept} {sentence}".strip()
        if len(kept) >= limit // 2:
            break
    if len(kept) <= limit:
        return kept
    return kept[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;:–") + "…"


def tzc_formats(package: Package) -> list[str]:
    """The formats of a dataset's files, each once."""
    formats = [(resource.get("format") or "").strip() for resource in package.get("resources") or []]
    return list(dict.fromkeys(entry for entry in formats if entry))


def tzc_lang(package: Package | None = None) -> str:
    """The language of what a partner wrote as an attribute, ` lang="fr"`; nothing where it is the page's.

    It is the dataset's own language where one is stated, else the territory's first; a partner's texts are in the latter.
    """
    stated = tzc_list((package or {}).get("language"))
    written = _codes_of_languages().get(stated[0]) if len(stated) == 1 else territory().languages[0]
    attribute: str = tk.literal("" if written in {None, language()} else f' lang="{written}"')
    return attribute


@lru_cache(maxsize=1)
def _codes_of_languages() -> dict[str, str]:
    """Of ISO 639-1, by the vocabulary's addresses and codes: a page asks for each dataset that it lists."""
    from ckanext.tzc.schemas import vocabulary

    return {name: entry["iso"] for entry in vocabulary("language") for name in (entry["uri"], entry["code"])}


def tzc_list(value: Any) -> list[str]:
    """Values of a field that a form, the index or the database may each give in another shape."""
    if isinstance(value, str):
        if value.startswith("["):
            try:
                return [str(entry) for entry in json.loads(value)]
            except ValueError:
                return [value]
        return [value] if value else []
    return [str(entry) for entry in value or []]


def tzc_is_blank(value: str) -> bool:
    """Whether this is the name of a node without a name, which a harvested description may hold: it tells nothing."""
    return bool(re.fullmatch(r"_:.*|N[0-9a-f]{32}", value))


def tzc_iri_end(iri: str) -> str:
    """The last words of an address that stands for a notion we have no label of."""
    return re.split(r"[/#]", iri.rstrip("/#"))[-1] or iri


def tzc_place(package: Package, most: int = 3) -> str:
    """Where a dataset is about, in words: communes, or the whole territory."""
    names = territory().commune_names
    codes = [code for code in tzc_list(package.get("communes")) if code in names]
    if not codes or len(codes) == len(names):
        return str(tk._("Whole territory"))
    shown = ", ".join(names[code] for code in codes[:most])
    more = len(codes) - most
    return shown if more <= 0 else str(tk.ungettext("{places} and {more} other", "{places} and {more} others", more)).format(places=shown, more=more)


def tzc_place_drawing(package: Package) -> dict[str, Any] | None:
    """The communes drawn, those that a dataset is about marked: see `ground.covered`."""
    return ground.covered(tzc_list(package.get("communes")))


def tzc_ground_url() -> str:
    """Address of the communes' outlines and names, for maps; it changes with them."""
    url: str = tk.h.url_for("tzc_portal.communes", locale="default", v=theme.version(ground.geojson()))
    return url


def tzc_date(value: Any) -> str:
    """A date as the reader writes it; the value itself where it is none."""
    from babel.dates import format_date

    if not value:
        return ""
    if isinstance(value, dt.datetime | dt.date):
        day: dt.date = value
    else:
        written = str(value)
        if re.fullmatch(r"\d{4}(-\d{2})?", written):
            return written
        try:
            day = dt.datetime.fromisoformat(written.replace("Z", "+00:00"))
        except ValueError:
            return written
    written = str(format_date(day, format="long", locale=language()))
    # "1er janvier", which CLDR's French does not know
    return f"1er {written[2:]}" if language() == "fr" and day.day == 1 else written


def tzc_updated(package: Package) -> str:
    """When the data last changed, as far as is known."""
    return tzc_date(package.get("modified")) or tzc_moment(package.get("metadata_modified"))


def tzc_moment(value: Any, clock: bool = False) -> str:
    """The day, where the territory is, of a moment that CKAN wrote down (in UTC, without saying so); with `clock` also the time."""
    if not value:
        return ""
    moment = dt.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc)
    here = aware.astimezone(pytz.timezone(territory().timezone))
    return f"{tzc_date(here)}, {here:%H:%M}" if clock else tzc_date(here)


def tzc_until(value: Any) -> str:
    """Until when something lasts: its last day, where it ends at midnight; else the moment."""
    if not value:
        return ""
    moment = dt.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc)
    here = aware.astimezone(pytz.timezone(territory().timezone))
    return tzc_date(here - dt.timedelta(minutes=1)) if (here.hour, here.minute) == (0, 0) else tzc_moment(value, clock=True)


def tzc_periods(package: Package) -> list[str]:
    """The periods a dataset covers, in words."""
    words = []
    for period in package.get("temporal_coverage") or []:
        start, end = tzc_date(period.get("start")), tzc_date(period.get("end"))
        if start and end:
            words.append(str(tk._("From %(start)s to %(end)s")) % {"start": start, "end": end})
        elif start:
            words.append(str(tk._("Since %(start)s")) % {"start": start})
        elif end:
            words.append(str(tk._("Until %(end)s")) % {"end": end})
    return words


def tzc_sections(fields: list[dict[str, Any]], errors: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a form by section: `{"id", "title", "help", "fields", "open"}`.

    The first section is open; another one opens when a field in it holds a mistake.
    """
    titles = {
        "essentials": (tk._("The essentials"), tk._("Enough to publish.")),
        "found": (tk._("To be found"), tk._("Keywords, places and periods that people search by.")),
        "trusted": (tk._("To be trusted"), tk._("Who to write to, how often it changes, where it comes from.")),
        "more": (tk._("More details"), tk._("Standards, documents and dates, for those who know them.")),
    }
    sections = []
    for name, (title, words) in titles.items():
        own = [field for field in fields if field.get("section", "essentials") == name and ("form_snippet" not in field or field["form_snippet"] is not None)]
        if own:
            faulty = any(errors.get(field["field_name"]) for field in own) or (name == "found" and bool(errors.get("tags")))
            sections.append({"id": name, "title": title, "help": words, "fields": own, "open": name == "essentials" or faulty})
    return sections


def tzc_errors(errors: dict[str, Any] | None, fields: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Every mistake of a form, in the form's order: `{"id", "label", "message"}`, `id` being the field's."""
    left = dict(errors or {})
    if left.get("image_upload"):
        # CKAN says it in English only
        left["image_upload"] = [tk._("This file is not a picture that can be shown here. Choose a PNG, JPEG, GIF or WebP file of at most 2 MB.")]
    for told, field_name in {"tags": "tag_string", "upload": "url", "image_upload": "image_url"}.items():
        if told in left:
            left.setdefault(field_name, left.pop(told))
    found: list[dict[str, str]] = []
    for field in fields:
        name = field["field_name"]
        messages = left.pop(name, None)
        if not messages:
            continue
        label = tk.h.scheming_language_text(field.get("label")) or name
        if field.get("repeating_subfields"):
            for index, entry in enumerate(messages):
                for sub in field["repeating_subfields"]:
                    if isinstance(entry, dict) and entry.get(sub["field_name"]):
                        part = tk.h.scheming_language_text(sub.get("label"))
                        found.append({"id": f"field-{name}-{index}-{sub['field_name']}", "label": f"{label}, {part}", "message": _words(entry[sub["field_name"]])})
        else:
            found.append({"id": f"field-{name}", "label": label, "message": _words(messages)})
    # mistakes of no field of the form, such as a whole dataset refused
    found += [{"id": "", "label": "", "message": _words(messages)} for name, messages in left.items() if messages and not name.startswith("__")]
    return found


def _words(messages: Any) -> str:
    if isinstance(messages, str):
        return messages
    if isinstance(messages, list):
        return " ".join(_words(entry) for entry in messages if entry)
    if isinstance(messages, dict):
        return " ".join(_words(entry) for entry in messages.values() if entry)
    return str(messages)


def tzc_typed(field: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """A form's values with a group of fields as it was typed (`contact-0-email`), where CKAN put the stored one beside it."""
    name = field["field_name"]
    groups: dict[int, dict[str, Any]] = {}
    for key, value in data.items():
        found = re.fullmatch(rf"{re.escape(name)}-(\d+)-(\w+)", key)
        if found:
            groups.setdefault(int(found[1]), {})[found[2]] = value
    return {**data, name: [groups[number] for number in sorted(groups)]} if groups else data


def tzc_opened(package: Package) -> str:
    """Marks of the values that a form is opened with; see `meanwhile`."""
    return json.dumps({**meanwhile.marks(package, meanwhile.fields_of(package.get("type") or "dataset")), "standing": meanwhile.standing(package)})


def tzc_opened_file(file: dict[str, Any], package_type: str) -> str:
    """The same for a file."""
    return json.dumps({**meanwhile.marks(file, meanwhile.fields_of_file(package_type)), "data": meanwhile.data_mark(file)})


def tzc_opened_group(group: dict[str, Any], kind: str) -> str:
    """The same for a partner or an axis."""
    return json.dumps(meanwhile.marks(group, meanwhile.fields_of_group(kind)))


@tk.chained_helper
def render_markdown(next_helper: Any, data: str, auto_link: bool = True, allow_html: bool = False) -> Any:
    """Markdown as CKAN shows it, with a link in the place of a picture that lies elsewhere."""
    shown = next_helper(data, auto_link=auto_link, allow_html=allow_html)
    return pictures.as_links(shown) if shown else shown


def resource_display_name(resource_dict: Package) -> str:
    """A file's name, in the place of CKAN's helper: one without is called by its address."""
    name = str(tk.h.get_translated(resource_dict, "name") or "").strip()
    if name:
        return name
    described = str(tk.h.get_translated(resource_dict, "description") or "").split(". ")[0].strip()
    if described:
        return described if len(described) <= 60 else f"{described[:59]}…"
    try:
        address = urlsplit(str(resource_dict.get("url") or ""))
    except ValueError:
        return str(tk._("File without a name"))
    last = unquote(address.path.rstrip("/").rpartition("/")[2])
    return last or address.hostname or str(tk._("File without a name"))


def tzc_may_download(package: Package) -> bool:
    """Whether the reader may have this dataset's files, or some of them: what `package_show` withholds has its mark."""
    resources = package.get("resources") or []
    return not resources or not all(resource.get("withheld") for resource in resources)


def tzc_first_email(contacts: list[dict[str, str]]) -> str:
    """Whom to write to about a dataset with these `tzc_contacts`; the territory's portal team where none has an address."""
    return next(str(contact["email"]) for contact in [*contacts, territory().contact] if contact["email"])


def tzc_contacts(package: Package) -> list[dict[str, str]]:
    """Whom to ask about a dataset, `{"name", "email", "url"}` each: its contacts, else its partner's address, else the portal's; never nobody."""
    import ckan.model as model

    kept = ("name", "email", "url")
    stated = [{key: str(entry.get(key) or "").strip().removeprefix("mailto:") for key in kept} for entry in package.get("contact") or []]
    told = [entry for entry in stated if any(entry.values())]
    partner = model.Group.get(package["owner_org"]) if not told and package.get("owner_org") else None
    email = str(partner.extras.get("email") or "").removeprefix("mailto:") if partner else ""
    return told or [{"name": partner.title if partner and email else "", "email": email or territory().contact["email"], "url": ""}]


def tzc_preview_of(package: Package) -> dict[str, Any] | None:
    """The view to show on a dataset's page, where the tables room is there to give one."""
    from ckan.lib.helpers import helper_functions

    chosen = helper_functions.get("tzc_preview")
    return chosen(package) if chosen else None


def tzc_query(name: str, value: str | None = None, action: str = "replace") -> str:
    """This page's query with one parameter changed, as a relative link; the page of results begins anew.

    `action` is `add`, `remove` (this value, or all values without one) or `replace`.
    """
    from urllib.parse import urlencode

    kept = [
        (key, given)
        for key, given in tk.request.args.items(multi=True)
        if key != "page" and not (key == name and (action == "replace" or (action == "remove" and value in {None, given})))
    ]
    if action != "remove" and value is not None:
        kept.append((name, value))
    return "?" + urlencode(kept)


def tzc_upload_limit() -> int:
    """The largest file that may be sent, in megabytes."""
    limit: int = tk.config["ckan.max_resource_size"]
    return limit


def tzc_section() -> str:
    """Which part of the portal this page belongs to, for the main menu: `home`, `dataset`, `group`, `organization`, `about`.

    By the address: with content negotiation the home page and the datasets' pages belong to ckanext-dcat's blueprint.
    """
    path = str(tk.request.environ.get("CKAN_CURRENT_URL", "")).partition("?")[0].strip("/")
    return path.partition("/")[0] or "home"


def tzc_is_search() -> bool:
    """Whether this is the page of search, which has its own box."""
    return str(tk.request.environ.get("CKAN_CURRENT_URL", "")).partition("?")[0].strip("/") == "dataset"


def tzc_size(size: Any) -> str:
    """A file's size as the reader writes it: `20 ko`, `1,2 Mo`, `20 kB`."""
    from babel.numbers import format_decimal

    try:
        amount = float(size)
    except (TypeError, ValueError):
        return ""
    units = ["octets", "ko", "Mo", "Go", "To"] if language() == "fr" else ["bytes", "kB", "MB", "GB", "TB"]
    step = 0
    while amount >= 1000 and step < len(units) - 1:
        amount, step = amount / 1000, step + 1
    number = format_decimal(round(amount, 1) if amount < 10 and step else round(amount), locale=language())
    return f"{number}\u00a0{units[step]}"


def tzc_pages(page: int, last: int) -> list[int | None]:
    """The numbers of pages of results to link to; None stands for those left out."""
    kept = sorted({1, last, *range(max(1, page - 1), min(last, page + 1) + 1)})
    numbers: list[int | None] = []
    for number in kept:
        if numbers and number - (numbers[-1] or 0) > 1:
            numbers.append(None)
        numbers.append(number)
    return numbers


ON_A_DESK = 50
"""Drafts of colleagues, and deleted datasets, that a desk shows."""


def tzc_drafts_of_colleagues() -> list[Package]:
    """What colleagues began and did not publish yet, at the partners where the reader edits, the latest first."""
    import ckan.model as model

    return _at_my_partners("draft", model.Package.creator_user_id != tk.current_user.id)


def tzc_deleted() -> list[Package]:
    """What was deleted at the partners where the reader edits, the latest first: nothing else leads to the pages that bring it back."""
    return _at_my_partners("deleted")


def _at_my_partners(state: str, *conditions: Any) -> list[Package]:
    """Datasets in a state, by membership alone: administrators of the portal may edit everywhere, and would find everybody's on their desk."""
    import ckan.model as model

    member, package = model.Member, model.Package
    mine = model.Session.query(member.group_id).filter(
        member.table_name == "user", member.table_id == tk.current_user.id, member.state == "active", member.capacity.in_(["admin", "editor"])
    )
    query = model.Session.query(package.id).filter(package.state == state, package.type == "dataset", package.owner_org.in_(mine.scalar_subquery()), *conditions)
    found = query.order_by(package.metadata_modified.desc()).limit(ON_A_DESK)
    show = tk.get_action("package_show")
    return [show({"user": tk.current_user.name, "for_view": True}, {"id": identifier}) for (identifier,) in found if tk.h.check_access("package_update", {"id": identifier})]


def tzc_preselected() -> list[str]:
    """The axes that the address of the new dataset's form names."""
    return [name for name in tk.request.args.getlist("axis") if name in territory().axis_ids]

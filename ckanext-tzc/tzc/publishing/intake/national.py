"""What data.gouv.fr makes of a feed: the rules of udata's DCAT harvester, told again from reading it (release 17.18), none of its code.

Its conversion stops at what it cannot read, its check of the converted dataset refuses what its fields cannot hold, and everything else that it does not
understand is left out without a word. The tests compare with udata itself, field by field: tests/peers/test_udata.py.
"""
from __future__ import annotations

import calendar
import dataclasses
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from dateutil.parser import ParserError  # type: ignore[import-untyped]  # -- it has none
from dateutil.parser import parse as parse_date
from geomet import wkt  # type: ignore[import-untyped]  # -- it has none
from pyoxigraph import Literal, NamedNode
from text_unidecode import unidecode  # type: ignore[import-untyped]  # -- it has none

from ..terms import Node, Term
from .addresses import fault
from .graph import Graph, Value, is_blank, plain, stated
from .verdict import Reason, Verdict, Weight

LANGUAGE = "fr"
SHORTEST_KEYWORD, LONGEST_KEYWORD, LONGEST_ACRONYM = 3, 96, 128
NEAR = 2
"""How many letters a licence's name may differ from one that is known."""

EU_FREQUENCY = "http://publications.europa.eu/resource/authority/frequency/"
FREQUENCY = "http://purl.org/cld/freq/"
FREQUENCIES = {
    "UNKNOWN": "unknown", "UPDATE_CONT": "continuous", "1MIN": "oneMinute", "5MIN": "fiveMinutes", "10MIN": "tenMinutes", "15MIN": "fifteenMinutes", "30MIN": "thirtyMinutes",
    "HOURLY": "hourly", "BIHOURLY": "bihourly", "TRIHOURLY": "trihourly", "12HRS": "twelveHours", "CONT": "severalTimesADay", "DAILY_3": "threeTimesADay", "DAILY_2": "semidaily",
    "DAILY": "daily", "WEEKLY_5": "fiveTimesAWeek", "WEEKLY_3": "threeTimesAWeek", "WEEKLY_2": "semiweekly", "WEEKLY": "weekly", "BIWEEKLY": "biweekly",
    "MONTHLY_3": "threeTimesAMonth", "MONTHLY_2": "semimonthly", "MONTHLY": "monthly", "BIMONTHLY": "bimonthly", "QUARTERLY": "quarterly", "ANNUAL_3": "threeTimesAYear",
    "ANNUAL_2": "semiannual", "ANNUAL": "annual", "BIENNIAL": "biennial", "TRIENNIAL": "triennial", "QUADRENNIAL": "quadrennial", "QUINQUENNIAL": "quinquennial",
    "DECENNIAL": "decennial", "BIDECENNIAL": "bidecennial", "TRIDECENNIAL": "tridecennial", "AS_NEEDED": "punctual", "IRREG": "irregular", "NEVER": "never",
    "NOT_PLANNED": "notPlanned", "OTHER": "other",
}  # fmt: skip
"""Names of udata by the EU's."""
DUBLIN_CORE = (
    "continuous", "daily", "threeTimesAWeek", "semiweekly", "weekly", "biweekly", "threeTimesAMonth", "semimonthly", "monthly", "bimonthly", "quarterly", "threeTimesAYear",
    "semiannual", "annual", "biennial", "triennial", "irregular",
)  # fmt: skip
FREQUENCY_WORDS = {**{code.lower(): name for code, name in FREQUENCIES.items()}, **{name.lower(): name for name in DUBLIN_CORE}}
"""By which words a frequency may be said instead of an address."""

FORMATS, MEDIA, PROTOCOLS = "http://publications.europa.eu/resource/authority/file-type/", "https://www.iana.org/assignments/media-types/", "http://www.opengeospatial.org/standards/"
SERVICES = {"wfs", "wms", "wmts"}
"""Formats of services: several layers share one address, and are told apart by their titles."""
CHECKSUMS = {f"http://spdx.org/rdf/terms#checksumAlgorithm_{name}" for name in ("md5", "sha1", "sha256")}
GEOJSON = {"http://www.opengis.net/ont/geosparql#geoJSONLiteral", f"{MEDIA}application/vnd.geo+json"}
WELL_KNOWN = {"http://www.opengis.net/ont/geosparql#wktLiteral", "http://www.opengis.net/rdf#wktLiteral"}
HIGH_VALUE = {
    "http://data.europa.eu/bna/c_164e0bf5": "meteorologiques",
    "http://data.europa.eu/bna/c_a9135398": "entreprises-et-propriete-dentreprises",
    "http://data.europa.eu/bna/c_ac64a52d": "geospatiales",
    "http://data.europa.eu/bna/c_b79e35eb": "mobilite",
    "http://data.europa.eu/bna/c_dd313021": "observation-de-la-terre-et-environnement",
    "http://data.europa.eu/bna/c_e1da4e07": "statistiques",
}
"""Keywords of the EU's categories of high-value datasets."""
INSPIRE_THEMES = "http://inspire.ec.europa.eu/theme"
INSPIRE_SCHEMES = {INSPIRE_THEMES, "http://www.eionet.europa.eu/gemet/inspire_themes"}
LIMITATION = "http://inspire.ec.europa.eu/metadata-codelist/LimitationsOnPublicAccess/INSPIRE_Directive_Article13_1"
LIMITATIONS = {f"{LIMITATION}{letter}" for letter in "abcdefgh"}
LIMITATION_WORDS = re.compile(
    r"l124-(?:4-i-1-du-code-de-lenvironnement-directive-2007-2-ce-inspire-article-13-1-[adf]|5-ii-1-du-code-de-lenvironnement-directive-2007-2-ce-inspire-article-13-1-b|"
    r"5-ii-2-du-code-de-lenvironnement-directive-2007-2-ce-inspire-article-13-1-c|5-ii-3-du-code-de-lenvironnement-directive-2007-2-ce-inspire-article-13-1-e|"
    r"4-i-3-du-code-de-lenvironnement-directive-2007-2-ce-inspire-article-13-1-g|4-i-2-du-code-de-lenvironnement-directive-2007-2-ce-inspire-article-13-1-h)"
)
"""How French catalogues say INSPIRE's reasons in words (CNIG's guide), as `slug` writes it."""
PART_OF_DAY = re.compile(r"\d{4}(-\d\d)?")
WORDS = re.compile(r"[^a-zA-Z0-9]+")
TAG = re.compile(r"<[a-zA-Z/!][^>]*>")


@dataclasses.dataclass(frozen=True)
class KnownLicence:
    """A licence of the portal's list."""

    id: str
    title: str
    url: str = ""
    titles: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class Rules:
    """What the portal has beside its program: its licences, in their order, and the top-level domains that exist. `unknown`: the licence of what states none that is known.

    `ours`: where a catalogue stands that is judged before it has its public address; its own addresses pass.
    """

    licences: tuple[KnownLicence, ...]
    tops: frozenset[str]
    ours: str = ""
    unknown: str = "notspecified"

    def fault(self, address: str) -> str | None:
        """Why an address is not accepted."""
        return None if self.ours and address.startswith(f"{self.ours}/") else fault(address, self.tops)


def rules(licences: Iterable[Mapping[str, Any]], tops: str, ours: str = "") -> Rules:
    """Of the vocabularies `national-licence` and `top-level-domain`."""
    known = (KnownLicence(one["code"], one["title"], one.get("url") or "", tuple(one.get("titles", ())), tuple(one.get("urls", ()))) for one in licences)
    return Rules(tuple(known), frozenset(tops.split()), ours)


@lru_cache(maxsize=4096)
def slug(words: str) -> str:
    """Words as a keyword is written."""
    return "-".join(part for part in WORDS.split(unidecode(words.replace("№", "No")).replace("'", "")) if part)


def distance(one: str, other: str, most: int) -> int:
    """How many letters must be changed, added or taken away; any number above `most` where it is more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, 1):
        before, row[0] = row[0], index
        for place, also in enumerate(other, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (letter != also))
        if min(row) > most:
            return most + 1
    return row[-1]


def judge(graph: Graph, rules: Rules, now: datetime, seen: set[str] | None = None) -> Iterator[Verdict]:
    """A verdict on each dataset of a page. `now` is UTC; `seen`: identifiers of pages before, which is added to."""
    seen = set() if seen is None else seen
    for node in graph.of_type("dcat:Dataset", "dcat:DatasetSeries"):
        if stated(graph.said(node, "dct:title", LANGUAGE)) or not _elsewhere(graph, node):
            yield _Intake(graph, rules, now, node, seen).verdict()


def _elsewhere(graph: Graph, node: Node) -> bool:
    """A dataset that a service mentions and that is described on another page."""
    return [predicate.value.rpartition("#")[2].rpartition("/")[2] for predicate in graph.leading.get(node, [])] in (["servesDataset"], ["hasPart"])


class _Intake:
    """Takes in one dataset."""

    def __init__(self, graph: Graph, rules: Rules, now: datetime, node: Node, seen: set[str]) -> None:
        self.graph, self.rules, self.node, self.seen = graph, rules, node, seen
        self.now = now.replace(tzinfo=None)
        self.reasons: dict[Reason, None] = {}
        self.file = ""

    def verdict(self) -> Verdict:
        files = self.files_of()
        stored: dict[str, Any] = {
            "title": self.title(), "description": self.description(), "frequency": self.frequency(), "schema": self.schema(self.node),
            "spatial": self.places(), "tags": self.keywords(), "temporal": self.period(), "files": files, "restricted": self.restricted(),
        }  # fmt: skip
        stored["licence"] = self.licence(stored["restricted"])
        stored["modified"] = self.modified(self.node)
        stored["page"] = self.page()
        self.acronym()
        for name in ("dct:created", "dct:issued"):
            self.day(self.node, name)
        identifier = self.identifier()
        for file in files:
            del file["terms"], file["notes"]
        reasons = tuple(self.reasons)
        refused = any(reason.weight != "lost" for reason in reasons)
        return Verdict(self.node.value, identifier, reasons, {} if refused else stored)

    def note(self, code: str, field: str, value: Any = "", weight: Weight = "lost") -> None:
        """A reason, said once."""
        self.reasons[Reason(code, field, str(value)[:200], self.file, weight)] = None

    # values

    def value(self, subject: Term, name: str) -> Value | None:
        """The one value of a property, in French where it has several."""
        term = self.graph.said(subject, name, LANGUAGE)
        return plain(term) if term is not None and stated(term) else None

    def words(self, subject: Term, name: str, field: str, weight: Weight = "invalid") -> str | None:
        """The one value of a property that must be a text."""
        found = self.value(subject, name)
        if found is None or isinstance(found, str):
            return found
        self.note("not_text", field, found, weight)
        return str(found)

    def unwrapped(self, subject: Term, name: str, labels: tuple[str, ...]) -> list[str]:
        """What is stated, each by its label where it has one."""
        return list(dict.fromkeys(word for term in self.graph.all(subject, name) if (word := self.label(term, labels))))

    def label(self, term: Term, labels: tuple[str, ...]) -> str:
        if isinstance(term, Literal):
            return str(plain(term)) if stated(term) else ""
        return next((str(found) for label in labels if (found := self.value(term, label))), term.value)

    # the dataset

    def identifier(self) -> str:
        term = self.graph.first(self.node, "dct:identifier")
        if term is None or not stated(term):
            self.note("identifier_missing", "identifier", weight="unreadable")
            return ""
        self.words(self.node, "dct:identifier", "identifier")
        if term.value in self.seen:
            self.note("identifier_twice", "identifier", term.value, "invalid")
        elif not any(reason.weight == "unreadable" for reason in self.reasons):
            self.seen.add(term.value)
        return term.value

    def title(self) -> str:
        title = self.words(self.node, "dct:title", "title")
        if title is None:
            self.note("title_missing", "title", weight="unreadable")
        return title or ""

    def description(self) -> bool:
        for name in ("dct:description", "dct:abstract"):
            term = self.graph.said(self.node, name, LANGUAGE)
            if term is not None and (stated(term) or not isinstance(term, Literal)):
                told = self.prose(term)
                break
        else:
            told = False
        if not told:
            self.note("description_missing", "notes")
        return told

    def prose(self, term: Term) -> bool:
        """Whether a description says anything."""
        if not isinstance(term, Literal):
            return False
        words = plain(term)
        if not isinstance(words, str):
            self.note("not_text", "notes", words, "unreadable")
            return False
        return bool(TAG.sub(" ", words).strip() or "<img" in words)

    def frequency(self) -> str | None:
        term = self.graph.first(self.node, "dct:accrualPeriodicity")
        if term is None:
            return None
        found = None
        if isinstance(term, Literal) and self.rules.fault(term.value) is not None:
            words = plain(term)
            if not isinstance(words, str):
                self.note("not_text", "frequency", words, "unreadable")
                return None
            found = FREQUENCY_WORDS.get(words.lower())
        elif not is_blank(term):
            address = term.value.strip()
            if address.startswith(EU_FREQUENCY):
                found = FREQUENCIES.get(address.removeprefix(EU_FREQUENCY))
            elif address.startswith(FREQUENCY):
                found = next((name for name in DUBLIN_CORE if name == address.removeprefix(FREQUENCY)), None)
        if found is None:
            self.note("frequency_unknown", "frequency", term.value)
        return found

    def schema(self, subject: Term) -> str | None:
        term = self.graph.first(subject, "dct:conformsTo")
        if term is None:
            return None
        if isinstance(term, Literal):
            address = str(plain(term))
            if address and self.rules.fault(address):
                self.note("schema_address", "conforms_to", address, "invalid")
            return address or None
        for candidate in (term, self.graph.first(term, "dct:type")):
            if isinstance(candidate, Literal):
                self.note("schema_address", "conforms_to", candidate.value, "unreadable")
                return None
            if candidate is not None and not is_blank(candidate) and self.rules.fault(candidate.value) is None:
                if isinstance(self.graph.first(term, "dct:title"), NamedNode):
                    self.note("not_text", "conforms_to", candidate.value, "invalid")
                return candidate.value.strip()
        self.note("schema_lost", "conforms_to", term.value if not is_blank(term) else "")
        return None

    def acronym(self) -> None:
        acronym = self.words(self.node, "skos:altLabel", "title")
        if acronym and len(acronym) > LONGEST_ACRONYM:
            self.note("acronym_long", "title", acronym, "invalid")

    def keywords(self) -> list[str]:
        found: dict[str, None] = {}
        for term in self.graph.all(self.node, "dcat:keyword"):
            if not isinstance(term, Literal):
                self.note("keyword_address", "tag_string", term.value)
            else:
                self.keyword(plain(term), "tag_string", found)
        for theme in self.graph.all(self.node, "dcat:theme"):
            self.theme(theme, found)
        return sorted(found)

    def keyword(self, words: Value, field: str, found: dict[str, None]) -> None:
        if not isinstance(words, str):
            self.note("not_text", field, words, "unreadable")
            return
        short = slug(words.lower())
        if len(short) < SHORTEST_KEYWORD:
            if words:
                self.note("keyword_short", field, words)
            return
        if len(short) > LONGEST_KEYWORD:
            self.note("keyword_long", field, words)
        found[short[:LONGEST_KEYWORD]] = None

    def theme(self, theme: Term, found: dict[str, None]) -> None:
        if isinstance(theme, Literal):
            self.keyword(plain(theme), "theme", found)
            return
        if theme.value in HIGH_VALUE:
            found["hvd"] = found[HIGH_VALUE[theme.value]] = None
        elif (label := self.value(theme, "skos:prefLabel")) is not None:
            self.keyword(label, "theme", found)
        scheme = self.graph.first(theme, "skos:inScheme")
        titles = [self.value(scheme, name) for name in ("dct:title", "skos:prefLabel", "rdfs:label")] if scheme is not None else []
        title = next((words for words in titles if words), "")
        if theme.value.startswith(INSPIRE_THEMES) or (scheme is not None and (scheme.value in INSPIRE_SCHEMES or str(title).lower() == "gemet - inspire themes, version 1.0")):
            found["inspire"] = None

    # time and place

    def period(self) -> list[str | None] | None:
        every = self.graph.all(self.node, "dct:temporal")
        if not every:
            return None
        if len(every) > 1:
            self.note("periods_several", "temporal_coverage")
        period = self.said_period(every[0].value) if isinstance(every[0], Literal) else self.stated_period(every[0])
        if period is None:
            self.note("period_unreadable", "temporal_coverage", every[0].value if not is_blank(every[0]) else "")
            return None
        days = [self.calendar_day(moment) for moment in period]
        if days[0] and days[1] and days[0] > days[1]:
            days.reverse()
        return days

    def calendar_day(self, moment: Value | None) -> str | None:
        if isinstance(moment, str):
            if PART_OF_DAY.fullmatch(moment):
                self.note("period_part", "temporal_coverage", moment)
            try:
                return str(parse_date(moment, yearfirst=True).date().isoformat())
            except (ParserError, OverflowError):
                self.note("period_no_day", "temporal_coverage", moment, "invalid")
                return None
        if moment is not None and not isinstance(moment, date):
            self.note("period_no_day", "temporal_coverage", moment, "invalid")
            return None
        return moment.isoformat()[:10] if moment is not None else None

    def stated_period(self, node: Term) -> tuple[Value | None, Value | None] | None:
        if isinstance(node, NamedNode):
            # it goes to fetch what stands there, and there is nothing that it could read
            return None
        for begins, ends in (("schema:startDate", "schema:endDate"), ("dcat:startDate", "dcat:endDate"), ("scv:min", "scv:max")):
            start, end = self.graph.first(node, begins), self.graph.first(node, ends)
            if stated(start) or stated(end):
                return (plain(start) if start is not None and stated(start) else None), (plain(end) if end is not None and stated(end) else None)
        return None

    def said_period(self, words: str) -> tuple[date, date] | None:
        try:
            if words.count("/") == 1:
                start, end = (parse_date(part).date() for part in words.split("/"))
                return start, end
            if words.count("-") == 0:
                return date(int(words), 1, 1), date(int(words), 12, 31)
            if words.count("-") == 1:
                day = parse_date(words).date()
                return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])
        except (ValueError, OverflowError):
            pass
        return None

    def places(self) -> int:
        every = self.graph.all(self.node, "dct:spatial")
        shapes = [shape for term in every for shape in self.shapes(term)]
        polygons: list[Any] = []
        for shape in shapes:
            kind = shape.get("type") if isinstance(shape, Mapping) else None
            if kind is None:
                self.note("place_unreadable", "spatial_coverage", weight="unreadable")
                return 0
            found = [shape["coordinates"]] if kind == "Polygon" else shape["coordinates"] if kind == "MultiPolygon" else []
            polygons += [polygon for polygon in found if polygon not in polygons]
        if not all(_is_numbers(polygon) for polygon in polygons):
            polygons = []
        if not all(_is_polygon(polygon) for polygon in polygons):
            self.note("place_shape", "spatial_coverage", weight="invalid")
        if every and not polygons:
            self.note("place_lost", "spatial_coverage")
        return len(polygons)

    def shapes(self, term: Term) -> list[Any]:
        if isinstance(term, Literal):
            corners = term.value.strip().split(",")
            try:
                west, south, east, north = (float(corner) for corner in corners)
            except ValueError:
                return []
            return [{"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}]
        found = []
        for values in self.graph.about.get(term, {}).values():
            for value in values:
                if isinstance(value, Literal) and (kind := value.datatype.value) in GEOJSON | WELL_KNOWN:
                    try:
                        found.append(json.loads(value.value) if kind in GEOJSON else wkt.loads(value.value.strip().upper()))
                    except ValueError:
                        continue
                    except (StopIteration, TypeError, KeyError, IndexError, AttributeError, RuntimeError, NotImplementedError):
                        # what its reader stumbles over ends the place, with what it had until then
                        return found
        return found

    # its files

    def files_of(self) -> list[dict[str, Any]]:
        every: list[dict[str, Any]] = []
        self.taken: list[dict[str, Any]] = []
        for name in ("dcat:distribution", "dcat:distributions"):
            for node in self.graph.all(self.node, name):
                if isinstance(node, Literal):
                    self.note("file_unreadable", "resources", node.value, "unreadable")
                    continue
                self.one_file(node, every)
        for part in self.graph.all(self.node, "dct:hasPart"):
            if isinstance(part, NamedNode):
                self.keep(part, part.value, every, "other")
            elif isinstance(part, Literal):
                self.note("file_unreadable", "resources", part.value, "unreadable")
        self.file = ""
        if not every:
            self.note("files_none", "resources")
        return every

    def one_file(self, node: Node, every: list[dict[str, Any]]) -> None:
        self.file = str(self.value(node, "dct:title") or "")
        first = [self.graph.first(node, name) for name in ("dcat:downloadURL", "dcat:accessURL")]
        address = next((str(plain(term)) for term in first if term is not None and plain(term)), "")
        if not address:
            self.note("file_no_address", "url")
            return
        self.taken.append(self.keep(node, address, every, "main"))

    def keep(self, node: Node, address: str, every: list[dict[str, Any]], kind: str) -> dict[str, Any]:
        self.file = str(self.value(node, "dct:title") or "") or address
        why = self.rules.fault(address)
        if why:
            self.note(f"address_{why}", "url", address, "invalid")
        shape = self.format(node)
        title = self.words(node, "dct:title", "name") or _last_part(address)
        if title is None:
            self.note("file_no_name", "name", address)
        same = next((file for file in every if file["url"] == address and (shape not in SERVICES or file["title"] == title)), None)
        if same is not None:
            self.note("address_twice", "url", address)
        else:
            same = {"schema": None, "checksum": None, "type": "main"}
            every.append(same)
        before, known = same.get("notes", []), set(self.reasons)
        description = self.graph.said(node, "dct:description", LANGUAGE)
        if description is not None and isinstance(description, Literal) and not isinstance(plain(description), str):
            self.note("not_text", "description", description.value, "unreadable")
        same.update(url=address, title=title, format=shape, size=self.size(node), schema=self.schema(node) or same["schema"], checksum=self.checksum(node) or same["checksum"])
        if kind == "other":
            same["type"] = "other"
        elif self.graph.first(node, "dcat:accessService") is not None:
            same["type"] = "api"
        self.media(node)
        self.day(node, "dct:issued")
        same["modified"] = self.modified(node)
        self.words(node, "dct:identifier", "name")
        terms = {name: self.unwrapped(node, f"dct:{name}", ("rdfs:label", "dct:description")) for name in ("license", "rights", "accessRights")}
        self.replaced(before, same)
        same["notes"] = [reason for reason in self.reasons if reason not in known] + before
        same["terms"] = {**same.get("terms", {}), **{name: found for name, found in terms.items() if found}}
        return same

    def replaced(self, before: list[Reason], now: dict[str, Any]) -> None:
        """What the file at the same address, which this one has replaced, was refused for; its schema and checksum stay where this one has none."""
        for reason in before:
            stays = {"url": True, "conforms_to": now["schema"] is None, "hash": now["checksum"] is None}.get(reason.field, False)
            if reason.weight == "invalid" and not stays:
                self.reasons.pop(reason, None)

    def format(self, node: Node) -> str | None:
        service = self.graph.first(node, "dcat:accessService")
        if isinstance(service, Literal):
            self.note("service_unreadable", "access_services", service.value, "unreadable")
        elif service is not None:
            for name in ("geodcat:serviceProtocol", "dct:conformsTo"):
                for standard in self.graph.all(service, name):
                    if standard.value.startswith(PROTOCOLS):
                        return standard.value.removeprefix(PROTOCOLS).lower()
        term = self.graph.said(node, "dct:format", LANGUAGE)
        if term is None or not stated(term):
            return None
        found = plain(term) if isinstance(term, Literal) else self.label(term, ("rdfs:label",))
        if not isinstance(found, str):
            self.note("not_text", "format", found, "unreadable")
            return None
        if found.startswith(FORMATS):
            return found.removeprefix(FORMATS).lower()
        return (found.removeprefix(MEDIA).rpartition("/")[2] if found.startswith(MEDIA) else found).lower()

    def media(self, node: Node) -> None:
        term = self.graph.said(node, "dcat:mediaType", LANGUAGE)
        if term is not None and stated(term) and not isinstance(plain(term), str):
            self.note("not_text", "mimetype", term.value, "unreadable")

    def size(self, node: Node) -> int | None:
        found = self.value(node, "dcat:byteSize")
        if found is None:
            return None
        try:
            return int(found)  # type: ignore[arg-type]  # -- a day is no number, and said so
        except (TypeError, ValueError, OverflowError):
            self.note("size_no_number", "size", found, "invalid")
            return None

    def checksum(self, node: Node) -> str | None:
        checksum = self.graph.first(node, "spdx:checksum")
        if checksum is None or (isinstance(checksum, Literal) and not stated(checksum)):
            return None
        algorithm = self.graph.first(checksum, "spdx:algorithm") if not isinstance(checksum, Literal) else None
        if algorithm is None or isinstance(algorithm, Literal):
            self.note("checksum_algorithm", "hash", weight="unreadable")
            return None
        if algorithm.value not in CHECKSUMS:
            self.note("checksum_unknown", "hash", algorithm.value)
            return None
        digits = self.value(checksum, "spdx:checksumValue")
        if not isinstance(digits, str):
            self.note("checksum_no_text", "hash", self.graph.first(checksum, "spdx:checksumValue") and algorithm.value.rpartition("_")[2], "invalid")
            return None
        return digits

    # what may be done with it

    def agreed(self, name: str) -> list[str]:
        """What all files state alike."""
        terms = [file["terms"].get(name) for file in self.taken]
        return terms[0] or [] if terms and all(other == terms[0] for other in terms) else []

    def restricted(self) -> bool:
        labels = ("rdfs:label", "dct:description")
        self.rights = self.unwrapped(self.node, "dct:rights", labels) or self.agreed("rights")
        access = self.unwrapped(self.node, "dct:accessRights", labels) or self.agreed("accessRights")
        return any(right in LIMITATIONS or LIMITATION_WORDS.fullmatch(slug(right).lower()) for right in access + self.rights)

    def licence(self, restricted: bool) -> str | None:
        own = self.unwrapped(self.node, "dct:license", ("rdfs:label", "dct:description")) or self.agreed("license")
        of_files = [licence for file in self.taken for licence in file["terms"].get("license") or []]
        if restricted:
            return None
        candidates = own + self.rights + list(dict.fromkeys(of_files))
        found = next((known.id for words in candidates for part in _address_first(words) if (known := guess(part, self.rules))), None)
        if found is None and (self.taken or own):
            # a licence stands on files: without any, that is what is missing
            stated_licences = own + of_files
            self.note("licence_unknown" if stated_licences else "licence_missing", "license_id", stated_licences[0] if stated_licences else "")
        return found or self.rules.unknown

    def modified(self, subject: Term) -> str | None:
        found = self.value(subject, "dct:modified")
        if found is None:
            return None
        if isinstance(found, str):
            try:
                found = parse_date(found)
            except ParserError:
                self.note("modified_unreadable", "modified", found)
                return None
            except OverflowError:
                self.note("modified_unreadable", "modified", found, "unreadable")
                return None
        if not isinstance(found, date):
            self.note("modified_unreadable", "modified", found, "unreadable")
            return None
        moment = found.replace(tzinfo=None) if isinstance(found, datetime) else datetime(found.year, found.month, found.day)  # noqa: DTZ001 -- it drops zones
        if moment > self.now:
            self.note("modified_future", "modified", moment.date())
            return None
        return moment.isoformat()

    def day(self, subject: Term, name: str) -> None:
        """A day that a field for days must hold."""
        found = self.value(subject, name)
        if found is None or isinstance(found, date):
            return
        try:
            if not isinstance(found, str):
                raise ParserError(str(found))
            parse_date(found.strip())
        except (ParserError, OverflowError, TypeError):
            self.note("day_unreadable", name.partition(":")[2], found, "invalid")

    def page(self) -> str | None:
        landing = self.graph.first(self.node, "dcat:landingPage")
        for term in (landing, self.node):
            if term is not None and not is_blank(term) and self.rules.fault(term.value) is None:
                return term.value
        self.note("page_missing", "url")
        return None


@lru_cache(maxsize=1024)
def guess(words: str, rules: Rules) -> KnownLicence | None:
    """Which licence of the list words or an address mean."""
    text = words.strip().lower()
    if not text:
        return None
    short = slug(text).lower()
    every = rules.licences
    exactly: Callable[[KnownLicence], bool] = lambda one: text in {one.id.lower(), one.url.lower(), *(url.lower() for url in one.urls)} or slug(one.title).lower() == short  # noqa: E731 -- one of several tests in a row
    if found := next(filter(exactly, every), None):
        return found
    if rules.fault(text) is None:
        bare = re.sub(r"^[^/]*//", "", text).partition("?")[0].partition("#")[0].rstrip("/")
        if found := next((one for one in every if bare in one.url.lower() or any(bare in url for url in one.urls)), None):
            return found
    for near in (
        [one for one in every if distance(slug(one.title).lower(), short, NEAR) <= NEAR],
        [one for one in every if distance(one.title.lower(), text, NEAR) <= NEAR],
        list(dict.fromkeys(one for one in every for title in one.titles if distance(slug(title).lower(), short, NEAR) <= NEAR)),
    ):
        if len(near) == 1:
            return near[0]
    return None


def _address_first(words: str) -> Iterable[str]:
    found = re.search(r"https?://\S+", words.rstrip("."))
    return (found[0], words.replace(found[0], "").strip()) if found else (words,)


def _last_part(address: str) -> str | None:
    last = address.rpartition("/")[2]
    return last if "." in last and "?" not in last else None


def _is_numbers(coordinates: Any) -> bool:
    """Coordinates that JSON can say."""
    if isinstance(coordinates, list):
        return all(_is_numbers(part) for part in coordinates)
    return isinstance(coordinates, (int, float)) and math.isfinite(coordinates)


def _is_polygon(polygon: Any) -> bool:
    """Rings that close, of points with two coordinates: its database takes no others."""
    try:
        return bool(polygon) and all(
            ring and ring[0] == ring[-1] and all(len(point) == 2 and all(isinstance(part, (int, float)) for part in point) for point in ring)
            for ring in polygon
        )
    except (TypeError, KeyError, IndexError):
        return False

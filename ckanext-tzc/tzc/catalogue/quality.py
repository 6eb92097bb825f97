"""The metadata quality assessment of data.europa.eu: how many of its 405 points a dataset's description reaches, and what would raise it.

Points of the dataset itself are added to those of *one* file, the one that reaches most (data.europa.eu scores the best distribution; see docs/quality.md).
What a fix gains is not looked up but tried: the score of the dataset with the fix made, minus its score now. So gains of fixes that help each other, or
that lift another file above the best one, are true.
"""
from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from tzc.rights.policy import OPEN
from tzc.rights.things import level_of

FINDABILITY, ACCESSIBILITY, INTEROPERABILITY, REUSABILITY, CONTEXTUALITY = DIMENSIONS = ("findability", "accessibility", "interoperability", "reusability", "contextuality")
EXCELLENT, GOOD, SUFFICIENT, BAD = RATINGS = ("excellent", "good", "sufficient", "bad")
THRESHOLDS = ((351, EXCELLENT), (221, GOOD), (121, SUFFICIENT), (0, BAD))
"""Source: data.europa.eu, methodology of the metadata quality assessment, read 2026-11; the points below too."""

REACHED, MISSING, WAITING, OUTSIDE = STATES = ("reached", "missing", "waiting", "outside")
"""Of a criterion. `waiting`: a link that was not tried yet. `outside`: not to be reached, as the data are not for everybody."""

NOT_STATED = {"", "notspecified", "none", "null"}
"""What stands in a field of text where the source said nothing."""


@dataclasses.dataclass(frozen=True)
class Criterion:
    """One measure: `metric` is its name in the vocabulary https://piveau.eu/ns/voc#, `of_file` says whether a file or the dataset reaches it."""

    id: str
    dimension: str
    points: int
    field: str
    metric: str
    of_file: bool = False


CRITERIA = (
    Criterion("keyword", FINDABILITY, 30, "tag_string", "keywordAvailability"),
    Criterion("theme", FINDABILITY, 30, "theme", "categoryAvailability"),
    Criterion("spatial", FINDABILITY, 20, "communes", "spatialAvailability"),
    Criterion("temporal", FINDABILITY, 20, "temporal_coverage", "temporalAvailability"),
    Criterion("access", ACCESSIBILITY, 50, "url", "accessUrlStatusCode", True),
    Criterion("download_given", ACCESSIBILITY, 20, "url", "downloadUrlAvailability", True),
    Criterion("download", ACCESSIBILITY, 30, "url", "downloadUrlStatusCode", True),
    Criterion("format", INTEROPERABILITY, 20, "format", "formatAvailability", True),
    Criterion("media_type", INTEROPERABILITY, 10, "format", "mediaTypeAvailability", True),
    Criterion("format_known", INTEROPERABILITY, 10, "format", "formatMediaTypeVocabularyAlignment", True),
    Criterion("non_proprietary", INTEROPERABILITY, 20, "format", "formatMediaTypeNonProprietary", True),
    Criterion("machine_readable", INTEROPERABILITY, 20, "format", "formatMediaTypeMachineInterpretable", True),
    Criterion("conformance", INTEROPERABILITY, 30, "title", "dcatApCompliance"),
    Criterion("licence", REUSABILITY, 20, "license_id", "licenceAvailability", True),
    Criterion("licence_known", REUSABILITY, 10, "license_id", "knownLicence", True),
    Criterion("access_rights", REUSABILITY, 10, "access_level", "accessRightsAvailability"),
    Criterion("access_rights_known", REUSABILITY, 5, "access_level", "accessRightsVocabularyAlignment"),
    Criterion("contact", REUSABILITY, 20, "contact", "contactPointAvailability"),
    Criterion("publisher", REUSABILITY, 10, "owner_org", "publisherAvailability"),
    Criterion("rights", CONTEXTUALITY, 5, "rights", "rightsAvailability", True),
    Criterion("size", CONTEXTUALITY, 5, "url", "byteSizeAvailability", True),
    Criterion("issued", CONTEXTUALITY, 5, "issued", "dateIssuedAvailability"),
    Criterion("modified", CONTEXTUALITY, 5, "modified", "dateModifiedAvailability"),
)
POINTS = {criterion.id: criterion.points for criterion in CRITERIA}
MOST = sum(POINTS.values())

PORTAL_ASKS = ("title", "notes", "axis", "license_id")
"""Fields that the portal asks everybody for and a harvested dataset may lack, whether or not they give points."""

Dataset = Mapping[str, Any]
Reached = dict[str, str]
"""The state of each criterion, by its id."""


@dataclasses.dataclass(frozen=True)
class FileType:
    """A format as data.europa.eu judges it."""

    code: str
    media: str
    machine: bool
    free: bool
    service: bool


@dataclasses.dataclass(frozen=True)
class Vocabularies:
    """What values are judged by.

    `formats`: by each name of a format in small letters. `licences`: whether data.europa.eu knows it, by our code and by its addresses. `levels`: access levels that
    stand for an access right of the EU. `licence`: the one that the form offers first.
    """

    formats: Mapping[str, FileType]
    licences: Mapping[str, bool]
    levels: frozenset[str]
    licence: str


@dataclasses.dataclass(frozen=True)
class Links:
    """How the addresses of one file answered when they were last tried: None for not tried yet."""

    access: bool | None = None
    download: bool | None = None


UNTRIED = Links()
Checks = Mapping[str, Links]
"""By the file's id."""


@dataclasses.dataclass(frozen=True)
class Fix:
    """One thing to do in a form: its field, the file whose form it is (None: the dataset's; `new`: another file's), its points, and the criteria that then count.

    `also` are the other files that have the same fault, and would gain no point as only the best one counts.
    """

    code: str
    field: str
    file: str | None
    gain: int
    criteria: tuple[str, ...]
    also: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Assessment:
    """The score, the state of each criterion, and the id of the file that counts, if there is one."""

    score: int
    states: Reached
    best: str | None

    @property
    def rating(self) -> str:
        """The score in a word."""
        return rating(self.score)

    def dimensions(self) -> dict[str, tuple[int, int]]:
        """Points reached and possible, by dimension."""
        return {
            dimension: (
                sum(criterion.points for criterion in CRITERIA if criterion.dimension == dimension and self.states[criterion.id] == REACHED),
                sum(criterion.points for criterion in CRITERIA if criterion.dimension == dimension),
            )
            for dimension in DIMENSIONS
        }

    def missing(self) -> list[str]:
        """Criteria that something could be done for."""
        return [criterion.id for criterion in CRITERIA if self.states[criterion.id] == MISSING]


def rating(score: float) -> str:
    """A score in a word."""
    return next(word for least, word in THRESHOLDS if score >= least)


Forbidden = frozenset[str] | None
"""Fields of the form (empty for what has none) for which the validated description is refused; None where it was not validated."""


def assess(dataset: Dataset, checks: Checks, vocabularies: Vocabularies, forbidden: Forbidden = None) -> Assessment:
    """The score of a dataset, given as CKAN's API shows it. A value of a kind that its field cannot have counts as missing."""
    own = _of_dataset(dataset, vocabularies, forbidden)
    best, files, most = None, dict.fromkeys((criterion.id for criterion in CRITERIA if criterion.of_file), MISSING), -1
    for resource in _dicts(dataset.get("resources")):
        states = _of_file(dataset, resource, checks.get(_text(resource.get("id")), UNTRIED), vocabularies)
        points = _sum(states)
        if points > most:
            best, files, most = _text(resource.get("id")) or None, states, points
    states = {criterion.id: (files if criterion.of_file else own)[criterion.id] for criterion in CRITERIA}
    return Assessment(_sum(states), states, best)


def _sum(states: Reached) -> int:
    return sum(POINTS[name] for name, state in states.items() if state == REACHED)


def _of_dataset(dataset: Dataset, vocabularies: Vocabularies, forbidden: Forbidden) -> Reached:
    level = _text(dataset.get("access_level"))
    reached = {
        "keyword": bool(_text(dataset.get("tag_string"))) or any(_text(tag.get("name")) for tag in _dicts(dataset.get("tags"))),
        "theme": any(_is_address(value) for value in _texts(dataset.get("theme"))),
        # an own dataset that states no place is about the whole territory, and the feed says so
        "spatial": bool(_texts(dataset.get("communes"))) or any(map(_holds_text, _dicts(dataset.get("spatial_coverage")))) or not is_harvested(dataset),
        "temporal": any(_text(period.get("start")) or _text(period.get("end")) for period in _dicts(dataset.get("temporal_coverage"))),
        "conformance": not (_faults(dataset) if forbidden is None else forbidden),
        "access_rights": bool(level) or bool(_text(dataset.get("access_rights"))),
        "access_rights_known": level in vocabularies.levels,
        "contact": any(_text(contact.get(key)) for contact in _dicts(dataset.get("contact")) for key in ("name", "email", "url")),
        "publisher": bool(_text(dataset.get("owner_org"))) or any(map(_holds_text, _dicts(dataset.get("publisher")))),
        "issued": bool(_text(dataset.get("issued")) or _text(dataset.get("metadata_created"))),
        "modified": bool(_text(dataset.get("modified")) or _text(dataset.get("metadata_modified"))),
    }
    return {name: REACHED if met else MISSING for name, met in reached.items()}


def _faults(dataset: Dataset) -> list[str]:
    """Fields without which a description breaks DCAT-AP's obligations, as far as can be said before it was validated: title, description, an address of each file."""
    faults = [field for field in ("title", "notes") if not _text(dataset.get(field))]
    if any(_is_without_address(dataset, resource) for resource in _dicts(dataset.get("resources"))):
        faults.append("url")
    return faults


def is_open(dataset: Dataset, resource: Mapping[str, Any] | None = None) -> bool:
    """Whether everybody may have a file by its level of access, perhaps after an embargo: the description is judged as it is then."""
    return level_of(dataset, resource) == OPEN


def is_harvested(dataset: Dataset) -> bool:
    """Whether it comes from another catalogue, as `package_show` gives it or as it is stored."""
    marks = {"guid", "harvest_source_id", "harvest_object_id"}
    return any(dataset.get(mark) for mark in marks) or any(_text(extra.get("key")) in marks for extra in _dicts(dataset.get("extras")))


def _is_without_address(dataset: Dataset, resource: Mapping[str, Any]) -> bool:
    return is_open(dataset, resource) and not _is_address(access_address(resource))


def is_upload(resource: Mapping[str, Any]) -> bool:
    """Whether a file lies in the portal."""
    return resource.get("url_type") == "upload"


def access_address(resource: Mapping[str, Any]) -> str:
    """Where the feed says that a file can be had."""
    return _text(resource.get("access_url")) or _text(resource.get("url"))


def download_address(resource: Mapping[str, Any]) -> str:
    """Where the feed says that its bytes are: of an upload, and where the source gave such an address."""
    return _text(resource.get("download_url")) or (_text(resource.get("url")) if is_upload(resource) else "")


def _of_file(dataset: Dataset, resource: Mapping[str, Any], links: Links, vocabularies: Vocabularies) -> Reached:
    kind = file_type(resource, vocabularies)
    licence = _text(resource.get("license")) or _text(dataset.get("license_id"))
    stated = licence.lower() not in NOT_STATED
    reached = {
        **_links_of_file(dataset, resource, links),
        # the feed names a format and a media type by their addresses in the vocabularies, or not at all
        "format": kind is not None,
        "media_type": kind is not None and bool(kind.media),
        "format_known": kind is not None and bool(kind.media),
        "non_proprietary": kind is not None and kind.free,
        "machine_readable": kind is not None and kind.machine,
        "licence": stated,
        "licence_known": stated and bool(vocabularies.licences.get(licence)),
        "rights": bool(_text(resource.get("rights"))),
        "size": _is_size(resource.get("size")),
    }
    return {name: met if isinstance(met, str) else REACHED if met else MISSING for name, met in reached.items()}


def _links_of_file(dataset: Dataset, resource: Mapping[str, Any], links: Links) -> Reached:
    if not is_open(dataset, resource):
        # the feed gives the page where the data are asked for, and no address of the bytes
        return {"access": REACHED, "download_given": OUTSIDE, "download": OUTSIDE}
    # CKAN gives an upload its address when the file is there; only a check may find it gone
    tried = {None: REACHED if is_upload(resource) else WAITING, True: REACHED, False: MISSING}
    given = bool(download_address(resource))
    return {
        "access": tried[links.access] if access_address(resource) else MISSING,
        "download_given": REACHED if given else MISSING,
        "download": tried[links.download] if given else MISSING,
    }


def file_type(resource: Mapping[str, Any], vocabularies: Vocabularies) -> FileType | None:
    """The format of a file, by its stated format, else by its media type."""
    for field in ("format", "mimetype"):
        short = _text(resource.get(field)).lower().rpartition("/file-type/")[2].removeprefix("http://www.iana.org/assignments/media-types/")
        if short in vocabularies.formats:
            return vocabularies.formats[short]
    return None


# what to do, tried out

FILE = {"format": "CSV", "mimetype": "text/csv", "size": 1, "url_type": "upload", "url": "https://example.org/file.csv"}
"""A file as the form makes it of an uploaded table."""

NEW = "new"

OF_DATASET: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("keyword", "keyword", "tag_string", {"tags": [{"name": "word"}]}),
    ("theme", "theme", "theme", {"theme": ["http://publications.europa.eu/resource/authority/data-theme/ENVI"]}),
    ("spatial", "spatial", "communes", {"communes": ["00000"]}),
    ("temporal", "temporal", "temporal_coverage", {"temporal_coverage": [{"start": "2020"}]}),
    ("contact", "contact", "contact", {"contact": [{"email": "somebody@example.org"}]}),
    ("publisher", "publisher", "owner_org", {"owner_org": "partner"}),
    ("access_rights_known", "access_rights", "access_level", {"access_level": "open"}),
    ("issued", "issued", "issued", {"issued": "2020-01-01"}),
    ("modified", "modified", "modified", {"modified": "2020-01-01"}),
)
"""Criterion that is missing, code of the fix, field of the form, and what the form would then have given."""


def fixes(dataset: Dataset, checks: Checks, vocabularies: Vocabularies, assessment: Assessment | None = None, forbidden: Forbidden = None) -> list[Fix]:
    """What would raise the score, the most first. Each gain is the one of this fix alone."""
    now = assessment or assess(dataset, checks, vocabularies, forbidden)
    found = []
    for code, field, file, also, changed, tried in _candidates(dataset, checks, vocabularies, now):
        # the dataset's field that the edit fills is mended by it; all else that is forbidden stays so, as it may be another file's
        then = assess(changed, tried, vocabularies, forbidden - {field} if forbidden and file is None else forbidden)
        if then.score > now.score:
            gained = tuple(name for name in POINTS if then.states[name] == REACHED and now.states[name] != REACHED)
            found.append(Fix(code, field, file, then.score - now.score, gained, also))
    if forbidden and "" not in forbidden and not any("conformance" in fix.criteria for fix in found):
        # no other edit mends it: values that are there and may not be, or several at once
        then = assess(dataset, checks, vocabularies, frozenset())
        found.append(Fix("conformance", min(forbidden), None, then.score - now.score, ("conformance",)))
    return sorted(found, key=lambda fix: -fix.gain)


Candidate = tuple[str, str, "str | None", tuple[str, ...], dict[str, Any], Checks]


def _candidates(dataset: Dataset, checks: Checks, vocabularies: Vocabularies, now: Assessment) -> Iterator[Candidate]:
    """What may help: code, field, file, other files with the same fault, and the dataset and checks as they would be."""
    missing = set(now.missing())
    for criterion, code, field, values in OF_DATASET:
        if criterion in missing:
            yield code, field, None, (), {**dataset, **values}, checks
    faults = _faults(dataset)
    if "title" in faults or "notes" in faults:
        yield "described", faults[0], None, (), {**dataset, **{field: "Text" for field in faults if field != "url"}}, checks
    files = _dicts(dataset.get("resources"))
    if _text(dataset.get("license_id")).lower() in NOT_STATED and "licence" in missing and files:
        yield "licence", "license_id", None, (), {**dataset, "license_id": vocabularies.licence}, checks
    if not files:
        yield "file", "url", NEW, (), {**dataset, "resources": [{"id": NEW, **FILE}]}, checks
        return
    yield from _of_best_file(dataset, checks, vocabularies, now, missing)
    without = [resource for resource in files if _is_without_address(dataset, resource)]
    if without:
        whole = [{**resource, "url": FILE["url"], "access_url": ""} if resource in without else resource for resource in files]
        first = without[0]
        yield "address_written", "url", _text(first.get("id")) or None, (), {**dataset, "resources": whole}, checks


def _of_best_file(dataset: Dataset, checks: Checks, vocabularies: Vocabularies, now: Assessment, missing: set[str]) -> Iterator[Candidate]:
    """What may help the file that counts."""
    files = _dicts(dataset.get("resources"))
    best = next((resource for resource in files if _text(resource.get("id")) == now.best), None)
    if best is None or now.best is None:
        return
    links = checks.get(now.best, UNTRIED)

    def also(criterion: str) -> tuple[str, ...]:
        others = ((_text(other.get("id")), other) for other in files if other is not best)
        return tuple(name for name, other in others if name and _of_file(dataset, other, checks.get(name, UNTRIED), vocabularies)[criterion] == MISSING)

    def with_best(**values: Any) -> dict[str, Any]:
        return {**dataset, "resources": [{**resource, **values} if resource is best else resource for resource in files]}

    kind = file_type(best, vocabularies)
    if links.access is False or links.download is False:
        given = Links(links.access is not None or None, links.download is not None or None)
        yield "address", "url", now.best, also("access"), with_best(), {**checks, now.best: given}
    if is_open(dataset, best) and not download_address(best) and not (kind and kind.service):
        kept = {"format": best.get("format"), "mimetype": best.get("mimetype")} if kind else {}
        yield "upload", "url", now.best, also("download_given"), with_best(**{**FILE, "access_url": "", **kept}), {**checks, now.best: Links(True, True)}
    if kind is None:
        yield "format", "format", now.best, also("format"), with_best(format=FILE["format"], mimetype=FILE["mimetype"]), checks
    elif {"non_proprietary", "machine_readable"} & missing:
        copy = {**best, **FILE, "id": NEW, "access_url": "", "download_url": ""}
        yield "open_format", "url", NEW, (), {**dataset, "resources": [*files, copy]}, {**checks, NEW: Links(True, True)}


def not_stated(dataset: Dataset, assessment: Assessment) -> list[str]:
    """Fields of the dataset's form that say nothing: those that the portal asks for, and those that give points."""
    asked = [field for field in PORTAL_ASKS if all(value.lower() in NOT_STATED for value in _texts(dataset.get(field)))]
    pointed = [criterion.field for criterion in CRITERIA if not criterion.of_file and criterion.id != "conformance" and assessment.states[criterion.id] == MISSING]
    return list(dict.fromkeys([*asked, *pointed]))


# values of any kind, as harvests and the API bring them


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    """A list, also when it is written as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return []
    return value if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    listed = _list(value) or ([] if isinstance(value, str) and value.lstrip().startswith("[") else [value])
    return [text for text in map(_text, listed) if text]


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in _list(value) if isinstance(entry, Mapping)]


def _holds_text(entry: Mapping[str, Any]) -> bool:
    return any(map(_text, entry.values()))


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path)) and not any(sign in value for sign in ' <>"{}|\\^`')


def _is_size(value: Any) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"0*[1-9][0-9]*", value.strip()) is not None
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0

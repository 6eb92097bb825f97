"""Whether two descriptions are of the same dataset: under another address, or from two portals. And which file is which after a change.

Pairs are not looked for among all with all: only descriptions that share a key (an identifier, the address of a file, the words of a title) are compared, so that the work grows
with the number of datasets, not with its square. A key that many share says nothing and is passed over.
"""
from __future__ import annotations

import dataclasses
import hashlib
import itertools
import re
import unicodedata
from array import array
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlsplit

PROPOSED = 0.8
"""The score from which two datasets are proposed as the same."""

MOST_IN_BLOCK = 40
"""Datasets that may share a key; one that more share is a site's, a service's or a template's."""

REASONS = {
    "identifier": ("they have the same identifier", "ils ont le même identifiant"),
    "files": ("most of their files are at the same addresses", "la plupart de leurs fichiers sont aux mêmes adresses"),
    "title-publisher-files": ("title, publisher and files agree", "le titre, le producteur et les fichiers concordent"),
    "title-publisher": ("title and publisher agree, the files do not", "le titre et le producteur concordent, pas les fichiers"),
    "title-files": ("title and files agree", "le titre et les fichiers concordent"),
    "editions": ("other years or numbers: other editions of one series", "d’autres années ou numéros : des éditions différentes d’une même série"),
    "places": ("they are about different communes", "ils portent sur des communes différentes"),
    "publishers": ("the same title from other publishers", "le même titre, d’autres producteurs"),
    "nothing": ("too little agrees", "trop peu concorde"),
}
"""Why two are held to be the same, or not, in English and French."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """How likely two are the same (0 to 1), and the reason, a key of REASONS."""

    score: float
    reason: str

    @property
    def same(self) -> bool:
        """Whether it is to be proposed."""
        return self.score >= PROPOSED


@dataclasses.dataclass(frozen=True)
class File:
    """A file of a dataset."""

    url: str
    name: str = ""
    format: str = ""


@dataclasses.dataclass(frozen=True)
class Dataset:
    """What is compared of a dataset. `key` is its own id."""

    key: str
    title: str
    identifiers: tuple[str, ...] = ()
    """Its identifier, other identifiers, its page."""

    publisher: str = ""
    files: tuple[File, ...] = ()
    communes: frozenset[str] = frozenset()
    years: frozenset[str] = frozenset()
    """Years of the period that it covers."""

    sources: tuple[str, ...] = ()
    """What it was derived from (dct:source): portals state there what they have repeated. Two of one source are not the same for that."""

    @cached_property
    def names(self) -> frozenset[str]:
        """Identifiers that say something, as they are compared."""
        return frozenset(name for stated in self.identifiers for name in identifying(stated))

    @cached_property
    def origins(self) -> frozenset[str]:
        """What it was derived from, as identifiers are compared."""
        return frozenset(name for stated in self.sources for name in identifying(stated))

    @cached_property
    def addresses(self) -> frozenset[str]:
        """Addresses of files, as they are compared."""
        return frozenset(address for file in self.files if (address := file_address(file.url)))

    @cached_property
    def maker(self) -> frozenset[str]:
        """The words of the publisher's name."""
        return frozenset(words(self.publisher)) - IN_EVERY_PUBLISHER

    @cached_property
    def full(self) -> frozenset[str]:
        """The words of the title, without those of formats and of every sentence."""
        return frozenset(words(self.title)) - IN_EVERY_TITLE

    @cached_property
    def said(self) -> frozenset[str]:
        """Those that tell it from others of its publisher, whose name many portals put before the title."""
        return (self.full - self.maker) or self.full

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Years and other numbers in the title."""
        return frozenset(re.findall(r"\d+", " ".join(self.said)))

    @cached_property
    def dates(self) -> frozenset[str]:
        """Years and days in the names of files, and in the identifier: a series often says its edition nowhere else."""
        named = [file.name or file.url.partition("?")[0].rpartition("/")[2] for file in self.files]
        short = [name.rstrip("/").rpartition("/")[2] for name in self.identifiers[:1] if not UUID.search(name)]
        return frozenset(date for text in (*named, *short) for date in DATED.findall(text))

    @cached_property
    def file_names(self) -> frozenset[tuple[str, str]]:
        """Names and formats of files."""
        return frozenset((" ".join(words(file.name)), file.format.lower()) for file in self.files)


IN_EVERY_TITLE = frozenset(
    {
        "a", "au", "aux", "d", "dans", "de", "des", "du", "en", "et", "l", "la", "le", "les", "par", "pour", "sur", "the", "of", "in", "and", "for",
        "on", "by", "from", "donnees", "data", "jeu", "dataset", "open", "opendata", "csv", "json", "geojson", "xlsx", "xls", "shp", "shapefile", "zip",
    }
)  # fmt: skip
IN_EVERY_PUBLISHER = frozenset(
    {
        "a", "d", "de", "des", "du", "et", "l", "la", "le", "les", "of", "the", "and",
        "ville", "commune", "mairie", "communaute", "agglomeration", "metropole", "departement", "region", "service", "direction",
    }
)  # fmt: skip
GENERIC = re.compile(r"(dataset|jeu|data|donnees|id|test|record|fiche)?[-_ ]?\d{0,6}")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{24}(?![0-9a-f])")
DATED = re.compile(r"(?<!\d)(?:19|20)\d{2}(?:(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])?)?(?!\d)")
DOI = re.compile(r"\b10\.\d{4,9}/\S+")


def words(text: str) -> list[str]:
    """The words of a text in small letters without accents; a number is a word of its own."""
    flat = "".join(letter for letter in unicodedata.normalize("NFD", text.lower().replace("œ", "oe")) if not unicodedata.combining(letter))
    return [_singular(word) for word in re.findall(r"[a-z]+|\d+", flat)]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] in "sx" else word


def identifying(stated: str) -> Iterator[str]:
    """The parts of an identifier that can be that of one dataset only, as they are compared: a UUID, a DOI, an address, or a long name."""
    said = unquote(stated.strip()).lower()
    if found := UUID.findall(said):
        yield found[-1]
        return
    if doi := DOI.search(said):
        yield f"doi:{doi[0].rstrip('/.')}"
        return
    if re.match(r"https?://", said):
        if address := bare(said):
            yield address
            last = address.rpartition("/")[2]
            if _long(last):
                yield last
    elif _long(said):
        yield said.removeprefix("urn:")


def _long(name: str) -> bool:
    """Whether a name is too long to be given by two portals by chance."""
    return len(name) >= 12 and not GENERIC.fullmatch(name)


def bare(address: str) -> str:
    """An address without what differs for no reason: scheme, `www.`, a language, the last slash. Nothing for a site's first page."""
    try:
        parts = urlsplit(unquote(address.strip()))
    except ValueError:
        return ""
    host = (parts.hostname or "").removeprefix("www.")
    path = re.sub(r"^/(fr|en|fre|eng)(?=/)|/(index|home)(\.\w+)?$", "", re.sub(r"/+", "/", parts.path)).rstrip("/")
    fragment = f"#{parts.fragment}" if "/" in parts.fragment else ""
    question = "&".join(sorted(part for part in parts.query.split("&") if part and not re.match(r"(utm_\w+|use_labels|lang|timezone|session|token)=", part)))
    told = path + (f"?{question}" if question else "") + fragment
    return f"{host}{told}".lower() if host and told.strip("/") else ""


def file_address(url: str) -> str:
    """The address of a file as it is compared; nothing for a service's own address, which all its layers share."""
    address = bare(url)
    if re.search(r"(/(ows|wms|wfs|wcs|csw|mapserv|api|explore)/?|\.map)$|[?&](request=getcapabilities|service=)", address):
        return ""
    return address


def compare(one: Dataset, other: Dataset) -> Verdict:
    """Whether two descriptions are of the same dataset."""
    names = one.names & other.names or one.names & other.origins or one.origins & other.names
    # two titles that each have words of their own are mostly two datasets, which may share a service, a notice or a viewer
    swapped = bool(one.full - other.full and other.full - one.full)
    title = _likeness(one.full, other.full) if swapped else _likeness(one.said, other.said)
    editions = _editions(one, other)
    makers = _makers(one, other)
    files = _share(one.addresses, other.addresses)
    if names and not editions and (title >= 0.3 or files):
        return Verdict(0.98, "identifier")
    if editions:
        return Verdict(0.3 if names else 0.1, "editions")
    if one.communes and other.communes and not one.communes & other.communes:
        return Verdict(0.1, "places")
    if title >= 0.5 and files >= 0.5 and (one.said == other.said or _likeness(one.addresses, other.addresses) >= 0.8):
        return Verdict(0.96, "files")
    if title < 1 or not one.said:
        return Verdict(0.5 if names or files >= 0.5 else 0.2, "nothing")
    return _same_title(one, other, makers, files)


def _same_title(one: Dataset, other: Dataset, makers: float, files: float) -> Verdict:
    """Of two whose titles say the same."""
    alike = _share(one.file_names - {("", "")}, other.file_names - {("", "")})
    if makers < 0.5 and one.maker and other.maker:
        return Verdict(0.4 if files else 0.2, "publishers")
    if makers >= 0.5 and (files or alike >= 0.5):
        return Verdict(0.92, "title-publisher-files")
    if makers >= 0.5:
        return Verdict(0.85 if len(one.said) >= 3 else 0.7, "title-publisher")
    return Verdict(0.85, "title-files") if files and len(one.said) >= 2 else Verdict(0.5, "nothing")


def _likeness(one: frozenset[Any], other: frozenset[Any]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


def _share(one: frozenset[Any], other: frozenset[Any]) -> float:
    """How much of the smaller set the other one has."""
    return len(one & other) / min(len(one), len(other)) if one and other else 0.0


def _makers(one: Dataset, other: Dataset) -> float:
    """How alike the publishers' names are; an abbreviation counts as the name that it abbreviates."""
    if _short(one.publisher, other.publisher) or _short(other.publisher, one.publisher):
        return 1.0
    return _share(one.maker, other.maker)


def _short(short: str, long: str) -> bool:
    letters = re.sub(r"[^a-z]", "", short.lower())
    initials = "".join(word[0] for word in words(long) if word not in IN_EVERY_TITLE)
    return len(letters) >= 3 and short.isupper() and initials.startswith(letters)


def _editions(one: Dataset, other: Dataset) -> bool:
    """Whether numbers in titles, dates in names, or the years that they cover, say that they are two of a series."""
    if one.numbers and other.numbers and one.numbers != other.numbers:
        return True
    return any(mine and theirs and not mine & theirs for mine, theirs in ((one.years, other.years), (one.dates, other.dates)))


def keys(dataset: Dataset) -> Iterator[str]:
    """What two descriptions of the same dataset share at least one of."""
    yield from (f"i {name}" for name in sorted(dataset.names | dataset.origins))
    yield from (f"f {address}" for address in dataset.addresses)
    # with a title's words in order of the alphabet, numbers left out: an edition without its year is compared with the one that has it
    if letters := sorted(word for word in dataset.said if not word.isdigit()):
        yield "t " + " ".join(letters)


class Blocks:
    """Which datasets share a key. It keeps no datasets, so that a large catalogue fits: those of a pair are looked up when it is compared."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.keys = array("Q")
        self.places = array("L")

    def add(self, dataset: Dataset) -> None:
        """One more."""
        for key in set(keys(dataset)):
            self.keys.append(int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"))
            self.places.append(len(self.names))
        self.names.append(dataset.key)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """The names of each pair that shares a key, once."""
        seen: set[int] = set()
        for _, block in itertools.groupby(sorted(zip(self.keys, self.places, strict=True)), key=lambda entry: entry[0]):
            places = [place for _, place in itertools.islice(block, MOST_IN_BLOCK + 1)]
            if len(places) > MOST_IN_BLOCK:
                continue
            for one, other in itertools.combinations(places, 2):
                pair = one * len(self.names) + other
                if pair not in seen and self.names[one] != self.names[other]:
                    seen.add(pair)
                    yield self.names[one], self.names[other]


def candidates(datasets: Iterable[Dataset]) -> Iterator[tuple[Dataset, Dataset]]:
    """Each pair that shares a key, once; of datasets that are few enough to be held."""
    held, blocks = {}, Blocks()
    for dataset in datasets:
        held[dataset.key] = dataset
        blocks.add(dataset)
    return ((held[one], held[other]) for one, other in blocks.pairs())


def doubles(datasets: Iterable[Dataset]) -> list[tuple[Dataset, Dataset, Verdict]]:
    """Pairs that are to be proposed as the same, the likeliest first."""
    found = [(one, other, compare(one, other)) for one, other in candidates(datasets)]
    return sorted((entry for entry in found if entry[2].same), key=lambda entry: (-entry[2].score, entry[0].title, entry[0].key, entry[1].key))


def of_dataset(given: Mapping[str, Any]) -> Dataset:
    """What is compared of a dataset of our schema, as `package_show` gives it."""
    agents = [agent.get("name") or "" for agent in given.get("publisher") or [] if isinstance(agent, Mapping)]
    organisation = given.get("organization") or {}
    stated = [given.get("identifier"), *(given.get("alternate_identifier") or []), given.get("url"), given.get("uri"), given.get("source"), *(given.get("merged_from") or [])]
    stated += [extra.get("value") for extra in given.get("extras") or [] if extra.get("key") in {"guid", "source", "uri"}]
    periods = [period for period in given.get("temporal_coverage") or [] if isinstance(period, Mapping)]
    return Dataset(
        key=str(given.get("id") or given.get("identifier") or ""),
        title=str(given.get("title") or ""),
        identifiers=tuple(dict.fromkeys(str(name) for name in stated if name)),
        sources=tuple(str(name) for name in given.get("was_derived_from") or []),
        publisher=next(filter(None, agents), "") or str(organisation.get("title") or ""),
        files=tuple(File(str(file.get("url") or ""), str(file.get("name") or ""), str(file.get("format") or "")) for file in given.get("resources") or []),
        communes=frozenset(given.get("communes") or []),
        years=frozenset(year for period in periods for year in _span(str(period.get("start") or ""), str(period.get("end") or ""))),
    )


def _span(start: str, end: str) -> Iterable[str]:
    """The years of a period; a long one has only its first and its last."""
    years = [stated[:4] for stated in (start, end) if re.match(r"\d{4}", stated)]
    if len(years) == 2 and 0 <= int(years[1]) - int(years[0]) <= 50:
        return [str(year) for year in range(int(years[0]), int(years[1]) + 1)]
    return years


# which file is which


def matched(stored: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]]) -> list[tuple[int | None, str]]:
    """For each file that a source gives now, which of those stored it is (its place, or None), and by what: `identifier`, `address`, `name`, `place` or `new`.

    Each stored file is matched once. By place only where nothing else says: both left at the same place, of the same format.
    """
    found: dict[int, tuple[int, str]] = {}
    taken: set[int] = set()

    def match(now: int, before: int, why: str) -> None:
        found[now] = (before, why)
        taken.add(before)

    ways: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
        ("identifier", _file_identifier), ("address", lambda file: str(file.get("url") or "")), ("address", lambda file: bare(str(file.get("url") or ""))), ("name", _file_name),
    )  # fmt: skip
    for why, key in ways:
        before, now = _places(stored, taken, key), _places(given, found, key)
        for value, places in now.items():
            # a name that two have tells neither
            if why != "name" or len(places) == len(before.get(value, ())) == 1:
                for here, there in _told_apart(given, places, stored, before.get(value, [])):
                    match(here, there, why)
    for place in range(min(len(stored), len(given))):
        if place not in found and place not in taken and _format(stored[place]) == _format(given[place]) and len(stored) == len(given):
            match(place, place, "place")
    return [found.get(place, (None, "new")) for place in range(len(given))]


def _told_apart(given: Sequence[Mapping[str, Any]], here: list[int], stored: Sequence[Mapping[str, Any]], there: list[int]) -> list[tuple[int, int]]:
    """Which is which of files that share an address, as the layers of a service do: those of one name and format, then the rest in their order."""
    found: dict[int, int] = {}
    for key in (_exact_name, _file_name):
        taken, named = set(found.values()), dict[str, deque[int]]()
        for one in there:
            if one not in taken and (name := key(stored[one])):
                named.setdefault(name, deque()).append(one)
        for place in here:
            if place not in found and (same := named.get(key(given[place]))):
                found[place] = same.popleft()
    taken = set(found.values())
    found.update(zip((place for place in here if place not in found), (one for one in there if one not in taken), strict=False))
    return list(found.items())


def _places(files: Sequence[Mapping[str, Any]], done: Container[int], key: Callable[[Mapping[str, Any]], str]) -> dict[str, list[int]]:
    """Where the files stand that are not matched yet, by what they are matched by."""
    found: dict[str, list[int]] = {}
    for place, file in enumerate(files):
        if place not in done and (value := key(file)):
            found.setdefault(value, []).append(place)
    return found


def _file_identifier(file: Mapping[str, Any]) -> str:
    return str(file.get("identifier") or file.get("uri") or "")


def _file_name(file: Mapping[str, Any]) -> str:
    name = " ".join(words(str(file.get("name") or "")))
    return f"{name} {_format(file)}" if name else ""


def _exact_name(file: Mapping[str, Any]) -> str:
    return f"{file['name']} {_format(file)}" if file.get("name") else ""


def _format(file: Mapping[str, Any]) -> str:
    return str(file.get("format") or "").lower()

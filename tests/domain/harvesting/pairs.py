"""Labelled pairs of descriptions, of the same dataset or not, made from the reference feeds.

How they are made (the labels come from how a pair was made, never from what our comparison says of it):

- *as they stand*: every pair of the 17 descriptions of the nine feeds. Feeds repeat datasets of `data.test.org`; two are the same where their address has the same number. One feed has two datasets
  that are both called “Dataset 1”, by the same publisher: not the same.
- *the same*: each of the five descriptions of real portals (a DKAN, a GeoNetwork, an Opendatasoft through udata), and of four samples, as another portal would give it. The ways are those that the feeds themselves show:
  udata keeps the identifier and adds its own, CKAN makes a new one and keeps `guid`, a DKAN names the GeoNetwork's UUID among others, Opendatasoft has no identifier but a name made of the title, and gives exports as files.
  Besides: a new host, a new path, `http` for `https`, a decorated title, an abbreviated publisher, fewer files, files behind other addresses with the same names.
- *not the same*, of the same five: another year in the title; another year only in the file names and the identifier (as `vfe_public_219200755_20240506` is named); another commune in the title, of the same publisher with
  the same services and documentation (as the feed's two plans of Cartigny and Flesselles are); the same title from another partner, also with files of the same names; a part of it; other data of the same publisher on a page of the same site;
  the same short identifier (`1`, `dataset-1`) for something else; a document that both link.

The rules of comparison were mended on these pairs. `twice` makes others on which nothing was tuned: two ways one after the other.

What they do not show: how often each way occurs. They are few real descriptions seen in many ways, so the figures say that the ways are told apart, not how a random catalogue would fare.
"""
from __future__ import annotations

import dataclasses
import itertools
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ckanext.tzc.harvesters.record import Record
from tzc.harvesting.identity import Dataset, File

from . import feeds


class Pair(NamedTuple):
    """Two descriptions, whether they are of the same dataset, and how the pair was made."""

    one: Dataset
    other: Dataset
    same: bool
    made: str


def of_record(record: Record, key: str) -> Dataset:
    """A record as it is compared."""
    years = {part[:4] for period in record.periods for part in (period.start, period.end) if part}
    return Dataset(
        key, record.title, (record.identifier, *record.other_identifiers, *filter(None, [record.address])), record.publisher.name if record.publisher else "",
        tuple(File(file.url, file.name, file.format) for file in record.resources), frozenset(record.communes), frozenset(years),
    )  # fmt: skip


def made() -> list[Pair]:
    """All pairs; none where the feeds are not at hand."""
    read = feeds.read()
    described = [(name, record, of_record(record, f"{name} {place}")) for place, (name, record) in enumerate(read)]
    pairs = [Pair(one, other, _number(first) == _number(second), "as they stand") for (_, first, one), (_, second, other) in itertools.combinations(described, 2)]
    real = [dataset for name, _, dataset in described if name in {"dkan", "csw", "dcat-udata.xml"}]
    samples = [dataset for name, _, dataset in described if name in {"dcat-nested.jsonld", "dcat-partial-collection-2.jsonld"} or name == "dcat-bnodes.xml"][:4]
    for dataset in (*real, *samples):
        pairs += [Pair(dataset, changed, True, way.__name__) for way in SAME for changed in [way(dataset)] if changed is not None]
    for dataset in real:
        for way in OTHER:
            pairs += [Pair(dataset, dataclasses.replace(changed, key=f"{changed.key} {place}"), False, way.__name__) for place, changed in enumerate(way(dataset))]
    return pairs


def twice() -> list[Pair]:
    """The descriptions of real portals, each changed in two ways one after the other, and others that were then changed in one of those ways."""
    real = [of_record(record, f"{name} {place}") for place, (name, record) in enumerate(feeds.read()) if name in {"dkan", "csw", "dcat-udata.xml"}]
    pairs: list[Pair] = []
    for dataset in real:
        once = [changed for way in SAME if (changed := way(dataset))]
        pairs += [Pair(dataset, changed, True, way.__name__) for former in once for way in SAME if (changed := way(former))]
        pairs += [Pair(dataset, changed, False, way.__name__) for kind in OTHER for other in kind(dataset) for way in SAME if (changed := way(other))]
    return pairs


def _number(record: Record) -> str:
    found = re.search(r"data\.test\.org/datasets/(\d+)", record.resources[0].url)
    return found[1] if found else record.identifier


def _own(dataset: Dataset, salt: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, dataset.key + salt))


def _slug(text: str) -> str:
    return "-".join(re.findall(r"\w+", text.lower()))[:80]


def _elsewhere(dataset: Dataset, host: str, folder: str = "fichiers") -> tuple[File, ...]:
    """The same files behind another portal's addresses, with their names."""
    return tuple(dataclasses.replace(file, url=f"https://{host}/{folder}/{_own(dataset, file.url)}/telecharger") for file in dataset.files)


def _changed(dataset: Dataset, way: str, **fields: Any) -> Dataset:
    return dataclasses.replace(dataset, key=f"{dataset.key} {way}", **fields)


# the same, as another portal gives it


def through_udata(dataset: Dataset) -> Dataset:
    own = _own(dataset, "udata").replace("-", "")[:24]
    page = f"https://www.data.gouv.fr/datasets/{own}/"
    files = tuple(dataclasses.replace(file, url=f"https://www.data.gouv.fr/datasets/r/{_own(dataset, file.url)}") for file in dataset.files)
    return _changed(dataset, "udata", identifiers=(own, page, dataset.identifiers[0]), files=files)


def through_ckan(dataset: Dataset) -> Dataset:
    own = _own(dataset, "ckan")
    return _changed(dataset, "ckan", identifiers=(own, f"https://ckan.example.org/dataset/{_slug(dataset.title)}", dataset.identifiers[0]))


def through_ckan_without_guid(dataset: Dataset) -> Dataset:
    return _changed(dataset, "guid", identifiers=(_own(dataset, "other"), f"https://ckan.example.org/dataset/{_slug(dataset.title)}"))


def through_opendatasoft(dataset: Dataset) -> Dataset | None:
    if len(dataset.title) < 12:
        return None
    name = _slug(dataset.title)
    files = tuple(File(f"https://ods.example.org/api/explore/v2.1/catalog/datasets/{name}/exports/{kind}", f"{name}.{kind}", kind.upper()) for kind in ("csv", "json", "xlsx"))
    return _changed(dataset, "ods", identifiers=(name, f"https://ods.example.org/explore/dataset/{name}/"), files=files)


def through_a_geonetwork(dataset: Dataset) -> Dataset:
    own = next((name for name in dataset.identifiers if re.fullmatch(r"[0-9a-f-]{36}|fr-\d+-ldd.*", name)), dataset.identifiers[0])
    page = f"https://geo.example.org/geonetwork/srv/fre/catalog.search#/metadata/{own}"
    services = (File("https://geo.example.org/geoserver/ows?service=WMS&request=GetCapabilities", "couche", "WMS"),)
    return _changed(dataset, "geonetwork", identifiers=(own, page), files=(*dataset.files[:1], *services))


def with_a_source(dataset: Dataset) -> Dataset:
    """A copy that says where it is from (dct:source), with files of its own."""
    source = next((name for name in dataset.identifiers if name.startswith("http")), dataset.identifiers[0])
    return _changed(dataset, "source", identifiers=(_own(dataset, "copy"), source), files=_elsewhere(dataset, "copie.example.org"))


def at_a_new_host(dataset: Dataset) -> Dataset:
    def moved(url: str) -> str:
        return re.sub(r"^https?://[^/]+", "https://nouveau.example.org", url)

    files = tuple(dataclasses.replace(file, url=moved(file.url)) for file in dataset.files)
    return _changed(dataset, "host", identifiers=tuple(moved(name) for name in dataset.identifiers), files=files)


def by_https(dataset: Dataset) -> Dataset:
    def other(url: str) -> str:
        return url.replace("http://", "https://www.").rstrip("/") if url.startswith("http://") else re.sub("^https://(www[.])?", "http://", url.rstrip("/"))

    return _changed(dataset, "https", identifiers=tuple(other(name) for name in dataset.identifiers), files=tuple(dataclasses.replace(file, url=other(file.url)) for file in dataset.files))


def with_a_decorated_title(dataset: Dataset) -> Dataset:
    return _changed(dataset, "title", title=f"{dataset.publisher} – {dataset.title.upper().replace('’', chr(39))}", identifiers=(_own(dataset, "title"),))


def with_a_new_title(dataset: Dataset) -> Dataset | None:
    """Reworded by its maker; the identifier stays."""
    if len(dataset.title) < 12:
        return None
    return _changed(dataset, "reworded", title=f"{' '.join(dataset.title.split()[:5])} : localisation, description", files=_elsewhere(dataset, "neuf.example.org"))


def with_fewer_files(dataset: Dataset) -> Dataset:
    return _changed(dataset, "fewer", identifiers=(_own(dataset, "fewer"),), files=dataset.files[:1])


def with_more_files(dataset: Dataset) -> Dataset:
    more = tuple(File(f"https://autre.example.org/{_own(dataset, str(number))}", f"Annexe {number}", "PDF") for number in range(3))
    return _changed(dataset, "more", identifiers=(_own(dataset, "more"),), files=(*dataset.files, *more))


def of_another_name(dataset: Dataset) -> Dataset:
    """The publisher by a part of its name, the files behind other addresses."""
    short = re.sub(r"\s*\(.*", "", dataset.publisher)
    return _changed(dataset, "publisher", publisher=short.upper(), identifiers=(_own(dataset, "publisher"),), files=_elsewhere(dataset, "tiers.example.org") if len(dataset.title) > 12 else dataset.files)


def moved_without_trace(dataset: Dataset) -> Dataset | None:
    """A portal made anew: new identifiers, new addresses, the same words and file names."""
    if len(dataset.title) < 12:
        return None
    return _changed(dataset, "anew", identifiers=(_own(dataset, "anew"),), files=_elsewhere(dataset, "refonte.example.org"))


SAME: tuple[Callable[[Dataset], Dataset | None], ...] = (
    through_udata, through_ckan, through_ckan_without_guid, through_opendatasoft, through_a_geonetwork, with_a_source, at_a_new_host, by_https, with_a_decorated_title, with_a_new_title, with_fewer_files,
    with_more_files, of_another_name, moved_without_trace,
)  # fmt: skip


# not the same, though much agrees


def _retold(dataset: Dataset, title: str, salt: str, **fields: object) -> Dataset:
    return _changed(dataset, salt, **{"title": title, "identifiers": (_own(dataset, salt),), "files": _elsewhere(dataset, "data.example.org", salt.replace(" ", "-")), **fields})


def another_year(dataset: Dataset) -> Iterator[Dataset]:
    for year in ("2017", "2021", "2023"):
        title = re.sub(r"\b20\d\d\b", year, dataset.title) if re.search(r"\b20\d\d\b", dataset.title) else f"{dataset.title} - {year}"
        yield _retold(dataset, title, f"year {year}")


def years_of_a_series(dataset: Dataset) -> Iterator[Dataset]:
    """The same title; identifiers and files are named by their day."""
    for day in ("20220304", "20230405"):
        files = tuple(File(f"https://data.example.org/exports/{_slug(dataset.title)[:20]}_{day}.{file.format.lower() or 'csv'}", f"{_slug(dataset.title)[:20]}_{day}", file.format) for file in dataset.files)
        if re.search(r"(?<!\d)20\d\d(\d{4})?(?!\d)", " ".join((*dataset.identifiers[:1], dataset.title))):
            title = re.sub(r"\d{2}/\d{2}/20\d\d", f"{day[6:]}/{day[4:6]}/{day[:4]}", dataset.title)
            yield _changed(dataset, day, title=title, identifiers=(f"serie_{day}", f"https://data.example.org/explore/dataset/serie_{day}/"), files=files)


PLACES = ("Amiens", "Abbeville", "Corbie", "Doullens", "Ham")


def another_commune(dataset: Dataset) -> Iterator[Dataset]:
    """Of the same publisher; with the same service and documentation where there are some."""
    for place in PLACES:
        title = re.sub(r"Cartigny|Flesselles|Vanves|Hauts-de-France", place, dataset.title)
        yield _retold(dataset, title, f"place {place}", files=(*_elsewhere(dataset, "data.example.org", place), *dataset.files[1:2]))


def another_partner(dataset: Dataset) -> Iterator[Dataset]:
    """The same title; files of the same names elsewhere."""
    title = re.sub(r" - Vanves|^Ville de Vanves - |de la Région Hauts-de-France ", "", dataset.title)
    for place in PLACES[:3]:
        yield _retold(dataset, dataset.title if title == dataset.title else title, f"partner {place}", publisher=f"Ville de {place}")


def a_part(dataset: Dataset) -> Iterator[Dataset]:
    for part in ("secteur nord", "résumé des résultats"):
        yield _retold(dataset, f"{dataset.title} : {part}", part)


def other_data(dataset: Dataset) -> Iterator[Dataset]:
    """Of the same publisher, on the same site, with one file of the other."""
    for title in ("Budget primitif de la collectivité", "Subventions versées aux associations", "Liste des équipements sportifs"):
        yield _retold(dataset, title, f"other {title[:6]}", files=(*_elsewhere(dataset, "data.example.org", _slug(title)), *dataset.files[-1:]), identifiers=(_own(dataset, title), "https://data.example.org/"))


def the_same_short_name(dataset: Dataset) -> Iterator[Dataset]:
    for name in ("1", "dataset-1"):
        yield _retold(dataset, "Inventaire des arbres d’alignement", f"short {name}", identifiers=(name,), publisher="Ville de Corbie")


OTHER: tuple[Callable[[Dataset], Iterator[Dataset]], ...] = (another_year, years_of_a_series, another_commune, another_partner, a_part, other_data, the_same_short_name)

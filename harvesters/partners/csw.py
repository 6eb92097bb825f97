"""How the records of a catalogue service (CSW 2.0.2) are listed, in ISO 19139."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lxml import etree
from tzc.harvesting import causes

from .. import xml
from ..base import Harvester, Source
from ..http import Client, FetchError, ForbiddenError
from ..listing import IncompleteError, Tally, once
from ..record import Item, Record, RecordError
from . import iso19139

CSW, OGC = "http://www.opengis.net/cat/csw/2.0.2", "http://www.opengis.net/ogc"
ROWS = 50
"""Records asked for at once; a server may give fewer. They are long."""

OURS = frozenset({
    "service", "version", "request", "typenames", "namespace", "resulttype", "elementsetname", "outputschema", "outputformat", "startposition", "maxrecords", "id",
    "acceptversions", "sections",
})  # fmt: skip
"""Words of a question that are ours to say; others that stand in the address (`map=…`) are kept."""


class Way(NamedTuple):
    """How a server wants to be asked. Most know a body and an order; some know neither."""

    body: bool
    ordered: bool


WAYS = (Way(body=True, ordered=True), Way(body=True, ordered=False), Way(body=False, ordered=False))


def items(client: Client, address: str) -> Iterator[Item]:
    """Each record of data once. FetchError where the listing breaks off."""
    yield from once(_pages(client, address))


def _pages(client: Client, address: str) -> Iterator[list[Item]]:
    """Page by page, as the server says where the next one begins."""
    way, results = _first(client, address)
    start, came = 1, Tally()
    while True:
        records = [element for element in results if isinstance(element.tag, str)]
        yield [item for element in records if (item := _item(element))]
        came.add(iso19139.identifier_of(element) for element in records)
        expected, following = _number(results, "numberOfRecordsMatched"), _number(results, "nextRecord")
        # some say 0, others a number beyond the last, or nothing
        if following and following <= start:
            raise IncompleteError(f"The catalogue service says that record {following} is next, after record {start + len(records) - 1}: its paging does not work.", "paging")
        start = following or start + len(records)
        if not records or following == 0 or (expected is not None and start > expected):
            came.confirm(expected)
            return
        if expected is None and following is None:
            raise FetchError("The answer says neither how many records there are nor which is next.")
        results = _ask(client, address, way, start)


def _first(client: Client, address: str) -> tuple[Way, Any]:
    """The first way that is answered, and its first page."""
    tried: list[FetchError] = []
    for way in WAYS:
        try:
            return way, _ask(client, address, way, 1)
        except ForbiddenError:
            raise
        except FetchError as error:
            tried.append(error)
    raise FetchError(f"The catalogue service does not answer. {' '.join(dict.fromkeys(map(str, tried)))}", causes.most_telling(error.cause for error in tried))


def _ask(client: Client, address: str, way: Way, start: int) -> Any:
    """The `SearchResults` of a page."""
    answer = client.post(_address(address), _body(start, way.ordered), "application/xml") if way.body else client.get(_address(address, start))
    root = answer.xml()
    if root.tag.endswith("}ExceptionReport"):
        raise FetchError(f"The catalogue service refuses: {' '.join(' '.join(root.itertext()).split())[:200]}", "api_refuses")
    results = next(root.iter(f"{{{CSW}}}SearchResults"), None)
    if results is None:
        raise FetchError(f"The answer is none of a catalogue service (CSW 2.0.2): it is {str(root.tag)[:100]}.")
    return results


def _item(element: Any) -> Item | None:
    """One record; None for one that describes no data. What is not ISO 19139, or has no identifier, is a problem to tell of."""
    if element.tag not in iso19139.ROOTS:
        return Item(problem=f"A record is not in ISO 19139, but {str(element.tag)[:100]}: the catalogue service does not give this form.", cause="format")
    if not iso19139.is_dataset(element):
        return None
    identifier = iso19139.identifier_of(element)
    if not identifier:
        return Item(problem=f"The record in line {element.sourceline} of a page has no identifier (gmd:fileIdentifier).")
    return Item(identifier, iso19139.written(element))


def _number(results: Any, name: str) -> int | None:
    value = (results.get(name) or "").strip()
    return int(value) if value.isdecimal() and len(value) < 10 else None


def _address(address: str, start: int | None = None) -> str:
    """The service's address; with the question in it, where it is not asked in a body."""
    parts = urlsplit(address)
    kept = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key.lower() not in OURS]
    if start is not None:
        kept += [
            ("service", "CSW"), ("version", "2.0.2"), ("request", "GetRecords"), ("resultType", "results"), ("typeNames", "gmd:MD_Metadata"),
            ("namespace", f"xmlns(gmd={iso19139.NAMES['gmd']})"), ("elementSetName", "full"), ("outputSchema", iso19139.NAMES["gmd"]),
            ("startPosition", str(start)), ("maxRecords", str(ROWS)),
        ]  # fmt: skip
    return urlunsplit(parts._replace(query=urlencode(kept), fragment=""))


def record_address(address: str, identifier: str) -> str:
    """Where one record can be looked at."""
    parts = urlsplit(_address(address))
    asked = {"service": "CSW", "version": "2.0.2", "request": "GetRecordById", "elementSetName": "full", "outputSchema": iso19139.NAMES["gmd"], "id": identifier}
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(asked))))))


def _body(start: int, ordered: bool) -> bytes:
    """The question as a body."""
    told = {"service": "CSW", "version": "2.0.2", "resultType": "results", "outputSchema": iso19139.NAMES["gmd"], "startPosition": str(start), "maxRecords": str(ROWS)}
    root = etree.Element(f"{{{CSW}}}GetRecords", told, nsmap={"csw": CSW, "ogc": OGC, "gmd": iso19139.NAMES["gmd"], "apiso": "http://www.opengis.net/cat/csw/apiso/1.0"})
    query = etree.SubElement(root, f"{{{CSW}}}Query", typeNames="gmd:MD_Metadata")
    etree.SubElement(query, f"{{{CSW}}}ElementSetName").text = "full"
    if ordered:
        by = etree.SubElement(etree.SubElement(query, f"{{{OGC}}}SortBy"), f"{{{OGC}}}SortProperty")
        etree.SubElement(by, f"{{{OGC}}}PropertyName").text = "apiso:Identifier"
        etree.SubElement(by, f"{{{OGC}}}SortOrder").text = "ASC"
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


class Csw(Harvester):
    """A catalogue service of the OGC."""

    def discover(self, client: Client, source: Source) -> Iterator[Item]:
        """All records of data."""
        return items(client, source.address)

    def parse(self, content: str, source: Source) -> Record:
        """A metadata element."""
        try:
            return iso19139.read(xml.parse(content.encode()))
        except xml.XmlError as error:
            raise RecordError(str(error), "entities" if error.cause == "entities" else "record") from error

    def record_address(self, source: Source, identifier: str) -> str:
        """The record by itself."""
        return record_address(source.address, identifier)

"""What servers answer that mean no good, or stumble: by whichever kind of catalogue they pretend to be."""
from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

from tests.domain.harvesters.speakers import Answer, Datasets, answered, as_json, iso, of_udata, package, turtle
from tests.sites import Asked, Reply, Site

MEGABYTE = 2**20

BOMB = """<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
<!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">]><b>&f;&f;&f;&f;&f;&f;&f;&f;</b>"""


def reads_elsewhere(address: str) -> str:
    """XML that wants a file of the reader's machine and what is at an address."""
    named = f'<!ENTITY % x SYSTEM "{address}/dtd"> %x; <!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY c SYSTEM "{address}/secret">'
    return f'<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE b [{named}]><b>&a;&c;</b>'


# listings without end: the first page has all datasets, each that follows brings new ones


def _others(page: int) -> Datasets:
    return [(f"autre-{page}-{number}", f"Encore {page} {number}") for number in range(3)]


def _packages(_site: Site, datasets: Datasets) -> Answer:
    def answer(asked: Asked) -> Reply:
        start = int(asked.question["start"])
        return as_json({"success": True, "result": {"count": 10**9, "results": [package(*dataset) for dataset in (_others(start) if start else datasets)]}})

    return answer


def _records(_site: Site, datasets: Datasets) -> Answer:
    def answer(asked: Asked) -> Reply:
        start = int(asked.body.partition(b'startPosition="')[2].partition(b'"')[0])
        page = datasets if start == 1 else _others(start)
        results = f'<csw:SearchResults numberOfRecordsMatched="1000000" nextRecord="{start + len(page)}">{"".join(iso(*dataset) for dataset in page)}</csw:SearchResults>'
        return answered(f'<csw:GetRecordsResponse xmlns:csw="http://www.opengis.net/cat/csw/2.0.2">{results}</csw:GetRecordsResponse>', "application/xml")

    return answer


def _pages(site: Site, datasets: Datasets) -> Answer:
    def answer(asked: Asked) -> Reply:
        page = int(asked.question.get("page", "1"))
        more = f"<{site.address}/catalog?page={page}> hydra:next <{site.address}/catalog?page={page + 1}> ."
        return answered(turtle(site, datasets if page == 1 else _others(page), more), "text/turtle")

    return answer


def _of_udata(site: Site, datasets: Datasets) -> Answer:
    def answer(asked: Asked) -> Reply:
        page = int(asked.question.get("page", "1"))
        entries = [of_udata(*dataset) for dataset in (datasets if page == 1 else _others(page))]
        return as_json({"data": entries, "next_page": f"{site.address}/api/1/datasets/?page={page + 1}", "total": 10**6})

    return answer


GROWING: dict[str, Callable[[Site, Datasets], Answer]] = {"ckan": _packages, "csw": _records, "dcat-turtle": _pages, "udata": _of_udata}
"""By the name of the speaker."""


# answers that are too much


def packed(size: int) -> Reply:
    """So many bytes, packed into a thousandth."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb") as file:
        for _ in range(size // MEGABYTE):
            file.write(b" " * MEGABYTE)
    return Reply(out.getvalue(), headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})


class Stream:
    """An answer of two gibibytes, written as it is read; `sent` is how much of it was."""

    def __init__(self) -> None:
        self.sent = 0

    def reply(self, _asked: Asked) -> Reply:
        self.sent = 0
        return Reply(headers={"Content-Type": "application/json", "Content-Length": str(2 * 2**30)}, write=self._write)

    def _write(self, out: Any) -> None:
        block = b" " * MEGABYTE
        for _ in range(2048):
            out.write(block)
            self.sent += len(block)


def workbook_bomb() -> bytes:
    """An XLSX that is a thousand times as large when it is unpacked."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book, book.open("xl/worksheets/sheet1.xml", "w") as sheet:
        for _ in range(201):
            sheet.write(b" " * MEGABYTE)
    return out.getvalue()


# the datasets of before, and something odd


def talkative(whole: Answer, identifier: str, length: int) -> Answer:
    """The same answers, in which one dataset has a description of so many characters."""
    text = "x" * length

    def answer(asked: Asked) -> Reply:
        reply = whole(asked)
        kind = reply.headers.get("Content-Type", "")
        if "json" in kind:
            return _json(reply, identifier, text)
        body = reply.body.decode()
        if "csw" in body[:100]:
            abstract = f"<gmd:abstract><gco:CharacterString>{text}</gco:CharacterString></gmd:abstract></gmd:MD_DataIdentification>"
            before, found, after = body.partition(f">{identifier}<")
            body = before + found + after.replace("</gmd:MD_DataIdentification>", abstract, 1) if found else body
        elif "turtle" in kind and f"<{identifier}>" in body:
            body += f'\n<{identifier}> dct:description "{text}" .'
        elif "rdf+xml" in kind:
            body = re.sub(rf'(<rdf:Description rdf:about="[^"]*{identifier}">)', lambda found: f"{found[1]}<dct:description>{text}</dct:description>", body, count=1)
        elif "csv" in kind:
            rows = [f"{row};{'Description' if number == 0 else text if row.startswith(identifier) else ''}" for number, row in enumerate(body.splitlines())]
            body = "\r\n".join(rows)
        return answered(body, kind)

    return answer


def _json(reply: Reply, identifier: str, text: str) -> Reply:
    read = json.loads(reply.body)
    waiting = [read]
    for value in waiting:
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if isinstance(value, dict) and identifier in (value.get("id"), value.get("identifier"), value.get("dataset_id")):
            told = value["metas"]["default"] if "metas" in value else value
            told["notes" if "license_id" in value else "description"] = text
    return as_json(read)

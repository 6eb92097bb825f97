"""A harvester of another program, as one finds them: it lists what its source's configuration says, and does with each record what its name says."""
from __future__ import annotations

import ftplib
import http.client
import json
import logging
import os
import signal
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ckan.model as model
import requests
from ckanext.harvest.harvesters.base import HarvesterBase
from ckanext.harvest.model import HarvestJob, HarvestObject, HarvestObjectExtra
from owslib.util import openURL
from rdflib import Graph

log = logging.getLogger("ckanext.strange")


class Strange(HarvesterBase):  # type: ignore[misc] # -- ckanext-harvest has no types
    """Its kind is `strange`. Configuration: `records`, their names (a word, then what it needs); `listing`, what it does while it lists; `diary`, a file in which it writes what it did."""

    def info(self) -> dict[str, str]:
        """For the form."""
        return {"name": "strange", "title": "Strange", "description": "Of another program"}

    def gather_stage(self, job: Any) -> Any:
        """The records."""
        settings = json.loads(job.source.config)
        log.info("Listing %s", job.source.url)
        self._note(settings, "listing")
        if "listing" in settings and DEEDS[settings["listing"]](self, None, "") is None:
            return None
        made = []
        for name in settings["records"]:
            found = HarvestObject(guid=name, job=job, content=name, extras=[HarvestObjectExtra(key="name", value=name)])
            found.save()
            made.append(found.id)
        return made[::-1] if settings.get("backwards") else made

    def fetch_stage(self, found: Any) -> bool:
        """Nothing to do."""
        return True

    def import_stage(self, found: Any) -> Any:
        """What the record's name says."""
        deed, _, rest = found.content.partition(" ")
        self._note(json.loads(found.source.config), found.guid)
        log.info("At %s", found.guid)
        return DEEDS[deed](self, found, rest)

    def _note(self, settings: dict[str, Any], words: str) -> None:
        if settings.get("diary"):
            with Path(settings["diary"]).open("a", encoding="utf-8") as diary:
                diary.write(f"{words}\n")

    def write(self, found: Any, rest: str) -> Any:
        """A dataset."""
        owner = model.Package.get(found.source.id).owner_org
        made = {"id": f"jeu-{found.guid.replace(' ', '-')}", "title": f"Jeu {rest}", "notes": "Un jeu.", "owner_org": owner, "license_id": "lov2", "type": "dataset", "extras": [{"key": "guid", "value": found.guid}]}
        return self._create_or_update_package(made, found, package_dict_form="package_show")


def _dies(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _leaves(*_: Any) -> None:
    os._exit(3)


def _hangs(*_: Any) -> None:
    threading.Event().wait()


def _raises(*_: Any) -> None:
    raise KeyError("axis")


def _odd(*_: Any) -> None:
    """It quotes what no database takes."""
    log.info("\0 \ud800")
    raise ValueError("a\0b \udcff")


def _writes_and_dies(harvester: Strange, found: Any, rest: str) -> None:
    assert harvester.write(found, rest)
    _dies()


def _hangs_with_another(_harvester: Strange, _found: Any, rest: str) -> None:
    """It starts a program and waits for it."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        Path(rest).write_text(str(process.pid), encoding="utf-8")


def _asks(ask: Callable[[str], Any]) -> Callable[..., bool]:
    def deed(harvester: Strange, found: Any, rest: str) -> bool:
        try:
            answer = ask(rest)
        except Exception as error:  # noqa: BLE001 -- as harvesters do
            harvester._save_object_error(f"asked in vain: {error}", found, "Import")
            return False
        harvester._save_object_error(f"was answered: {answer}", found, "Import")
        return False

    return deed


def _by_name(address: str) -> str:
    host, port = address.split(":")
    with socket.socket() as line:
        line.connect((host, int(port)))
    return "connected"


def _by_ftp(address: str) -> str:
    host, port = address.split(":")
    with ftplib.FTP() as line:  # noqa: S321 -- whether it is hindered is what is asked
        return line.connect(host, int(port), 5)


def _by_http(address: str) -> int:
    line = http.client.HTTPConnection(address, timeout=5)
    line.request("GET", "/")
    return line.getresponse().status


def _by_datagram(address: str) -> int:
    host, port = address.split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        return line.sendto(b"x", (host, int(port)))


DEEDS: dict[str, Callable[..., Any]] = {
    "writes": Strange.write,
    "dies": _dies,
    "leaves": _leaves,
    "hangs": _hangs,
    "raises": _raises,
    "odd": _odd,
    "writes-and-dies": _writes_and_dies,
    "hangs-with": _hangs_with_another,
    "fails": lambda *_: False,
    "nothing": lambda *_: None,
    "requests": _asks(lambda address: requests.get(address, timeout=5).text),
    "urllib": _asks(lambda address: urllib.request.urlopen(address, timeout=5).read()),
    "http": _asks(_by_http),
    "owslib": _asks(lambda address: openURL(address, timeout=5).read()),
    "ftp": _asks(_by_ftp),
    "name": _asks(_by_name),
    "datagram": _asks(_by_datagram),
    "rdf": _asks(lambda address: Graph().parse(data=json.dumps({"@context": address}), format="json-ld")),
    "clears": lambda _harvester, found, _rest: HarvestJob.get(found.harvest_job_id) is not None,
}
"""What a record's name may say."""

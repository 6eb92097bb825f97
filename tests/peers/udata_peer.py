"""What udata, the program of data.gouv.fr, makes of feeds: run by its own Python, with its own code and a stand-in for its database; prints JSON.

Asked on standard input: `{"licences": [{"id", "title", "url", "titles", "urls"}], "feeds": [{"path", "format"}]}`. Answers one list a feed of what became of each
dataset. udata is AGPL: it is run here as it is, beside our program, and no part of it is in ours.
"""
from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any


def refuse_network(*_: Any, **__: Any) -> None:
    raise OSError("no network in this test")


def main() -> None:
    import logging

    import mongoengine
    import mongomock
    from flask import Flask
    from rdflib import Graph
    from udata import i18n
    from udata.settings import Defaults

    socket.socket.connect = refuse_network  # type: ignore[method-assign]  # -- an address in a feed is not fetched
    logging.disable(logging.CRITICAL)
    asked = json.load(sys.stdin)
    app = Flask("udata")
    app.config.from_object(Defaults)
    # as data.gouv.fr is set; names of hosts are not looked up, as that is the network's answer and not udata's
    app.config.update(DEFAULT_LANGUAGE="fr", URLS_RESOLVE_HOSTNAME=False, SECRET_KEY="none", SERVER_NAME="udata.example.org")
    mongoengine.connect("udata", mongo_client_class=mongomock.MongoClient)
    with app.app_context():
        i18n.init_app(app)
        from udata.core.dataset.models import License, ResourceSchema
        from udata.harvest.backends.dcat import DcatBackend
        from udata.harvest.models import HarvestJob, HarvestSource

        # the list of known schemas is fetched from elsewhere
        ResourceSchema.all = staticmethod(list)
        for licence in asked["licences"]:
            License.objects.create(id=licence["id"], title=licence["title"], url=licence["url"] or None, alternate_titles=licence["titles"], alternate_urls=licence["urls"])
        answers = []
        for feed in asked["feeds"]:
            backend = DcatBackend(HarvestSource(name="peer", url="https://portal.example.org/catalog.rdf", backend="dcat"), dryrun=True)
            backend.job = HarvestJob(source=backend.source)
            backend.remote_ids = set()
            graph = Graph().parse(data=Path(feed["path"]).read_text(encoding="utf-8"), format=feed["format"])
            backend.process_one_datasets_page(graph, 0)
            answers.append([told(item) for item in backend.job.items])
    json.dump(answers, sys.stdout, default=str)


def told(item: Any) -> dict[str, Any]:
    """What became of one dataset."""
    answer = {"identifier": str(item.remote_id) if item.remote_id else None, "status": item.status, "errors": [error.message for error in item.errors]}
    if item.status != "done":
        return answer
    dataset = item.dataset
    period = dataset.temporal_coverage
    return {
        **answer,
        "title": str(dataset.title),
        "description": bool(dataset.description),
        "licence": dataset.license.id if dataset.license else None,
        "frequency": str(dataset.frequency) if dataset.frequency else None,
        "temporal": [moment.isoformat()[:10] if moment else None for moment in (period.start, period.end)] if period else None,
        "tags": list(dataset.tags),
        "spatial": len(dataset.spatial.geom["coordinates"]) if dataset.spatial else 0,
        "schema": dataset.schema.url if dataset.schema else None,
        "modified": dataset.harvest.modified_at.isoformat() if dataset.harvest.modified_at else None,
        "restricted": str(dataset.access_type) == "restricted",
        "page": dataset.harvest.remote_url,
        "files": [
            {
                "url": file.url, "title": str(file.title), "format": file.format, "type": file.type, "schema": file.schema.url if file.schema else None,
                "modified": file.harvest.modified_at.isoformat() if file.harvest.modified_at else None, "size": None if file.filesize is None else int(file.filesize), "checksum": file.checksum.value if file.checksum else None,
            }
            for file in dataset.resources
        ],
    }  # fmt: skip


if __name__ == "__main__":
    main()

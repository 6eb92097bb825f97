"""A portal of udata, the program of data.gouv.fr, with a few datasets that are made up: run by its own Python, with its own code and a stand-in for its database, until standard input ends.

Prints its address, and the codes of how often a dataset may change: `{"address", "frequencies"}`. udata is AGPL: it is run here as it is, beside our program, and no part of it is in ours.
"""
from __future__ import annotations

import datetime as dt
import json
import logging
import socket
import sys
import threading
from typing import Any

STANDS_IN = {"PLUGINS": [], "CACHE_TYPE": "flask_caching.backends.nullcache.NullCache", "DEFAULT_LANGUAGE": "fr", "LANGUAGES": {"fr": "Français", "en": "English"}, "URLS_RESOLVE_HOSTNAME": False}
DAY = dt.datetime(2025, 3, 4, 5, 6, 7, tzinfo=dt.timezone.utc)


def main() -> None:
    import mongoengine
    import mongomock
    from udata.flask_mongoengine import connection
    from udata.settings import Defaults
    from werkzeug.serving import make_server

    logging.disable(logging.CRITICAL)
    connection._connect = lambda _settings: mongoengine.connect("udata", mongo_client_class=mongomock.MongoClient)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"SERVER_NAME": f"127.0.0.1:{port}", "SECRET_KEY": "s" * 40, "API_TOKEN_SECRET": "t" * 40, "CDATA_BASE_URL": "https://www.example.org", "MONGODB_HOST": "mongodb://localhost/udata"}
    from udata.app import create_app, standalone
    from udata.core.dataset.constants import UpdateFrequency

    app = standalone(create_app(type("Settings", (Defaults,), {**STANDS_IN, **settings})))
    with app.app_context():
        fill()
    server = make_server("127.0.0.1", port, app)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"address": f"http://{settings['SERVER_NAME']}", "frequencies": list(UpdateFrequency)}), flush=True)
    sys.stdin.read()


def fill() -> None:
    """Datasets of an organization: one with all that can be said of it, one of each kind that is not for all, one with little; and a person's."""
    from udata.core.contact_point.models import ContactPoint
    from udata.core.dataset.models import Dataset, HarvestDatasetMetadata, License, Resource, Schema
    from udata.core.organization.models import Organization
    from udata.core.spatial.models import GeoZone, SpatialCoverage
    from udata.core.user.models import User
    from udata.mongo.datetime_fields import DateRange

    town = Organization.objects.create(name="Ville d’Aytré", description="Une ville.")
    person = User.objects.create(first_name="Camille", last_name="Martin", email="camille@example.org", active=True)
    lov2 = License.objects.create(id="lov2", title="Licence Ouverte / Open Licence version 2.0", url="https://www.etalab.gouv.fr/licence-ouverte-open-licence")
    GeoZone.objects.create(id="fr:commune:17028", slug="aytre", name="Aytré", code="17028", level="fr:commune")
    author = ContactPoint.objects.create(name="Bureau d’études", email="etudes@example.org", role="creator", organization=town)
    service = ContactPoint.objects.create(name="Service de l’air", email="air@example.org", role="contact", organization=town)

    def dataset(title: str, **more: Any) -> Any:
        return Dataset.objects.create(**{"title": title, "description": f"{title}.", "organization": town, **more})

    square = {"type": "MultiPolygon", "coordinates": [[[[-1.2, 46.1], [-1.1, 46.1], [-1.1, 46.2], [-1.2, 46.1]]]]}
    dataset(
        "Qualité de l’air", description="Mesures **horaires**.\n\n- ozone", license=lov2, frequency="severalTimesADay", tags=["air", "qualite-de-lair"], contact_points=[author, service],
        temporal_coverage=DateRange(start=dt.date(2020, 1, 1), end=dt.date(2024, 12, 31)), spatial=SpatialCoverage(zones=["fr:commune:17028"], granularity="fr:commune"),
        harvest=HarvestDatasetMetadata(
            backend="dcat", remote_id="jeu-air-0017", remote_url="https://air.example.org/jeux/air", uri="https://air.example.org/id/air", dct_identifier="10.5281/zenodo.123", created_at=DAY,
            modified_at=DAY + dt.timedelta(days=1),
        ),
        resources=[
            Resource(title="Mesures", url="https://air.example.org/air.csv", format="csv", mime="text/csv", filesize=2048, filetype="remote", type="main", schema=Schema(url="https://schemas.example.org/air.json")),
            Resource(title="Notice", url="https://air.example.org/notice.pdf", format="pdf", filetype="remote", type="documentation"),
        ],
    )  # fmt: skip
    dataset("Zones calmes", spatial=SpatialCoverage(geom=square), resources=[Resource(title="Zones", url="https://air.example.org/zones.geojson", format="geojson", filetype="remote")])
    dataset("Plaintes", access_type="restricted", resources=[Resource(title="Sur demande", url="https://air.example.org/demande", format="html", filetype="remote")])
    for number in range(3):
        dataset(f"Station {number}", resources=[Resource(title="Relevés", url=f"https://air.example.org/{number}.csv", format="csv", filetype="remote")])
    for state in ({"private": True}, {"deleted": DAY}, {"archived": DAY}):
        dataset(f"Caché : {next(iter(state))}", **state, resources=[Resource(title="Rien", url="https://air.example.org/rien.csv", format="csv", filetype="remote")])
    dataset("Promenades", organization=None, owner=person, resources=[Resource(title="Traces", url="https://air.example.org/traces.gpx", format="gpx", filetype="remote")])


if __name__ == "__main__":
    main()

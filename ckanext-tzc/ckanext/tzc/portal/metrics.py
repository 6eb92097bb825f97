"""What Prometheus reads: for whoever says the key that the setting `tzc.metrics.key` holds. Without one there is no such page."""
from __future__ import annotations

import hmac
from collections.abc import Iterator

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import measures
from ckanext.tzc.common.headers import keep_private
from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

metrics = Blueprint("tzc_metrics", __name__)


class Rooms(Collector):
    """What the rooms measure."""

    def collect(self) -> Iterator[Metric]:
        """As it is now."""
        return measures.all_measures()


@metrics.route("/metrics")
def told() -> Response:
    """The numbers, in the form that is asked for."""
    key = str(tk.config.get("tzc.metrics.key") or "")
    if not key:
        tk.abort(404, tk._("There is no such page."))
    keep_private()
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {key}".encode()):
        words = "Say the key that TZC_METRICS_KEY holds: Authorization: Bearer KEY\n"
        return Response(words, 401, {"WWW-Authenticate": 'Bearer realm="metrics"'}, content_type="text/plain; charset=utf-8")
    registry = CollectorRegistry()
    registry.register(Rooms())
    encode, kind = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=kind)

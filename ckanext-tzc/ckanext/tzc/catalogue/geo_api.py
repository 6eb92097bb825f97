"""The public géo API: what it says of an inter-municipality (https://geo.api.gouv.fr/decoupage-administratif)."""
from __future__ import annotations

import json
import time
from typing import Any

import ckan.plugins.toolkit as tk
import requests

SECONDS, LARGEST = 20, 5_000_000
"""An answer that takes longer, or has more bytes, is broken off. The largest inter-municipality has 158 communes: some 100 kB."""

EPCI_FIELDS, COMMUNE_FIELDS = "nom,code,codesDepartements", "nom,code,centre,bbox"


class GeoApiError(Exception):
    """What went wrong and what to do, in words."""


def epci(siren: str) -> tuple[Any, Any]:
    """What the API says of an inter-municipality and of its communes, as it says it."""
    return _get(siren, "", EPCI_FIELDS), _get(siren, "/communes", COMMUNE_FIELDS)


def _get(siren: str, below: str, fields: str) -> Any:
    base = tk.config["tzc.geo_api"].rstrip("/")
    address = f"{base}/epcis/{siren}{below}"
    deadline = time.monotonic() + SECONDS
    try:
        with requests.get(address, params={"fields": fields}, timeout=SECONDS, stream=True, allow_redirects=False) as answer:
            if answer.status_code == 404:
                raise GeoApiError(f"{base} knows no inter-municipality with the SIREN {siren}. Only those with taxes of their own are listed there: look the number up again.")
            if answer.status_code != 200:
                raise GeoApiError(f"{address} answered with the status {answer.status_code}. Try again later, or give another address of the API (setting tzc.geo_api).")
            content = b""
            for part in answer.iter_content(65_536):
                content += part
                if len(content) > LARGEST or time.monotonic() > deadline:
                    raise GeoApiError(f"{address} gives more than {LARGEST} bytes or takes longer than {SECONDS} seconds; broken off. Try again later.")
    except requests.RequestException as error:
        raise GeoApiError(f"{base} could not be asked ({type(error).__name__}). Check the network (a proxy is set with HTTPS_PROXY), then try again.") from error
    try:
        return json.loads(content)
    except ValueError as error:
        raise GeoApiError(f"{address} did not answer with JSON: {content[:60]!r}. Try again later.") from error

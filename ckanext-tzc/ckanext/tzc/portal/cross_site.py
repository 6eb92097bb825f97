"""Programs in pages of other sites may read what everybody may read: the API, feeds, tables and files, as a stranger has them."""
from __future__ import annotations

import re

import ckan.plugins.toolkit as tk
from flask import Response, request

from .headers import FILES

OPEN = re.compile(r"^(/[a-z]{2}(_[A-Za-z]+)?)?/(api|feeds|datastore/dump|tableau|sta/v1\.1)(/|$)|/tzc/communes\.geojson$")
ALLOWED = "Access-Control-Allow-Origin"


def let_read(response: Response) -> Response:
    """Allow it where the question names nobody: no cookie, no token. With either the browser keeps the answer from the other site, as no answer allows credentials."""
    if request.method not in {"GET", "HEAD"} or not (OPEN.search(request.path) or FILES.search(request.path)):
        return response
    signs = ("Cookie", "Authorization", tk.config["apitoken_header_name"])
    response.vary.update(signs)
    if not any(request.headers.get(sign) for sign in (*signs, "X-CKAN-API-Key")):
        response.headers.setdefault(ALLOWED, "*")
    return response

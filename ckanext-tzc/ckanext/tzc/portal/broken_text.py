"""Half a character in a call of the API: JSON may write one (a lone surrogate, `\\ud800`), and neither database nor answer can hold it."""
from __future__ import annotations

import json

import ckan.plugins.toolkit as tk
from flask import Response, request

HALF = b"\\ud"
"""How each half begins in JSON, pairs included; it keeps most calls from being read twice."""


def refuse() -> Response | None:
    """Before a request: say so, where CKAN fails without a word."""
    if request.blueprint != "api" or request.method not in {"POST", "PUT"} or (request.mimetype or "").startswith("multipart/"):
        return None
    sent = request.get_data()
    if HALF not in sent.lower():
        return None
    try:
        json.dumps(json.loads(sent), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        message = tk._("The text holds half a character (such as \\ud800), which nothing can keep. Send whole characters, best as UTF-8.")
        return Response(json.dumps({"success": False, "error": {"__type": "Bad Request", "message": message}}), status=400, mimetype="application/json")
    except ValueError:
        return None  # no JSON: CKAN says so
    return None

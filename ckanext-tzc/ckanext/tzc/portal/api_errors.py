"""What the API answers to a question that gets no answer, in CKAN's own shape."""
from __future__ import annotations

from flask import Response, jsonify


def refusal(status: int, kind: str, words: str) -> Response:
    """An error; `kind` is CKAN's name of it (`Validation Error`, `Not Found Error`)."""
    answer = jsonify({"success": False, "error": {"__type": kind, "message": words}})
    answer.status_code = status
    return answer

"""Refusals in the reader's words: CKAN's are half of them English in every language, and name nobody where nobody has signed in."""
from __future__ import annotations

import json
import re

import ckan.plugins.toolkit as tk
from flask import Response, request

STOCK = re.compile(r"\b(User|[Uu]tilisateur)\b.*?(not authorized|autorisée?)\b|\b(Un|Not )authorized to\b|[Nn]on autorisé à|pas autorisé à", re.DOTALL)
"""“User x not authorized to edit package y”, “Unauthorized to create a group”, and what CKAN's translations make of them."""


def words(message: str) -> str:
    """A refusal as it is told; what is not CKAN's own is told as it is."""
    if not STOCK.search(message):
        return message
    return str(tk._("Your account may not do this.") if tk.current_user.is_authenticated else tk._("This is not open to everybody: sign in, or send the token of an account."))


def in_words(response: Response) -> Response:
    """After a request: what the API refuses."""
    if request.blueprint != "api" or response.status_code != 403 or not response.is_json:
        return response
    told = response.get_json()
    error = told.get("error") if isinstance(told, dict) else None
    if isinstance(error, dict) and STOCK.search(str(error.get("message"))):
        error["message"] = words(str(error["message"]))
        response.set_data(json.dumps(told))
    return response

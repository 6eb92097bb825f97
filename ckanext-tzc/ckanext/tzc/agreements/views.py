"""The pages of agreements, and the portal's public keys."""
from __future__ import annotations

import json
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import headers
from flask import Blueprint, Response, request

from . import keys

agreements = Blueprint("tzc_agreements", __name__)

OPEN = {"tzc_agreements.jwks", "tzc_agreements.verify"}
"""Pages for everybody."""


@agreements.before_request
def only_with_an_account() -> Response | None:
    """Others sign in first, and come back."""
    if request.endpoint in OPEN:
        return None
    headers.keep_private()
    if tk.current_user.is_authenticated:
        return None
    answer: Response = tk.redirect_to("user.login", came_from=tk.h.current_url())
    return answer


def _shown(grant: str) -> dict[str, Any]:
    try:
        shown: dict[str, Any] = tk.get_action("tzc_agreement_show")({"user": tk.current_user.name}, {"id": grant, "version": request.args.get("version", "")})
    except tk.ObjectNotFound as error:
        return tk.abort(404, str(error))  # type: ignore[no-any-return] -- it raises
    return shown


@agreements.route("/.well-known/jwks.json")
def jwks() -> Response:
    """The public keys that agreements are checked with (RFC 7517)."""
    answer = Response(json.dumps({"keys": keys.public()}, indent=1), content_type="application/jwk-set+json")
    answer.headers["Cache-Control"] = "public, max-age=300"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@agreements.route("/accords/verifier")
def verify() -> str:
    """How an agreement is checked, and the words of the portal's profile."""
    page: str = tk.render("agreements/verify.html", {})
    return page


@agreements.route("/accords/<grant>")
def show(grant: str) -> str:
    """An agreement, in words."""
    page: str = tk.render("agreements/agreement.html", {"shown": _shown(grant)})
    return page


@agreements.route("/accords/<grant>.jsonld")
def document(grant: str) -> Response:
    """The bytes that were signed."""
    shown = _shown(grant)
    return _file(shown["text"], "application/ld+json", f"accord-{grant}.jsonld")


@agreements.route("/accords/<grant>.jws")
def signature(grant: str) -> Response:
    """The detached signature."""
    return _file(_shown(grant)["signature"], "application/jose", f"accord-{grant}.jws")


def _file(content: str, kind: str, name: str) -> Response:
    answer = Response(content.encode(), content_type=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer

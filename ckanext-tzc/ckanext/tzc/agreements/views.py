"""The pages of agreements, and the portal's public keys."""
from __future__ import annotations

import json
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import headers, ways
from flask import Blueprint, Response, request

from . import downloads, keys
from .giving_views import giving

__all__ = ["agreements", "giving"]

agreements = Blueprint("tzc_agreements", __name__)

OPEN = {"tzc_agreements.jwks", "tzc_agreements.verify", "tzc_agreements.version", "tzc_agreements.data"}
"""Pages for everybody; the data ask for a token by themselves."""


@agreements.before_request
def only_with_an_account() -> Response | None:
    """Others sign in first, and come back."""
    if request.endpoint in OPEN:
        return None
    headers.keep_private()
    if tk.current_user.is_authenticated:
        return None
    answer: Response = tk.redirect_to("user.login", came_from=ways.here())
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
    return _page(grant)


def _page(grant: str, made: dict[str, Any] | None = None, errors: dict[str, list[str]] | None = None) -> str:
    page: str = tk.render("agreements/agreement.html", {"shown": _shown(grant), "made": made, "errors": errors or {}, "words": request.form.get("words", "")})
    return page


def _call(action: str, grant: str, **data: Any) -> Any:
    try:
        return tk.get_action(action)({"user": tk.current_user.name}, {"id": grant, **data})
    except tk.ObjectNotFound as error:
        return tk.abort(404, str(error))
    except tk.NotAuthorized as error:
        return tk.abort(403, str(error))


@agreements.route("/accords/<grant>/jeton", methods=["POST"])
def token(grant: str) -> str:
    """Make a token and freeze the files; it is on this page, and never again."""
    return _page(grant, _call("tzc_agreement_token_create", grant))


@agreements.route("/accords/<grant>/jeton/retirer", methods=["POST"])
def end_token(grant: str) -> Any:
    """End the token."""
    _call("tzc_agreement_token_delete", grant)
    tk.h.flash_success(tk._("The token opens nothing any more."))
    return tk.redirect_to("tzc_agreements.show", grant=grant)


@agreements.route("/accords/<grant>/attestation", methods=["POST"])
def attest(grant: str) -> Any:
    """Attest that the data were destroyed."""
    try:
        _call("tzc_agreement_attest", grant, words=request.form.get("words", ""))
    except tk.ValidationError as error:
        return _page(grant, errors=error.error_dict), 400
    tk.h.flash_success(tk._("Thank you. The partner is told."))
    return tk.redirect_to("tzc_agreements.show", grant=grant)


@agreements.route("/accords/<grant>/donnees/<file>")
def data(grant: str, file: str) -> Response:
    """A frozen file, for a token or for who is signed in."""
    headers.keep_private()
    return downloads.give(grant, file)


@agreements.route("/versions/<id>")
def version(id: str) -> str:
    """A frozen version, as it is cited."""
    try:
        shown = tk.get_action("tzc_version_show")({"user": tk.current_user.name if tk.current_user.is_authenticated else ""}, {"id": id})
    except tk.ObjectNotFound as error:
        return tk.abort(404, str(error))  # type: ignore[no-any-return] -- it raises
    page: str = tk.render("agreements/version.html", {"shown": shown})
    return page


@agreements.route("/accords/<grant>.jsonld")
def document(grant: str) -> Response:
    """The bytes that were signed."""
    shown = _shown(grant)
    return _file(shown["text"], "application/ld+json", "accord.jsonld")


@agreements.route("/accords/<grant>.jws")
def signature(grant: str) -> Response:
    """The detached signature."""
    return _file(_shown(grant)["signature"], "application/jose", "accord.jws")


def _file(content: str, kind: str, name: str) -> Response:
    answer = Response(content.encode(), content_type=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer

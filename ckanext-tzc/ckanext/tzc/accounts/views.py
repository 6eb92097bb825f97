"""Pages of the accounts room."""
from __future__ import annotations

import logging
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from flask import Blueprint, Response, request, session

from . import limits, oidc, resets, sign_up
from .guest_views import guest_pages
from .signing_in import own, signed_in

__all__ = ["accounts", "guest_pages"]

log = logging.getLogger(__name__)
accounts = Blueprint("tzc_accounts", __name__)
accounts.before_app_request(limits.refuse)
accounts.after_app_request(limits.forget)

Page = Response | str | tuple[str, int]
NEXT = "tzc_next"
"""Where the reader wanted to go, while he is at the provider's."""


@accounts.before_app_request
def refuse_other_sites() -> None:
    """Sign-in and sign-out lead to pages of this portal only; CKAN fails on some addresses of others."""
    if request.endpoint in {"user.login", "user.logout"}:
        wanted = [request.args.get(name, "") for name in ("next", "came_from")]
        if any(value and not own(value.removeprefix(tk.config["ckan.site_url"])) for value in wanted):
            tk.abort(400, tk._("This link leads to another site. Sign in from the portal's own page."))


@accounts.before_app_request
def ask_before_signing_out() -> str | None:
    """A link signs nobody out: it leads to a page with a form, which is protected against forgery."""
    if request.endpoint != "user.logout" or request.method == "POST" or not tk.current_user.is_authenticated:
        return None
    page: str = tk.render("accounts/sign_out.html")
    return page


@accounts.before_app_request
def say_that_a_link_has_ended() -> Page | None:
    """Of a link to a new password: the way to a new one, where CKAN knows refusal only."""
    if request.endpoint != "user.perform_reset":
        return None
    user = model.User.get((request.view_args or {}).get("id") or "")
    if user is None or not user.reset_key or request.args.get("key") != user.reset_key or not resets.has_ended(user):
        return None
    return tk.render("accounts/ended.html"), 410


@accounts.route("/compte/nouveau", methods=["GET", "POST"], endpoint="sign_up")
def sign_up_page() -> Page:
    """An account: the address of e-mail first."""
    if not sign_up.is_open():
        return tk.render("accounts/closed.html"), 404
    wanted = own(request.values.get("next", ""))
    if request.method == "GET":
        return tk.render("accounts/sign_up.html", {"email": "", "wanted": wanted, "mistake": ""})
    email = request.form.get("email", "").strip()
    if not sign_up.is_email(email):
        return tk.render("accounts/sign_up.html", {"email": email, "wanted": wanted, "mistake": tk._("This is no e-mail address; it looks like name@example.org.")}), 400
    sign_up.invite(email.lower(), wanted)
    return tk.render("accounts/sent.html", {"email": email, "wanted": wanted})


@accounts.route("/compte/nouveau/<token>", methods=["GET", "POST"])
def complete(token: str) -> Page:
    """The link of the mail: name and password, and the account is made."""
    if not sign_up.is_open():
        return tk.render("accounts/closed.html"), 404
    try:
        email, wanted = sign_up.read(token)
    except sign_up.LinkError as error:
        return tk.render("accounts/sign_up.html", {"email": "", "wanted": own(error.wanted), "mistake": str(error)}), 410
    if request.method == "GET":
        return tk.render("accounts/complete.html", {"email": email, "data": {"name": sign_up.free_name(email.partition("@")[0])}, "errors": {}})
    data = {key: request.form.get(key, "").strip() for key in ("fullname", "name")}
    try:
        user = sign_up.create(email, data["name"], data["fullname"], request.form.get("password", ""))
    except tk.ValidationError as error:
        return tk.render("accounts/complete.html", {"email": email, "data": data, "errors": error.error_dict}), 400
    return signed_in(user, own(wanted) or None)


@accounts.route("/compte/fournisseur")
def provider() -> Any:
    """To the OpenID Connect provider."""
    if not oidc.is_set():
        return tk.abort(404)
    session[NEXT] = own(request.args.get("next", ""))
    try:
        return oidc.begin(tk.h.url_for("tzc_accounts.provider_back", locale="default", qualified=True))
    except oidc.FAILURES as error:
        return _provider_failed(error)


@accounts.route("/compte/fournisseur/retour")
def provider_back() -> Any:
    """Back from the provider."""
    if not oidc.is_set():
        return tk.abort(404)
    try:
        user = oidc.finish()
    except oidc.SignInError as error:
        return tk.render("accounts/provider.html", {"mistake": str(error)}), 403
    except oidc.FAILURES as error:
        return _provider_failed(error)
    except tk.ValidationError as error:
        log.warning("no account could be made for somebody from the provider: %s", error.error_summary)
        return tk.render("accounts/provider.html", {"mistake": tk._("An account could not be made from what the provider says. Write to the portal's team.")}), 502
    return signed_in(user, session.pop(NEXT, None))


def _provider_failed(error: Exception) -> Page:
    if getattr(error, "error", "") == "access_denied":
        return tk.render("accounts/provider.html", {"mistake": tk._("You ended the sign-in at the provider. Nothing was changed.")}), 403
    log.warning("sign-in by the provider failed: %s: %s", type(error).__name__, error)
    words = tk._("The sign-in did not come to its end: the provider does not answer, or the attempt is too old. Please try again.")
    return tk.render("accounts/provider.html", {"mistake": words}), 502


@accounts.route("/compte/jetons", methods=["POST"])
def token_create() -> Page:
    """A new API token, shown once."""
    name = tk.current_user.name
    wanted = {"user": name, "name": request.form.get("name", "").strip(), "days": request.form.get("days", "")}
    try:
        made = tk.get_action("api_token_create")({"user": name}, wanted)
    except tk.NotAuthorized:
        return tk.abort(403)
    except tk.ValidationError as error:
        return _tokens_page(name, data=wanted, errors=error.error_dict), 400
    return _tokens_page(name, created={"name": wanted["name"], "token": made["token"]})


@accounts.route("/compte/jetons/retirer", methods=["POST"])
def token_revoke() -> Page:
    """End an API token now."""
    try:
        tk.get_action("api_token_revoke")({"user": tk.current_user.name}, {"jti": request.form.get("token", "")})
    except tk.NotAuthorized:
        return tk.abort(403)
    except (tk.ObjectNotFound, tk.ValidationError):
        tk.h.flash_notice(tk._("This token was gone already."))
    else:
        tk.h.flash_success(tk._("The token is ended; programs that use it are refused from now on."))
    answer: Response = tk.redirect_to("user.api_tokens", id=tk.current_user.name)
    return answer


def _tokens_page(name: str, **more: Any) -> str:
    tokens = tk.get_action("api_token_list")({"user": name}, {"user": name})
    user = tk.get_action("user_show")({"user": name}, {"id": name})
    page: str = tk.render("user/api_tokens.html", {"user_dict": user, "user": user, "tokens": list(reversed(tokens)), "data": {}, "errors": {}, "created": None, **more})
    return page

"""Sign-in by an OpenID Connect provider (code flow with PKCE), by Authlib.

Who comes back is found by issuer and subject. The first time, an account with the same e-mail address is taken when the provider
has verified that address; never an administrator's: an administrator signs in by password first, and then by the provider, which
ties the two.
"""
from __future__ import annotations

import secrets
from functools import lru_cache
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import OAuth
from ckanext.tzc.common import mailing
from ckanext.tzc.common.territory import language
from flask import Flask, current_app, session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from . import sign_up
from .store import Identity, now

SCOPE = "openid email profile"
SECONDS = 15
ALGORITHMS = ["RS256", "ES256", "PS256"]
"""Of a signed answer about the user."""

LANGUAGE = "tzc_oidc_language"
"""A key of the session: the language of the page from which the reader went to the provider."""

ID_TOKEN = "tzc_id_token"  # noqa: S105 -- a key of the session
FAILURES = (OAuthError, JoseError, RequestException, KeyError, ValueError)
"""What a provider that does not behave causes."""


class SignInError(ValueError):
    """Somebody who cannot be signed in; the message says why and what to do."""


def is_set() -> bool:
    """Whether this portal has a provider."""
    return bool(tk.config["tzc.oidc.issuer"])


@lru_cache(maxsize=2)
def _client(app: Flask, issuer: str, client_id: str, client_secret: str) -> Any:
    return OAuth(app).register(
        "oidc",
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", "default_timeout": SECONDS},
    )


def client() -> Any:
    """Authlib's client of the provider."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  -- a proxy, which Authlib would keep beyond the request
    return _client(app, *(tk.config[f"tzc.oidc.{key}"] for key in ("issuer", "client_id", "client_secret")))


def begin(back: str) -> Any:
    """Send the reader to the provider; `back` is where the provider sends him to afterwards. Raises FAILURES."""
    session[LANGUAGE] = language()
    return client().authorize_redirect(back)


def finish() -> Any:
    """The account of the reader who came back, made when there is none. Raises SignInError and FAILURES."""
    token = client().authorize_access_token()
    claims = dict(token["userinfo"])
    if "email" not in claims:
        claims.update(_asked(token, claims["sub"]))
    page, told = session.pop(LANGUAGE, "") or language(), str(claims.get("locale") or "")
    user = _account(claims, mailing.best_language(page, told))
    mailing.spoken(user, told, page)
    model.Session.commit()
    session[ID_TOKEN] = token["id_token"]
    return user


def _asked(token: dict[str, Any], subject: str) -> dict[str, Any]:
    """What the provider's userinfo endpoint says; some providers sign it."""
    answer = client().get(client().load_server_metadata()["userinfo_endpoint"], token=token)
    answer.raise_for_status()
    if answer.headers.get("Content-Type", "").startswith("application/jwt"):
        keys = KeySet.import_key_set(client().fetch_jwk_set())
        claims = dict(jwt.decode(answer.text, keys, algorithms=ALGORITHMS).claims)
    else:
        claims = answer.json()
    if claims.get("sub") != subject:
        raise ValueError("the provider spoke of somebody else")
    return claims


def _account(claims: dict[str, Any], speaks: str) -> Any:
    issuer, subject = tk.config["tzc.oidc.issuer"], claims["sub"]
    known = model.Session.query(Identity).filter_by(issuer=issuer, subject=subject).first()
    if known:
        user = model.User.get(known.user_id)
        if user is None or not user.is_active:
            raise SignInError(tk._("This account was closed. Write to the portal's team if that is a mistake."))
        return user
    user = _by_session(claims) if tk.current_user.is_authenticated else _by_email(claims, speaks)
    model.Session.add(Identity(issuer=issuer, subject=subject, user_id=user.id, created=now()))
    model.Session.commit()
    return model.User.get(user.id)


def _by_session(claims: dict[str, Any]) -> Any:
    """The account that is signed in, when the provider vouches for its address: else somebody could tie himself to another's account unnoticed."""
    if str(claims.get("email") or "").lower() != (tk.current_user.email or "").lower() or claims.get("email_verified") not in (True, "true"):
        raise SignInError(tk._("The provider names another address than your account's. Sign out here first."))
    return tk.current_user


def _by_email(claims: dict[str, Any], speaks: str) -> Any:
    email = str(claims.get("email") or "")
    if not sign_up.is_email(email) or claims.get("email_verified") not in (True, "true"):
        raise SignInError(tk._("The provider did not vouch for an e-mail address of yours. Have it verified there, then try again."))
    user = sign_up.account_of(email)
    if user is not None and user.sysadmin:
        raise SignInError(tk._("An administrator signs in by password first, then here: that ties the two."))
    if user is not None:
        return user
    if not tk.config["tzc.oidc.create"]:
        raise SignInError(tk._("There is no account with this e-mail address. Write to the portal's team."))
    wish = str(claims.get("preferred_username") or email).partition("@")[0]
    fullname = str(claims.get("name") or f"{claims.get('given_name', '')} {claims.get('usual_name') or claims.get('family_name', '')}".strip())
    return sign_up.create(email, sign_up.free_name(wish), fullname, secrets.token_urlsafe(32), speaks)


def farewell(back: str) -> Any:
    """Where to sign out at the provider, too; None when the reader did not come from there or the provider has no such place."""
    token = session.pop(ID_TOKEN, None)
    if not token or not is_set():
        return None
    try:
        return client().logout_redirect(post_logout_redirect_uri=back, id_token_hint=token)
    except (*FAILURES, RuntimeError):
        return None

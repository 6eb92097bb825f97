"""Sign-in by OpenID Connect, with a real provider: Django and django-oauth-toolkit, started here."""
from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import requests
from ckan.tests import factories
from ckanext.tzc.accounts.store import Identity

from .conftest import PASSWORD, Reader, free_port

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "with_request_context")

CLIENT, SECRET = "portail", secrets.token_urlsafe(24)
PEOPLE = {
    "jeanne": ("jeanne@example.org", "Jeanne", "Dupont"),
    "paul": ("paul@example.org", "Paul", "Unproven"),
    "lena": ("lena@example.org", "Lena", "English"),
    "chef": ("chef@example.org", "Une", "Administratrice"),
}
MAKE = """
import json, sys
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from oauth2_provider.models import Application
call_command("migrate", verbosity=0)
wanted = json.load(sys.stdin)
for name, (email, first, last) in wanted["people"].items():
    User.objects.create_user(name, email, wanted["password"], first_name=first, last_name=last)
Application.objects.create(
    name="portal", client_id=wanted["client"], client_secret=wanted["secret"], client_type="confidential", authorization_grant_type="authorization-code",
    redirect_uris=wanted["back"], post_logout_redirect_uris=wanted["home"], algorithm="RS256", skip_authorization=True,
)
"""


@pytest.fixture(scope="module")
def issuer(loaded_app: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The provider's address; it knows the portal and some people."""
    folder = tmp_path_factory.mktemp("provider")
    subprocess.run(["openssl", "genrsa", "-out", folder / "key.pem", "2048"], check=True, capture_output=True)
    environment = {**os.environ, "PROVIDER_FOLDER": str(folder), "PYTHONPATH": str(Path(__file__).parent), "DJANGO_SETTINGS_MODULE": "provider.settings"}
    site = tk.config["ckan.site_url"]
    known = {"people": PEOPLE, "password": PASSWORD, "client": CLIENT, "secret": SECRET, "back": f"{site}/compte/fournisseur/retour", "home": f"{site}/"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", MAKE], env=environment, input=json.dumps(known), text=True, check=True)
    port = free_port()
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "django", "runserver", "--noreload", f"127.0.0.1:{port}"], env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}/o"
    try:
        _wait(f"{address}/.well-known/openid-configuration", folder / "log")
        yield address
    finally:
        server.terminate()
        server.wait(20)


def _wait(address: str, log: Path) -> None:
    for _ in range(200):
        try:
            requests.get(address, timeout=5).raise_for_status()
        except requests.ConnectionError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(log.read_text())


@pytest.fixture
def told(issuer: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The portal is told of the provider."""
    for key, value in (("issuer", issuer), ("client_id", CLIENT), ("client_secret", SECRET), ("name", "Territoire Connect")):
        monkeypatch.setitem(tk.config, f"tzc.oidc.{key}", value)
    return issuer


class Elsewhere(requests.Session):
    """Somebody's browser at the provider."""

    def vouch(self, address: str, name: str) -> str:
        """Sign in there, as the portal asked; the path on the portal to which the provider sends back."""
        answer = self.get(address, timeout=20)
        if "/login/" in answer.url:
            form = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', answer.text)
            assert form
            answer = self.post(answer.url, data={"csrfmiddlewaretoken": form[1], "username": name, "password": PASSWORD}, allow_redirects=False, timeout=20)
            answer = self.get(requests.compat.urljoin(answer.request.url or "", answer.headers["Location"]), allow_redirects=False, timeout=20)
        parts = urlsplit(answer.headers["Location"])
        return f"{parts.path}?{parts.query}"


def sign_in(reader: Reader, name: str, wanted: str = "", pages: str = "") -> Any:
    """The whole way: to the provider, there, and back; the portal's answer. `pages`: of which language the reader leaves."""
    away = reader.get(f"{pages}/compte/fournisseur?next={wanted}")
    assert away.status_code == 302
    with Elsewhere() as elsewhere:
        return reader.get(elsewhere.vouch(away.headers["Location"], name))


@pytest.mark.parametrize(("name", "pages", "language"), [("jeanne", "", "fr"), ("jeanne", "/en", "en"), ("lena", "", "en"), ("lena", "/en", "en")])
def test_the_account_is_mailed_in_its_language(reader: Reader, told: str, name: str, pages: str, language: str) -> None:
    """That of the pages, where it was chosen, else the one that the provider tells."""
    sign_in(reader, name, pages=pages)
    assert tk.get_action("tzc_notices_wish_show")({"user": name}, {})["language"] == language


def test_what_was_chosen_here_stays_whatever_the_provider_tells(reader: Reader, told: str) -> None:
    sign_in(reader, "lena")
    tk.get_action("tzc_notices_wish_update")({"user": "lena"}, {"language": "fr"})
    reader.send("/dashboard/datasets", to="/user/_logout")
    sign_in(reader, "lena")
    assert tk.get_action("tzc_notices_wish_show")({"user": "lena"}, {})["language"] == "fr"


def test_a_first_sign_in_makes_an_account(reader: Reader, told: str) -> None:
    assert "Territoire Connect" in reader.get("/user/login").text
    answer = sign_in(reader, "jeanne", "/dataset/")
    assert answer.status_code == 302 and urlsplit(answer.headers["Location"]).path == "/dataset/"
    user = model.User.get("jeanne")
    assert (user.email, user.fullname, user.sysadmin) == ("jeanne@example.org", "Jeanne Dupont", False)
    assert "Jeanne Dupont" in reader.get("/dashboard/datasets").text


def test_the_request_carries_state_nonce_and_pkce(reader: Reader, told: str) -> None:
    asked = parse_qs(urlsplit(reader.get("/compte/fournisseur").headers["Location"]).query)
    assert asked["response_type"] == ["code"] and asked["code_challenge_method"] == ["S256"]
    assert asked["state"] and asked["nonce"] and asked["scope"] == ["openid email profile"]


def test_the_second_time_it_is_the_same_account(reader: Reader, told: str) -> None:
    sign_in(reader, "jeanne")
    user = model.User.get("jeanne")
    user.email = "autre@example.org"
    user.name = "renommee"
    model.Session.commit()
    sign_in(Reader(reader.application), "jeanne")
    assert model.Session.query(Identity).count() == 1
    assert model.Session.query(model.User).filter(model.User.email.in_(["jeanne@example.org", "autre@example.org"])).count() == 1


def test_an_account_with_the_proven_address_is_taken(reader: Reader, told: str) -> None:
    existing = factories.User(email="Jeanne@example.org")
    sign_in(reader, "jeanne")
    assert model.Session.query(Identity).one().user_id == existing["id"]


def test_a_name_that_is_taken_is_nobody_else_s(reader: Reader, told: str) -> None:
    factories.User(name="jeanne", email="une-autre@example.org")
    sign_in(reader, "jeanne")
    assert model.User.get("jeanne-2").email == "jeanne@example.org"


def test_an_address_that_was_not_verified_signs_nobody_in(reader: Reader, told: str) -> None:
    factories.User(email="paul@example.org")
    answer = sign_in(reader, "paul")
    assert answer.status_code == 403 and "ne garantit" in answer.text
    assert model.Session.query(Identity).count() == 0


def test_an_administrator_is_tied_by_hand(reader: Reader, told: str) -> None:
    administrator = factories.Sysadmin(email="chef@example.org", password=PASSWORD)
    assert sign_in(reader, "chef").status_code == 403
    assert reader.send("/user/login", login=administrator["name"], password=PASSWORD).status_code == 302
    assert sign_in(reader, "chef").status_code == 302
    assert sign_in(Reader(reader.application), "chef").status_code == 302
    assert model.Session.query(Identity).one().user_id == administrator["id"]


def test_nobody_is_tied_to_another_s_account(reader: Reader, told: str) -> None:
    """Somebody signed in here, and somebody else at the provider: a link alone must not tie the two."""
    victim = factories.User(email="victime@example.org", password=PASSWORD)
    reader.send("/user/login", login=victim["name"], password=PASSWORD)
    assert sign_in(reader, "jeanne").status_code == 403
    assert model.Session.query(Identity).count() == 0


def test_a_closed_account_stays_closed(reader: Reader, told: str) -> None:
    sign_in(reader, "jeanne")
    user = model.User.get("jeanne")
    user.delete()
    model.Session.commit()
    assert sign_in(Reader(reader.application), "jeanne").status_code == 403


def test_accounts_may_be_made_by_hand_only(reader: Reader, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.oidc.create", False)
    assert sign_in(reader, "jeanne").status_code == 403
    assert model.User.get("jeanne") is None


@pytest.mark.parametrize(
    ("query", "status"),
    [("code=x&state=none-of-ours", 502), ("", 502), ("error=access_denied&state=x", 403), ("error=server_error&error_description=%3Cscript%3E&state=x", 502)],
)
def test_a_way_back_that_nobody_went(reader: Reader, told: str, query: str, status: int) -> None:
    answer = reader.get(f"/compte/fournisseur/retour?{query}")
    assert answer.status_code == status and "Vous n’êtes pas connecté" in answer.text and "<script>" not in answer.text


def test_a_code_of_another_browser_is_refused(reader: Reader, told: str) -> None:
    """Somebody who sends his own way back to others signs none of them in as himself."""
    away = reader.get("/compte/fournisseur")
    with Elsewhere() as elsewhere:
        back = elsewhere.vouch(away.headers["Location"], "jeanne")
    victim = Reader(reader.application)
    assert victim.get(back).status_code == 502
    assert "Mon compte" not in victim.get("/").text


def test_a_provider_that_is_away(reader: Reader, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.oidc.issuer", f"http://127.0.0.1:{free_port()}/o")
    answer = reader.get("/compte/fournisseur")
    assert answer.status_code == 502 and "ne répond pas" in answer.text


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "\\\\evil.example", "/\\evil.example", "\t//evil.example"])
def test_nobody_is_sent_to_another_site(reader: Reader, told: str, wanted: str) -> None:
    assert "evil" not in sign_in(reader, "jeanne", wanted).headers["Location"]


def test_signing_out_signs_out_there_too(reader: Reader, told: str) -> None:
    sign_in(reader, "jeanne")
    answer = reader.send("/dashboard/datasets", to="/user/_logout")
    assert answer.headers["Location"].startswith(f"{told}/logout/")
    assert "Mon compte" not in reader.get("/").text


def test_without_a_provider_there_is_no_such_way(reader: Reader) -> None:
    assert reader.get("/compte/fournisseur").status_code == 404
    assert "/compte/fournisseur" not in reader.get("/user/login").text

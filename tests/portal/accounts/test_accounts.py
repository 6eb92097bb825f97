"""Accounts: an e-mail that is proven, limits, mails that are not lost, a forgotten password, API tokens that end."""
from __future__ import annotations

import re
import ssl
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from aiosmtpd.controller import Controller
from ckan.tests import factories
from ckanext.tzc.accounts import mail, resets, sign_up, store, tokens
from ckanext.tzc.common.happening import Happening, tell
from ckanext.tzc.notices import letters

from .conftest import PASSWORD, Mailbox, Reader, free_port

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def sent(mailbox: Mailbox) -> list[Any]:
    """All mails, after the job has run."""
    mail.send_due()
    return mailbox.mails


def link(message: Any) -> str:
    """The address in a mail, without the host."""
    found = re.search(r"https?://[^/\s]+(/\S+)", message.get_content())
    assert found
    return found[1]


# sign-up


def test_an_account_by_a_proven_address(reader: Reader, mailbox: Mailbox) -> None:
    assert "Regardez" in reader.send("/compte/nouveau", email="Jeanne@Example.org").text
    assert sign_up.account_of("jeanne@example.org") is None, "nothing before the link is followed"
    [message] = sent(mailbox)
    assert message["To"] == "jeanne@example.org" and "portail@example.org" in message["From"]
    answer = reader.send(link(message), fullname="Jeanne d'Aytré", name="jeanne", password=PASSWORD)
    assert answer.status_code == 302
    user = model.User.get("jeanne")
    assert (user.email, user.fullname, user.state, user.sysadmin) == ("jeanne@example.org", "Jeanne d'Aytré", "active", False)
    assert "Jeanne" in reader.get("/dashboard/datasets").text, "signed in"


def test_an_account_leads_on_to_what_was_wanted(reader: Reader, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = "/demandes/nouvelle?dataset=compteurs"
    for page in (f"/user/login?came_from={wanted}", wanted):
        assert re.search(r'href="/compte/nouveau\?next=[^"]*compteurs', reader.get(page).text)
    assert f'name="next" value="{wanted}"' in reader.get(f"/compte/nouveau?next={wanted}").text
    reader.send("/compte/nouveau", email="jeanne@example.org", next=wanted)
    address = link(sent(mailbox)[-1])
    with monkeypatch.context() as late:
        late.setattr(sign_up, "HOURS", -1)
        assert f'name="next" value="{wanted}"' in reader.get(address).text
    answer = reader.send(address, fullname="Jeanne", name="jeanne", password=PASSWORD)
    assert answer.status_code == 302 and answer.headers["Location"].endswith(wanted)


def test_an_account_leads_to_this_portal_only(reader: Reader, mailbox: Mailbox) -> None:
    reader.send("/compte/nouveau", email="jeanne@example.org", next="//evil.example")
    answer = reader.send(link(sent(mailbox)[-1]), fullname="Jeanne", name="jeanne", password=PASSWORD)
    assert answer.status_code == 302 and "evil" not in answer.headers["Location"]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_language_of_the_pages_is_that_of_the_mails(reader: Reader, mailbox: Mailbox, language: str) -> None:
    before = "" if language == "fr" else "/en"
    reader.send(f"{before}/compte/nouveau", email="jeanne@example.org")
    reader.send(f"{before}/compte/nouveau/{link(sent(mailbox)[-1]).rpartition('/')[2]}", fullname="Jeanne", name="jeanne", password=PASSWORD)
    assert tk.get_action("tzc_notices_wish_show")({"user": "jeanne"}, {})["language"] == language
    tell(Happening("request.granted", None, tell=(model.User.get("jeanne").id,)))
    model.Session.commit()
    letters.write_due(60)
    assert sent(mailbox)[-1]["Content-Language"] == language
    other = "en" if language == "fr" else "fr"
    tk.get_action("tzc_notices_wish_update")({"user": "jeanne"}, {"language": other})
    assert tk.get_action("tzc_notices_wish_show")({"user": "jeanne"}, {})["language"] == other


def test_the_link_serves_once(reader: Reader, mailbox: Mailbox) -> None:
    reader.send("/compte/nouveau", email="jeanne@example.org")
    address = link(sent(mailbox)[0])
    reader.send(address, fullname="Jeanne", name="jeanne", password=PASSWORD)
    again = reader.get(address)
    assert again.status_code == 410 and "a déjà son compte" in again.text


@pytest.mark.parametrize("token", ["x", "ImFAYi5mciI.aaaa.bbbb"])
def test_a_forged_link_leads_nowhere(reader: Reader, mailbox: Mailbox, token: str) -> None:
    assert reader.get(f"/compte/nouveau/{token}").status_code == 410


def test_an_old_link_says_so(reader: Reader, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.send("/compte/nouveau", email="jeanne@example.org")
    address = link(sent(mailbox)[0])
    monkeypatch.setattr(sign_up, "HOURS", -1)
    answer = reader.get(address)
    assert answer.status_code == 410 and "plus d’un jour" in answer.text


def test_the_page_does_not_tell_who_has_an_account(reader: Reader, mailbox: Mailbox) -> None:
    factories.User(email="ancien@example.org")
    pages = [reader.send("/compte/nouveau", email=address).text.replace(address, "X") for address in ("ancien@example.org", "nouveau@example.org")]
    strip = [re.sub(r'value="[^"]+"|content="[^"]+"', "", page) for page in pages]
    assert strip[0] == strip[1]
    known, new = sent(mailbox)
    assert "/user/reset" in known.get_content() and "/compte/nouveau/" not in known.get_content()
    assert "/compte/nouveau/" in new.get_content()


@pytest.mark.parametrize("address", ["", "jeanne", "jeanne@", "a b@example.org", "a@b@example.org", "jeanne@example.org\r\nBcc: x@example.org", "<script>@example.org"])
def test_an_address_that_is_none(reader: Reader, mailbox: Mailbox, address: str) -> None:
    answer = reader.send("/compte/nouveau", email=address)
    assert answer.status_code == 400 and "nom@example.org" in answer.text and "<script>@" not in answer.text
    assert sent(mailbox) == []


def test_a_mistake_keeps_what_was_typed(reader: Reader, mailbox: Mailbox) -> None:
    factories.User(name="jeanne")
    reader.send("/compte/nouveau", email="jeanne@example.org")
    address = link(sent(mailbox)[0])
    answer = reader.send(address, fullname="Jeanne <b>", name="jeanne", password="court")
    assert answer.status_code == 400
    assert "Jeanne &lt;b&gt;" in answer.text and answer.text.count("tzc-field-error") == 2


def test_no_sign_up_without_a_mail_server(reader: Reader) -> None:
    assert reader.get("/compte/nouveau").status_code == 404
    assert "/compte/nouveau" not in reader.get("/user/login").text


@pytest.mark.parametrize("where", ["%09//evil.example", "https://evil.example/", "%5C%5Cevil.example", "//evil.example"])
def test_sign_in_leads_to_no_other_site(reader: Reader, where: str) -> None:
    user = factories.User(password=PASSWORD)
    for name in ("came_from", "next"):
        refused = reader.get(f"/user/login?{name}={where}").status_code == 400
        answer = None if refused else reader.send(f"/user/login?{name}={where}", login=user["name"], password=PASSWORD)
        assert refused or (answer.status_code == 302 and "evil" not in answer.headers["Location"])


# limits


def test_sign_in_is_slowed_down(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.accounts.sign_in_limit", "3 per 15 minute")
    user = factories.User(password=PASSWORD)
    for _ in range(3):
        assert reader.send("/user/login", login=user["name"], password="faux").status_code == 200
    late = reader.send("/user/login", login=user["name"].upper(), password=PASSWORD)
    assert late.status_code == 429 and int(late.headers["Retry-After"]) <= 900 and "15 minutes" in late.text
    assert Reader(reader.application).send("/user/login", login=user["name"], password=PASSWORD).status_code == 429, "from elsewhere too"
    other = factories.User(password=PASSWORD)
    assert reader.send("/user/login", login=other["name"], password=PASSWORD).status_code == 302


def test_an_account_has_one_count_by_name_and_by_address(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.accounts.sign_in_limit", "3 per 15 minute")
    user = factories.User(password=PASSWORD)

    def answers(*typed: str) -> list[int]:
        return [reader.send("/user/login", login=one, password="faux").status_code for one in typed]

    assert answers(user["name"], user["email"].upper(), user["name"], user["email"], user["name"]) == [200, 200, 200, 429, 429]
    assert answers("nobody", "nobody@example.org", "nobody", "nobody") == [200] * 4, "each name that nobody has is counted for itself"
    assert answers("nobody") == [429]


def test_a_sign_in_begins_the_count_anew(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.accounts.sign_in_limit", "3 per 15 minute")
    user = factories.User(password=PASSWORD)
    for _ in range(3):
        new = Reader(reader.application)
        new.send("/user/login", login=user["name"], password="faux")
        assert new.send("/user/login", login=user["name"], password=PASSWORD).status_code == 302


def test_one_network_address_has_a_limit_when_it_is_known(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.accounts.sign_in_limit_address", "2 per hour")
    monkeypatch.setitem(tk.config, "tzc.trusted_proxies", 1)
    answers = [reader.send("/user/login", login=f"nobody{number}", password="faux").status_code for number in range(3)]
    assert answers == [200, 200, 429]
    monkeypatch.setitem(tk.config, "tzc.trusted_proxies", 0)
    assert reader.send("/user/login", login="nobody9", password="faux").status_code == 200, "the loopback stands for everybody"


def test_a_mailbox_is_not_flooded(reader: Reader, mailbox: Mailbox) -> None:
    answers = [reader.send("/compte/nouveau", email="jeanne@example.org").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    assert len(sent(mailbox)) == 3


# mail


def test_a_forgotten_password(reader: Reader, mailbox: Mailbox) -> None:
    user = factories.User(email="jeanne@example.org", password="ancien-mot-de-passe")
    reader.send("/user/reset", user="jeanne@example.org")
    [message] = sent(mailbox)
    assert message["Subject"] and message["To"].endswith("<jeanne@example.org>")
    answer = reader.send(link(message), password1=PASSWORD, password2=PASSWORD)
    assert answer.status_code == 302
    assert Reader(reader.application).send("/user/login", login=user["name"], password=PASSWORD).status_code == 302
    assert reader.get(link(message)).status_code == 403, "the link serves once"


def after(seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links are looked at so much later."""
    moment = time.time() + seconds
    monkeypatch.setattr(resets, "time", SimpleNamespace(time=lambda: moment))


def test_a_link_to_a_new_password_ends(app: Any, reader: Reader, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    user = factories.User(email="jeanne@example.org", password="ancien-mot-de-passe")
    reader.send("/user/reset", user="jeanne@example.org")
    [message] = sent(mailbox)
    assert "24 " in message.get_content()
    assert reader.get(link(message)).status_code == 200
    after(24 * 3600 + 1, monkeypatch)
    late = reader.get(link(message))
    assert late.status_code == 410 and 'href="/user/reset"' in late.text
    assert reader.send("/user/login", to=link(message), password1=PASSWORD, password2=PASSWORD).status_code == 410
    key = model.User.get(user["id"]).reset_key
    sent_by_program = {"id": user["id"], "email": "jeanne@example.org", "name": user["name"], "password": PASSWORD, "reset_key": key}
    assert app.post("/api/3/action/user_update", json=sent_by_program).status_code == 403
    assert Reader(reader.application).send("/user/login", login=user["name"], password="ancien-mot-de-passe").status_code == 302


def test_an_invitation_serves_longer(reader: Reader, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = factories.User(password=PASSWORD)
    partner = factories.Organization(image_url="", users=[{"name": owner["name"], "capacity": "admin"}])
    tk.get_action("user_invite")({"user": owner["name"]}, {"email": "paul@example.org", "group_id": partner["id"], "role": "editor"})
    [message] = sent(mailbox)
    assert re.search(r"\b7\b", message.get_content())
    for days, status in ((6, 200), (8, 410)):
        after(days * 86_400, monkeypatch)
        assert reader.get(link(message)).status_code == status


def test_a_key_from_before_keys_had_a_time_has_ended(reader: Reader) -> None:
    user = model.User.get(factories.User()["id"])
    user.reset_key = "0" * 32
    model.repo.commit()
    assert reader.get(f"/user/reset/{user.id}?key={user.reset_key}").status_code == 410


def test_a_link_signs_nobody_out(reader: Reader) -> None:
    user = factories.User(password=PASSWORD)
    reader.send("/user/login", login=user["name"], password=PASSWORD)
    for method in (reader.get, reader.head):
        assert method("/user/_logout").status_code == 200
        assert reader.get("/dashboard/datasets").status_code == 200
    assert reader.post("/user/_logout").status_code == 400, "no token of the form"
    assert reader.send("/user/_logout").status_code == 302
    assert reader.get("/dashboard/datasets").status_code != 200


def test_a_reset_does_not_tell_who_has_an_account(reader: Reader, mailbox: Mailbox) -> None:
    factories.User(email="ancien@example.org")
    mailbox.refuses = "451 later"
    places = [reader.send("/user/reset", user=address).headers["Location"] for address in ("ancien@example.org", "nouveau@example.org")]
    assert places[0] == places[1]


def test_a_mail_waits_for_a_server_that_is_away(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    address = tk.config["tzc.mail.url"]
    monkeypatch.setitem(tk.config, "tzc.mail.url", "smtp://127.0.0.1:1")
    mail.put("Jeanne", "jeanne@example.org", "Objet", "Texte")
    assert mail.send_due() == 0
    [entry] = mail.waiting()
    assert entry["attempts"] == 1 and entry["due"] > store.now()
    monkeypatch.setitem(tk.config, "tzc.mail.url", address)
    assert mail.send_due() == 0, "not yet due"
    mail.try_again()
    assert mail.send_due() == 1 and mail.waiting() == []
    assert mailbox.mails[0].get_content().strip() == "Texte"


def test_a_mail_nobody_takes_is_given_up_and_shown(mailbox: Mailbox) -> None:
    mailbox.refuses = "550 no such mailbox"
    mail.put("", "personne@example.org", "Objet", "Texte")
    mail.send_due()
    [entry] = mail.waiting()
    assert entry["due"] is None and "550" in entry["error"]


def test_attempts_end(mailbox: Mailbox) -> None:
    mailbox.refuses = "451 later"
    mail.put("", "jeanne@example.org", "Objet", "Texte")
    for _ in range(len(mail.PAUSES) + 1):
        model.Session.query(store.Mail).update({"due": store.now()})
        model.Session.commit()
        mail.send_due()
    assert mail.waiting()[0]["due"] is None


def test_a_subject_is_one_line(mailbox: Mailbox) -> None:
    mail.put("Nom\r\nBcc: x@example.org", "jeanne@example.org", "Objet\r\nBcc: x@example.org", "Texte")
    mail.send_due()
    [message] = mailbox.mails
    assert message["Bcc"] is None and message["Subject"] == "Objet Bcc: x@example.org"


def test_a_mail_that_cannot_be_written_holds_up_no_other(mailbox: Mailbox) -> None:
    mail.put("", "é@exämple.org", "Objet", "Texte")
    mail.put("", "jeanne@example.org", "Objet", "Texte")
    assert mail.send_due() == 1
    assert mail.waiting()[0]["error"]


def test_a_reset_without_a_mail_server_tells_nothing(reader: Reader) -> None:
    factories.User(email="ancien@example.org")
    assert "_csrf_token" not in reader.get("/user/reset").text, "no form that leads nowhere"
    answers = [reader.send("/user/login", to="/user/reset", user=address) for address in ("ancien@example.org", "nouveau@example.org")]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]


def test_mail_over_tls_with_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """smtps: with a certificate that is checked, and a sign-in."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    box = Mailbox()
    given: list[Any] = []

    def allow(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        from aiosmtpd.smtp import AuthResult

        given.append((data.login, data.password))
        return AuthResult(success=True)

    port = free_port()
    server = Controller(box, hostname="127.0.0.1", port=port, ssl_context=context, authenticator=allow, auth_require_tls=False)
    server.start()
    monkeypatch.setitem(tk.config, "smtp.mail_from", "portail@example.org")
    monkeypatch.setitem(tk.config, "tzc.mail.url", f"smtps://post:p%40ss@localhost:{port}")
    try:
        mail.put("", "jeanne@example.org", "Objet", "Texte")
        assert mail.send_due() == 0 and "certificate" in mail.waiting()[0]["error"], "an unknown certificate is refused"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        mail.try_again()
        assert mail.send_due() == 1
    finally:
        server.stop()
    assert given == [(b"post", b"p@ss")] and len(box.mails) == 1


# API tokens


@pytest.fixture
def signed_in(reader: Reader) -> Reader:
    """Somebody called jeanne, signed in."""
    factories.User(name="jeanne", password=PASSWORD)
    assert reader.send("/user/login", login="jeanne", password=PASSWORD).status_code == 302
    return reader


def test_a_token_ends(signed_in: Reader) -> None:
    page = signed_in.send("/user/jeanne/api-tokens", to="/compte/jetons", name="Passerelle", days="30").text
    found = re.search(r"readonly>([^<]+)<", page)
    assert found
    token = found[1]
    api = "/api/3/action/user_show?id=jeanne"
    stranger = Reader(signed_in.application)
    assert stranger.get(api, headers={"Authorization": token}).json["result"]["name"] == "jeanne"
    [entry] = tk.get_action("api_token_list")({"user": "jeanne"}, {"user": "jeanne"})
    end = tokens.end_of(entry)
    assert end and abs((store.datetime.fromisoformat(end) - store.now()) - timedelta(days=30)) < timedelta(minutes=1)
    assert token not in signed_in.get("/user/jeanne/api-tokens").text, "shown once"


def test_an_ended_token_is_refused(signed_in: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    now = store.now()
    monkeypatch.setattr(tokens, "now", lambda: now - timedelta(days=2))
    token = tk.get_action("api_token_create")({"user": "jeanne"}, {"user": "jeanne", "name": "court", "days": 1})["token"]
    stranger = Reader(signed_in.application)
    assert stranger.get("/api/3/action/user_show?id=jeanne", headers={"Authorization": token}).json.get("result", {}).get("email") is None


def test_the_use_of_a_token_is_written_once_a_minute(signed_in: Reader) -> None:
    made = tk.get_action("api_token_create")({"user": "jeanne"}, {"user": "jeanne", "name": "Passerelle"})["token"]
    stranger, api = Reader(signed_in.application), "/api/3/action/user_show?id=jeanne"

    def used() -> Any:
        assert stranger.get(api, headers={"Authorization": made}).json["success"] is True
        model.Session.rollback()
        return model.Session.query(model.ApiToken.last_access).filter_by(name="Passerelle").scalar()

    first = used()
    assert first is not None and used() == first
    model.Session.query(model.ApiToken).filter_by(name="Passerelle").update({"last_access": first - timedelta(minutes=2)})
    model.Session.commit()
    assert used() >= first


def test_a_token_without_days_ends_too() -> None:
    user = factories.User()
    tk.get_action("api_token_create")({"user": user["name"]}, {"user": user["name"], "name": "programme"})
    [entry] = tk.get_action("api_token_list")({"user": user["name"]}, {"user": user["name"]})
    assert tokens.end_of(entry)


@pytest.mark.parametrize("given", [{"days": 1.9}, {"days": True}, {"days": 366}, {"days": "٣"}, {"expires_in": 5000}, {"expires_in": 7, "unit": 86400}, {"expires_at": "2030-01-01"}])
def test_no_end_is_cut_without_a_word(given: dict[str, Any]) -> None:
    factories.User(name="jeanne")
    with pytest.raises(tk.ValidationError) as refused:
        tk.get_action("api_token_create")({"user": "jeanne"}, {"user": "jeanne", "name": "x", **given})
    assert set(refused.value.error_dict) == set(given)
    assert all("365" in words for told in refused.value.error_dict.values() for words in told)


@pytest.mark.parametrize("days", ["0", "-1", "366", "demain", "1.5"])
def test_days_that_are_none(signed_in: Reader, days: str) -> None:
    answer = signed_in.send("/user/jeanne/api-tokens", to="/compte/jetons", name="Passerelle", days=days)
    assert answer.status_code == 400 and "365" in answer.text and 'value="Passerelle"' in answer.text


def test_a_token_is_ended_by_hand(signed_in: Reader) -> None:
    signed_in.send("/user/jeanne/api-tokens", to="/compte/jetons", name="Passerelle", days="30")
    [entry] = tk.get_action("api_token_list")({"user": "jeanne"}, {"user": "jeanne"})
    assert signed_in.send("/user/jeanne/api-tokens", to="/compte/jetons/retirer", token=entry["id"]).status_code == 302
    assert tk.get_action("api_token_list")({"user": "jeanne"}, {"user": "jeanne"}) == []


def test_nobody_ends_another_s_token(signed_in: Reader) -> None:
    other = factories.User()
    tk.get_action("api_token_create")({"user": other["name"]}, {"user": other["name"], "name": "autre"})
    [entry] = tk.get_action("api_token_list")({"user": other["name"]}, {"user": other["name"]})
    assert signed_in.send("/user/jeanne/api-tokens", to="/compte/jetons/retirer", token=entry["id"]).status_code == 403
    assert tk.get_action("api_token_list")({"user": other["name"]}, {"user": other["name"]})


@pytest.mark.parametrize("action", ["user_patch", "user_update"])
def test_an_address_is_not_changed_without_proof(action: str) -> None:
    user = factories.User(email="jeanne@example.org")
    given = {"id": user["id"], "email": "victime@example.org", "fullname": "Jeanne"}
    with pytest.raises(tk.ValidationError) as refused:
        tk.get_action(action)({"user": user["name"]}, given)
    assert refused.value.error_dict["email"]
    assert model.User.get(user["id"]).email == "jeanne@example.org"
    tk.get_action("user_patch")({"user": user["name"]}, {"id": user["id"], "fullname": "Jeanne Dupont"})
    administrator = factories.Sysadmin()
    tk.get_action("user_patch")({"user": administrator["name"]}, {"id": user["id"], "email": "jeanne2@example.org"})
    assert model.User.get(user["id"]).email == "jeanne2@example.org"


# what is told of people


def test_strangers_learn_no_members(reader: Reader, publish: Any, partner: dict[str, Any]) -> None:
    secret = publish(access_level="confidential")
    shown = publish()
    for user in ("", factories.User()["name"]):
        for group in (partner["name"], "mobilite"):
            members = tk.get_action("member_list")({"user": user}, {"id": group})
            assert {kind for _, kind, _ in members} <= {"package"}
            assert secret["id"] not in {member for member, _, _ in members}
    assert shown["id"] in {member for member, _, _ in tk.get_action("member_list")({"user": ""}, {"id": "mobilite"})}
    administrator = factories.Sysadmin()
    assert "user" in {kind for _, kind, _ in tk.get_action("member_list")({"user": administrator["name"]}, {"id": partner["name"]})}


def test_no_digest_of_an_address_is_told() -> None:
    user, other = factories.Sysadmin(), factories.User()
    for wanted in (tk.get_action("user_show")({"user": user["name"]}, {"id": other["name"]}), *tk.get_action("user_list")({"user": user["name"]}, {})):
        assert "email_hash" not in wanted

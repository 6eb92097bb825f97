"""Mails: written into a table first, sent by a job after that, so that neither a crash nor a mail server that is away loses one.

A reader waits for no mail server, and cannot learn from the waiting time, or from an error, whether an account exists. A mail may
be sent twice when the worker dies between the server's answer and the commit.
"""
from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Iterable, Mapping
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formataddr, formatdate, make_msgid
from typing import Any
from urllib.parse import unquote, urlsplit

import ckan.model as model
import ckan.plugins.toolkit as tk
import redis
import sqlalchemy as sa
from ckanext.tzc.common import mailing
from ckanext.tzc.common.territory import territory

from . import jobs
from .headers import Policy
from .store import Mail, now

log = logging.getLogger(__name__)

SECONDS = 20
"""How long the mail server may take for an answer."""

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 1440))
"""Before the second, third … attempt; two days in all, then the mail is given up."""


def works() -> bool:
    """Whether this portal has a mail server."""
    return bool(tk.config["tzc.mail.url"])


def _row(name: str, address: str, subject: str, body: str, headers: Mapping[str, str] | None) -> Any:
    given = dict(headers or {})
    given.setdefault("Message-ID", make_msgid(domain=urlsplit(tk.config["ckan.site_url"]).hostname))  # one for all attempts: who gets a mail twice can tell
    return sa.insert(Mail.__table__).values(
        recipient_name=" ".join(name.split()), recipient=address, subject=mailing.subject(subject), body=body, headers=given, created=now(), due=now()
    )


def keep(name: str, address: str, subject: str, body: str, headers: Mapping[str, str]) -> None:
    """Keep a mail for sending in the transaction that has reason for it; the worker is woken up after its commit."""
    model.Session.execute(_row(name, address, subject, body, headers))
    jobs.mails_job().ask()


def put(name: str, address: str, subject: str, body: str, headers: Mapping[str, str] | None = None) -> None:
    """Keep a mail for sending, in a transaction of its own, and wake the worker up."""
    with model.meta.engine.begin() as connection:
        connection.execute(_row(name, address, subject, body, headers))
    try:
        tk.enqueue_job(jobs.send_mails, queue=jobs.QUEUE, title="Mails that are due")
    except redis.RedisError:
        log.warning("the queue does not answer; mails wait for the next minute's job")


def send_due() -> int:
    """Send what is due, one mail a transaction; how many the server took."""
    taken = 0
    while works():
        with model.meta.engine.begin() as connection:
            table = Mail.__table__
            mail = connection.execute(sa.select(table).where(table.c.due <= now()).order_by(table.c.due).limit(1).with_for_update(skip_locked=True)).first()
            if mail is None:
                break
            try:
                _hand_over(mail)
            except (OSError, smtplib.SMTPException, ValueError) as error:  # ValueError: an address or header that no mail can bear
                connection.execute(sa.update(table).where(table.c.id == mail.id).values(**_after_failure(mail, error)))
                log.warning("mail %s was not taken by the mail server: %s", mail.id, type(error).__name__)
            else:
                connection.execute(sa.delete(table).where(table.c.id == mail.id))
                taken += 1
    return taken


def _after_failure(mail: Any, error: Exception) -> dict[str, Any]:
    """The next attempt; none when the server refuses the recipient for good, or after the last one."""
    refused = isinstance(error, smtplib.SMTPRecipientsRefused) and all(code >= 500 for code, _ in error.recipients.values())
    last = refused or mail.attempts >= len(PAUSES)
    return {"attempts": mail.attempts + 1, "error": str(error)[:500], "due": None if last else now() + PAUSES[mail.attempts]}


def _hand_over(mail: Any) -> None:
    message = EmailMessage(policy=Policy())
    message.set_content(mail.body)
    # after it: whoever sets the content takes the headers about it away
    for key, value in mail.headers.items():
        message[key] = value
    message["Subject"] = mail.subject
    place = territory()
    message["From"] = formataddr((place.name[place.languages[0]], tk.config["smtp.mail_from"]))
    message["To"] = formataddr((mail.recipient_name, mail.recipient))
    message["Date"] = formatdate()
    if "Message-ID" not in message:
        message["Message-ID"] = make_msgid(domain=urlsplit(tk.config["ckan.site_url"]).hostname)
    message["Auto-Submitted"] = "auto-generated"
    with _connection(urlsplit(tk.config["tzc.mail.url"])) as server:
        server.send_message(message, to_addrs=[mail.recipient])


def _connection(address: Any) -> smtplib.SMTP:
    """A connection as `tzc.mail.url` says: `smtp:` plain, `smtp:…?starttls`, or `smtps:`; certificates are checked."""
    trust = ssl.create_default_context()
    if address.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(address.hostname, address.port or 465, timeout=SECONDS, context=trust)
    else:
        server = smtplib.SMTP(address.hostname, address.port or 25, timeout=SECONDS)
    try:
        if "starttls" in address.query:
            server.starttls(context=trust)
        if address.username:
            server.login(unquote(address.username), unquote(address.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def waiting() -> list[dict[str, Any]]:
    """What has not been sent, without its text: `{"id", "recipient", "subject", "created", "due", "attempts", "error"}`."""
    columns = (Mail.id, Mail.recipient, Mail.subject, Mail.created, Mail.due, Mail.attempts, Mail.error)
    return [dict(row._mapping) for row in model.Session.query(*columns).order_by(Mail.id)]


def try_again() -> int:
    """Make everything due now, what was given up too; how many mails."""
    count = model.Session.query(Mail).update({"due": now(), "attempts": 0})
    model.Session.commit()
    return int(count)


class Notifier:
    """CKAN's mails (password reset, invitation) by the same way."""

    def notify_recipient(
        self, already_notified: bool, recipient_name: str, recipient_email: str, subject: str, body: str,
        body_html: str | None = None, headers: dict[str, Any] | None = None, attachments: Iterable[Any] | None = None,
    ) -> bool:  # fmt: skip
        """Keep a mail for sending; text only, which is all that CKAN's own mails have."""
        if already_notified or not works():
            return already_notified
        put(recipient_name, recipient_email, subject, body, headers)
        return True

    def notify_about_topic(self, already_notified: bool, topic: str, details: dict[str, Any] | None = None) -> bool:
        """Without a mail server nothing is written, and CKAN says the same as to somebody it does not know."""
        return already_notified or not works()

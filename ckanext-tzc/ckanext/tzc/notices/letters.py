"""Mails about notices. What is due for one reader goes into one mail, which is handed to the mails that wait in the same transaction: a notice is mailed once, whatever breaks."""
from __future__ import annotations

import time

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import mailing, ways
from ckanext.tzc.common.territory import territory

from . import hearing, steps, stopping, store, wishes, words

MOST = 50
"""Notices that one mail tells in full."""


def write_due(seconds: float) -> int:
    """Write what is due, one reader a transaction. How many mails. Commits."""
    ends, written = time.monotonic() + seconds, 0
    while mailing.works() and time.monotonic() < ends:
        rows = _take()
        if not rows:
            break
        written += _write(rows)
        # with what the mails room keeps
        model.Session.commit()
    model.Session.rollback()
    return written


def _take() -> list[store.Notice]:
    """All that is due for the reader who waits longest and whom nobody writes to just now."""
    due = model.Session.query(store.Notice).filter(store.Notice.due <= store.now()).with_for_update(skip_locked=True)
    first = due.order_by(store.Notice.due, store.Notice.id).first()
    if first is None:
        return []
    same = store.Notice.user_id == first.user_id if first.user_id else sa.and_(store.Notice.address == first.address, store.Notice.id == first.id)
    rows: list[store.Notice] = due.filter(same).order_by(store.Notice.id).all()
    return rows


def _write(rows: list[store.Notice]) -> int:
    """One mail; none to an account that is no longer, or has no address. The rows are not due any more."""
    first = rows[0]
    if first.user_id is None:
        language = _language(first)
        subject, body = _text(rows, "", language, [])
        mailing.keep("", first.address, subject, body, {"Content-Language": language})
        model.Session.delete(first)
        return 1
    for row in rows:
        row.due = None
    user = model.User.get(first.user_id)
    if user is None or user.state != "active" or not user.email:
        return 0
    language = wishes.language(user)
    _ = words.of(language)
    settings, stop = (hearing.link(ways.within(language, path)) for path in ("/compte/notifications/reglages", f"/compte/notifications/arret/{stopping.token(user.id)}"))
    feet = [_("What is mailed to you, and when:") + " " + settings, _("No such mails any more:") + " " + stop]
    subject, body = _text(rows, user.name, language, feet)
    headers = {"Content-Language": language, "List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    mailing.keep(user.display_name, user.email, subject, body, headers)
    return 1


def _language(notice: store.Notice) -> str:
    """Of an address: of the account that has it, else of the page by which it is written to."""
    account = model.Session.query(model.User).filter(sa.func.lower(model.User.email) == notice.address.lower(), model.User.state == "active").first()
    came = notice.content.get("language")
    return wishes.language(account) if account else str(came if came in territory().languages else territory().languages[0])


def _text(rows: list[store.Notice], reader: str, language: str, feet: list[str]) -> tuple[str, str]:
    """Subject and body; the pages that it leads to are in its language."""
    _ = words.of(language)
    links = [hearing.link(ways.within(language, row.path)) if row.path else "" for row in rows[:MOST]]
    told = [(words.sentence(row.kind, _, row.content), words.facts(row, reader, language, _), link) for row, link in zip(rows, links, strict=False)]
    subject = steps.subject([(said, facts) for said, facts, _link in told], len(rows), _)
    lines = [_("Good day,"), ""]
    for said, facts, link in told:
        lines += [said, *(f"    {label}{_(': ')}{value}" for label, value in facts), *([f"    {link}"] if link else []), ""]
    if len(rows) > MOST:
        lines += [_("And {count} more, in the portal.").format(count=len(rows) - MOST), ""]
    lines += ["--", territory().text(territory().name, language), tk.config["ckan.site_url"], *(["", *feet] if feet else [])]
    return subject, "\n".join(lines) + "\n"

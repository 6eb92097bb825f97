"""What a notice of a decision says beyond what happened: whose turn it is, why, and what is to be done until when."""
from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from ckanext.tzc.common import changed, mailing
from ckanext.tzc.common.territory import territory

Words = Callable[[str], str]

WHY = ("request.changes_requested", "request.refused", "request.upheld", "grant.suspended", "grant.revoked")
"""Told with their reason: it is against somebody, who has to know."""

REASON = 1000
"""Characters of a reason that a notice tells; the whole stands in the thread."""


def kept(happening: Any, user_id: str | None) -> dict[str, Any]:
    """What a notice keeps of a happening for that, by who reads it."""
    content = happening.content
    if happening.kind == "request.appealed":
        return {"before": str(content.get("before", "")), **({"hears": "1"} if user_id and user_id in content.get("hear", ()) else {})}
    if happening.kind == "request.submitted" and "completed" in content:
        return {"completed": " ".join(content["completed"]) or "nothing"}
    if happening.kind in WHY:
        # somebody of the team has the right, and did not ask
        told = {"reason": mailing.subject(str(content.get("reason", "")), REASON), "until": content.get("until"), "state": content.get("state")}
        return {**{key: str(value) for key, value in told.items() if value}, **({"team": "1"} if user_id and user_id in content.get("team", ()) else {})}
    return {}


def sentence(kind: str, _: Words, content: Mapping[str, Any]) -> str:
    """In place of the kind's own; empty where that one will do."""
    revoked = content.get("before") == "revoked"
    if kind == "request.appealed" and content.get("hears"):
        return _("An appeal against a right that was taken back is yours to decide.") if revoked else _("An appeal against a refusal is yours to decide.")
    if kind == "request.appealed" and revoked:
        return _("That a right was taken back is appealed: somebody else decides.")
    if kind == "request.submitted" and content.get("completed"):
        return _("A request for data was completed: it waits for you again.")
    if kind == "request.granted" and content.get("renews"):
        return _("Your right to data was renewed.") if content.get("yours") else _("A right to data was renewed.")
    if kind == "request.appeal_acknowledged":
        return _("Your appeal has come in: somebody who did not decide before hears it.")
    return ""


def facts(kind: str, content: Mapping[str, Any], language: str, _: Words) -> list[tuple[str, str]]:
    """Why, and the next step of who reads it, as `(label, value)`."""
    found = [(_("Reason"), str(content["reason"]))] if kind in WHY and content.get("reason") else []
    if kind == "request.submitted" and content.get("completed"):
        found.append((_("Changed"), changed.named(content["completed"].split(), _) or _("nothing of the form; see the thread")))
    if step := _step(kind, content, language, _):
        found.append((_("What to do"), step))
    return found


def _step(kind: str, content: Mapping[str, Any], language: str, _: Words) -> str:
    if kind not in WHY or not (content.get("yours") or content.get("team")):
        return ""
    if kind == "grant.suspended":
        return _("Do not use the data until the right is given back; the portal keeps them closed.")
    revoked = kind == "grant.revoked" or content.get("state") == "revoked"
    attest = _("Destroy the copies, and attest it on the page of the agreement.")
    if content.get("team") or kind == "request.upheld":
        return attest if revoked else _("Nothing: this decision is final here.")
    if kind == "request.changes_requested":
        day = moment(content.get("until"), language)
        return _("Complete it, and send it again, by {moment}: after that it lapses.").format(moment=day) if day else _("Complete it, and send it again.")
    appeal = _("You can appeal on the page of the request, whatever the day: somebody who did not decide hears it.")
    return f"{attest} {appeal}" if revoked else appeal


def subject(told: list[tuple[str, list[tuple[str, str]]]], count: int, _: Words) -> str:
    """Of a mail about so many notices, those that it tells (sentence, facts) first: what they are about; how many, where they are several."""
    titles = [next((value for label, value in facts if label in (_("Dataset"), _("Datasets"), _("Catalogue"))), "") for _said, facts in told]
    about = [f"{said.rstrip('.')}{_(': ')}{title}" if title else said.rstrip(".") for (said, _facts), title in zip(told, titles, strict=True)]
    return about[0] if count == 1 else _("{count} notifications").format(count=count) + _(": ") + "; ".join(dict.fromkeys(about))


def end(value: Any, language: str) -> str:
    """Until when something lasts: its last day, where it ends at midnight; else the moment."""
    if not (read := moment(value, language)).endswith(", 00:00"):
        return read
    before = dt.datetime.fromisoformat(str(value)) - dt.timedelta(minutes=1)
    return moment(before.isoformat(), language).rpartition(", ")[0]


def moment(value: Any, language: str) -> str:
    """A moment to the minute, where the territory is; nothing for what is none."""
    try:
        read = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return ""
    here = (read if read.tzinfo else read.replace(tzinfo=dt.timezone.utc)).astimezone(ZoneInfo(territory().timezone))
    return f"{format_date(here.date(), 'long', locale=language)}, {here:%H:%M}"

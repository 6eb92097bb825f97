"""What notices say. Each function takes `_`, the words of the reader's language: a page has one reader, a job writes to many."""
from __future__ import annotations

import datetime as dt
import gettext
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import ckan.model as model
import ckan.plugins.toolkit as tk
from babel.dates import format_date
from babel.units import format_unit
from ckanext.tzc.common.territory import territory
from ckanext.tzc.schemas import vocabulary

from . import harvests, steps

Words = Callable[[str], str]

TEXTS = Path(__file__).parents[1] / "i18n"


@lru_cache(maxsize=8)
def of(language: str) -> Words:
    """The words of a language, outside a request."""
    return gettext.translation("ckanext-tzc", TEXTS, [language], fallback=True).gettext


def sentence(kind: str, _: Words, content: Mapping[str, Any]) -> str:
    """What happened, by the notice's content too: whether it is `yours` who read it, whether it `renews` a right. Other kinds have one by what they are about."""
    own = {
        "request.taken_up": _("Your request for data is being looked at."),
        "request.changes_requested": _("Your request for data is to be completed."),
        "request.prolonged": _("Your request for data needs more time; the reasons stand with it."),
        "request.approved": _("Your request for data has one of the two approvals it needs."),
        "request.granted": _("Your request for data was granted."),
        "request.refused": _("Your request for data was refused; the reasons stand with it."),
        "request.lapsed": _("Your request for data has lapsed: it was not completed in time."),
        "request.upheld": _("The decision on your request was confirmed after your appeal."),
        "request.message": _("There is a new message about your request for data."),
        "request.overdue": _("Your request for data should have been decided by now."),
        "grant.ending": _("Your right to data ends soon."),
        "grant.expired": _("Your right to data has ended: destroy the copies, and say so in the portal."),
        "grant.renewed": _("Your right to data was renewed."),
        "grant.suspended": _("Your right to data is suspended; the reasons stand with it."),
        "grant.resumed": _("Your right to data that was suspended is in force again."),
        "grant.revoked": _("Your right to data was taken back; the reasons stand with it."),
    }
    if content.get("appealed") and kind == "request.granted":
        return _("After your appeal the right to data is given to you.") if content.get("yours") else _("After an appeal a right to data is given.")
    if said := steps.sentence(kind, _, content) or harvests.sentence(kind, _, content):
        return said
    if content.get("yours") and kind in own:
        return own[kind]
    delegate = {
        "delegation.created": _("You decide on requests for data in somebody's place."),
        "delegation.ended": _("You decide on requests for data in somebody's place no more."),
    }
    if content.get("delegate") and kind in delegate:
        return delegate[kind]
    if content.get("renews") and kind == "request.submitted":
        return _("A request to renew a right to data has come in.")
    known = {
        "request.submitted": _("A request for data has come in."),
        "request.acknowledged": _("Your request for data has come in; you are told what becomes of it."),
        "request.taken_up": _("A request for data is being looked at."),
        "request.changes_requested": _("A request for data is to be completed."),
        "request.prolonged": _("A request for data needs more time; the reasons stand with it."),
        "request.approved": _("A request for data has one of the two approvals it needs."),
        "request.granted": _("A request for data was granted."),
        "request.refused": _("A request for data was refused; the reasons stand with it."),
        "request.changed": _("A request for data was changed; an approval that was given before is taken back, and asked for anew."),
        "grant.accepted": _("Somebody whom you named has accepted the terms: their right is open."),
        "request.withdrawn": _("A request for data was withdrawn."),
        "request.appeal_withdrawn": _("An appeal was withdrawn: the decision stands."),
        "request.lapsed": _("A request for data has lapsed: nobody completed it in time."),
        "request.appealed": _("A decision is appealed: somebody else decides."),
        "request.upheld": _("A decision was confirmed after an appeal."),
        "request.message": _("There is a new message about a request for data."),
        "request.due_soon": _("A request for data has to be decided soon."),
        "request.overdue": _("A request for data should have been decided by now."),
        "grant.ending": _("A right to data ends soon."),
        "grant.expired": _("A right to data has ended: destroy the copies, and say so in the portal."),
        "grant.renewed": _("A right to data was renewed."),
        "grant.suspended": _("A right to data is suspended."),
        "grant.resumed": _("A right to data that was suspended is in force again."),
        "grant.revoked": _("A right to data was taken back."),
        "invitation.created": _("You are invited to have data that are not for everybody."),
        "invitation.accepted": _("An invitation to have data was accepted."),
        "invitation.declined": _("An invitation to have data was declined."),
        "invitation.withdrawn": _("An invitation to have data was withdrawn."),
        "agreement.attestation_asked": _("A right to data has ended: attest that the copies were destroyed."),
        "agreement.attestation_due": _("It is not attested yet that data were destroyed after the end of a right."),
        "agreement.attested": _("It was attested that data were destroyed after the end of a right."),
        "dataset.review_asked": _("A dataset waits for your review."),
        "dataset.changes_requested": _("A dataset is to be changed before it is published."),
        "dataset.published": _("A dataset was published."),
        "dataset.archived": _("A dataset was archived."),
        "dataset.reopened": _("An archived dataset is published again."),
        "dataset.taken_back": _("A dataset is a draft again."),
        "dataset.change_proposed": _("A change to a published dataset waits for your review."),
        "dataset.change_accepted": _("A proposed change to a dataset was accepted."),
        "dataset.change_refused": _("A proposed change to a dataset was not accepted."),
        "dataset.change_sent_back": _("A proposed change to a dataset was sent back; the reasons stand with it."),
        "dataset.change_withdrawn": _("A proposed change to a dataset was withdrawn."),
        "dataset.review_withdrawn": _("A dataset was withdrawn from review."),
        "dataset.merge_asked": _("Somebody proposes to merge a dataset of yours with another one that is the same: say yes or no."),
        "dataset.merge_refused": _("A proposal to merge two datasets was refused or taken back."),
        "dataset.merged": _("Two datasets that are the same were merged: one stays, the other leads to it."),
        "dataset.merge_undone": _("A merge of two datasets was taken back: both are there again."),
        "dataset.merge_back": _("A dataset is there again: the one that it was merged with is no longer at its source."),
        "delegation.created": _("Somebody decides on requests for data in your place."),
        "delegation.ended": _("Nobody decides on requests for data in your place by this delegation any more."),
        "terms.changed": _("A partner's terms for data given on request were changed."),
        "feed.made": _("A file is to be fed from where only an administrator allows it."),
        "feed.changed": _("A file is to be fed from where only an administrator allows it."),
        "sensor_source.made": _("Observations are to come from where only an administrator allows it."),
        "sensor_source.trouble": _("A source of observations cannot be read. The reason stands on the page of the dataset's sensors."),
        "sensor_source.paused": _("A source of observations could not be read for long, and is not asked any more. The reason stands on the page of the dataset's sensors."),
        "sensor_source.recovered": _("A source of observations is read again."),
        "sensor_source.changed": _("Observations are to come from where only an administrator allows it."),
        "feed.trouble": _("A file that is fed by itself could not be replaced: the old one stays. The reason stands on the page of the dataset's feeds."),
        "feed.recovered": _("A file that is fed by itself is replaced again."),
        "consent.ended": _("A consent of yours about a meter has ended: what nothing else keeps of it is erased."),
        "duty.given": _("You were given a duty at a partner."),
        "duty.taken": _("A duty at a partner was taken back from you."),
        "duty.sharing_asked": _("A partner proposes to share a duty: agree, or refuse, on the page “Roles”."),
        "duty.shared": _("A duty is shared with another partner from now on."),
        "duty.unshared": _("A duty is shared with another partner no more."),
        "role.given": _("You were given a duty at a partner."),
        "role.taken": _("A duty at a partner was taken back from you."),
    }
    general = {
        "request": _("There is news about a request for data."),
        "grant": _("There is news about a right to data."),
        "dataset": _("There is news about a dataset."),
        "licence": _("There is news about a licence."),
    }
    return known.get(kind) or general.get(kind.partition(".")[0]) or _("There is news that concerns you.")


def _duty(code: str, _: Words) -> str:
    names = {"contributor": _("Contributor"), "steward": _("Steward"), "legal": _("Legal"), "officer": _("Data protection officer"), "decider": _("Decider")}
    return names.get(code, code)


def facts(notice: Any, reader: str, language: str, _: Words) -> list[tuple[str, str]]:
    """What it is about, as `(label, value)`. A dataset is named to an account (its name; empty for an address without one) that may see it now."""
    found = []
    if title := _dataset(notice.about.get("dataset"), reader):
        found.append((_("Dataset"), title))
    elif titles := _datasets(notice.content.get("datasets"), reader, _):
        found.append((_("Datasets"), titles))
    if title := _partner(notice.about.get("partner")):
        found.append((_("Partner"), title))
    found += _offered(notice.content, language, _)
    if notice.kind.startswith("delegation."):
        people = ((_("In the place of"), notice.content.get("from")), (_("Who decides"), notice.content.get("to")))
        found += [(label, name) for label, id_ in people if (name := _account(id_))]
    if notice.content.get("duty"):
        found.append((_("Duty"), _duty(notice.content["duty"], _)))
    asks = notice.kind.startswith("request.") and notice.kind != "request.granted"
    if asks and (day := _day(notice.content.get("due"), language)):
        found.append((_("To be decided by"), day))
    ends = notice.content.get("renewed") or notice.content.get("ends")
    if notice.kind.startswith("delegation."):
        # it begins and ends at a minute
        begins = _moment(notice.content.get("begins"), language) if notice.kind == "delegation.created" else ""
        label = _("Until") if notice.kind == "delegation.created" else _("Ended on")
        found += [(name, value) for name, value in ((_("From"), begins), (label, _moment(ends, language))) if value]
        if notice.kind == "delegation.created":
            found.append((_("What to do"), _to_do(notice.content, _)))
        return found
    # what rests or was taken back lasts until no day
    if not asks and notice.kind not in ("grant.suspended", "grant.revoked") and (day := steps.end(ends, language)):
        found.append((_("Ended on") if notice.kind == "grant.expired" else _("Until"), day))
    return found + harvests.facts(notice.kind, notice.content, language, _) + steps.facts(notice.kind, notice.content, language, _)


def _offered(content: Mapping[str, Any], language: str, _: Words) -> list[tuple[str, str]]:
    """Of an invitation: by whom, what for, for how long, and until when it is answered."""
    found, inviter = [], model.User.get(content["inviter"]) if content.get("inviter") else None
    if inviter and inviter.state == "active":
        found.append((_("Invited by"), str(inviter.display_name)))
    if label := next((entry["label"] for entry in vocabulary("purpose") if entry["code"] == content.get("purpose")), None):
        found.append((_("Purpose"), territory().text(label, language)))
    if content.get("days"):
        found.append((_("For how long"), format_unit(int(content["days"]), "duration-day", locale=language)))
    if day := _day(content.get("until"), language):
        found.append((_("To be answered until"), day))
    return found


def _to_do(content: Mapping[str, Any], _: Words) -> str:
    """Of a delegation: what the delegate does, or who is replaced."""
    if content.get("delegate"):
        return _("Decide on what stands under “To be decided”. You can give it back on the partner's page “Roles”.")
    return _("Nothing: it ends by itself. You or they can end it before on the partner's page “Roles”.")


NAMED = 2
"""Datasets that are named; of more, how many others there are."""


def _datasets(ids: Any, reader: str, _: Words) -> str:
    """Titles of several datasets, those that the reader may see."""
    titles = [title for id_ in (ids if isinstance(ids, list) else []) if (title := _dataset(id_, reader))]
    if len(titles) > NAMED:
        return _("{title} and {n} others").format(title=titles[0], n=len(titles) - 1)
    return _(" and ").join(titles)


def _dataset(id_: Any, reader: str) -> str:
    """A dataset's title, for who may see it: it may have become confidential since."""
    if not id_:
        return ""
    try:
        tk.check_access("package_show", {"user": reader, "auth_user_obj": model.User.get(reader) if reader else None}, {"id": id_})
    except (tk.NotAuthorized, tk.ObjectNotFound):
        return ""
    package = model.Package.get(id_)
    return str(package.title or package.name) if package and package.state != "deleted" else ""


def _partner(id_: Any) -> str:
    partner = model.Group.get(id_) if id_ else None
    return str(partner.title or partner.name) if partner and partner.state == "active" else ""


def _account(id_: Any) -> str:
    account = model.User.get(id_) if id_ else None
    return str(account.display_name) if account and account.state == "active" else ""


def _here(value: Any) -> dt.datetime | None:
    """A moment where the territory is; None for what is none."""
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc)
    return aware.astimezone(ZoneInfo(territory().timezone))


def _day(value: Any, language: str) -> str:
    """A moment's day; nothing for what is none."""
    moment = _here(value)
    return str(format_date(moment.date(), "long", locale=language)) if moment else ""


def _moment(value: Any, language: str) -> str:
    """A moment, to the minute; nothing for what is none."""
    moment = _here(value)
    return f"{format_date(moment.date(), 'long', locale=language)}, {moment:%H:%M}" if moment else ""

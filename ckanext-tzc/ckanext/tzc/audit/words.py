"""What happened, in words; a kind that nobody wrote words for is shown by its code."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ckan.authz as authz
import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import text
from ckanext.tzc.schemas import vocabulary


def kinds() -> dict[str, str]:
    """Words by kind."""
    return {
        "data.downloaded": tk._("A file was downloaded"),
        "data.queried": tk._("Rows of a table were read"),
        "data.sent": tk._("A table was sent to its end"),
        "licence.changed": tk._("The licence was changed"),
        "access.changed": tk._("Who may have the data was changed"),
        "administrator.changed": tk._("Somebody became administrator of the portal, or is none any more"),
        "member.changed": tk._("Somebody's place at a partner was changed"),
        "audit.erased": tk._("Contents of this record were erased"),
        "audit.exported": tk._("This record was exported"),
        "request.submitted": tk._("Data were asked for"),
        "request.acknowledged": tk._("It was confirmed that a request has come in"),
        "request.appeal_acknowledged": tk._("It was confirmed that an appeal has come in"),
        "request.changes_requested": tk._("A request was sent back with a question"),
        "request.taken_up": tk._("A request was taken up"),
        "request.changed": tk._("A request was changed after it was sent"),
        "request.prolonged": tk._("More time was taken for a request"),
        "request.approved": tk._("One of the two keys of a request was turned"),
        "request.upheld": tk._("A decision was upheld after an appeal"),
        "request.granted": tk._("A request was granted"),
        "request.refused": tk._("A request was refused"),
        "grant.accepted": tk._("Somebody of a team accepted the terms of a right"),
        "request.withdrawn": tk._("A request was withdrawn"),
        "request.appeal_withdrawn": tk._("An appeal was withdrawn"),
        "request.lapsed": tk._("A request lapsed"),
        "request.appealed": tk._("Another decision was asked for"),
        "request.message": tk._("A message was written about a request"),
        "request.file_added": tk._("A document was attached to a request"),
        "request.file_removed": tk._("A document of a request was taken back"),
        "request.file_read": tk._("A document of a request was downloaded"),
        "request.due_soon": tk._("A request is to be decided soon"),
        "request.overdue": tk._("A request was not decided in time"),
        "grant.revoked": tk._("A right to data was taken away"),
        "grant.resumed": tk._("A suspended right to data was given back"),
        "grant.suspended": tk._("A right to data was suspended"),
        "grant.ending": tk._("A right to data ends soon"),
        "grant.expired": tk._("A right to data has ended"),
        "grant.renewed": tk._("A right to data was renewed"),
        "invitation.created": tk._("Somebody was invited to have data"),
        "invitation.accepted": tk._("An invitation to have data was accepted"),
        "invitation.declined": tk._("An invitation to have data was declined"),
        "invitation.withdrawn": tk._("An invitation to have data was withdrawn"),
        "link.created": tk._("A link to download a file was made for one recipient"),
        "link.revoked": tk._("A link to download a file was withdrawn"),
        "agreement.token_created": tk._("A token to download data by programs was made"),
        "agreement.token_deleted": tk._("A token to download data by programs was ended"),
        "agreement.attestation_asked": tk._("An attestation that data were destroyed was asked for"),
        "agreement.attestation_due": tk._("An attestation that data were destroyed was reminded of"),
        "agreement.attested": tk._("It was attested that data were destroyed"),
        "delegation.created": tk._("Somebody decides in another's place"),
        "delegation.ended": tk._("Somebody decides in another's place no more"),
        "terms.changed": tk._("The terms of a partner were changed"),
        "dataset.review_asked": tk._("A dataset was given to review"),
        "dataset.changes_requested": tk._("A dataset was sent back with a question"),
        "dataset.published": tk._("A dataset was published"),
        "dataset.archived": tk._("A dataset was archived"),
        "dataset.reopened": tk._("An archived dataset was brought back into the catalogue"),
        "dataset.taken_back": tk._("A dataset was taken back to draft"),
        "dataset.review_withdrawn": tk._("A dataset was withdrawn from review"),
        "dataset.change_proposed": tk._("A change to a published dataset was proposed"),
        "dataset.change_accepted": tk._("A proposed change to a dataset was accepted"),
        "dataset.change_sent_back": tk._("A proposed change to a dataset was sent back"),
        "dataset.change_withdrawn": tk._("A proposed change to a dataset was withdrawn"),
        "dataset.merge_asked": tk._("It was proposed to merge two datasets that are the same"),
        "dataset.merge_refused": tk._("A proposal to merge two datasets was refused or taken back"),
        "dataset.merged": tk._("Two datasets that are the same were merged"),
        "dataset.merge_undone": tk._("A merge of two datasets was taken back"),
        "dataset.merge_back": tk._("A dataset is there again, as the one that it was merged with has gone"),
        "duty.given": tk._("Somebody was given a role at a partner"),
        "duty.taken": tk._("Somebody's role at a partner was taken away"),
        "duty.sharing_asked": tk._("A partner was asked to share a role"),
        "duty.shared": tk._("Two partners share a role"),
        "duty.unshared": tk._("Two partners share a role no more"),
        "feed.made": tk._("It was said how a file is fed"),
        "feed.changed": tk._("It was changed how a file is fed"),
        "feed.removed": tk._("A file is fed no more"),
        "feed.allowed": tk._("An administrator said whether a feed is allowed"),
        "feed.filled": tk._("A fed file was replaced by a new one"),
        "feed.trouble": tk._("A feed is in trouble"),
        "feed.recovered": tk._("A feed works again"),
        "harvest.failed": tk._("A catalogue could not be harvested, or not whole"),
        "harvest.waits": tk._("A harvest waits for somebody to look at it"),
        "harvest.refused": tk._("Records of a harvested catalogue could not be taken"),
        "harvest.recovered": tk._("A catalogue is harvested without trouble again"),
        "sensor_source.made": tk._("It was said where observations come from"),
        "sensor_source.changed": tk._("It was changed where observations come from"),
        "sensor_source.trouble": tk._("A source of observations could not be read"),
        "sensor_source.paused": tk._("A source of observations was paused, as it could not be read for long"),
        "sensor_source.recovered": tk._("A source of observations is read again"),
        "sensor_source.removed": tk._("A source of observations was removed"),
        "sensor_source.allowed": tk._("An administrator said whether a source of observations is allowed"),
        "sensor_source.key_made": tk._("A key to send observations was made"),
        "sensor_source.key_revoked": tk._("A key to send observations was taken back"),
        "feed.key_made": tk._("A key to push a file was made"),
        "feed.key_revoked": tk._("A key to push a file was taken back"),
        "consent.given": tk._("Somebody consented that a meter's curve is kept"),
        "consent.withdrawn": tk._("Somebody withdrew a consent about a meter"),
        "consent.ended": tk._("A consent about a meter has ended"),
        "meter_group.made": tk._("A group of meters was made, whose sums are published"),
        "meter_group.changed": tk._("It was changed whether a group of meters takes people"),
        "credential.set": tk._("A partner's credential was given"),
        "credential.removed": tk._("A partner's credential was removed"),
        "role.given": tk._("Somebody was given a role at a partner"),
        "role.taken": tk._("Somebody's role at a partner was taken away"),
    }


def kind(code: str) -> str:
    """A kind in words."""
    return kinds().get(code, code)


def particulars(entry: dict[str, Any]) -> list[str]:
    """What else is known, each in a few words; contents of messages are not shown in a list."""
    content = entry.get("content") or {}
    told = []
    if entry.get("kind") == "request.granted" and content.get("before") == "appealed":
        told.append(tk._("after an appeal"))
    if str(entry.get("kind")).startswith("delegation."):
        told.append(tk._("%(to)s in the place of %(from)s") % {"to": _person(content.get("to")), "from": _person(content.get("from"))})
    elif "from" in content or "to" in content:
        told.append(tk._("from %(old)s to %(new)s") % {"old": _value(entry, content.get("from")), "new": _value(entry, content.get("to"))})
    if isinstance(content.get("administrator"), bool):
        told.append(tk._("is administrator now") if content["administrator"] else tk._("is administrator no more"))
    if str(entry.get("kind")).startswith("duty.") and "tzc_workflow_words" in tk.h:
        told.append(tk.h.tzc_workflow_words("duty", str(content.get("duty"))))
    if isinstance(content.get("bytes"), int):
        told.append(tk.ungettext("%(num)d byte", "%(num)d bytes", content["bytes"]) % {"num": content["bytes"]})
    rows = [question["rows"] for question in content.get("scope") or [] if isinstance(question, dict) and isinstance(question.get("rows"), int)]
    if rows:
        told.append(tk.ungettext("%(num)d row", "%(num)d rows", sum(rows)) % {"num": sum(rows)})
    if content.get("recipient"):
        told.append(tk._("by the link of %(email)s") % {"email": str(content["recipient"])[:300]})
    if content.get("reason"):
        told.append(str(content["reason"])[:300])
    return told


def _value(entry: Mapping[str, Any], value: Any) -> str:
    """What something was or became: a licence, a place at a partner, who may have data."""
    if isinstance(value, dict):
        return ", ".join(each for name, one in value.items() if (each := _access(name, one))) or "–"
    if value in (None, ""):
        return "–"
    if entry.get("kind") == "licence.changed":
        return _label("licence", str(value))
    return str(authz.trans_role(value)) if entry.get("kind") == "member.changed" and value in ("admin", "editor", "member") else str(value)


def _access(name: str, value: Any) -> str:
    """One of the things that say who may have data; nothing for what keeps nobody away."""
    if name == "level":
        return _label("access-level", str(value)) if value else ""
    if name == "private":
        return tk._("private") if value else ""
    if name == "embargo":
        return tk._("embargo until %(day)s") % {"day": value} if value else ""
    if name == "partner":
        partner = model.Group.get(value) if value else None
        return str(partner.title or partner.name) if partner else ""
    return f"{name} {value}"


def _label(list_: str, code: str) -> str:
    return next((text(found["label"]) for found in vocabulary(list_) if found["code"] == code), code)


def _person(account: Any) -> str:
    found = model.User.get(account) if account else None
    return str(found.display_name) if found else str(tk._("An account that is gone"))

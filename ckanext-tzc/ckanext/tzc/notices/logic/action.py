"""One's notices, how one wants them, and where a partner's program is called."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import territory as here
from ckanext.tzc.common.bounds import offset_and_limit
from ckanext.tzc.common.numbers import whole_number

from tzc.notices import calls, times

from .. import store, webhooks, wishes, words

MOST = 100
LAST_CALLS = 20


@tk.side_effect_free
def tzc_notices_list(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """One's notices, the newest first.

    `limit` (20, at most 100), `offset`. Returns `{"count", "unread", "notices"}`. A notice is `{"id", "at", "kind", "about", "words", "facts", "path", "read"}`: `words` what
    happened, `facts` `[{"label", "value"}]` in the reader's language, `path` the page where it stands, `read` when it was read, or None. Raises NotAuthorized, ValidationError.
    """
    tk.check_access("tzc_notices_list", context, data_dict)
    user = _asker(context)
    offset, limit = offset_and_limit(data_dict, 20)
    if limit > MOST:
        raise tk.ValidationError({"limit": [tk._("At most {most} at once.").format(most=MOST)]})
    return {"count": store.count(user.id), "unread": store.unread(user.id), "notices": [_shown(notice, user.name) for notice in store.notices(user.id, limit, offset)]}


def _asker(context: dict[str, Any]) -> Any:
    user = model.User.get(context["user"])
    if user is None:
        raise tk.NotAuthorized(tk._("Sign in to see your notifications."))
    return user


def _shown(notice: store.Notice, reader: str) -> dict[str, Any]:
    facts = words.facts(notice, reader, here.language(), tk._)
    return {
        "id": notice.id, "at": notice.at.isoformat(), "kind": notice.kind, "about": notice.about, "words": words.sentence(notice.kind, tk._, notice.content),
        "facts": [{"label": label, "value": value} for label, value in facts], "path": notice.path, "read": notice.read.isoformat() if notice.read else None,
    }  # fmt: skip


def tzc_notices_read(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Mark one's notices as read: `ids` a list, or all without it. Those of others are passed over.

    Returns `{"read"}`, how many were not yet. Raises NotAuthorized, ValidationError.
    """
    tk.check_access("tzc_notices_read", context, data_dict)
    ids = data_dict.get("ids")
    numbers = None if ids is None else [whole_number(one) for one in ids] if isinstance(ids, list) else [None]
    if numbers is not None and None in numbers:
        raise tk.ValidationError({"ids": [tk._("Give a list of the notices' ids.")]})
    read = store.mark_read(_asker(context).id, numbers)
    model.Session.commit()
    return {"read": read}


@tk.side_effect_free
def tzc_notices_wish_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """How one wants to be mailed: `{"mail", "language"}`. Raises NotAuthorized."""
    tk.check_access("tzc_notices_wish_show", context, data_dict)
    mail, language = wishes.of(_asker(context).id)
    return {"mail": mail, "language": language}


def tzc_notices_wish_update(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Say how one wants to be mailed; what waits goes by it too.

    `mail`: at_once, digest (one mail a day) or none (the notices wait in the portal); `language`: a code. Either stays as it is when it is not given.
    Returns both. Raises NotAuthorized, ValidationError.
    """
    tk.check_access("tzc_notices_wish_update", context, data_dict)
    user = _asker(context)
    mail, language = wishes.of(user.id)
    mail, language = data_dict.get("mail", mail), data_dict.get("language", language)
    errors = {}
    if mail not in times.WISHES:
        errors["mail"] = [tk._("It is one of: {choices}.").format(choices=", ".join(times.WISHES))]
    if language not in here.territory().languages:
        errors["language"] = [tk._("It is one of: {choices}.").format(choices=", ".join(here.territory().languages))]
    if errors:
        raise tk.ValidationError(errors)
    wishes.put(user.id, mail, language)
    model.Session.commit()
    return {"mail": mail, "language": language}


@tk.side_effect_free
def tzc_notices_webhook_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Where a partner's program is called, and how the last calls went.

    `partner`: id or name. Returns `{"url", "since", "calls"}`, the first two None where there is none; a call is `{"id", "kind", "at", "done", "next", "attempts", "error"}`.
    Raises NotAuthorized, ObjectNotFound.
    """
    tk.check_access("tzc_notices_webhook_show", context, data_dict)
    webhook = model.Session.get(store.Webhook, _partner(data_dict))
    if webhook is None:
        return {"url": None, "since": None, "calls": []}
    shown = [
        {"id": call.key, "kind": call.kind, "at": call.at.isoformat(), "done": _moment(call.done), "next": _moment(call.due), "attempts": call.attempts, "error": call.error}
        for call in store.calls(webhook.partner_id, LAST_CALLS)
    ]
    return {"url": webhook.url, "since": webhook.since.isoformat(), "calls": shown}


def _moment(value: Any) -> str | None:
    return value.isoformat() if value else None


def _partner(data_dict: dict[str, Any]) -> str:
    partner = model.Group.get(data_dict["partner"])
    if partner is None or not partner.is_organization:
        raise tk.ObjectNotFound(tk._("There is no such partner."))
    return str(partner.id)


def tzc_notices_webhook_update(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Say where a partner's program is called; its secret is a new one each time, and told this once.

    `partner`: id or name; `url`: an address of HTTPS, on the public internet. Returns `{"url", "secret"}`. Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    tk.check_access("tzc_notices_webhook_update", context, data_dict)
    partner, url = _partner(data_dict), data_dict.get("url")
    if not isinstance(url, str) or not calls.is_address(url.strip(), plain=webhooks.allow_internal()):
        raise tk.ValidationError({"url": [tk._("Give an address that begins with https://, without a password in it.")]})
    if not webhooks.allow_internal() and webhooks.is_inner(url.strip()):
        raise tk.ValidationError({"url": [tk._("This address leads into an internal network: the portal calls programs on the public internet only.")]})
    made = store.Webhook(partner_id=partner, url=url.strip(), secret=calls.new_secret(), since=store.now())
    model.Session.merge(made)
    model.Session.commit()
    return {"url": made.url, "secret": made.secret}


def tzc_notices_webhook_delete(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Call a partner's program no more; what waits for it is given up. `partner`: id or name. Raises NotAuthorized, ObjectNotFound."""
    tk.check_access("tzc_notices_webhook_delete", context, data_dict)
    model.Session.query(store.Webhook).filter_by(partner_id=_partner(data_dict)).delete()
    model.Session.commit()
    return {}

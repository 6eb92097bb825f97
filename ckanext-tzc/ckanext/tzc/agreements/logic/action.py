"""What was agreed, for programs and pages."""
from __future__ import annotations

import json
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk

from tzc.agreements import odrl

from .. import keys, seeing, store, words

Answer = dict[str, Any]


@tk.side_effect_free
def tzc_agreement_show(context: Any, data_dict: dict[str, Any]) -> Answer:
    """The agreement of a right (`id`; `version`: an earlier one), for who has the right, who asked for it, and who decides on it.

    Returns `{"grant", "version", "request", "partner", "dataset", "holder", "begins", "ends", "made", "state", "open", "document", "signature", "kid", "sha256", "keys"}`:
    `document` is ODRL 2.2 as JSON-LD, `signature` a detached JWS of its canonical form (RFC 8785), `keys` the portal's public keys. Raises ObjectNotFound, NotAuthorized.
    """
    tk.check_access("tzc_agreement_show", context, data_dict)
    user = seeing.account(context)
    return _shown(seeing.find(user, data_dict), user)


def _shown(agreement: store.Agreement, user: Any) -> Answer:
    partner, package, holder = model.Group.get(agreement.partner), model.Package.get(agreement.dataset), model.User.get(agreement.account)
    document = json.loads(agreement.document)
    constraint = next(one for one in document["permission"][0]["constraint"] if one["leftOperand"] == "purpose")
    return {
        "grant": agreement.grant, "version": agreement.version, "versions": store.latest(agreement.grant).version, "request": agreement.request,
        "partner": _titled(agreement.partner, partner), "dataset": _titled(agreement.dataset, package),
        "holder": holder.display_name if holder else "", "yours": user.id == agreement.account, "asked": user.id == agreement.requester,
        "begins": agreement.begins.isoformat(), "ends": agreement.ends.isoformat(), "made": agreement.made.isoformat(),
        "files": _files(agreement, package), "words": constraint.get("description", ""), "purpose": constraint["title"], "terms": _terms(document),
        "all_files": not agreement.files, "sees_request": user.id == agreement.requester or seeing.decides(user, agreement.partner),
        "state": agreement.state, "label": words.state(agreement.state), "ended": agreement.ended.isoformat() if agreement.ended else None, "open": agreement.open(store.now()),
        "document": document, "text": agreement.document, "signature": agreement.signature, "kid": agreement.kid, "sha256": agreement.sha256,
        "keys": keys.public(),
    }  # fmt: skip


def _files(agreement: store.Agreement, package: Any) -> list[Answer]:
    """The files that are named, as they are called now."""
    names = {file.id: file.name or file.id for file in package.resources} if package else {}
    return [{"id": id_, "name": names.get(id_, id_), "columns": agreement.columns.get(id_, [])} for id_ in dict.fromkeys([*agreement.files, *agreement.columns])]


def _terms(document: Answer) -> list[str]:
    """SHA-256 of the terms that were accepted, hexadecimal."""
    return [odrl.hash_of(duty["target"]) for duty in document["permission"][0]["duty"] if "target" in duty]


def _titled(id_: str, thing: Any) -> Answer:
    return {"id": id_, "name": thing.name if thing else id_, "title": (thing.title or thing.name) if thing else id_}

"""What was agreed, for programs and pages."""
from __future__ import annotations

import json
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import grants

from tzc.agreements import odrl

from .. import citing, ending, freezing, keys, making, seeing, store, words

Answer = dict[str, Any]

LONG = 5000
"""Characters of a text."""


@tk.side_effect_free
def tzc_agreement_show(context: Any, data_dict: dict[str, Any]) -> Answer:
    """The agreement of a right (`id`; `version`: an earlier one), for who has the right, who asked for it, and who decides on it.

    Returns `{"grant", "version", "request", "partner", "dataset", "holder", "begins", "ends", "made", "state", "open",
    "kept", "attested", "attested_words", "attested_before", "to_attest", "frozen", "document", "signature", "kid", "sha256", "keys"}`:
    `kept`: until when at most a renewal that waits keeps the right beyond its end; `document` is ODRL 2.2 as JSON-LD, `signature` a detached JWS of its canonical form (RFC
    8785), `keys` the portal's public keys. Raises ObjectNotFound, NotAuthorized.
    """
    tk.check_access("tzc_agreement_show", context, data_dict)
    user = seeing.account(context)
    return _shown(seeing.find(user, data_dict), user)


def tzc_agreement_token_create(context: Any, data_dict: dict[str, Any]) -> Answer:
    """A token for programs that download the files of one's own right (`id`), frozen as they are now. It ends with the right; the one before is none any more.

    Returns `{"token", "ends", "files", "refused"}`: `token` is told this once; a file is `{"file", "name", "version", "url", "sha256", "size"}`, one that is not kept
    `{"file", "name", "words"}`. Raises ObjectNotFound, NotAuthorized.
    """
    tk.check_access("tzc_agreement_token_create", context, data_dict)
    user = seeing.account(context)
    agreement = seeing.find(user, {"id": data_dict.get("id")})
    if agreement.account != user.id:
        raise tk.NotAuthorized(tk._("Only who has the right has its token."))
    if not agreement.open(store.now()):
        raise tk.NotAuthorized(tk._("Your right to these data has ended, or rests."))
    refused = freezing.freeze(user, agreement)
    token = freezing.new_token(agreement.grant)
    ending.tell(agreement, "agreement.token_created", user.id, set(), {"versions": [version.id for version in store.frozen(agreement.grant)]})
    model.Session.commit()
    names = {file.id: file.name or file.id for file in model.Package.get(agreement.dataset).resources}
    return {
        "token": token, "ends": agreement.ends.isoformat(), "files": _frozen(agreement),
        "refused": [{"file": file, "name": names.get(file, file), "words": why} for file, why in refused.items()],
    }  # fmt: skip


def tzc_agreement_token_delete(context: Any, data_dict: dict[str, Any]) -> None:
    """End the token of one's own right (`id`). Raises ObjectNotFound, NotAuthorized."""
    tk.check_access("tzc_agreement_token_delete", context, data_dict)
    user = seeing.account(context)
    agreement = seeing.find(user, {"id": data_dict.get("id")})
    if agreement.account != user.id:
        raise tk.NotAuthorized(tk._("Only who has the right has its token."))
    if model.Session.query(store.Token).filter_by(grant=agreement.grant).delete():
        ending.tell(agreement, "agreement.token_deleted", user.id, set(), {})
    model.Session.commit()


def tzc_agreement_attest(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Attest, at the end of one's own right (`id`), that the data and all copies were destroyed; `words`: how, or what else there is to say. Returns the agreement.

    Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    tk.check_access("tzc_agreement_attest", context, data_dict)
    user = seeing.account(context)
    agreement = seeing.find(user, {"id": data_dict.get("id")})
    model.Session.refresh(agreement, with_for_update=True)
    if agreement.account != user.id:
        raise tk.NotAuthorized(tk._("Only who had the data attests that they were destroyed."))
    said = data_dict.get("words") or ""
    if not isinstance(said, str) or len(said) > LONG:
        raise tk.ValidationError({"words": [tk._("Write text, {most} characters at most.").format(most=LONG)]})
    if agreement.attested is None:
        if not agreement.over(store.now()):
            raise tk.ValidationError({"id": [tk._("The right has not come to its end: there is nothing to attest yet.")]})
        agreement.attested, agreement.attested_by, agreement.attested_words = store.now(), user.id, said.replace("\0", "").strip()
        ending.tell(agreement, ending.ATTESTED, user.id, {agreement.requester, *ending.deciders(agreement)}, {"words": agreement.attested_words})
    model.Session.commit()
    return _shown(agreement, user)


@tk.side_effect_free
def tzc_version_show(context: Any, data_dict: dict[str, Any]) -> Answer:
    """A frozen version of a file (`id`), by which it is cited: who published which data, frozen when, and their hash. The data are not told of.

    Returns `{"id", "made", "size", "sha256", "dataset", "file", "partner", "url", "cite", "there", "leaves", "partial"}`; `partial`: of some columns of the file only;
    `there`: its bytes are kept; `leaves`: its file was deleted, so that they are removed with the next night's run at the latest;
    `dataset`, `file` and `partner` are empty where the dataset is not public any more,
    `sha256` and `size` where the data concern persons and the asker may not have them. Raises ObjectNotFound.
    """
    tk.check_access("tzc_version_show", context, data_dict)
    return citing.shown(context, str(data_dict.get("id") or ""))


def _frozen(agreement: store.Agreement) -> list[Answer]:
    return [
        {"file": one.file, "name": one.name, "version": one.id, "url": making.address(f"/accords/{agreement.grant}/donnees/{one.file}"), "sha256": one.sha256, "size": one.size}
        for one in store.frozen(agreement.grant)
    ]  # fmt: skip


def _shown(agreement: store.Agreement, user: Any) -> Answer:
    partner, package, holder = model.Group.get(agreement.partner), model.Package.get(agreement.dataset), model.User.get(agreement.account)
    document = json.loads(agreement.document)
    constraint = next(one for one in document["permission"][0]["constraint"] if one["leftOperand"] == "purpose")
    return {
        "grant": agreement.grant, "version": agreement.version, "versions": store.latest(agreement.grant).version, "request": agreement.request,
        "partner": _titled(agreement.partner, partner), "dataset": _titled(agreement.dataset, package),
        "holder": holder.display_name if holder else "", "yours": user.id == agreement.account, "asked": user.id == agreement.requester,
        "begins": agreement.begins.isoformat(), "ends": agreement.ends.isoformat(), "made": agreement.made.isoformat(),
        "files": _files(agreement, package), "words": constraint.get("description", ""), "terms": _terms(document),
        "purpose": words.purpose_of(constraint["rightOperand"]) or constraint["title"],
        "all_files": not agreement.files, "sees_request": user.id == agreement.requester or seeing.decides(user, agreement.partner),
        "state": agreement.state, "label": words.state(agreement.state), "ended": agreement.ended.isoformat() if agreement.ended else None, "open": agreement.open(store.now()),
        "kept": kept.isoformat() if (kept := _kept(agreement)) else None,
        "attested": agreement.attested.isoformat() if agreement.attested else None, "attested_words": agreement.attested_words or "",
        "attested_before": [{"moment": one.attested.isoformat(), "words": one.attested_words or ""} for one in store.attested_before(agreement.grant, agreement.version)],
        "to_attest": agreement.attested is None and agreement.over(store.now()),
        "frozen": _frozen(agreement), "token": bool(model.Session.get(store.Token, agreement.grant)),
        "document": document, "text": agreement.document, "signature": agreement.signature, "kid": agreement.kid, "sha256": agreement.sha256,
        "keys": keys.public(),
    }  # fmt: skip


def _kept(agreement: store.Agreement) -> Any:
    kept = grants.kept(agreement.grant) if agreement.state == store.LIVE else None
    return kept if kept and kept > max(agreement.ends, store.now()) else None


def _files(agreement: store.Agreement, package: Any) -> list[Answer]:
    """The files that are named, as they are called now."""
    names = {file.id: file.name or file.id for file in package.resources} if package else {}
    return [{"id": id_, "name": names.get(id_, id_), "columns": agreement.columns.get(id_, [])} for id_ in dict.fromkeys([*agreement.files, *agreement.columns])]


def _terms(document: Answer) -> list[str]:
    """SHA-256 of the terms that were accepted, hexadecimal."""
    return [odrl.hash_of(duty["target"]) for duty in document["permission"][0]["duty"] if "target" in duty]


def _titled(id_: str, thing: Any) -> Answer:
    return {"id": id_, "name": thing.name if thing else id_, "title": (thing.title or thing.name) if thing else id_}

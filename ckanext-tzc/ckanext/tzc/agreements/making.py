"""Hearing that rights were given, rest, or ended: an agreement is written and signed in the transaction that gives the right. Nothing here commits."""
from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.happening import Happening
from ckanext.tzc.common.territory import text
from ckanext.tzc.schemas import vocabulary

from tzc.agreements import jcs, odrl, signing

from . import freezing, keys, store

GIVEN = ("request.granted", "grant.accepted")
"""A right is given to who asked, and to those of the team who accepted the terms, when they do."""

BECOMES = {
    "grant.suspended": store.SUSPENDED, "grant.resumed": store.LIVE, "grant.revoked": store.REVOKED, "grant.expired": store.EXPIRED, "grant.renewed": store.RENEWED,
}  # fmt: skip
"""What a right is after what happened."""


def heard(happening: Happening) -> None:
    """In the transaction that did it: a right that cannot be signed is not given."""
    if happening.kind in GIVEN and happening.content.get("grants"):
        _given(happening)
    elif state := BECOMES.get(happening.kind):
        at = store.now()
        for agreement in store.of_part(happening.about["part"], store.THERE):
            agreement.state = state
            agreement.ended = None if state in store.THERE else at
            if successor := _successor(agreement, happening.content.get("renewed_by")):
                freezing.hand_over(agreement, successor)
            if state not in store.THERE:
                # given anew after an appeal, the right has another token
                model.Session.query(store.Token).filter_by(grant=agreement.grant).delete()
        model.Session.flush()


def _successor(agreement: store.Agreement, part: Any) -> store.Agreement | None:
    """The agreement of the right that takes the place of this one: of the same account to the same dataset."""
    return next((one for one in store.of_part(part, store.THERE) if (one.account, one.dataset) == (agreement.account, agreement.dataset)), None) if part else None


def _given(happening: Happening) -> None:
    content, at = happening.content, store.now()
    words = _words(content["requester"], happening.about["request"], happening.about["part"])
    key = keys.signing_key()
    for grant in content["grants"]:
        before = store.latest(grant["id"])
        agreement = store.Agreement(
            grant=grant["id"], version=before.version + 1 if before else 1, part=happening.about["part"], request=happening.about["request"], partner=happening.about["partner"],
            account=grant["account"], requester=content["requester"], dataset=grant["dataset"], files=list(grant["resources"]), columns=dict(grant.get("columns") or {}),
            begins=datetime.fromisoformat(content["begins"]), ends=datetime.fromisoformat(content["ends"]), made=at, state=store.LIVE,
        )  # fmt: skip
        payload = jcs.canonical(odrl.agreement(_facts(agreement, content, words)))
        agreement.document, agreement.sha256 = payload.decode(), hashlib.sha256(payload).hexdigest()
        agreement.signature, agreement.kid = signing.sign(payload, key), signing.kid(key)
        model.Session.add(agreement)
    model.Session.flush()


def _words(requester: str, request: str, part: str) -> str:
    """What was asked when a part was decided, in words. An account that is gone is shown its request no more, and has nothing of what it is given."""
    user = model.User.get(requester) if requester else None
    if user is None or user.state != model.State.ACTIVE:
        return ""
    shown = tk.get_action("tzc_request_show")({"user": user.name}, {"id": request})
    return str(next((one["asked"] for one in shown["parts"] if one["id"] == part and one["asked"]), shown)["words"])


def address(path: str) -> str:
    """The whole address of a page."""
    site: str = tk.config["ckan.site_url"].rstrip("/")
    return site + path


def profile() -> str:
    """Of this portal: what its agreements say that ODRL has no word for stands there."""
    return address("/accords/verifier")


def _facts(agreement: store.Agreement, content: Any, words: str) -> odrl.Facts:
    package, partner, holder = model.Package.get(agreement.dataset), model.Group.get(agreement.partner), model.User.get(agreement.account)
    purpose = next(entry for entry in vocabulary("purpose") if entry["code"] == content["purpose"])
    files = {file.id: file for file in package.resources}
    # columns of some files of all: then each file is named
    chosen = agreement.files or (list(files) if agreement.columns else [])
    return odrl.Facts(
        uid=address(f"/accords/{agreement.grant}?version={agreement.version}"),
        profile=profile(),
        request=address(f"/demandes/{agreement.request}"),
        made=agreement.made,
        partner=odrl.Named(address(f"/organization/{agreement.partner}"), partner.title or partner.name),
        holder=odrl.Named(f"urn:uuid:{agreement.account}", holder.display_name if holder else ""),
        dataset=odrl.Named(address(f"/dataset/{agreement.dataset}"), package.title or package.name),
        purpose=odrl.Named(purpose["uri"], text(purpose["label"])),
        words=words,
        begins=agreement.begins,
        ends=agreement.ends,
        files=tuple(odrl.Named(_file(agreement.dataset, id_), (files[id_].name or "") if id_ in files else "") for id_ in chosen),
        columns={_file(agreement.dataset, id_): tuple(columns) for id_, columns in agreement.columns.items()},
        terms=tuple((content.get("terms") or "").split()),
    )


def _file(dataset: str, id_: str) -> str:
    return address(f"/dataset/{dataset}/resource/{id_}")

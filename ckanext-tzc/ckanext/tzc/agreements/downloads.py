"""Giving frozen files. Each use is decided anew and recorded before the answer leaves: one that cannot be recorded is not given."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import happening
from flask import Response, request

from tzc.rights import policy

from . import freezing, keeping, store

DOWNLOADED = "data.downloaded"


def give(grant: str, file: str) -> Response:
    """A frozen file of a right. Refused in words: 401 without a good token, 403 when the right does not open it any more, 404, 410."""
    agreement, user = _asker(grant)
    if why := freezing.may(user, agreement, file):
        return _refused(403, why)
    version = store.frozen_file(agreement.grant, file)
    if version is None:
        return _refused(404, str(tk._("This file is not frozen: make a token on the page of the agreement.")))
    try:
        answer = keeping.answer(version.sha256, version.name, version.kind)
    except keeping.MissingError:
        return _refused(410, str(tk._("The bytes of this version were removed.")))
    answer.headers["Link"] = f'<{tk.config["ckan.site_url"].rstrip("/")}/versions/{version.id}>; rel="cite-as"'
    if request.method == "GET" and answer.status_code in (200, 206):
        record(user, agreement, version, answer)
    return answer


def _asker(grant: str) -> tuple[store.Agreement, Any]:
    """The agreement, and who has its right; never somebody else. Aborts."""
    token, kind = _token()
    agreement = store.latest(grant) if "\0" not in grant else None
    if token:
        agreement = _of_token(agreement, freezing.grant_of(token))
        if agreement is None:
            _abort(401, str(tk._("This token opens nothing here: it is wrong, was replaced, or its right has ended.")), kind)
        user = model.User.get(agreement.account)
    else:
        user = model.User.get(tk.current_user.name) if tk.current_user.is_authenticated else None
        if user is None:
            _abort(401, str(tk._("Give the token of your right, as “Authorization: Bearer …” or “?token=…”, or sign in.")), "Bearer")
        if agreement is None or agreement.account != user.id:
            _abort(404, str(tk._("There is no such agreement.")), "")
    if user is None or user.state != model.State.ACTIVE:
        _abort(401, str(tk._("This account is not there any more.")), kind)
    return agreement, user


def _of_token(agreement: store.Agreement | None, held: str | None) -> store.Agreement | None:
    """The agreement that a token (of the right `held`) opens at the address of this one: itself, or the one that renewed it."""
    if agreement is None or held is None or held == agreement.grant:
        return agreement if held else None
    if agreement.state != store.RENEWED:
        return None
    later = store.latest(held)
    return later if later and (later.account, later.dataset) == (agreement.account, agreement.dataset) else None


def _token() -> tuple[str, str]:
    """The token that was sent, and how one asks for it."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    return (value.strip() if kind.lower() == "bearer" else "") or request.args.get("token", ""), "Bearer"


def _abort(status: int, words: str, kind: str) -> None:
    from werkzeug.exceptions import HTTPException

    answer = _refused(status, words)
    if kind:
        answer.headers["WWW-Authenticate"] = kind
    raise HTTPException(response=answer)


def _refused(status: int, words: str) -> Response:
    """Words for a program."""
    return Response(words + "\n", status=status, content_type="text/plain; charset=utf-8")


def record(user: Any, agreement: store.Agreement, version: store.Version, answer: Response) -> None:
    """Tell of a download, with what it was given by."""
    about = {"dataset": version.dataset, "partner": version.partner, "file": version.file, "grant": agreement.grant}
    names = sorted(agreement.columns.get(version.file) or []) or None
    given = [{"id": agreement.grant, "begins": agreement.begins.isoformat(), "ends": agreement.ends.isoformat(), "columns": names}]
    content = {
        "bytes": answer.content_length, "status": answer.status_code, "level": policy.RESTRICTED, "grants": given, "version": version.id,
        "scope": [{"range": answer.headers.get("Content-Range", "")}], "path": request.path[:500],
    }  # fmt: skip
    happening.tell(happening.Happening(DOWNLOADED, user.id, about, content))
    model.Session.commit()

"""Frozen versions as they are cited; and how long their bytes are kept."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import columns
from ckanext.tzc.common.territory import territory

from . import keeping, making, offers, store


def shown(context: Any, id_: str) -> dict[str, Any]:
    """What `tzc_version_show` gives. Raises ObjectNotFound."""
    version = model.Session.get(store.Version, id_) if id_ and "\0" not in id_ else None
    if version is None:
        raise tk.ObjectNotFound(tk._("There is no such version."))
    asker = {"user": context.get("user") or "", "auth_user_obj": model.User.get(context["user"]) if context.get("user") else None}
    package, file = model.Package.get(version.dataset), model.Resource.get(version.file)
    public = package is not None and package.state == "active" and _may("package_show", asker, version.dataset)
    # not even a hash is told, by which one who guesses could recognise the data, but to who may have these very bytes
    had = public and file is not None and _may("resource_show", asker, version.file) and _has(asker, version)
    partner = model.Group.get(version.partner) if public else None
    found = {
        "id": version.id, "made": version.made.isoformat(), "url": making.address(f"/versions/{version.id}"), "there": version.gone is None and keeping.there(version.sha256),
        "leaves": file is None or file.state != "active",
        "partial": _partial(version.id, version.file),
        "sha256": version.sha256 if had else None, "size": version.size if had else None,
        "dataset": {"id": package.id, "name": package.name, "title": package.title or package.name} if public else None,
        "file": (file.name if file is not None and file.state == "active" else None) or version.name if public else None,
        "partner": (partner.title or partner.name) if partner else None,
    }  # fmt: skip
    return {**found, "cite": _cite(found)}


def _partial(version: str, file: str) -> bool:
    """Whether a version has some columns of its file only: as the rights that it was kept for. Which ones is told to who has it."""
    agreement, frozen = store.Agreement, store.Frozen
    kept = model.Session.query(agreement.columns).join(frozen, frozen.grant == agreement.grant).filter(frozen.version == version, agreement.columns.has_key(file))
    return kept.first() is not None


def _has(asker: dict[str, Any], version: store.Version) -> bool:
    """Whether all of a version is somebody's who may have its file: of who may have some columns, only the copy that their right keeps."""
    if columns.columns(asker["user"], version.file) is None:
        return True
    agreement, frozen = store.Agreement, store.Frozen
    kept = model.Session.query(frozen.version).join(agreement, agreement.grant == frozen.grant)
    account = asker["auth_user_obj"].id if asker["auth_user_obj"] else ""
    return kept.filter(frozen.version == version.id, agreement.account == account).first() is not None


def _may(right: str, asker: dict[str, Any], id_: str) -> bool:
    try:
        tk.check_access(right, dict(asker), {"id": id_})
    except (tk.NotAuthorized, tk.ObjectNotFound):
        return False
    return True


def _cite(found: dict[str, Any]) -> str:
    """As DataCite recommends: creator, year, title, version, publisher, identifier."""
    if not found["dataset"]:
        return ""
    portal = territory().text(territory().name, tk.h.lang())
    part = f" ({tk._('some of the columns')})" if found["partial"] else ""
    return f"{found['partner']} ({found['made'][:4]}). {found['dataset']['title']} – {found['file']}{part} [{found['made'][:10]}]. {portal}. {found['url']}"


def forget() -> int:
    """Remove bytes that no right opens any more, and invitations and links that ended as long ago; how many files. Commits."""
    old = store.now() - timedelta(days=int(tk.config["tzc.agreements.keep_version_days"]))
    agreement, frozen, version, resource = store.Agreement, store.Frozen, store.Version, model.Resource
    rights = sa.exists().where(frozen.version == version.id, frozen.grant == agreement.grant, sa.or_(agreement.state.in_(store.THERE), agreement.ended > old))
    links = sa.exists().where(offers.Link.version == version.id, offers.Link.revoked.is_(None), offers.Link.left > 0, offers.Link.until > store.now())
    file = sa.exists().where(resource.id == version.file, resource.state == "active")
    rows = model.Session.query(version).filter(version.gone.is_(None), sa.or_(sa.and_(~rights, ~links), ~file)).with_for_update().all()
    removed = 0
    for row in rows:
        row.gone = store.now()
        model.Session.flush()
        if not model.Session.query(version.id).filter(version.sha256 == row.sha256, version.gone.is_(None)).first():
            keeping.remove(row.sha256)
            removed += 1
    offers.forget(old)
    model.Session.commit()
    return removed

"""Two datasets that are the same become one: the one that stays takes over the other's identifiers and address, and files if wanted; the other is withdrawn and can come back."""
from __future__ import annotations

from collections.abc import Collection
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import duties, happening, levels

from tzc.harvesting import identity
from tzc.rights import things

from .doubles import Double
from .engine import store, unindexed, writing
from .merges import ASKED, MERGED, Merge, in_force, of_pair, withdrawn

Values = dict[str, Any]
SAME_FILE = ("identifier", "address", "name")
"""By what two files of two datasets are the same; the same place says nothing there."""


class MergeError(Exception):
    """What was asked cannot be done now; the message says why."""


def shown(package: Any) -> Values:
    """A dataset as it would be written again."""
    return writing.shown(package.id, for_update=True)


def may(package: Any, user: Any) -> bool:
    """Whether somebody decides what becomes of a dataset: who may change and delete it. Where its partner has said who publishes, a contributor may not."""
    for right in ("package_update", "package_delete"):
        try:
            tk.check_access(right, {"user": user.name if user else ""}, {"id": package.id})
        except tk.NotAuthorized:
            return False
    return True


def deciders(package: Any) -> list[str]:
    """Ids of the accounts of its partner that decide what becomes of a dataset."""
    holders = (duties.holders(package.owner_org, duty) for duty in (duties.CONTRIBUTOR, duties.STEWARD)) if package.owner_org else ()
    members = model.Session.query(model.User).filter(model.User.id.in_({user for group in holders for user in group})).order_by(model.User.id)
    return [user.id for user in members if may(package, user)]


# files


def own_files(kept: Any, other: Any) -> list[Values]:
    """Files that only `other` has: `[{"id", "name", "url", "format", "open"}]`; one that is not `open` to everybody stays where it is, and its address is not told."""
    # to be read only: who asks for the two in another order would wait for ever
    stored, given = (writing.shown(package.id).get("resources") or [] for package in (kept, other))
    found = [file for file, (_place, why) in zip(given, identity.matched(stored, given), strict=True) if why not in SAME_FILE]
    rights = {file.id: levels.stored_file(file) for file in other.resources}
    described = levels.stored(other)
    return [
        {"id": file["id"], "name": file.get("name") or "", "url": (file.get("url") or "") if is_open else "", "format": file.get("format") or "", "open": is_open}
        for file, is_open in ((file, things.is_for_all(described, rights[file["id"]], store.now())) for file in found)
    ]


def _moved(files: Collection[str], before: str, after: str) -> list[str]:
    """Files of one dataset that belong to another one now, at its end; with their ids and what is stored of them. Which there were."""
    table = model.Resource.__table__
    last = model.Session.execute(sa.select(sa.func.max(table.c.position)).where(table.c.package_id == after)).scalar()
    found = model.Session.execute(sa.select(table.c.id).where(table.c.package_id == before, table.c.id.in_(files)).order_by(table.c.position)).scalars().all()
    for place, identifier in enumerate(found, start=0 if last is None else last + 1):
        model.Session.execute(sa.update(table).where(table.c.id == identifier).values(package_id=after, position=place, state="active"))
    model.Session.expire_all()
    return list(found)


# what the one that stays takes over


def _identifiers(dataset: Values) -> list[str]:
    guid = next((extra["value"] for extra in dataset.get("extras") or [] if extra["key"] == "guid"), "")
    return [name for name in dict.fromkeys([dataset.get("identifier") or "", guid, *(dataset.get("alternate_identifier") or [])]) if name]


def _address(dataset: Values) -> str:
    """Where a dataset was: its own address at its source, its page there, or its page here."""
    return str(dataset.get("uri") or dataset.get("url") or f"{tk.config['ckan.site_url'].rstrip('/')}/dataset/{dataset['id']}")


def _new(stored: Collection[str], more: Collection[str]) -> list[str]:
    return [value for value in dict.fromkeys(more) if value not in stored]


def _write(writer: writing.Writer, package: Any, **fields: Any) -> None:
    try:
        writer.update(package, {**shown(package), **fields})
    except tk.ValidationError as error:
        model.Session.rollback()
        words = tk._("“{title}” cannot be written as it stands: {faults}")
        raise MergeError(words.format(title=package.title or package.name, faults=writing.faults(error))) from error


# orders


def merge(kept: Any, other: Any, files: Collection[str], user: Any) -> Merge:
    """Withdraw `other`; `kept` stays. For who may do both, or by the yes of who may. Commits; raises MergeError."""
    ids = kept.id, other.id
    double = _locked(*ids)
    row = of_pair(*ids)
    if in_force(row):
        model.Session.rollback()
        raise MergeError(tk._("They are merged already."))
    if kept.state != "active" or other.state != "active":
        model.Session.rollback()
        raise MergeError(tk._("One of the two is not in the catalogue any more."))
    wanted = {file["id"] for file in own_files(kept, other) if file["open"]}
    asked_by, asked_at = (row.asked_by, row.asked_at) if row is not None else (user.id, store.now())
    # the proposal, and what is left of a merge whose withdrawn dataset somebody brought back by hand
    model.Session.query(Merge).filter(sa.or_(Merge.withdrawn_id == other.id, sa.and_(Merge.kept_id == other.id, Merge.withdrawn_id == kept.id))).delete()
    before, gone = shown(kept), shown(other)
    added: Values = {
        "identifiers": _new([*_identifiers(before)], _identifiers(gone)),
        "addresses": _new(before.get("merged_from") or [], [_address(gone), *(gone.get("merged_from") or [])]),
        "files": _moved([file for file in files if file in wanted], other.id, kept.id),
    }
    now = store.now()
    row = Merge(kept_id=kept.id, withdrawn_id=other.id, state=MERGED, files=list(files), added=added, asked_by=asked_by, asked_at=asked_at, merged_by=user.id, merged_at=now)
    model.Session.add(row)
    double.decision, double.user_id, double.decided = "same", user.id, now
    writer = writing.Writer(kept.owner_org)
    others, addresses = before.get("alternate_identifier") or [], before.get("merged_from") or []
    _write(writer, kept, alternate_identifier=[*others, *added["identifiers"]], merged_from=[*addresses, *added["addresses"]])
    writer.delete(other)
    _tell("dataset.merged", kept, other, user, {*deciders(kept), *deciders(other), *([asked_by] if asked_by else [])})
    unindexed.ask(ids)
    model.Session.commit()
    unindexed.bring(ids)
    return row


def _locked(one: str, other: str) -> Double:
    """The pair as it was proposed, locked."""
    found = _lock(one, other)
    if found is None or found.decision == "different":
        model.Session.rollback()
        raise MergeError(tk._("Only datasets that seem to be the same are merged, and of which nobody said otherwise."))
    return found


def _lock(one: str, other: str) -> Double | None:
    """Have nobody else decide about the two, nor about one of them with a third. What was read of them before may have been true before the wait: it is read anew."""
    first, second = sorted((one, other))
    found: Double | None = model.Session.query(Double).filter_by(one_id=first, other_id=second).with_for_update().first()
    package = model.Package.__table__.c
    model.Session.execute(sa.select(package.id).where(package.id.in_((first, second))).order_by(package.id).with_for_update(key_share=True))
    model.Session.expire_all()
    return found


def _still(kept_id: str, withdrawn_id: str, state: str) -> Merge:
    """What there is about two datasets, unless somebody else has answered it or taken it back meanwhile."""
    _lock(kept_id, withdrawn_id)
    row: Merge | None = model.Session.get(Merge, (kept_id, withdrawn_id))
    if row is None or row.state != state:
        model.Session.rollback()
        raise MergeError(tk._("Somebody else was faster: see how the two datasets stand now."))
    return row


def ask(kept: Any, other: Any, files: Collection[str], user: Any) -> Merge:
    """Propose to merge two datasets of which one is another partner's: nothing is done before that says yes. Commits; raises MergeError."""
    _locked(kept.id, other.id)
    row = of_pair(kept.id, other.id)
    if row is not None and (row.state == ASKED or in_force(row)):
        model.Session.rollback()
        raise MergeError(tk._("A proposal about the two waits already, or they are merged."))
    if row is not None:  # what is left of a merge whose withdrawn dataset somebody brought back by hand
        model.Session.delete(row)
        model.Session.flush()
    row = Merge(kept_id=kept.id, withdrawn_id=other.id, state=ASKED, files=list(files), added={}, asked_by=user.id, asked_at=store.now())
    model.Session.add(row)
    model.Session.flush()
    _tell("dataset.merge_asked", kept, other, user, {person for package in (kept, other) if not may(package, user) for person in deciders(package)})
    model.Session.commit()
    return row


def agree(row: Merge, user: Any) -> Merge:
    """The yes to a proposal, of who may decide for what its author may not. Commits; raises MergeError."""
    row = _still(row.kept_id, row.withdrawn_id, ASKED)
    kept, other = model.Package.get(row.kept_id), model.Package.get(row.withdrawn_id)
    author = model.User.get(row.asked_by) if row.asked_by else None
    if not all(may(package, user) or (author is not None and author.state == "active" and may(package, author)) for package in (kept, other)):
        raise MergeError(tk._("Who proposed it may not decide for their dataset any more: the two of you have to propose it anew."))
    return merge(kept, other, row.files, user)


def drop(row: Merge, user: Any) -> None:
    """A proposal is refused, or taken back. Commits; raises MergeError."""
    row = _still(row.kept_id, row.withdrawn_id, ASKED)
    kept, other, author = model.Package.get(row.kept_id), model.Package.get(row.withdrawn_id), row.asked_by
    model.Session.delete(row)
    _tell("dataset.merge_refused", kept, other, user, {author} if author else set())
    model.Session.commit()


def undo(row: Merge, user: Any | None) -> None:
    """The one that was withdrawn is there again, as it was; what the one that stayed took over goes back. `user` None: the portal itself. Commits; raises MergeError."""
    row = _still(row.kept_id, row.withdrawn_id, MERGED)
    kept, other = model.Package.get(row.kept_id), model.Package.get(row.withdrawn_id)
    ids, added = (kept.id, other.id), dict(row.added)
    first, second = sorted(ids)
    model.Session.query(Double).filter_by(one_id=first, other_id=second).update({"decision": None, "user_id": None, "decided": None})
    model.Session.delete(row)
    model.Session.flush()
    _moved(added.get("files") or [], kept.id, other.id)
    writer = writing.Writer(other.owner_org)
    if kept.state == "active":
        before = shown(kept)
        names = (("alternate_identifier", "identifiers"), ("merged_from", "addresses"))
        _write(writer, kept, **{name: [value for value in before.get(name) or [] if value not in (added.get(key) or [])] for name, key in names})
    _write(writer, other, state="active")
    _read_again(other.id)
    _tell("dataset.merge_undone" if user else "dataset.merge_back", kept, other, user, {*deciders(kept), *deciders(other)})
    unindexed.ask(ids)
    model.Session.commit()
    unindexed.bring(ids)


def _read_again(package_id: str) -> None:
    """What its source said of a dataset meanwhile was not written: the next run looks at it, though the source says the same as before."""
    item = store.ItemRow
    mine = sa.select(item.source_id).where(item.package_id == package_id)
    model.Session.execute(sa.update(store.Known.__table__).where(store.Known.source_id.in_(mine)).values(pages=sa.null()))
    model.Session.execute(sa.update(item.__table__).where(item.package_id == package_id).values(digest=None))


def bring_back(lost: Collection[str]) -> list[str]:
    """Datasets that were withdrawn for ones that their source has lost (`lost`: ids) are there again, unless their own source lists them no more. Which; commits."""
    back = []
    for row in model.Session.query(Merge).filter(Merge.state == MERGED, Merge.kept_id.in_(lost)).all() if lost else ():
        kept, other = model.Package.get(row.kept_id), model.Package.get(row.withdrawn_id)
        item = store.ItemRow
        missing = model.Session.query(item.identifier).filter(item.package_id == other.id, sa.or_(item.missing.is_not(None), item.given.is_(None))).first()
        if kept.state == "deleted" and other.id in withdrawn([other.id]) and missing is None:
            undo(row, None)
            back.append(str(other.id))
    return back


def _tell(kind: str, kept: Any, other: Any, user: Any | None, concerned: Collection[str]) -> None:
    by = user.id if user else None
    about = {"dataset": kept.id, "other": other.id, **({"partner": other.owner_org} if other.owner_org else {})}
    content = {"title": kept.title or kept.name, "other": other.title or other.name}
    path = f"/doublons/{kept.id}/{other.id}"
    happening.tell(happening.Happening(kind, by, about, content, tuple(sorted(set(concerned) - {by})), path))

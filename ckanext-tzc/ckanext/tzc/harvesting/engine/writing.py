"""Datasets, many in one transaction: validated by the schema and written by CKAN's own functions, so that the hooks of all plugins are called and the jobs of all rooms are sent.

What `package_create` does besides for each dataset is done once for all of them, or left out: the commit, the entry in the index with a commit of its own, an activity with a copy
of the dataset, reading it back for an answer that nobody reads, views of files that are links. After an upgrade of CKAN compare with `package_create` and `package_update`.
"""
from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

import ckan.lib.plugins as lib_plugins
import ckan.model as model
import ckan.plugins as p
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan import logic
from ckan.lib.dictization import model_save
from ckan.lib.search import index as search_index

Values = dict[str, Any]


def _utc() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)


class Writer:
    """Writes datasets as the account of the portal itself; nothing is committed here."""

    def __init__(self) -> None:
        self.user = model.User.get(tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"])
        self.user_id, self.user_name = self.user.id, self.user.name
        self._tags: dict[str, Any] = {}

    def meet(self, datasets: Iterable[Values]) -> None:
        """Know the keywords of datasets that will be written, so that they are not asked for one by one."""
        names = {tag["name"] for dataset in datasets for tag in dataset.get("tags") or []}
        found = model.Session.query(model.Tag).filter(model.Tag.name.in_(names), model.Tag.vocabulary_id.is_(None)) if names else ()
        self._tags = {tag.name: tag for tag in found}

    def _context(self, **more: Any) -> Values:
        return {"user": self.user_name, "ignore_auth": True, "defer_commit": True, "return_id_only": True, "model": model, "session": model.Session, **more}

    def _validated(self, wanted: Values, context: Values, action: str) -> Values:
        """As the schema has it; ValidationError, with nothing written."""
        plugin = lib_plugins.lookup_package_plugin("dataset")
        schema = plugin.create_package_schema() if action == "package_create" else plugin.update_package_schema()
        data, errors = lib_plugins.plugin_validate(plugin, context, wanted, schema, action)
        if errors:
            raise tk.ValidationError(errors)
        validated: Values = data
        for tag in validated.get("tags") or []:
            if tag["name"] in self._tags:
                tag["id"] = self._tags[tag["name"]].id
        return validated

    def create(self, given: Values) -> str:
        """A new dataset; its id."""
        context = self._context()
        data = self._validated({**given, "type": "dataset"}, context, "package_create")
        data["creator_user_id"] = self.user_id
        package, _ = model_save.package_dict_save(data, context)
        package.metadata_modified = _utc()
        model.Session.flush()
        self._join(package)
        for item in p.PluginImplementations(p.IPackageController):
            item.create(package)
            item.after_dataset_create(context, _with_ids(data, package))
        return str(package.id)

    def update(self, package: Any, wanted: Values) -> bool:
        """An existing dataset as it should be; whether that changed it."""
        context = self._context(package=package)
        data = self._validated({**wanted, "id": package.id, "type": package.type}, context, "package_update")
        package, change = model_save.package_dict_save(data, context)
        if not change:
            return False
        package.metadata_modified = _utc()
        model.Session.flush()
        self._belongs(package)
        for item in p.PluginImplementations(p.IPackageController):
            item.edit(package)
            item.after_dataset_update(context, _with_ids(data, package))
        return True

    def _belongs(self, package: Any) -> None:
        """The membership that stands for the owner; written at once, as an object each would make CKAN read the dataset anew for each of them."""
        members = model.Member.__table__
        of_package = (members.c.table_id == package.id, members.c.table_name == "package", members.c.capacity == "organization")
        current = model.Session.execute(sa.select(members.c.id, members.c.group_id, members.c.state).where(*of_package)).all()
        if any(row.group_id == package.owner_org and row.state == "active" for row in current):
            return
        if current:
            model.Session.execute(sa.delete(members).where(*of_package))
        self._join(package)

    def _join(self, package: Any) -> None:
        """The same for a dataset that belongs to nobody yet."""
        if package.owner_org:
            values = {"table_name": "package", "table_id": package.id, "group_id": package.owner_org, "capacity": "organization", "state": "active"}
            model.Session.execute(sa.insert(model.Member.__table__), values)

    def delete(self, package: Any) -> None:
        """As `package_delete`."""
        context = self._context(package=package)
        for item in p.PluginImplementations(p.IPackageController):
            item.delete(package)
            item.after_dataset_delete(context, {"id": package.id})
        package.delete()
        members = model.Session.query(model.Member).filter(model.Member.table_id == package.id, model.Member.state == "active")
        for membership in members:
            membership.delete()


def _with_ids(data: Values, package: Any) -> Values:
    """What was validated, with the ids that it has now."""
    data["id"] = package.id
    for resource, stored in zip(data.get("resources") or [], package.resources, strict=False):
        resource["id"] = stored.id
    return data


def to_index(ids: Iterable[str]) -> None:
    """Bring the entries of datasets up to date, deleted ones included, with one request to Solr and one commit."""
    context = {"ignore_auth": True, "user": "", "model": model, "session": model.Session}
    entries = search_index.PackageSearchIndex()
    with _gathered() as documents:
        gone = []
        for identifier in ids:
            package = model.Package.get(identifier)
            if package is None or package.state == "deleted":
                gone.append(identifier)
                continue
            plain, own = logic.package_show_default_and_custom_schemas(context, identifier)
            entries.index_package({**plain, "with_custom_schema": own}, defer_commit=True)
    connection = search_index.make_connection()
    commit = bool(tk.config.get("ckan.search.solr_commit"))
    if documents:
        connection.add(documents, commit=commit)
    for identifier in gone:
        entries.delete_package({"id": identifier})


@contextlib.contextmanager
def _gathered() -> Iterator[list[Values]]:
    """Entries that CKAN would send one by one. It has no hook between making an entry and sending it."""
    documents: list[Values] = []

    class Gathering:
        """What CKAN takes for its connection."""

        def add(self, docs: list[Values], **_more: Any) -> None:
            documents.extend(docs)

    original = search_index.make_connection
    search_index.make_connection = Gathering
    try:
        yield documents
    finally:
        search_index.make_connection = original

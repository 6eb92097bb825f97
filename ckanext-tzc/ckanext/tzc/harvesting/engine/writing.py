"""Datasets, many in one transaction: validated by the schema and written by CKAN's own objects, so that the hooks of all plugins are called and the jobs of all rooms are sent.

What `package_create` does besides for each dataset is done once for all of them, or left out: the commit, the entry in the index with a commit of its own, an activity with a copy
of the dataset, reading it back for an answer that nobody reads, views of files that are links. After an upgrade of CKAN compare with `package_create` and `package_update`.
"""
from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import ckan.lib.plugins as lib_plugins
import ckan.model as model
import ckan.plugins as p
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan.lib.dictization import model_save

from tzc.catalogue import addresses

from . import store

Values = dict[str, Any]


def shown(package_id: str, *, for_update: bool = False) -> Values:
    """A dataset as it is here, whoever may see it; `for_update`: to be written again."""
    answer: Values = tk.get_action("package_show")({"ignore_auth": True, "use_cache": False, "user": "", **({"for_update": True} if for_update else {})}, {"id": package_id})
    return answer


def faults(error: tk.ValidationError) -> str:
    """What the schema has against a dataset, field by field, on a line; of its files too, which CKAN's own summary only counts."""
    files = error.error_dict.get("resources")
    plain = {field: words for field, words in error.error_dict.items() if field != "resources" or not _are_told(files)}
    said = [f"{field}: {words}" for field, words in tk.ValidationError(plain).error_summary.items()]
    if _are_told(files):
        for number, file in enumerate(files, 1):
            said += [tk._("file %(number)d, %(field)s: %(words)s") % {"number": number, "field": field, "words": " ".join(map(str, words))} for field, words in file.items()]
    return "; ".join(said)


def _are_told(files: Any) -> bool:
    """Whether it is said of each file what is wrong with it."""
    return isinstance(files, list) and bool(files) and all(isinstance(file, dict) and all(isinstance(words, list) for words in file.values()) for file in files)


def refusal(error: tk.ValidationError) -> str:
    """Why the schema refuses a dataset, for a report."""
    return str(tk._("The dataset does not fit the portal's schema. %s") % faults(error))


class Writer:
    """Writes datasets as the account of the portal itself, for a source's partner; nothing is committed here."""

    def __init__(self, owner: str | None) -> None:
        partner = model.Group.get(owner) if owner else None
        self._owner = partner.id if partner and partner.state == "active" else None
        self.user = model.User.get(tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"])
        self.user_id, self.user_name = self.user.id, self.user.name
        self._tags: dict[str, Any] = {}

    def meet(self, datasets: Iterable[Values]) -> None:
        """Know the keywords of datasets that will be written, so that they are not asked for one by one."""
        names = {tag["name"] for dataset in datasets for tag in dataset.get("tags") or []}
        found = model.Session.query(model.Tag).filter(model.Tag.name.in_(names), model.Tag.vocabulary_id.is_(None)) if names else ()
        self._tags = {tag.name: tag for tag in found}

    def _context(self, **more: Any) -> Values:
        said = {"user": self.user_name, "ignore_auth": True, "defer_commit": True, "return_id_only": True, addresses.OWNER: self._owner}
        return {**said, "model": model, "session": model.Session, **more}

    def _validated(self, wanted: Values, context: Values, action: str) -> Values:
        """As the schema has it; ValidationError, with nothing written."""
        plugin = lib_plugins.lookup_package_plugin("dataset")
        schema = plugin.create_package_schema() if action == "package_create" else plugin.update_package_schema()
        data, errors = lib_plugins.plugin_validate(plugin, context, wanted, schema, action)
        if errors:
            raise tk.ValidationError(errors)
        validated: Values = data
        return validated

    def new(self, given: Values) -> Values:
        """A dataset as `create` takes it, without a name; ValidationError where the schema refuses it."""
        return self._validated({**given, "type": "dataset"}, self._context(**{addresses.NAMED_LATER: True}), "package_create")

    def changed(self, package: Any, wanted: Values) -> tuple[Values, Values]:
        """An existing dataset as the schema has it, and the context of that; ValidationError where the schema refuses it."""
        context = self._context(package=package)
        return self._validated({**wanted, "id": package.id, "type": package.type}, context, "package_update"), context

    def create(self, datasets: Sequence[Values]) -> list[str]:
        """New datasets, as `new` made them; their ids. The database is asked and told as often as for one."""
        self._name(datasets)
        packages = [self._object(data) for data in datasets]
        model.Session.flush()
        self._join([package for package in packages if package.owner_org])
        for data, package in zip(datasets, packages, strict=True):
            context = self._context()
            for item in p.PluginImplementations(p.IPackageController):
                item.create(package)
                item.after_dataset_create(context, _with_ids(data, package))
        return [package.id for package in packages]

    def _name(self, datasets: Sequence[Values]) -> None:
        """Each a name from its title that no other has."""
        asked = {addresses.free_name(data["title"], addresses.OTHERWISE, lambda _name: False) for data in datasets}
        taken = set(model.Session.scalars(sa.select(model.Package.name).where(model.Package.name.in_(asked))))
        for data in datasets:
            data["name"] = addresses.free_name(data["title"], addresses.OTHERWISE, lambda name: name in taken or (name not in asked and _is_taken(name)))
            taken.add(data["name"])

    def _object(self, data: Values) -> Any:
        """A new dataset's object with those of its files and keywords, not yet in the database."""
        context = self._context()
        extras = {extra["key"]: extra["value"] for extra in data.get("extras") or []}
        data["creator_user_id"] = self.user_id
        package = model.Package()
        package.from_dict({**{name: value for name, value in data.items() if name not in {"plugin_data", "metadata_created"}}, "extras": extras})
        package.id = str(uuid.uuid4())
        package.metadata_modified = store.stamp()
        model.Session.add(package)
        with model.Session.no_autoflush:
            package.resources_all[:] = [model_save.resource_dict_save({**file, "package_id": package.id}, context)[0] for file in data.get("resources") or []]
            package.package_tags[:] = [model.PackageTag(package, self._tag(name), "active") for name in dict.fromkeys(tag["name"] for tag in data.get("tags") or [])]
        return package

    def _tag(self, name: str) -> Any:
        """A keyword's object; a new one where nobody used it yet."""
        if name not in self._tags:
            self._tags[name] = model.Tag(name)
            model.Session.add(self._tags[name])
        return self._tags[name]

    def update(self, package: Any, wanted: Values) -> bool:
        """An existing dataset as it should be; whether that changed it."""
        data, context = self.changed(package, wanted)
        for tag in data.get("tags") or []:
            if tag["name"] in self._tags:
                tag["id"] = self._tags[tag["name"]].id
        package, change = model_save.package_dict_save(data, context)
        if not change:
            return False
        package.metadata_modified = store.stamp()
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
        if package.owner_org:
            self._join([package])

    def _join(self, packages: Sequence[Any]) -> None:
        """The same for datasets that belong to nobody yet."""
        values = {"table_name": "package", "capacity": "organization", "state": "active"}
        if packages:
            model.Session.execute(sa.insert(model.Member.__table__), [{**values, "table_id": package.id, "group_id": package.owner_org} for package in packages])

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


def _is_taken(name: str) -> bool:
    return model.Session.execute(sa.select(model.Package.id).where(model.Package.name == name)).first() is not None

"""Entries of the index for many datasets at once: the same as CKAN makes of each, with as many questions to the database as for one.

CKAN dictizes each dataset with six queries and validates it by two schemas, of which CKAN's own only shortens the groups: the tests of this module compare
all of it. After an upgrade of CKAN compare with `package_dictize` and `package_show_default_and_custom_schemas`.
"""
from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import ckan.lib.plugins as lib_plugins
import ckan.model as model
import ckan.plugins as p
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan import logic
from ckan.lib import dictization
from ckan.lib.dictization import model_dictize
from ckan.lib.search import index as search_index
from ckanext.harvest.model import HarvestObject, HarvestSource
from ckanext.tzc.common import indexing, together

Values = dict[str, Any]
Rows = dict[str, list[Any]]

OF_GROUP = ("description", "display_name", "id", "image_display_url", "name", "title")
"""What CKAN's own schema leaves of a group."""


def to_index(ids: Iterable[str], *, shown: bool = True) -> None:
    """Bring the entries of datasets up to date, with one request to Solr, and take those of deleted ones away with another. Search sees it once it is `shown`: now or by `show`."""
    ids = list(ids)
    packages = model.Session.query(model.Package).filter(model.Package.id.in_(ids), model.Package.state != "deleted").all()
    there = {package.id: package for package in packages}
    documents = made([there[identifier] for identifier in dict.fromkeys(ids) if identifier in there])
    if documents:
        search_index.make_connection().add(documents, commit=shown and bool(tk.config.get("ckan.search.solr_commit")))
    indexing.forget_gone(ids, shown=shown)


def show() -> None:
    """Have search find what was brought into the index."""
    search_index.make_connection().add([], commit=bool(tk.config.get("ckan.search.solr_commit")))


def made(packages: Sequence[Any]) -> list[Values]:
    """The entry of each dataset, as CKAN would send it."""
    entries = search_index.PackageSearchIndex()
    # the sources stay in memory meanwhile: ckanext-harvest asks each dataset's for its title
    sources = model.Session.query(HarvestSource).filter(HarvestSource.id.in_(_sources(packages))).all() if packages else []
    with _gathered() as documents, together.together([package.id for package in packages]):
        for package, plain in zip(packages, dictized(packages), strict=True):
            # made first: what validates by our schema takes fields out of what it is given
            entry = {**plain, "groups": [{name: group[name] for name in OF_GROUP} for group in plain["groups"]]}
            entries.index_package({**entry, "with_custom_schema": _shown(package, plain)}, defer_commit=True)
    del sources
    return documents


def _sources(packages: Sequence[Any]) -> Any:
    of_these = (HarvestObject.package_id.in_([package.id for package in packages]), HarvestObject.current.is_(True))
    return sa.select(HarvestObject.harvest_source_id).where(*of_these)


def _shown(package: Any, plain: Values) -> Values:
    """The dataset as `package_show` gives it to who may see all of it."""
    context = {"ignore_auth": True, "user": "", "model": model, "session": model.Session, "use_cache": False, "validate": False, "package": package}
    for item in p.PluginImplementations(p.IPackageController):
        item.read(package)
    for item in p.PluginImplementations(p.IResourceController):
        for resource in plain["resources"]:
            item.before_resource_show(resource)
    plugin = lib_plugins.lookup_package_plugin(plain["type"])
    shown, _errors = lib_plugins.plugin_validate(plugin, context, plain, plugin.show_package_schema(), "package_show")
    logic.apply_after_dataset_show_plugins(context, shown)
    told: Values = shown
    return told


def dictized(packages: Sequence[Any]) -> list[Values]:
    """Datasets as `package_dictize` gives each."""
    ids, context = [package.id for package in packages], {"model": model, "session": model.Session}
    files, tags, groups, partners = _files(ids), _tags(ids, context), _groups(ids, context), _partners(packages, context)
    subjects, objects = (_grouped(sa.select(model.package_relationship_table), model.package_relationship_table.c[end], ids) for end in ("subject_package_id", "object_package_id"))
    told = []
    for package in packages:
        plain = dictization.table_dictize(package, context)
        plain.pop("plugin_data", None)
        resources = model_dictize.resource_list_dictize(files.get(package.id, []), context)
        words = tags.get(package.id, [])
        plain.update(
            title=plain["title"].strip() if plain["title"] else plain["title"],
            resources=resources,
            num_resources=len(resources),
            tags=words,
            num_tags=len(words),
            extras=[{"key": key, "value": value} for key, value in (plain["extras"] or {}).items()],
            groups=groups.get(package.id, []),
            organization=copy.deepcopy(partners.get(package.owner_org)),
            relationships_as_subject=dictization.obj_list_dictize(subjects.get(package.id, []), context),
            relationships_as_object=dictization.obj_list_dictize(objects.get(package.id, []), context),
            isopen=package.isopen(),
            type=package.type or "dataset",
            **_licence(package),
            metadata_modified=package.metadata_modified.isoformat(),
            metadata_created=package.metadata_created.isoformat() if package.metadata_created else None,
        )
        told.append(plain)
    return told


def _licence(package: Any) -> Values:
    licence = package.license
    if not licence:
        return {"license_title": package.license_id}
    return {"license_url": licence.url, "license_title": licence.title.split("::")[-1]} if licence.url else {"license_title": licence.title}


def _grouped(query: Any, column: Any, ids: Sequence[str]) -> Rows:
    """Rows by the value of a column."""
    found: Rows = {}
    for row in model.Session.execute(query.where(column.in_(ids))):
        found.setdefault(row._mapping[column], []).append(row)
    return found


def _files(ids: Sequence[str]) -> Rows:
    table = model.resource_table
    return _grouped(sa.select(table), table.c["package_id"], ids)


def _tags(ids: Sequence[str], context: Values) -> dict[str, list[Values]]:
    """Each dataset's keywords."""
    tag, joined = model.tag_table, model.package_tag_table
    of_these = joined.c["package_id"].in_(ids)
    rows = model.Session.execute(sa.select(tag, joined.c["state"]).join(joined, tag.c["id"] == joined.c["tag_id"]).where(of_these).distinct())
    told = {(row.id, row.state): dictization.table_dictize(row, context) for row in rows if row.state == "active"}
    found: dict[str, list[Values]] = {}
    for package_id, tag_id, state in model.Session.execute(sa.select(joined.c["package_id"], joined.c["tag_id"], joined.c["state"]).where(of_these)):
        if state == "active":
            found.setdefault(package_id, []).append(told[tag_id, state])
    return {package_id: [{**word, "display_name": word["name"]} for word in sorted(words, key=lambda word: word["name"])] for package_id, words in found.items()}


def _groups(ids: Sequence[str], context: Values) -> dict[str, list[Values]]:
    """The groups of each dataset, without their counts."""
    member, group = model.member_table, model.group_table
    of_these = (member.c["table_id"].in_(ids), member.c["state"] == "active", group.c["is_organization"].is_(False))
    joined = member.c["group_id"] == group.c["id"]
    rows = model.Session.execute(sa.select(group, member.c["capacity"]).join(member, joined).where(*of_these).distinct()).all()
    told = {(row.id, row.capacity): model_dictize.group_list_dictize([row], {**context, "with_capacity": False}, with_package_counts=False)[0] for row in rows}
    found: dict[str, list[Values]] = {}
    for package_id, group_id, capacity in model.Session.execute(sa.select(member.c["table_id"], group.c["id"], member.c["capacity"]).join(group, joined).where(*of_these)):
        found.setdefault(package_id, []).append(copy.deepcopy(told[group_id, capacity]))
    return {package_id: sorted(groups, key=lambda entry: tk.h.strxfrm(entry["display_name"])) for package_id, groups in found.items()}


def _partners(packages: Sequence[Any], context: Values) -> dict[str, Values]:
    group = model.group_table
    owners = {package.owner_org for package in packages if package.owner_org}
    told = {}
    for row in model.Session.execute(sa.select(group).where(group.c["id"].in_(owners), group.c["state"] == "active")):
        told[row.id] = dictization.table_dictize(row, context)
        del told[row.id]["extras"]
    return told


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

"""Requests for single columns of a file that is loaded as a table: what there is to choose, what was chosen, and whether it is there."""
from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.datastore.backend.postgres import get_read_engine

from .columns import tells

MOST_FILES, MOST = 200, 1600
"""Files of a request with columns, and columns of a file: PostgreSQL has no more of them in a table."""

Columns = dict[str, list[str]]
"""Names of columns, by the id of their file."""

TABLES = sa.text(
    "SELECT c.relname AS file, a.attname AS name, d.description FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "LEFT JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = a.attnum AND d.classoid = 'pg_class'::regclass "
    "WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname = ANY(:files) AND NOT starts_with(a.attname, '_') ORDER BY c.relname, a.attnum"
)


def of_tables(files: Collection[str]) -> dict[str, list[dict[str, str]]]:
    """The columns of those of some files (ids) that are tables, in their order: `{"name", "label"}`; the label is the data dictionary's. One question, however many files."""
    found: dict[str, list[dict[str, str]]] = {}
    if files:
        with get_read_engine().connect() as connection:
            for row in connection.execute(TABLES, {"files": list(files)}):
                found.setdefault(row.file, []).append({"name": row.name, "label": _label(row.description) or row.name})
    return found


def _label(comment: str | None) -> str:
    """The label in what the DataStore keeps about a column; comments that are not its own say nothing."""
    try:
        info = json.loads(comment or "{}")["_info"]
        return str(info.get("label") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def read(value: Any, errors: dict[str, list[str]]) -> Columns:
    """What was sent: `{file: [column, …]}`. A file without columns is asked for with all of them."""
    if value in (None, "", {}, []):
        return {}
    well_formed = isinstance(value, dict) and all(
        isinstance(file, str) and isinstance(names, list) and all(isinstance(name, str) for name in names) for file, names in value.items()
    )
    if not well_formed:
        errors.setdefault("columns", []).append(tk._("Give the columns by file: {example}.").format(example='{"file id": ["column", …]}'))
        return {}
    if len(value) > MOST_FILES or any(len(names) > MOST for names in value.values()):
        errors.setdefault("columns", []).append(tk._("At most {most} at once.").format(most=MOST_FILES if len(value) > MOST_FILES else MOST))
        return {}
    clean = {file.replace("\0", "").strip(): list(dict.fromkeys(name.replace("\0", "") for name in names if name)) for file, names in value.items()}
    return {file: names for file, names in clean.items() if names}


def mistakes(package: dict[str, Any], columns: Columns) -> Iterator[str]:
    """What is wrong with columns that are asked for of a dataset's files."""
    # whose columns are not told is as good as no table: names are not found out by asking for them
    tables = of_tables([resource["id"] for resource in package["resources"] if resource["id"] in columns and tells(resource)])
    for file, names in columns.items():
        name = next(tk.h.resource_display_name(resource) for resource in package["resources"] if resource["id"] == file)
        if file not in tables:
            yield tk._("“{file}” is not loaded as a table, so it is given as a whole only.").format(file=name)
            continue
        unknown = [one for one in names if one not in {column["name"] for column in tables[file]}]
        if unknown:
            yield tk._("“{file}” has no column of this name: {names}.").format(file=name, names=", ".join(unknown)[:300])


def typed(values: Iterable[str]) -> Columns:
    """What the form's boxes say: `file:column` each."""
    found: Columns = {}
    for value in values:
        file, sign, name = value.partition(":")
        if sign:
            found.setdefault(file, []).append(name)
    return found


def told(columns: Collection[Columns]) -> list[dict[str, Any]]:
    """Scopes in the reader's words: `{"file": id, "name", "columns"}`, in one question for all."""
    ids = {file for each in columns for file in each}
    names = dict(model.Session.query(model.Resource.id, model.Resource.name).filter(model.Resource.id.in_(ids)).all()) if ids else {}
    return [{"file": file, "name": names.get(file) or tk._("File without a name"), "columns": chosen} for each in columns for file, chosen in each.items()]

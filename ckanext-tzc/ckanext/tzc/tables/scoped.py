"""Tables as who was given some of their columns has them: the others are as if they did not exist.

The DataStore is asked with a view of the same name in front of the table, in the connection of this question and gone after it. So whatever a question may name (`fields`,
`filters`, `sort`, `q`, `distinct`) and whatever is counted or searched knows no other column: nothing is looked for in the question, the database is not asked for others.
"""
from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import psycopg2
import sqlalchemy as sa
from ckanext.datastore.backend import DatastoreBackend
from ckanext.datastore.backend import postgres as backend
from ckanext.datastore.logic import schema
from ckanext.tzc.common import columns
from sqlalchemy.exc import DBAPIError

from .plain_errors import refusal
from .writing import TEXT_SEARCHED

HIDING = frozenset({"size", "idx_size", "db_size"})
"""What `datastore_info` says of a table's size: the columns that are not given have their part in it."""

NAMES = ("resource_id", "id")
"""How a question names its table."""

PAGE = 32_000


def scope(context: Any, data_dict: dict[str, Any]) -> frozenset[str] | None:
    """The only columns that a question may be answered with; None: it is answered as the DataStore does. Of two names that it gives, the narrower counts."""
    user = context.get("user") or ""
    if not user or context.get("ignore_auth"):
        return None
    found = [_of_table(user, str(data_dict[name])) for name in NAMES if data_dict.get(name)]
    named = [each for each in found if each is not None]
    return frozenset.intersection(*named) if named else None


def _of_table(user: str, name: str) -> frozenset[str] | None:
    if "\0" in name:
        return None
    # held while it is asked about, as the session keeps nothing that nobody holds
    resource = model.Session.get(model.Resource, name)
    if resource is None:
        # another name of a table
        _exists, real = DatastoreBackend.get_active_backend().resource_id_from_alias(name)
        name = real or name
    return columns.columns(user, name)


def search(context: Any, data_dict: dict[str, Any], opened: frozenset[str]) -> dict[str, Any]:
    """`datastore_search` of these columns only. Raises what that raises, in the same words."""
    asked, errors = tk.navl_validate(data_dict, context.get("schema", schema.datastore_search_schema()), context)
    if errors:
        raise tk.ValidationError(errors)
    exists, real = DatastoreBackend.get_active_backend().resource_id_from_alias(asked["resource_id"])
    if not exists:
        raise tk.ObjectNotFound(tk._('Resource "{0}" was not found.').format(asked["resource_id"]))
    asked["resource_id"] = real or asked["resource_id"]
    tk.check_access("datastore_search", context, asked)
    engine = backend.get_read_engine()
    backend._cache_types(engine)
    with engine.connect() as connection:
        connection.execute(sa.text(f"SET LOCAL statement_timeout TO {int(context.get('query_timeout', backend._TIMEOUT))}"))
        _put_before(connection, asked["resource_id"], opened)
        try:
            answer: dict[str, Any] = backend.search_data({**context, "connection": connection}, asked)
        except DBAPIError as error:
            raise _refusal(error) from error
        finally:
            connection.rollback()
    for name in ("id", "connection_url"):
        answer.pop(name, None)
    return answer


def _put_before(connection: Any, table: str, opened: frozenset[str]) -> None:
    """Make the view that hides the table: for this transaction, which the caller ends. Its words to search are those of its columns."""
    try:
        fields = [field for field in backend._get_fields(connection, table) if field["id"] in opened]
        seen = ", ".join(["_id", *(backend.identifier(field["id"]) for field in fields), _searched(fields)])
        name = backend.identifier(table)
        connection.connection.cursor().execute(f"CREATE TEMPORARY VIEW {name} AS SELECT {seen} FROM public.{name}")  # noqa: S608 -- names are quoted
    except (DBAPIError, psycopg2.Error) as error:
        raise tk.ObjectNotFound(tk._('Resource "{0}" was not found.').format(table)) from error


def _searched(fields: list[dict[str, Any]]) -> str:
    """SQL: the words that a row is found by, where the table has any."""
    words = [f"left({name}::text, {TEXT_SEARCHED})" for name in (backend.identifier(field["id"]) for field in fields)]
    # a function takes a hundred arguments at most
    parts = [f"concat_ws(' ', {', '.join(words[start : start + 90])})" for start in range(0, len(words), 90)] or ["''"]
    language, text = backend.literal_string(tk.config["ckan.datastore.default_fts_lang"]), " || ' ' || ".join(parts)
    return f"CASE WHEN _full_text IS NOT NULL THEN to_tsvector({language}::regconfig, {text}) END AS _full_text"


def _refusal(error: DBAPIError) -> Exception:
    code = getattr(error.orig, "pgcode", None)
    if code == backend._PG_ERR_CODE["query_canceled"]:
        return tk.ValidationError({"query": ["Search took too long"]})
    return refusal(error.orig or error)


def info(answer: dict[str, Any], opened: frozenset[str]) -> dict[str, Any]:
    """What `datastore_info` says, of these columns only."""
    answer["fields"] = [field for field in answer.get("fields", []) if field["id"] in opened]
    if "meta" in answer:
        answer["meta"] = {name: value for name, value in answer["meta"].items() if name not in HIDING}
    return answer


def places(geometry: dict[str, str] | None, opened: frozenset[str]) -> dict[str, str] | None:
    """Which columns hold a table's places, where they may be seen."""
    return geometry if geometry and set(geometry.values()) <= opened else None


def copy(user: str, file: str) -> Iterator[bytes]:
    """A table as CSV, of the columns that an account may have, page by page; each page is asked for, and so allowed, by itself.

    Raises ObjectNotFound and NotAuthorized before anything is sent.
    """

    def search(asked: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = tk.get_action("datastore_search")({"user": user}, asked)
        return answer

    return _pages(search, file, _names(search, file))


def kept(file: str, names: Collection[str]) -> Iterator[bytes]:
    """A table as CSV with these columns only, all of it as it is at one moment. Who may have it is the caller's to know. Raises LookupError where there is no such table."""
    engine = backend.get_read_engine()
    backend._cache_types(engine)
    with engine.connect() as opened:
        connection = opened.execution_options(isolation_level="REPEATABLE READ")
        try:
            _put_before(connection, file, frozenset(names))

            def search(asked: dict[str, Any]) -> dict[str, Any]:
                valid, _errors = tk.navl_validate(asked, schema.datastore_search_schema(), {})
                answer: dict[str, Any] = backend.search_data({"connection": connection}, valid)
                return answer

            yield from _pages(search, file, _names(search, file))
        except tk.ObjectNotFound as error:
            raise LookupError(file) from error
        finally:
            connection.rollback()


Search = Callable[[dict[str, Any]], dict[str, Any]]


def _names(search: Search, file: str) -> list[str]:
    return [field["id"] for field in search(_asked(file, {}, None))["fields"] if field["id"] != "_id"]


def _asked(file: str, after: dict[str, Any], names: list[str] | None) -> dict[str, Any]:
    asked = {"resource_id": file, "sort": "_id", "records_format": "csv", "include_total": False, "include_next_page": True, "limit": PAGE if names else 0, "filters": after}
    return {**asked, **({"fields": names} if names else {})}


def _pages(search: Search, file: str, names: list[str]) -> Iterator[bytes]:
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(names)
    yield header.getvalue().encode()
    after: dict[str, Any] = {}
    while names:
        page = search(_asked(file, after, names))
        if not page["records"]:
            return
        yield page["records"].encode()
        after = page["next_page"]

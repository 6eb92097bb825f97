"""Why a feed's file was not replaced.

    FeedError        holds a `code` (see `CODES`) and `parameters` for the words, which the upper floor says in the reader's language
"""
from __future__ import annotations

from collections.abc import Mapping

Parameter = str | int

CODES: Mapping[str, str] = {
    "unreachable": "The source could not be read: %(detail)s",
    "inner": "The address leads into an internal network.",
    "not_allowed": "An administrator has not allowed this feed yet.",
    "credential": "There is no credential %(name)s for %(host)s.",
    "sealed": "The credential %(name)s cannot be opened with the portal's secret.",
    "host_key": "The server showed the key %(found)s, not the one that is written in the feed.",
    "login": "The server does not let the credential in.",
    "query": "The database refused the query: %(detail)s",
    "superuser": "The account of the database may do everything there.",
    "too_big": "There are more than %(most)s bytes.",
    "too_many_rows": "There are more than %(most)s rows.",
    "too_slow": "It took longer than %(most)s seconds.",
    "empty": "There are no rows.",
    "kind": "This is not %(wanted)s: %(detail)s",
    "table": "The table is broken.",
    "no_table": "There is no table, where columns are expected.",
    "columns": "The columns are not those that are expected.",
    "key_column": "The key column %(name)s is not there.",
    "key_empty": "%(count)s rows have nothing in their key.",
    "key_twice": "%(count)s keys stand in several rows.",
    "not_taken": "The file is not taken: %(detail)s",
    "gone": "The dataset or its file is not there any more.",
    "broken_off": "The run broke off.",
    "internal": "The portal could not do it.",
}
"""Every code, with an English sentence for logs."""

DETAIL = 300
"""Characters of what others say."""


class FeedError(Exception):
    """The old file stays. Raises KeyError when the code is not one of `CODES`."""

    def __init__(self, code: str, **parameters: Parameter) -> None:
        self.code = code
        self.parameters = {name: value[:DETAIL] if isinstance(value, str) else value for name, value in parameters.items()}
        super().__init__(CODES[code] % self.parameters)

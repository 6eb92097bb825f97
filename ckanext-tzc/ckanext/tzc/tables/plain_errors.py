"""What the DataStore says of a question that the database refuses, without the SQL that it made of it."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ckan.plugins.toolkit as tk
import psycopg2
from sqlalchemy.exc import CompileError, DataError, IntegrityError, ProgrammingError

TOLD = "info"
"""Where the DataStore puts the statement, its values and the database's own words."""


@contextmanager
def without_sql() -> Iterator[None]:
    """Raise what is raised inside without SQL."""
    try:
        yield
    except tk.ValidationError as error:
        raise tk.ValidationError(_without(error.error_dict)) from None
    except psycopg2.Error as error:
        # rows asked for as CSV are copied past SQLAlchemy, whose errors alone the DataStore knows
        if isinstance(error, psycopg2.errors.QueryCanceled):
            raise tk.ValidationError({"query": ["Search took too long"]}) from None
        raise refusal(error) from None
    except (DataError, IntegrityError, ProgrammingError) as error:
        raise refusal(error.orig or error) from None
    except CompileError:
        # a value that stands for no column, as a list in a list
        raise tk.ValidationError({"query": ["Invalid query"]}) from None


def refusal(error: Exception) -> tk.ValidationError:
    """Of a question that the database refused."""
    return tk.ValidationError({"query": ["Invalid query"], TOLD: {"orig": [first_line(str(error))]}})


def first_line(words: str) -> str:
    """What the database says; below it quotes the statement, and SQLAlchemy adds it as a whole."""
    return words.partition("\n")[0].rpartition("(psycopg2.")[2].partition(") ")[2].strip() if words.startswith("(psycopg2.") else words.partition("\n")[0].strip()


def _without(errors: dict[str, Any]) -> dict[str, Any]:
    told = errors.get(TOLD)
    if isinstance(told, dict) and "orig" in told:
        said = told["orig"] if isinstance(told["orig"], list) else [told["orig"]]
        errors = {**errors, TOLD: {"orig": [first_line(str(words)) for words in said]}}
    return {name: first_line(words) if isinstance(words, str) else words for name, words in errors.items()}

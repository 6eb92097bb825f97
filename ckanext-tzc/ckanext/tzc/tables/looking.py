"""What an uploaded file would be as a table, for rooms that decide whether they take it."""
from __future__ import annotations

import tempfile
from collections.abc import Collection
from pathlib import Path

import duckdb
from ckanext.tzc.common.reading import Look

from tzc.feeding.columns import Column
from tzc.tables.kinds import Kind

from .loading import limits_of_settings
from .reading import Read, read


def look(file: Path, declared: str, keys: Collection[str] = ()) -> Look:
    """See `common.reading.look`."""
    with tempfile.TemporaryDirectory(prefix="tzc-look-") as folder:
        done = read(file, declared, Path(folder), limits_of_settings())
        filled, without, twice = _counted(done, Path(folder), [key for key in keys if key in {column.name for column in done.columns}])
    return Look(tuple(Column(column.name, column.decision.kind.value, column.name in filled) for column in done.columns), done.count, without, twice)


def _counted(done: Read, folder: Path, keys: list[str]) -> tuple[set[str], int, int]:
    """Names of the columns that hold something, rows without a key, and keys of several rows. Only what is text may hold nothing."""
    texts = [column.name for column in done.columns if column.decision.kind is Kind.TEXT]
    filled = {column.name for column in done.columns} - set(texts)
    if not texts and not keys:
        return filled, 0, 0
    connection = duckdb.connect(str(folder / "look.duckdb"), config={"memory_limit": limits_of_settings().memory, "threads": "2", "temp_directory": str(folder / "spill")})
    try:
        connection.execute(f"SET allowed_directories=[{_literal(str(folder))}]")
        connection.execute("SET enable_external_access=false")
        connection.execute("SET lock_configuration=true")
        names = "{" + ", ".join(f"{_literal(f'c{number}')}: 'VARCHAR'" for number in range(len(done.columns))) + "}"
        # as the file is written for PostgreSQL: nothing for NULL, all else in quotes
        file = _literal(str(done.rows_file))
        source = f"read_csv({file}, header=false, delim=',', quote='\"', escape='\"', columns={names}, nullstr='', auto_detect=false, max_line_size=20000000)"
        at = {column.name: f"c{number}" for number, column in enumerate(done.columns)}
        counts = connection.execute("SELECT " + ", ".join(["0", *(f"count({at[name]})" for name in texts)]) + f" FROM {source}").fetchone() or ()  # noqa: S608 -- names are ours
        filled |= {name for name, count in zip(texts, counts[1:], strict=True) if count}
        if not keys:
            return filled, 0, 0
        chosen = ", ".join(at[key] for key in keys)
        empty = " OR ".join(f"{at[key]} IS NULL" for key in keys)
        [without] = connection.execute(f"SELECT count(*) FROM {source} WHERE {empty}").fetchone() or (0,)  # noqa: S608 -- names are ours
        [twice] = connection.execute(f"SELECT count(*) FROM (SELECT 1 FROM {source} WHERE NOT ({empty}) GROUP BY {chosen} HAVING count(*) > 1)").fetchone() or (0,)  # noqa: S608 -- names are ours
    finally:
        connection.close()
    return filled, int(without), int(twice)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

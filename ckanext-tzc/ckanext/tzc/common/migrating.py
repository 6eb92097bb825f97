"""How Alembic reaches the database for one room's tables; each room's `env.py` calls it, and CKAN gives the address."""
from __future__ import annotations

from logging.config import fileConfig
from typing import Any

from alembic import context
from ckan.model.meta import metadata
from sqlalchemy import engine_from_config, pool


def run(name: str) -> None:
    """Run, or print when Alembic is offline, the migrations of the tables whose names begin with `name`."""
    config = context.config
    if config.config_file_name:
        fileConfig(config.config_file_name, disable_existing_loggers=False)

    def ours(entity: Any, table: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
        """Whether autogeneration looks at a table."""
        return kind != "table" or bool(table and table.startswith(name))

    common: dict[str, Any] = {"target_metadata": metadata, "version_table": f"{name}_alembic_version", "include_object": ours}
    if context.is_offline_mode():
        context.configure(url=config.get_main_option("sqlalchemy.url"), literal_binds=True, **common)
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = engine_from_config(config.get_section(config.config_ini_section) or {}, prefix="sqlalchemy.", poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, **common)
        with context.begin_transaction():
            context.run_migrations()

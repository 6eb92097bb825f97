"""How Alembic reaches the database for this room's tables; CKAN gives the address."""
from __future__ import annotations

from logging.config import fileConfig
from pathlib import Path
from typing import Any

from alembic import context
from ckan.model.meta import metadata
from sqlalchemy import engine_from_config, pool

config = context.config
if config.config_file_name:
    fileConfig(config.config_file_name, disable_existing_loggers=False)
NAME = Path(__file__).parent.name


def ours(entity: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Whether autogeneration looks at a table."""
    return kind != "table" or bool(name and name.startswith(NAME))


def offline() -> None:
    """Print the statements."""
    context.configure(url=config.get_main_option("sqlalchemy.url"), target_metadata=metadata, literal_binds=True, version_table=f"{NAME}_alembic_version", include_object=ours)
    with context.begin_transaction():
        context.run_migrations()


def online() -> None:
    """Run the statements."""
    engine = engine_from_config(config.get_section(config.config_ini_section) or {}, prefix="sqlalchemy.", poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, version_table=f"{NAME}_alembic_version", include_object=ours)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    offline()
else:
    online()

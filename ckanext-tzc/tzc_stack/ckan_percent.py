"""A percent sign in a folder's name or in a database's address, which CKAN, Alembic and webassets take for a reference.

The first two keep such values in a `ConfigParser`, webassets fills `%(version)s` into a whole path; there % must be doubled, and none
of them doubles it. `mend` is called before CKAN is loaded.
"""
from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser
from typing import Any

import alembic.config
from ckan.cli import CKANConfigLoader
from webassets.env import Resolver


def mend() -> None:
    """Double the percent signs that are handed over as they are."""
    update, set_option = CKANConfigLoader._update_defaults, alembic.config.Config.set_main_option

    def update_defaults(self: Any, new_defaults: Mapping[str, Any]) -> None:
        update(self, _doubled(new_defaults))

    def set_main_option(self: Any, name: str, value: str) -> None:
        set_option(self, name, value.replace("%", "%%"))

    resolve = Resolver.resolve_output_to_path

    def resolve_output_to_path(self: Any, *arguments: Any) -> str:
        path = str(resolve(self, *arguments))
        return path.replace("%", "%%").replace("%%(version)s", "%(version)s") if "%(version)s" in path else path

    CKANConfigLoader._update_defaults = update_defaults
    Resolver.resolve_output_to_path = resolve_output_to_path
    setattr(alembic.config.Config, "set_main_option", set_main_option)  # noqa: B010 -- mypy forbids the plain assignment
    setattr(alembic.config, "ConfigParser", _Parser)  # noqa: B010 -- as above


class _Parser(ConfigParser):
    def __init__(self, defaults: Mapping[str, Any]) -> None:
        super().__init__(_doubled(defaults))


def _doubled(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value).replace("%", "%%") for name, value in values.items()}

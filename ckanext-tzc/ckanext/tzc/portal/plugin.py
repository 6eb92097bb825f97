"""The portal room's plugin."""
from __future__ import annotations

import os
from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckan.lib.plugins import DefaultTranslation
from ckanext.tzc.common.territory import outlines
from flask import has_request_context

from . import forgery, old_pictures, page_cache

CKANS_HOME = "view_recent desc"
"""The order in which CKAN's own home page asks for datasets."""

HERE = "127.0.0.1,localhost"
"""This machine, as `no_proxy` names it."""


@tk.blanket.actions
@tk.blanket.cli
@tk.blanket.helpers
@tk.blanket.blueprints
@tk.blanket.config_declarations
class PortalPlugin(p.SingletonPlugin, DefaultTranslation):
    """Look, home page, language, security headers."""

    p.implements(p.IConfigurer)
    p.implements(p.IConfigurable)
    p.implements(p.ITranslation)
    p.implements(p.IPackageController, inherit=True)

    def before_dataset_search(self, search_params: dict[str, Any]) -> dict[str, Any]:
        """CKAN's home page asks for datasets and facets that ours does not show; with many datasets that takes half of its time."""
        if search_params.get("sort") == CKANS_HOME and has_request_context() and tk.request.path == "/":
            return {**{name: value for name, value in search_params.items() if name != "sort"}, "rows": 0, "facet": "false"}
        return search_params

    def update_config(self, config: Any) -> None:
        """Put our templates, files and stylesheet before CKAN's."""
        forgery.narrow()
        tk.add_template_directory(config, "templates")
        tk.add_public_directory(config, "public")
        tk.add_resource("assets", "tzc")
        _reach_this_machine_directly()

    def configure(self, config: Any) -> None:
        """Pages kept for strangers are given up by every process that writes: web, workers, commands."""
        page_cache.watch(page_cache.generation())
        old_pictures.listen()
        # a file that cannot be used is told at the start, not to a reader
        outlines()

    def i18n_directory(self) -> str:
        """One catalogue of texts for all rooms."""
        from importlib.resources import files

        return str(files("ckanext.tzc") / "i18n")

    def i18n_domain(self) -> str:
        """Its name."""
        return "ckanext-tzc"


def _reach_this_machine_directly() -> None:
    """Ask servers on this machine without a proxy that the environment names; said once, it is not looked for at each search."""
    others = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if others != "*" and HERE not in others:
        os.environ["no_proxy"] = f"{others},{HERE}".strip(",")

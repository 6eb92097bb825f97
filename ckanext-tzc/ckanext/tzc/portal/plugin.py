"""The portal room's plugin."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckan.lib.plugins import DefaultTranslation
from ckanext.tzc.common.territory import outlines

from . import forgery, old_pictures, page_cache, reach


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
        """CKAN's home page asks for more than ours shows."""
        return reach.without_ckans_home(search_params)

    def update_config(self, config: Any) -> None:
        """Put our templates, files and stylesheet before CKAN's."""
        forgery.narrow()
        tk.add_template_directory(config, "templates")
        tk.add_public_directory(config, "public")
        tk.add_resource("assets", "tzc")
        reach.this_machine_directly()

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

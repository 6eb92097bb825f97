"""The harvesting room's plugin."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckanext.dcat.interfaces import IDCATRDFHarvester
from ckanext.tzc.common import measures

from . import contents, measuring, sources


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
class HarvestingPlugin(p.SingletonPlugin):
    """Who sees what of a harvest, and the processes that do it."""

    p.implements(p.IConfigurer)
    p.implements(p.IConfigurable)
    p.implements(p.IPackageController, inherit=True)
    p.implements(IDCATRDFHarvester, inherit=True)

    def update_config(self, config: Any) -> None:
        """Sources are private, and on the web; their pages are ours."""
        tk.add_template_directory(config, "templates")
        tk.add_resource("assets", "tzc_harvesting")
        sources.watch()
        measures.measured_by("harvesting", measuring.measure)

    def configure(self, config: Any) -> None:
        """The job that looks at files is sent after commits that ask for it."""
        contents.job().listen()

    def after_dataset_create(self, context: dict[str, Any], pkg_dict: dict[str, Any]) -> None:
        """Who may allow a source what; and no secret lies open."""
        sources.check(pkg_dict, context)

    def after_dataset_update(self, context: dict[str, Any], pkg_dict: dict[str, Any]) -> None:
        """The same."""
        sources.check(pkg_dict, context)

    def after_dataset_show(self, context: dict[str, Any], pkg_dict: dict[str, Any]) -> None:
        """A source's configuration is for its editors."""
        sources.show(pkg_dict, context)

    def before_dataset_index(self, pkg_dict: dict[str, Any]) -> dict[str, Any]:
        """What opens a source is not searched for."""
        return sources.indexed(pkg_dict)

    def update_session(self, session: Any) -> Any:
        """No request without a time limit."""
        return sources.with_time_limit(session)

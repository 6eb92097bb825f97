"""The tables room's plugins: loading with the table view, and the map view."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckan.plugins import core
from ckanext.tzc.common import columns, reading

from . import changes, showing, words


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
class TablesPlugin(p.SingletonPlugin, showing.TableView):
    """Uploaded tables become rows, and are shown."""

    p.implements(p.IConfigurer)
    p.implements(p.IDomainObjectModification)
    p.implements(p.IResourceView)

    def update_config(self, config: Any) -> None:
        """Templates and assets; jobs after commits; copies of some columns; the second view."""
        tk.add_template_directory(config, "templates")
        tk.add_resource("assets", "tzc_tables")
        changes.listen()
        from . import looking, scoped

        columns.copied_by(scoped.kept)
        reading.answered_by(looking.look, words.reason)
        # a plugin gives one view, and this room has one entry point: CKAN lists services of other names last
        core._PLUGINS_SERVICE.setdefault("tzc_tables_map", MapPlugin(name="tzc_tables_map"))

    def notify(self, entity: Any, operation: Any) -> None:
        """Before each commit, for each thing that changed."""
        changes.noticed(entity, operation)


class MapPlugin(p.SingletonPlugin, showing.MapView):
    """The map view."""

    p.implements(p.IResourceView)

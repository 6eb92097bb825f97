"""The catalogue room's plugin."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import columns, opening

from . import axes, narrowed, opened, search, solr_connection, withheld
from .facets import Facets
from .uploads import KeepsFiles


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
@tk.blanket.validators
class CataloguePlugin(Facets, KeepsFiles, p.SingletonPlugin):
    """Schemas, axes, access levels, search and its facets."""

    p.implements(p.IConfigurer)
    p.implements(p.IPackageController, inherit=True)
    p.implements(p.IFacets, inherit=True)
    p.implements(p.IUploader, inherit=True)
    p.implements(p.IFiles, inherit=True)

    def update_config(self, config: Any) -> None:
        """A connection to Solr that is kept; the doors are told which columns somebody may have."""
        solr_connection.keep()
        columns.answered_by(narrowed.columns)
        opening.answered_by(opened.opened)

    def after_dataset_create(self, context: dict[str, Any], pkg_dict: dict[str, Any]) -> None:
        """Membership of the axes' groups; before the commit."""
        axes.join(context, pkg_dict, new=True)

    def after_dataset_update(self, context: dict[str, Any], pkg_dict: dict[str, Any]) -> None:
        """The same."""
        axes.join(context, pkg_dict)

    def before_dataset_search(self, search_params: dict[str, Any]) -> dict[str, Any]:
        """Ask Solr in French."""
        return search.asked(search_params)

    def before_dataset_index(self, pkg_dict: dict[str, Any]) -> dict[str, Any]:
        """Give Solr lists and names instead of JSON and codes, and no address that is not for everybody."""
        withheld.from_index(pkg_dict)
        return search.indexed(pkg_dict)

    def after_dataset_show(self, context: dict[str, Any], pkg_dict: dict[str, Any]) -> None:
        """Addresses of files for who may have the data only."""
        withheld.after_show(context, pkg_dict)

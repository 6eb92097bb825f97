"""The workflow room's plugin."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import delegations as replacing
from ckanext.tzc.common import duties

from . import archive, courses, delegations, people, rules


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.helpers
class WorkflowPlugin(p.SingletonPlugin):
    """Workflow: who has which duty at a partner, and how datasets come to be published."""

    p.implements(p.IConfigurer)
    p.implements(p.IPackageController, inherit=True)

    def update_config(self, config: Any) -> None:
        """Our templates; who has which duty; what a publication is asked for."""
        tk.add_template_directory(config, "templates")
        duties.answered_by(people.answer, people.answers)
        replacing.answered_by(delegations.answer, delegations.answers)
        rules.register()

    def after_dataset_create(self, context: dict[str, Any], pkg_dict: dict[str, Any]) -> None:
        """A move that this save is, written down before the commit."""
        courses.saved(context, pkg_dict["id"])

    def after_dataset_update(self, context: dict[str, Any], pkg_dict: dict[str, Any]) -> None:
        """The same; and that a draft changed."""
        courses.saved(context, pkg_dict["id"], pkg_dict.get("state") or "")

    def after_dataset_delete(self, context: dict[str, Any], pkg_dict: dict[str, Any]) -> None:
        """That it was deleted, and by whom."""
        courses.deleted(context, pkg_dict["id"])

    def before_dataset_index(self, pkg_dict: dict[str, Any]) -> dict[str, Any]:
        """What is archived leaves the search."""
        return archive.indexed(pkg_dict)

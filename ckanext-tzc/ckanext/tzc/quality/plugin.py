"""The quality room's plugin."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import checks, signals

from . import bar, changes, jobs, scoring


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
class QualityPlugin(p.SingletonPlugin):
    """Quality: how findable, accessible and reusable a dataset is, and what would better it."""

    p.implements(p.IConfigurer)
    p.implements(p.IDomainObjectModification)
    p.implements(p.IPackageController, inherit=True)
    p.implements(p.ISignal)

    def update_config(self, config: Any) -> None:
        """Our templates and stylesheet; jobs after commits."""
        tk.add_template_directory(config, "templates")
        jobs.scoring_job().listen()
        checks.register("quality", bar.check)

    def get_signal_subscriptions(self) -> Any:
        """What validation says counts in the score."""
        return {signals.validated: [changes.validated]}

    def notify(self, entity: Any, operation: Any) -> None:
        """Before each commit, for each thing that changed."""
        changes.noticed(entity)

    def before_dataset_index(self, pkg_dict: dict[str, Any]) -> dict[str, Any]:
        """Rating and score, to narrow and sort by."""
        return scoring.indexed(pkg_dict)

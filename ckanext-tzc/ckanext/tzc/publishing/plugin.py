"""The publishing room's plugin."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckanext.dcat.interfaces import IDCATURIGenerator
from ckanext.tzc.common import signals

from . import jobs, safe
from .direct import DirectFeeds
from .safe import SafeFeeds


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
class PublishingPlugin(SafeFeeds, p.SingletonPlugin):
    """Publishing: each public dataset as RDF, ready before anybody asks."""

    p.implements(p.IConfigurer)
    p.implements(p.IMiddleware, inherit=True)
    p.implements(p.IDomainObjectModification)
    p.implements(p.ISignal)
    p.implements(IDCATURIGenerator, inherit=True)

    def update_config(self, config: Any) -> None:
        """Our templates; other profiles' feeds that no dataset can spoil; a job after commits."""
        tk.add_template_directory(config, "templates")
        safe.guard()
        jobs.renewing_job().listen()

    def make_middleware(self, app: Any, config: Any) -> Any:
        """Harvesters' questions are answered at once."""
        app.wsgi_app = DirectFeeds(app.wsgi_app)
        return app

    def get_signal_subscriptions(self) -> Any:
        """A score that changed changes the RDF: the database has written it down, the job is sent after the commit."""
        return {signals.scored: [jobs.scored]}

    def notify(self, entity: Any, operation: Any) -> None:
        """Before each commit: what has changed is written down by the database itself, the job is sent after the commit."""
        jobs.renewing_job().ask()

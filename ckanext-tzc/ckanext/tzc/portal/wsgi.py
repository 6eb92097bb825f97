"""The application that the web server loads; `CKAN_INI` names the configuration."""
from __future__ import annotations

import os
from typing import Any

from ckan.cli import load_config
from ckan.config.middleware import make_app


def _made() -> Any:
    app = make_app(load_config(os.environ["CKAN_INI"]))
    _give_up_connections()
    return app


def _give_up_connections() -> None:
    """Close what making the application opened: web processes are forked from this one, and a connection serves one process only."""
    from ckan.model import meta
    from ckanext.datastore.backend import postgres

    meta.Session.remove()
    for engine in (meta.engine, *postgres._engines.values()):
        if engine is not None:
            engine.dispose()


application = _made()

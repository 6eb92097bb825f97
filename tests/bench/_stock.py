"""The application of stock CKAN, for the web server's `--preload`: nothing of the portal's is loaded here."""
from __future__ import annotations

import os

from ckan.cli import load_config
from ckan.config.middleware import make_app
from ckan.model import meta
from ckanext.datastore.backend import postgres

application = make_app(load_config(os.environ["CKAN_INI"]))

# web processes are forked from this one, and a connection to a database serves one process only
meta.Session.remove()
for engine in (meta.engine, *postgres._engines.values()):
    if engine is not None:
        engine.dispose()

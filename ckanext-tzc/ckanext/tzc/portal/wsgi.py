"""The application that the web server loads; `CKAN_INI` names the configuration."""
from __future__ import annotations

import gc
import os
from typing import Any

from ckan.cli import load_config
from ckan.config.middleware import make_app


def _made() -> Any:
    app = make_app(load_config(os.environ["CKAN_INI"]))
    _build_assets()
    _give_up_connections()
    _settle_memory()
    return _keep_pages(app)


def _keep_pages(app: Any) -> Any:
    """Strangers' pages come from memory; those of an earlier start, perhaps of an earlier version, are given up."""
    import ckan.plugins.toolkit as tk
    from werkzeug.middleware.proxy_fix import ProxyFix

    from .page_cache import PageCache, generation

    proxies = tk.config["tzc.trusted_proxies"]
    if proxies:
        app = ProxyFix(app, x_for=proxies, x_proto=0, x_host=0)
    number = generation()
    number.advance()
    return PageCache(app, number, tk.config["apitoken_header_name"])


def _build_assets() -> None:
    """Build stylesheets and scripts that are missing or out of date: web processes that build them at the same time fail."""
    from ckan.lib import webassets_tools

    for bundle in webassets_tools.env:
        bundle.urls()


def _settle_memory() -> None:
    """Leave what lives as long as the process out of every garbage collection, and collect less often: a page makes many small objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()  # it is off while CKAN is loaded (tzc_stack.ckan_start)


def _give_up_connections() -> None:
    """Close what making the application opened: web processes are forked from this one, and a connection serves one process only."""
    from ckan.model import meta
    from ckanext.datastore.backend import postgres

    meta.Session.remove()
    for engine in (meta.engine, *postgres._engines.values()):
        if engine is not None:
            engine.dispose()


application = _made()

"""The web server forks its processes from one that has made the application: none of them may inherit a connection."""
from __future__ import annotations

from ckan.model import meta
from ckanext.tzc.portal.wsgi import _give_up_connections


def test_no_connection_is_left_for_forked_processes(app: object, clean_db: None) -> None:
    with meta.engine.connect():
        pass
    assert meta.engine.pool.checkedin() > 0
    _give_up_connections()
    assert meta.engine.pool.checkedin() == 0

"""What happens when a dataset is saved: that its score is to be computed is written with it, the job is sent after the commit.

CKAN tells of every changed dataset just before a commit, whichever action changed it.
"""
from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import ckan.model as model

from . import jobs, store

_asked: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
"""What each transaction has asked for already: CKAN tells of a dataset once for itself and once for each file."""


def noticed(entity: Any) -> None:
    """Something is about to be committed: write down whose score is to be computed."""
    if isinstance(entity, model.Package) and entity.type == "dataset":
        _ask(entity.id)
    elif isinstance(entity, model.Resource):
        _ask(entity.package_id)


def _ask(package_id: str) -> None:
    session = model.Session()
    asked = _asked.setdefault(session.get_nested_transaction() or session.get_transaction() or session.begin(), set())
    if package_id not in asked:
        asked.add(package_id)
        store.ask(package_id)
        jobs.scoring_job().ask()


def validated(_sender: object, conforms: dict[str, bool | None]) -> None:
    """Descriptions were validated: scores that took it otherwise are to be computed anew."""
    if store.ask_where_conformance_differs(conforms):
        jobs.scoring_job().ask()

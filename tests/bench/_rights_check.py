"""One check of a right, measured inside CKAN: prints `{"decision", "check", "rights"}`, milliseconds. Arguments: an account's name, ids of datasets."""
from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from ckan.cli import load_config
from ckan.config.middleware import make_app

ROUNDS = 400


def _median(work: Callable[[int], Any]) -> float:
    taken = []
    for turn in range(ROUNDS):
        begun = time.perf_counter()
        work(turn)
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken[ROUNDS // 10 :])


def main(name: str, datasets: list[str]) -> None:
    """Each check in a request of its own, so that nothing is remembered from the one before."""
    import ckan.model as model
    from ckanext.tzc.catalogue.logic import auth
    from tzc.rights import policy

    app = make_app(load_config(os.environ["CKAN_INI"]))._wsgi_app
    with app.test_request_context():
        partners = dict(model.Session.query(model.Package.id, model.Package.owner_org).filter(model.Package.id.in_(datasets)).all())
        person = auth.asker(name, policy.RESTRICTED, partners[datasets[0]], datasets[0])
    things = [policy.Thing(dataset, partners[dataset], policy.RESTRICTED, resource="x") for dataset in datasets]

    def check(turn: int) -> None:
        thing = things[turn % len(things)]
        auth.decide(auth.asker(name, policy.RESTRICTED, thing.partner, thing.dataset), thing)

    def in_request(turn: int) -> float:
        with app.test_request_context():
            model.Session.execute(model.Package.__table__.select().limit(1))
            begun = time.perf_counter()
            check(turn)
            return (time.perf_counter() - begun) * 1000

    spent = statistics.median(in_request(turn) for turn in range(ROUNDS))
    decision = _median(lambda turn: auth.decide(person, things[turn % len(things)]))
    print(json.dumps({"decision": decision, "check": spent, "rights": len(person.grants)}))


main(sys.argv[1], sys.argv[2:])

"""What happens to consents, accounts and sums as time goes on."""
from __future__ import annotations

import ckan.model as model
from sqlalchemy import exists

from tzc.sensors import consent

from .. import erasing
from . import connecting, consenting, groups, store


def follow() -> int:
    """See `jobs.follow_consents`. Commits after each kind."""
    done = consenting.end_passed()
    erasing.commit()
    done += erase_gone()
    connecting.forget_pending()
    erasing.commit()
    return done + groups.compute_dirty()


def erase_gone() -> int:
    """Erase meters of accounts that are closed or gone; their consents end. How many. Does not commit."""
    there = exists().where(model.User.id == store.Meter.person, model.User.state == model.State.ACTIVE)
    rows = model.Session.query(store.Meter).filter(~there).all()
    for meter in rows:
        for row in store.consents_of(meter.id):
            if row.state == consent.ACTIVE:
                consenting.end(row)
        if store.meter(meter.id) is not None:
            consenting.erase(meter)
    return len(rows)

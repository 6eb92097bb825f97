"""The room's jobs. CKAN is imported when they run: the scheduler only needs their names."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckanext.tzc.common.one_job import OneJob

SECONDS = 200
"""Of a run; what is left over is for the next one."""


def mailing_job() -> OneJob:
    """The job that writes the mails which are due."""
    from ckanext.tzc.common.one_job import OneJob

    return OneJob("notices", write_mails, "interactive", SECONDS + 60)


def calling_job() -> OneJob:
    """The job that calls partners' programs."""
    from ckanext.tzc.common.one_job import OneJob

    return OneJob("calls", call, "long", SECONDS + 60)


def write_mails() -> int:
    """Write the mails that are due: after each commit that asks for one, and every minute for digests and what got no job. Returns how many."""
    from . import letters

    return letters.write_due(SECONDS)


def call() -> int:
    """Call partners' programs, as far as it is due. Returns how many took it."""
    from . import webhooks

    return webhooks.call_due(SECONDS)


def forget() -> int:
    """Remove what is older than `tzc.notices.days`. Returns how many."""
    import ckan.model as model
    import ckan.plugins.toolkit as tk

    from . import store

    removed = store.forget(tk.config["tzc.notices.days"])
    model.Session.commit()
    return removed

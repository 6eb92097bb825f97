"""The room's jobs. CKAN is imported when they run: the scheduler only needs their names."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckanext.tzc.common.one_job import OneJob

QUEUE = "interactive"


def mails_job() -> OneJob:
    """The job that sends mails which other rooms keep in their transactions."""
    from ckanext.tzc.common.one_job import OneJob

    return OneJob("mails", send_mails, QUEUE, 240)


def send_mails() -> int:
    """Send the mails that are due. Run after each that is written, and every minute for those whose job got lost or that failed."""
    from . import mail

    return mail.send_due()

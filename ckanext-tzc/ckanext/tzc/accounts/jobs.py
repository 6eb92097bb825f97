"""The room's jobs. CKAN is imported when they run: the scheduler only needs their names."""
from __future__ import annotations

QUEUE = "interactive"


def send_mails() -> int:
    """Send the mails that are due. Run after each that is written, and every minute for those whose job got lost or that failed."""
    from . import mail

    return mail.send_due()

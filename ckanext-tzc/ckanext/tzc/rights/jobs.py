"""The room's job. CKAN is imported when it runs: the scheduler only needs its name."""
from __future__ import annotations


def follow_requests() -> int:
    """Remind before deadlines, escalate after them, end what has ended, let lapse what nobody goes on with; each once. Returns how many, with files that left the storage."""
    from . import attachments, clock

    return clock.tick(clock.SECONDS) + attachments.sweep()

"""The room's jobs. CKAN is imported when they run: the scheduler only needs their names."""
from __future__ import annotations


def remind() -> int:
    """Ask at the end of a right for the attestation that the data were destroyed, and remind of it 7 and 30 days later. Returns how many."""
    from . import ending

    return ending.remind()


def forget() -> int:
    """Remove the bytes of frozen files that nobody has a right to any more, by `tzc.agreements.keep_version_days`, or whose file is gone. Returns how many."""
    from . import citing

    return citing.forget()

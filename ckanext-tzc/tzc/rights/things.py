"""A dataset's files as the policy knows them: at which level each is, and until when it is kept back.

Datasets as `package_show` gives them, or as they are stored: `access_level` and `embargo` of the dataset, `access_level` of a file, which only counts where it is stricter.
"""
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from .policy import DATA, OPEN, RESTRICTED, Person, Thing, decide

STRANGER = Person()

NEVER = datetime.max.replace(tzinfo=timezone.utc)
"""When an embargo ends whose end cannot be read: a mistake must close, not open."""

Dataset = Mapping[str, Any]


def embargo_of(dataset: Dataset) -> datetime | None:
    """Until when only the partner's members have the data (UTC); None without an embargo."""
    stated = dataset.get("embargo")
    if not stated:
        return None
    try:
        moment = datetime.fromisoformat(str(stated).replace("Z", "+00:00"))
        return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return NEVER


def thing_of(dataset: Dataset, file: Mapping[str, Any] | None = None) -> Thing:
    """A file of a dataset, or the dataset itself."""
    own = (file or {}).get("access_level") or None
    return Thing(dataset["id"], dataset.get("owner_org"), dataset.get("access_level") or OPEN, own, (file or {}).get("id"), embargo_of(dataset))


def is_for_all(dataset: Dataset, file: Mapping[str, Any] | None, at: datetime) -> bool:
    """Whether everybody may have a file's data at that moment."""
    return decide(STRANGER, thing_of({"id": "", **dataset}, file), DATA, at).allowed


def may_be_closed(dataset: Dataset) -> bool:
    """Quickly: whether any of a dataset's files is, or may be, kept from somebody: with False nobody need be asked."""
    return bool((dataset.get("access_level") or OPEN) != OPEN or dataset.get("embargo") or any(file.get("access_level") for file in dataset.get("resources") or []))


def level_of(dataset: Dataset, file: Mapping[str, Any] | None = None) -> str:
    """The level that counts: the stricter one of a file's own and its dataset's."""
    return thing_of({"id": "", **dataset}, file).strictest()


def on_request(dataset: Dataset) -> list[str]:
    """Ids of the files that are given on request."""
    return [file["id"] for file in dataset.get("resources") or [] if level_of(dataset, file) == RESTRICTED]

"""What a portal makes of a dataset, with its reasons."""
from __future__ import annotations

import dataclasses
from typing import Any, Literal

Status = Literal["taken", "loss", "refused"]
Weight = Literal["lost", "invalid", "unreadable"]
"""Of a reason: something is lost; the portal refuses the dataset when it looks at what it has read; it cannot even read it."""


@dataclasses.dataclass(frozen=True)
class Reason:
    """Why something is lost or refused: what (`code`), in which field of the form, the value that it is about, the file where it is one's."""

    code: str
    field: str
    value: str = ""
    file: str = ""
    weight: Weight = "lost"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Of one portal on one dataset. `stored`: what it keeps, empty where it refuses."""

    subject: str
    identifier: str
    reasons: tuple[Reason, ...]
    stored: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def status(self) -> Status:
        """Refused by one reason that refuses; else with loss by any."""
        if any(reason.weight != "lost" for reason in self.reasons):
            return "refused"
        return "loss" if self.reasons else "taken"

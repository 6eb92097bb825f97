"""What the room's templates ask."""
from __future__ import annotations

"""Actions of the sensors room."""
from __future__ import annotations

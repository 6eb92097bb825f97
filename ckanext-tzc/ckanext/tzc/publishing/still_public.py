"""What a stranger may see at this moment."""
from __future__ import annotations

PUBLIC_NOW = "fragment.published AND NOT fragment.hidden"
"""What a fragment must fulfil at the moment it is sent. What hides or closes a dataset or a file hides its fragment in the same transaction (triggers, migration
`tzc_publishing_0005`), until it is made anew."""

STILL_PUBLIC = f" WHERE {PUBLIC_NOW}"
"""Behind `FROM tzc_publishing_fragment AS fragment`: those that fulfil it."""

"""What a stranger may see at this moment, by the catalogue itself."""
from __future__ import annotations

PUBLIC_NOW = (
    "fragment.published AND package.state = 'active' AND NOT package.private AND package.extras ->> 'archived' IS NULL "
    "AND coalesce(package.extras ->> 'access_level', 'open') = fragment.access_level"
)
"""What a fragment must fulfil at the moment it is sent: what was hidden or closed a moment ago is gone, although its fragment is not renewed yet."""

STILL_PUBLIC = f" JOIN package ON package.id = fragment.package_id WHERE {PUBLIC_NOW}"
"""Behind `FROM tzc_publishing_fragment AS fragment`: those that fulfil it."""

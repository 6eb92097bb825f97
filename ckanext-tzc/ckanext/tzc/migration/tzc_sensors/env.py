"""Run by Alembic."""
from __future__ import annotations

from pathlib import Path

from ckanext.tzc.common import migrating

migrating.run(Path(__file__).parent.name)

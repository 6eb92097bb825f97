"""Pages of the portal room."""
from __future__ import annotations

from flask import Blueprint

portal = Blueprint("tzc_portal", __name__)

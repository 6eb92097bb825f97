"""The room's one blueprint; each module of pages and answers hangs its addresses on it, and `views` knows them all."""
from __future__ import annotations

from flask import Blueprint

sensors = Blueprint("tzc_sensors", __name__)

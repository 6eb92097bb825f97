"""What rooms tell each other, as they do not import each other: sent in the transaction that did it, before its commit."""
from __future__ import annotations

import ckan.plugins.toolkit as tk

scored = tk.signals.ckanext.signal("tzc:scored")
"""A dataset's score is another one: nobody sends it but the quality room, with no more than that."""
validated = tk.signals.ckanext.signal("tzc:validated")
"""Datasets' descriptions were validated. `conforms`: whether each obeys, by its id; None where nothing is known any more."""

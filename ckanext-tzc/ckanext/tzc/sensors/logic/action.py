"""Actions of the sensors room."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from .. import showing, stream_actions


@tk.side_effect_free
def tzc_sensor_dataset_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """What sensors observe for a dataset, as far as the asker may have its data.

    `id`: the dataset's id or name; `offset`, `limit`: of the streams (at most 1,000). Returns `count`, `resource` (the file that stands for them), `sensor_things` (an address),
    `from`, `to`, `interval` (seconds, the finest), `observations`, `completeness` (0 to 1), `streams`: of each `id`, `name`, `unit`, `kind`, `property`, `interval`, `from`,
    `to`, `observations`, `completeness`, `last` (`time`, `result`, `marks`) and `series`, where its values are. Raises ObjectNotFound, ValidationError.
    """
    tk.check_access("tzc_sensor_dataset_show", context, data_dict)
    return showing.dataset(context, data_dict)


@tk.side_effect_free
def tzc_sensor_stream_list(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """The streams that the asker may be shown, a page of them, by their things' names.

    `dataset`: its name or id; `property`: a code of `schemas/vocabularies/observed-property.yaml`; `bbox`: where the things are, as `west,south,east,north` in degrees;
    `limit`: 100 where not said, at most 1000; `offset`. Gives `{"count", "limit", "offset", "streams"}`; of each stream what it measures and where, its unit (UCUM), its last
    value and when, and its state: `live`, `late` (more than 3 expected intervals ago), `silent` (more than 10), `never`, `unknown` (no interval is known).
    """
    tk.check_access("tzc_sensor_stream_list", context, data_dict)
    return stream_actions.stream_list(context, data_dict)


@tk.side_effect_free
def tzc_sensor_health(context: dict[str, Any], data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """How the sources of one's own partners do, those in trouble first: streams by state, when something last came, and which share of seven days was rejected."""
    tk.check_access("tzc_sensor_health", context, data_dict)
    return stream_actions.source_health(context, data_dict)


# without a list, CKAN leaves out functions that come from elsewhere or have another name
__all__ = [name for name in dir() if name.startswith("tzc_")]

"""Actions of the sensors room."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from .. import lake_actions, showing, stream_actions


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
def tzc_sensor_lake_list(context: Any, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """The months of a dataset's observations that are files of the lake, for who may have its data.

    `dataset`: its id or name. A list of `{"month", "rows", "bytes", "sha256", "made", "url"}`, the oldest first. Raises ObjectNotFound, also for what is not for who asks.
    """
    return lake_actions.files(context, data_dict)


@tk.side_effect_free
def tzc_sensor_retention_show(context: Any, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """For how long observations of a dataset are kept, by rule; for who may change its files.

    `dataset`: its id or name. A list of `{"stream", "raw_days", "rollup_days"}`: `stream` null: the whole dataset; 0 days: for ever. Raises ObjectNotFound, NotAuthorized.
    """
    return lake_actions.retention_show(context, data_dict)


def tzc_sensor_retention_set(context: Any, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """Say for how long observations of a dataset are kept; the rules are answered. For administrators of its partner.

    `dataset`: its id or name; `stream`: the number of one of its streams, for that alone; `raw_days`: days for which raw values are kept; `rollup_days`: the same of hours, days
    and months; 0 is for ever. `remove`: true removes the rule. What a rule no longer keeps is removed in the next night. Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    return lake_actions.retention_set(context, data_dict)


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

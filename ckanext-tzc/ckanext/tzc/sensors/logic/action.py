"""Actions of the sensors room."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from .. import showing


@tk.side_effect_free
def tzc_sensor_dataset_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """What sensors observe for a dataset, as far as the asker may have its data.

    `id`: the dataset's id or name; `offset`, `limit`: of the streams (at most 1,000). Returns `count`, `resource` (the file that stands for them), `sensor_things` (an address),
    `from`, `to`, `interval` (seconds, the finest), `observations`, `completeness` (0 to 1), `streams`: of each `id`, `name`, `unit`, `kind`, `property`, `interval`, `from`,
    `to`, `observations`, `completeness`, `last` (`time`, `result`, `marks`) and `series`, where its values are. Raises ObjectNotFound, ValidationError.
    """
    tk.check_access("tzc_sensor_dataset_show", context, data_dict)
    return showing.dataset(context, data_dict)


# without a list, CKAN leaves out functions that come from elsewhere or have another name
__all__ = [name for name in dir() if name.startswith("tzc_")]

"""What the actions of the lake and of retention do; `logic/action.py` says what each takes and gives."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.numbers import whole_number

from . import downloads, retention, store

Context = Any


Rules = list[dict[str, Any]]


def files(context: Context, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """See `tzc_sensor_lake_list`."""
    tk.check_access("tzc_sensor_lake_list", context, data_dict)
    return downloads.listed(downloads.may(str(context.get("user") or ""), tk.get_or_bust(data_dict, "dataset")))


def retention_show(context: Context, data_dict: dict[str, Any]) -> Rules:
    """See `tzc_sensor_retention_show`."""
    dataset = _dataset(context, data_dict)
    tk.check_access("tzc_sensor_retention_show", context, {"dataset": dataset})
    return _rules(dataset)


def retention_set(context: Context, data_dict: dict[str, Any]) -> Rules:
    """See `tzc_sensor_retention_set`."""
    dataset = _dataset(context, data_dict)
    tk.check_access("tzc_sensor_retention_set", context, {"dataset": dataset})
    stream = _stream(dataset, data_dict.get("stream"))
    if data_dict.get("remove") is True:
        if not retention.remove_rule(dataset, stream):
            raise tk.ObjectNotFound(tk._("There is no such rule."))
    else:
        days = {name: _days(data_dict, name) for name in ("raw_days", "rollup_days")}
        try:
            retention.set_rule(dataset, stream, days["raw_days"], days["rollup_days"], str(context["user"]))
        except ValueError as error:
            raise tk.ValidationError({"rollup_days": [tk._("Keep hours, days and months for at least as long as the raw values that they are made of.")]}) from error
    model.Session.commit()
    return _rules(dataset)


def _rules(dataset: str) -> Rules:
    return [{"stream": row.stream, "raw_days": row.raw_days, "rollup_days": row.rollup_days} for row in retention.rules(dataset)]


def _dataset(context: Context, data_dict: dict[str, Any]) -> str:
    named = tk.get_or_bust(data_dict, "dataset")
    found = model.Package.get(named) if isinstance(named, str) and "\0" not in named else None
    missing = tk._("There is nothing of this name, or it is not for you to see.")
    if found is None:
        raise tk.ObjectNotFound(missing)
    try:
        tk.check_access("package_show", {"user": context.get("user") or "", "auth_user_obj": context.get("auth_user_obj"), "model": model}, {"id": found.id})
    except tk.NotAuthorized as error:
        raise tk.ObjectNotFound(missing) from error
    return str(found.id)


def _stream(dataset: str, given: Any) -> int | None:
    if given is None or given == "":
        return None
    number = given if isinstance(given, int) and not isinstance(given, bool) else whole_number(str(given), digits=9)
    row = model.Session.query(store.Stream).filter_by(id=number, dataset=dataset).one_or_none() if number is not None and 0 <= number < 2**31 else None
    if row is None:
        raise tk.ObjectNotFound(tk._("The dataset has no such stream."))
    return int(row.id)


def _days(data_dict: dict[str, Any], name: str) -> int:
    given = data_dict.get(name, 0)
    number = given if isinstance(given, int) and not isinstance(given, bool) else whole_number(str(given), digits=9)
    if number is None or not 0 <= number <= retention.MOST_DAYS:
        raise tk.ValidationError({name: [tk._("Give a number of days from 0 (for ever) to {most}.").format(most=retention.MOST_DAYS)]})
    return int(number)

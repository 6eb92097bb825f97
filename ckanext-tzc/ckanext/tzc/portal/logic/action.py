"""What a history tells to whom: strangers learn what changed and when, those who may edit also by whom and how it was."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

KINDS = {"package": "package", "dataset": "package", "organization": "organization", "group": "group", "user": "user"}
"""The last word of an activity's type, and the kind of thing that it is about."""

Activities = list[dict[str, Any]]


def _listed() -> Any:
    """CKAN's own list, without the person for who may not edit what changed; see `_told`."""

    @tk.chained_action
    @tk.side_effect_free
    def asked(original_action: Any, context: Any, data_dict: dict[str, Any]) -> Activities:
        """CKAN's own, without the person for who may not edit what changed."""
        return _told(context, original_action(context, data_dict))

    return asked


package_activity_list = _listed()
organization_activity_list = _listed()
group_activity_list = _listed()
recently_changed_packages_activity_list = _listed()
dashboard_activity_list = _listed()


def _of_what_is_seen() -> Any:
    """CKAN's own, which counts of whatever exists, and so would tell that it does."""

    @tk.chained_action
    def asked(original_action: Any, context: Any, data_dict: dict[str, Any]) -> Any:
        """CKAN's own, of a dataset that the asker sees."""
        tk.check_access("package_show", {"user": context.get("user") or ""}, {"id": tk.get_or_bust(data_dict, "id")})
        return original_action(context, data_dict)

    return asked


dataset_follower_count = tk.side_effect_free(_of_what_is_seen())
am_following_dataset = tk.side_effect_free(_of_what_is_seen())
follow_dataset = _of_what_is_seen()
unfollow_dataset = _of_what_is_seen()


@tk.chained_action
@tk.side_effect_free
def user_activity_list(original_action: Any, context: Any, data_dict: dict[str, Any]) -> Activities:
    """CKAN's own, for the person and for who may change their account: whatever it held would tell of the person."""
    tk.check_access("user_update", tk.fresh_context(context), {"id": tk.get_or_bust(data_dict, "id")})
    activities: Activities = original_action(context, data_dict)
    return activities


@tk.chained_action
@tk.side_effect_free
def activity_show(original_action: Any, context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """CKAN's own, which always gives the description as it was and so is for those who may edit it."""
    # its check of rights reads a key that a caller need not give
    activity: dict[str, Any] = original_action(context, {**data_dict, "include_data": True})
    return activity


def _told(context: Any, activities: Activities) -> Activities:
    """The activities with `user_id` empty and no more of the description than its title, where the reader may not edit what changed.

    What the reader may not even read is left out: a dataset that was public once may be confidential now.
    """
    if context.get("ignore_auth"):
        return activities
    known: dict[tuple[str, str], str] = {}
    told = []
    for activity in activities:
        about = (KINDS.get(activity["activity_type"].rpartition(" ")[2], ""), activity["object_id"])
        if about not in known:
            known[about] = next((right for right in ("update", "show") if _may(context, right, *about)), "")
        if known[about]:
            told.append(activity if known[about] == "update" else _for_strangers(activity))
    return told


def _may(context: Any, right: str, kind: str, name: str) -> bool:
    if not kind:
        return right == "show"  # following and the like: about nothing that could be hidden
    try:
        tk.check_access(f"{kind}_{right}", tk.fresh_context(context), {"id": name})
    except (tk.NotAuthorized, tk.ObjectNotFound):
        return False
    return True


def _for_strangers(activity: dict[str, Any]) -> dict[str, Any]:
    held = activity.get("data") or {}
    data = {kind: {key: held[kind].get(key) for key in ("id", "name", "title")} for kind in ("package", "group") if isinstance(held.get(kind), dict)}
    return {**activity, "user_id": "", "data": data}

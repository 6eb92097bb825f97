"""Forms of partners and axes: CKAN's own views, with the answers that they lack. Who would undo somebody else's change is told of it, and all mistakes at once."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckan.lib import plugins as kinds
from ckan.lib.navl import dictization_functions
from ckan.logic import clean_dict, parse_params, tuplize_dict
from ckan.views import group
from flask import Blueprint, Response, g, request

from . import meanwhile

partner_forms = Blueprint("tzc_partner_forms", __name__)

Page = str | Response
Values = dict[str, Any]

LOGO = {"image_upload", "image_url"}


def _all_mistakes(kind: str, action: str, data: Values | None, errors: Values | None) -> Values | None:
    """The mistakes of all fields: CKAN refuses a logo before it looks at the rest."""
    if not data or not errors or not set(errors) <= LOGO:
        return errors
    plugin = kinds.lookup_group_plugin(kind)
    schema = plugin.update_group_schema() if action.endswith("update") else plugin.create_group_schema()
    context = {"user": tk.current_user.name, "auth_user_obj": tk.current_user, "schema": schema}
    if data.get("id"):
        context["group"] = group.model.Group.get(data["id"])
    _valid, others = kinds.plugin_validate(plugin, context, {**data, "image_upload": "", "image_url": ""}, schema, action)
    return {**others, **errors}


class NewGroup(group.CreateGroupView):  # type: ignore[misc] -- CKAN's views have no types
    """The form of a new partner or axis."""

    def get(self, group_type: str, is_organization: bool, data: Values | None = None, errors: Values | None = None, error_summary: Values | None = None) -> Page:
        """The form, with all its mistakes."""
        action = "organization_create" if is_organization else "group_create"
        page: Page = super().get(group_type, is_organization, data, _all_mistakes(group_type, action, data, errors), error_summary)
        return page


class EditGroup(group.EditGroupView):  # type: ignore[misc] -- as above
    """The form of a partner or axis that is there."""

    def _prepare(self, is_organization: bool, id: str | None) -> Any:
        """As CKAN's, but whom it refuses learns of the form that was asked for: its own words are of making a group."""
        action = "organization_update" if is_organization else "group_update"
        try:
            tk.check_access(action, {"user": tk.current_user.name}, {"id": id})
        except tk.NotAuthorized:
            if tk.current_user.is_authenticated:
                tk.abort(403, tk._("Your account may not change this partner’s page.") if is_organization else tk._("Your account may not change this axis."))
        except tk.ObjectNotFound:
            tk.abort(404)
        return super()._prepare(is_organization, id)

    def get(self, id: str, group_type: str, is_organization: bool, data: Values | None = None, errors: Values | None = None, error_summary: Values | None = None) -> Page:
        """The form, with all its mistakes."""
        action = "organization_update" if is_organization else "group_update"
        page: Page = super().get(id, group_type, is_organization, data, _all_mistakes(group_type, action, data, errors), error_summary)
        return page

    def post(self, group_type: str, is_organization: bool, id: str) -> Page:
        """Save, unless it would undo what somebody else changed since the form was opened."""
        self._prepare(is_organization, id)
        stored = tk.get_action("organization_show" if is_organization else "group_show")({"user": tk.current_user.name, "for_edit": True}, {"id": id, "include_datasets": False})
        typed: Values = clean_dict(dictization_functions.unflatten(tuplize_dict(parse_params(request.form))))
        if typed.get("opened"):
            try:
                changes = meanwhile.changes(typed["opened"], typed, stored, meanwhile.fields_of_group(group_type))
            except (ValueError, TypeError):
                tk.abort(400)
            if changes:
                g.tzc_meanwhile = changes
                typed.update(id=stored["id"], opened=tk.h.tzc_opened_group(stored, group_type))
                once_more: Page = self.get(id, group_type, is_organization, typed)
                return once_more
        answer: Page = super().post(group_type, is_organization, id)
        return answer


for kind in ("organization", "group"):
    defaults = {"group_type": kind, "is_organization": kind == "organization"}
    partner_forms.add_url_rule(f"/{kind}/new", view_func=NewGroup.as_view(f"new_{kind}"), defaults=defaults)
    partner_forms.add_url_rule(f"/{kind}/edit/<id>", view_func=EditGroup.as_view(f"edit_{kind}"), defaults=defaults)

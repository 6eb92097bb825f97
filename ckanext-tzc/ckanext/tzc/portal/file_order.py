"""The order of a dataset's files: each is moved by a button, without scripts. In the place of CKAN's page, where files are dragged."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from flask import Response, request

BUTTONS = ("first", "up", "down")
"""What the buttons are called; each sends the file that it moves."""


def moved(ids: list[str], file: str, button: str) -> list[str]:
    """The files in their new order."""
    place = ids.index(file)
    target = {"first": 0, "up": max(place - 1, 0), "down": place + 1}[button]
    others = [other for other in ids if other != file]
    return [*others[:target], file, *others[target:]]


def answer(package: dict[str, Any], context: dict[str, Any]) -> Response:
    """Move a file as the form says, and lead back to it."""
    ids = [resource["id"] for resource in package["resources"]]
    button = next((name for name in BUTTONS if name in request.form), "")
    file = request.form.get(button, "")
    if not button or file not in ids:
        tk.abort(400)
    order = moved(ids, file, button)
    if order != ids:
        tk.get_action("package_resource_reorder")(context, {"id": package["id"], "order": order})
    name = tk.h.resource_display_name(next(resource for resource in package["resources"] if resource["id"] == file))
    tk.h.flash_success(tk._("“%(name)s” is number %(place)d of %(all)d now.") % {"name": name, "place": order.index(file) + 1, "all": len(order)})
    back: Response = tk.h.redirect_to("dataset.resources", id=package["name"], _anchor=f"file-{file}")
    return back

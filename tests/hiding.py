"""Ways in which a dataset stops being public."""
from __future__ import annotations

WAYS = ("confidential", "deleted", "purged", "draft")


def hide(how: str, package_id: str, editor: str) -> None:
    """Hide a dataset; a draft again past CKAN's actions, as another program might."""
    import ckan.model as model
    import ckan.plugins.toolkit as tk

    if how == "confidential":
        tk.get_action("package_patch")({"user": editor}, {"id": package_id, "access_level": "confidential"})
    elif how == "draft":
        model.Session.query(model.Package).filter_by(id=package_id).update({"state": "draft"})
        model.Session.commit()
    else:
        tk.get_action("package_delete" if how == "deleted" else "dataset_purge")({"ignore_auth": True, "user": editor}, {"id": package_id})

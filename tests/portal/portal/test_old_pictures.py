"""Pictures that were replaced or cleared lie nowhere any more."""
from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories, helpers
from werkzeug.datastructures import FileStorage

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082")


def _picture() -> FileStorage:
    return FileStorage(io.BytesIO(PNG), filename="moi.png", content_type="image/png")


def _lies(folder: str, name: str) -> bool:
    return Path(tk.config["ckan.storage_path"], "storage", "uploads", folder, name).is_file()


def _change(action: str, thing: dict[str, Any], **values: Any) -> str:
    changed = helpers.call_action(action, {"user": factories.Sysadmin()["name"]}, id=thing["id"], **values)
    return str(changed["image_url"]).rpartition("/")[2]


@pytest.mark.parametrize(("action", "folder"), [("user_patch", "user"), ("organization_patch", "group"), ("group_patch", "group")])
def test_what_nothing_names_is_removed(action: str, folder: str) -> None:
    make = {"user_patch": factories.User, "organization_patch": factories.Organization, "group_patch": factories.Group}[action]
    thing = make(image_url="")
    first = _change(action, thing, image_upload=_picture())
    assert _lies(folder, first)
    second = _change(action, thing, image_upload=_picture())
    assert first != second and _lies(folder, second) and not _lies(folder, first)
    # one that another names stays
    other = model.User.get(factories.User()["id"]) if folder == "user" else model.Group.get(factories.Group()["id"])
    other.image_url = second
    model.Session.commit()
    assert _change(action, thing, image_url="", clear_upload=True) == "" and _lies(folder, second)
    other.image_url = ""
    model.Session.flush()
    model.Session.rollback()
    assert _lies(folder, second), "nothing was written"
    other.image_url = ""
    model.Session.commit()
    assert not _lies(folder, second)


def test_nothing_outside_is_removed() -> None:
    account, kept = model.User.get(factories.User()["id"]), Path(tk.config["ckan.storage_path"], "storage", "uploads", "kept.png")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(PNG)
    for name in ("../kept.png", str(kept)):
        account.image_url = name
        model.Session.commit()
        account.image_url = ""
        model.Session.commit()
        assert kept.is_file()
    kept.unlink()

"""People at the pages of the portal room."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories

from tests.people import PASSWORD, Person


def _editor(app: Any, partner: dict[str, Any]) -> Person:
    user = factories.User(password=PASSWORD)
    tk.get_action("organization_member_create")({"ignore_auth": True, "user": partner["editor"]}, {"id": partner["id"], "username": user["name"], "role": "editor"})
    return Person(app, user["name"])


@pytest.fixture
def editor(app: Any, partner: dict[str, Any]) -> Person:
    """The partner's editor."""
    return _editor(app, partner)


@pytest.fixture
def second(app: Any, partner: dict[str, Any]) -> Person:
    """Another editor of the same partner."""
    return _editor(app, partner)

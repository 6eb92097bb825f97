"""A partner with people of each kind."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckanext.tzc.common import happening

from tests.people import PASSWORD


def act(action: str, user: str, /, **data: Any) -> Any:
    """An action as an account."""
    return tk.get_action(action)({"user": user}, data)


@dataclasses.dataclass
class Town:
    """A partner: its id, its administrator, and two editors."""

    id: str
    name: str
    admin: str
    editor: str
    second: str

    def draft(self, **fields: Any) -> dict[str, Any]:
        """A dataset that its editor began."""
        return self.create(state="draft", **fields)

    def create(self, user: str = "", **fields: Any) -> dict[str, Any]:
        """A dataset of its editor's."""
        given = {"title": "Comptages des vélos", "notes": "Passages par heure.", "owner_org": self.id, "axis": ["mobilite"], "license_id": "lov2", **fields}
        made: dict[str, Any] = act("package_create", user or self.editor, **given)
        return made

    def set(self, **fields: Any) -> None:
        """What its form says."""
        tk.get_action("organization_patch")({"ignore_auth": True, "user": self.admin}, {"id": self.id, **fields})

    def give(self, duty: str, user: str, **days: Any) -> dict[str, Any]:
        """A duty, by its administrator."""
        made: dict[str, Any] = act("tzc_duty_give", self.admin, partner=self.id, user=user, duty=duty, **days)
        return made


def somebody(**more: Any) -> str:
    """A new account."""
    return str(factories.User(password=PASSWORD, **more)["name"])


@pytest.fixture
def make_town(axes: list[str]) -> Callable[[], Town]:
    """Makes partners."""

    def make() -> Town:
        admin, editor, second = somebody(), somebody(), somebody()
        users = [{"name": admin, "capacity": "admin"}, {"name": editor, "capacity": "editor"}, {"name": second, "capacity": "editor"}]
        made = factories.Organization(image_url="", users=users)
        return Town(made["id"], made["name"], admin, editor, second)

    return make


@pytest.fixture
def town(make_town: Callable[[], Town]) -> Town:
    """One partner that set nothing up."""
    return make_town()


@pytest.fixture
def heard() -> Iterator[list[happening.Happening]]:
    """What is told."""
    found: list[happening.Happening] = []

    def listener(told: happening.Happening) -> None:
        found.append(told)

    happening.listen(listener)
    yield found
    happening._happened.disconnect(listener)


def state(dataset: dict[str, Any] | str) -> str:
    """Where a dataset stands."""
    admin = factories.Sysadmin()["name"]
    return str(act("tzc_publication_show", admin, id=dataset if isinstance(dataset, str) else dataset["id"])["state"])


def show(dataset: dict[str, Any]) -> dict[str, Any]:
    """A dataset as the database has it."""
    found: dict[str, Any] = tk.get_action("package_show")({"ignore_auth": True, "user": "", "use_cache": False}, {"id": dataset["id"]})
    return found


def user_id(name: str) -> str:
    """An account's id."""
    import ckan.model as model

    return str(model.User.get(name).id)

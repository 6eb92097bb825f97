"""People and data of tests about requests: two partners with their deciders and a data protection officer, a citizen, restricted tables."""
from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

PASSWORD = "un-long-mot-de-passe"


@dataclasses.dataclass
class Scene:
    """Accounts by name, datasets by id; `told` is what happened, in order."""

    citizen: str
    other: str
    town: dict[str, Any]
    port: dict[str, Any]
    streets: dict[str, Any]
    ships: dict[str, Any]
    told: list[Any]

    def call(self, action: str, user: str, **data: Any) -> Any:
        """An action as somebody."""
        import ckan.plugins.toolkit as tk

        return tk.get_action(action)({"user": user}, data)

    def ask(self, *datasets: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """A request of the citizen, sent."""
        names = [dataset["name"] for dataset in datasets or (self.streets,)]
        wanted = {"datasets": names, "purpose": "research", "words": "Une thèse sur les rues.", "days": 30, "submit": True, **fields}
        user = wanted.pop("user", self.citizen)
        if "terms" not in wanted and wanted["submit"]:
            wanted["terms"] = [terms["hash"] for terms in self.call("tzc_request_terms", user, datasets=names)["terms"]]
        made: dict[str, Any] = self.call("tzc_request_create", user, **wanted)
        return made

    def move(self, user: str, request: dict[str, Any], name: str, **fields: Any) -> dict[str, Any]:
        """A move of somebody."""
        moved: dict[str, Any] = self.call("tzc_request_move", user, id=request["id"], move=name, **fields)
        return moved

    def grant(self, **fields: Any) -> dict[str, Any]:
        """A request for the streets that was granted."""
        request = self.ask(**fields)
        self.move(self.town["decider"], request, "take_up")
        granted = self.move(self.town["decider"], request, "approve")
        for name in fields.get("team", ()):
            self.join(name, request)
        return granted

    def join(self, user: str, request: dict[str, Any]) -> dict[str, Any]:
        """One of the team accepts the terms."""
        terms = [one["hash"] for one in self.call("tzc_request_join_show", user, id=request["id"])["terms"]]
        joined: dict[str, Any] = self.call("tzc_request_join", user, id=request["id"], terms=terms)
        return joined


@pytest.fixture
def scene(publish: Callable[..., dict[str, Any]], partner: dict[str, Any]) -> Iterator[Scene]:
    """Two partners with a decider each; the second one's ships concern persons, and it has an officer."""
    import ckan.plugins.toolkit as tk
    from ckan.tests import factories
    from ckanext.tzc.common import duties, happening

    def account(name: str) -> str:
        made: dict[str, Any] = factories.User(name=f"{name}-{os.urandom(3).hex()}", password=PASSWORD)
        return str(made["name"])

    people = {name: account(name) for name in ("citoyenne", "autre", "decideuse", "collegue", "capitaine", "dpo")}
    for name in ("decideuse", "collegue"):
        tk.get_action("organization_member_create")({"ignore_auth": True, "user": partner["editor"]}, {"id": partner["id"], "username": people[name], "role": "admin"})
    port = factories.Organization(image_url="", title="Le port", users=[{"name": people["capitaine"], "capacity": "admin"}, {"name": people["dpo"], "capacity": "editor"}])
    dpo = tk.get_action("user_show")({"ignore_auth": True}, {"id": people["dpo"]})["id"]

    def holders(of: str, duty: str) -> frozenset[str]:
        return frozenset({dpo}) if (of, duty) == (port["id"], duties.OFFICER) else duties.by_capacity(of, duty)

    answer = list(duties._answer)
    duties.answered_by(holders)
    told: list[Any] = []

    def hear(happening: Any) -> None:
        # the datasets that are made here are published by another room
        if not happening.kind.startswith("dataset."):
            told.append(happening)

    happening._happened.connect(hear, weak=False)
    files = [{"url": "https://files.example.org/secret-rues.csv", "name": "Rues", "format": "CSV"}, {"url": "https://files.example.org/secret-ponts.csv", "name": "Ponts", "format": "CSV"}]
    streets = publish(name=f"rues-{os.urandom(3).hex()}", title="Rues", access_level="restricted", resources=files)
    ships = publish(
        name=f"navires-{os.urandom(3).hex()}", title="Navires", access_level="restricted", owner_org=port["id"], personal_data="pseudonymised", user=people["dpo"],
        resources=[{"url": "https://files.example.org/secret-navires.csv", "name": "Navires", "format": "CSV"}],
    )  # fmt: skip
    town = {**partner, "decider": people["decideuse"], "second": people["collegue"]}
    yield Scene(people["citoyenne"], people["autre"], town, {**port, "decider": people["capitaine"], "officer": people["dpo"]}, streets, ships, told)
    duties._answer[:] = answer
    happening._happened.disconnect(hear)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Let it be another moment for the doors and for moves."""
    import ckanext.tzc.catalogue.logic.auth as doors
    from ckanext.tzc.rights import records

    def be(moment: datetime) -> None:
        monkeypatch.setattr(doors, "now", lambda: moment)
        monkeypatch.setattr(records, "now", lambda: moment)

    return be


def later(days: float) -> datetime:
    """A moment to come."""
    return datetime.now(timezone.utc) + timedelta(days=days)

"""What waits for a reviewer."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import courses, people, proposals, rules, store

MOST = 100
"""Datasets and changes that are told in full, each; the rest follows when these are decided."""


class Queue:
    """What waits for an account, longest first. Partners are asked about once each."""

    def __init__(self, user: Any) -> None:
        self.user = user
        self.partners: dict[str, people.At] = {}

    def _at(self, package: Any) -> people.At:
        return self.partners.setdefault(package.owner_org or "", people.At(package.owner_org or ""))

    def datasets(self) -> Iterator[tuple[Any, Any, Any, frozenset[str]]]:
        """Datasets in review of which the account may turn a key: row, package, course, the roles whose keys they are."""
        for row, package in store.in_review():
            at = self._at(package)
            course = courses.course_of(package, at, row=row)
            if self.user.id in course.keys.values():
                continue
            mine = frozenset(role for role in course.missing if self.user.sysadmin or self._publishes(at, package, role) or self.user.id in at.turning(role, course.keys.values()))
            if mine:
                yield row, package, course, mine

    def _publishes(self, at: people.At, package: Any, role: str) -> bool:
        """Where nobody was said to publish, whoever writes does."""
        return role == "steward" and not at.governed and people.writes(self.user, package.owner_org)

    def changes(self) -> Iterator[tuple[store.Proposal, Any]]:
        """Changes that the account may decide on, each with its package."""
        for proposal, package in store.waiting():
            if self.user.sysadmin or self.user.id in self._at(package).holders(proposal.duty):
                yield proposal, package


def waiting_for(user: Any) -> dict[str, Any]:
    """Datasets and changes that wait for an account, in full."""
    queue = Queue(user)
    datasets, changes = list(queue.datasets()), list(queue.changes())
    return {
        "datasets": [
            {
                "id": package.id, "name": package.name, "title": package.title or package.name, "partner": package.owner_org, "asked_by": row.asked_by,
                "asked_at": row.asked_at and row.asked_at.isoformat(), "missing": sorted(course.missing), "roles": sorted(mine),
                "blocked": [finding.words for finding in rules.blocking(courses.shown(package.id), queue.partners[package.owner_org or ""].rules)],
            }
            for row, package, course, mine in datasets[:MOST]
        ],
        "changes": [proposals.shown(proposal, package) for proposal, package in changes[:MOST]],
        "count": len(datasets) + len(changes),
    }  # fmt: skip


def count(user: Any) -> int:
    """How much waits."""
    queue = Queue(user)
    return sum(1 for _ in queue.datasets()) + sum(1 for _ in queue.changes())

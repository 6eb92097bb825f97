"""What waits for a reviewer."""
from __future__ import annotations

from typing import Any

from . import courses, people, proposals, rules, store

MOST = 200
"""Datasets that are looked at in full."""


def waiting_for(user: Any) -> dict[str, Any]:
    """Datasets in review of which somebody may turn a key, and changes that they may decide on; longest waiting first."""
    partners: dict[str, people.At] = {}
    datasets, changes = [], []
    for row, package in store.in_review():
        at = partners.setdefault(package.owner_org or "", people.At(package.owner_org or ""))
        course = courses.course_of(package, at)
        mine = at.roles(user, people.writes(user, package.owner_org), course) & course.missing
        mine = {role for role in mine if user.id in at.turning(role, course.keys.values()) or user.sysadmin} - _own(course, user)
        if mine and len(datasets) < MOST:
            blocked = [finding.words for finding in rules.blocking(courses.shown(package.id), at.rules)]
            datasets.append(
                {
                    "id": package.id, "name": package.name, "title": package.title or package.name, "partner": package.owner_org, "asked_by": row.asked_by,
                    "asked_at": row.asked_at and row.asked_at.isoformat(), "missing": sorted(course.missing), "roles": sorted(mine), "blocked": blocked,
                }
            )  # fmt: skip
    for proposal, package in store.waiting():
        at = partners.setdefault(package.owner_org or "", people.At(package.owner_org or ""))
        if user.id in proposals.reviewers(proposal, at) and len(changes) < MOST:
            changes.append(proposals.shown(proposal, package))
    return {"datasets": datasets, "changes": changes}


def _own(course: Any, user: Any) -> set[str]:
    """All keys, for who turned one already."""
    return set(course.needs) if user.id in course.keys.values() else set()


def count(user: Any) -> int:
    """How much waits."""
    found = waiting_for(user)
    return len(found["datasets"]) + len(found["changes"])

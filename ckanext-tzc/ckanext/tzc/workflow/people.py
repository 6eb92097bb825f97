"""Who may do what at a partner: duties that were given, shared ones, and CKAN's capacities where none were."""
from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Any

import ckan.authz as authz
import ckan.model as model
from ckanext.tzc.common import duties
from ckanext.tzc.common.checks import Partner
from ckanext.tzc.common.numbers import whole_number

from tzc.workflow import publication
from tzc.workflow.duties import Turners, turning

from . import delegated, store, words

ASKED = {publication.LEGAL: duties.LEGAL, publication.OFFICER: duties.OFFICER, publication.STEWARD: duties.STEWARD}
"""The duty behind each role that reviews."""


class Together:
    """Partners that are asked about at once: what each needs to know is asked for all of them."""

    def __init__(self, partners: Collection[str]) -> None:
        self.pools = store.pools_of(partners)
        self.given = store.holders_of({*partners, *(id for row in self.pools for id in (row.partner_id, row.with_id))})
        self._partners = partners
        self._capable: dict[str, dict[str, frozenset[str]]] = {}

    def capable(self, partner: str, duty: str) -> frozenset[str]:
        """Who has a duty at one of them by CKAN's capacity."""
        if duty not in self._capable:
            self._capable[duty] = duties.by_capacities(self._partners, duty)
        return self._capable[duty][partner] if partner in self._capable[duty] else duties.by_capacity(partner, duty)

    @cached_property
    def administrators(self) -> frozenset[str]:
        """The portal's."""
        return duties.administrators()

    @cached_property
    def delegations(self) -> dict[str, list[delegated.Delegation]]:
        """Of each, those that are still to come or hold now."""
        return delegated.standing_of(self._partners)


class At:
    """One partner, as far as publishing needs to know it. Asked for once a question, as each answer is a query; `beside`: with others."""

    def __init__(self, partner: str, beside: Together | None = None) -> None:
        self.id = partner
        self._beside = beside
        self._known: dict[str, frozenset[str]] = {}

    @cached_property
    def extras(self) -> dict[str, Any]:
        """What its form holds."""
        group = model.Session.get(model.Group, self.id) if self.id else None
        return dict(group.extras) if group else {}

    @cached_property
    def given(self) -> dict[str, frozenset[str]]:
        """To whom which duty was given here."""
        return self._beside.given.get(self.id, {}) if self._beside else store.holders(self.id)

    @cached_property
    def pool(self) -> dict[str, list[At]]:
        """The partners that share a duty with this one."""
        found: dict[str, list[At]] = {}
        rows = [row for row in self._beside.pools if self.id in (row.partner_id, row.with_id)] if self._beside else store.pools(self.id)
        for row in rows:
            found.setdefault(row.duty, []).append(At(row.with_id if row.partner_id == self.id else row.partner_id, self._beside))
        return found

    @cached_property
    def review(self) -> bool:
        """Whether the partner wants changes of what is published to be reviewed."""
        return self.extras.get("publication_review") == "yes"

    @cached_property
    def asked(self) -> frozenset[str]:
        """Duties that somebody was given, here or at a partner that shares them."""
        shared = {duty for duty, others in self.pool.items() if any(duty in other.given for other in others)}
        return frozenset(self.given) | shared

    @cached_property
    def governed(self) -> bool:
        """Whether it has said who publishes. Where not, whoever may change a dataset publishes it, as in CKAN."""
        return self.review or publication.STEWARD in self.asked

    @cached_property
    def rules(self) -> Partner:
        """What it asks of its datasets."""
        licences = words.listed(self.extras.get("allowed_licences"))
        return Partner(self.governed, tuple(licences), whole_number(self.extras.get("quality_bar") or "", digits=3))

    @cached_property
    def quiet(self) -> bool:
        """Whether it has set up nothing at all."""
        return not (self.governed or self.asked or self.rules.allowed_licences or self.rules.quality_bar)

    def holders(self, duty: str) -> frozenset[str]:
        """Ids of those who have a duty here, themselves or by delegation."""
        rows = self._beside.delegations.get(self.id) if self._beside and duty in delegated.DELEGATED else None
        return self.own(duty) | frozenset(delegated.now(self.id, duty, self.own(duty), rows))

    def own(self, duty: str) -> frozenset[str]:
        """Ids of those who have a duty here themselves: given it here, else at a partner that shares it, else by CKAN's capacity, else the portal's administrators."""
        if duty not in self._known:
            shared = frozenset().union(*(other.given.get(duty, frozenset()) for other in self.pool.get(duty, [])))
            capable = self._beside.capable if self._beside else duties.by_capacity
            self._known[duty] = self.given.get(duty, frozenset()) or shared or capable(self.id, duty) or (self._beside.administrators if self._beside else duties.administrators())
        return self._known[duty]

    def pooled(self, duty: str) -> frozenset[str]:
        """Ids of those who have it at the partners that share it."""
        return frozenset().union(*(other.given.get(duty, frozenset()) or duties.by_capacity(other.id, duty) for other in self.pool.get(duty, [])))

    def turning(self, role: str, done: Collection[str]) -> frozenset[str]:
        """Who may turn the key of a role, where those in `done` turned another one."""
        duty = ASKED[role]
        own = self.holders(duty)
        return turning(done, own, self.pooled(duty), duties.administrators()) if done else own

    def turners(self, course: publication.Course) -> Turners | None:
        """Who is there for the keys that a publication needs; None where it is one."""
        if len(course.needs) < 2:
            return None
        own = {role: self.holders(ASKED[role]) for role in course.needs}
        if not self.governed:
            # nobody was said to publish: whoever writes does
            own[publication.STEWARD] |= duties.by_capacity(self.id, duties.CONTRIBUTOR)
        return Turners(own, {role: self.pooled(ASKED[role]) for role in course.needs})

    def awaited(self, course: publication.Course) -> dict[str, list[str]]:
        """Ids of those who may turn each key that is still to be turned."""
        done = set(course.keys.values())
        return {role: sorted(self.turning(role, done) - done) for role in sorted(course.missing)}

    def needs(self, licence: str, personal: str) -> frozenset[str]:
        """Whose keys a publication needs here."""
        asked = self.asked | ({publication.OFFICER} if self.review else frozenset())
        return publication.needs(licence, personal, asked)

    def roles(self, user: Any, writes: bool, course: publication.Course | None = None) -> frozenset[str]:
        """The roles of an account here. `writes`: whether CKAN lets it change the dataset; `course`: keys that were turned already."""
        found = {publication.CONTRIBUTOR} if writes else set()
        if user.sysadmin:
            return frozenset(publication.ROLES)
        if writes and not self.governed:
            found.add(publication.STEWARD)
        found |= {role for role, duty in ASKED.items() if user.id in self.holders(duty)}
        if course and course.keys:
            found |= {role for role in course.missing if user.id in self.turning(role, course.keys.values())}
        return frozenset(found)


def answer(partner: str, duty: str) -> frozenset[str]:
    """What `common.duties` asks: who has a duty at a partner."""
    return At(partner).holders(duty)


def answers(partners: Collection[str], duty: str) -> dict[str, frozenset[str]]:
    """The same for many partners, in a few questions."""
    together = Together(partners)
    return {partner: At(partner, together).holders(duty) for partner in partners}


def account(context: dict[str, Any]) -> Any:
    """The account that asks; None for a stranger."""
    found = context.get("auth_user_obj")
    if isinstance(found, model.User):
        return found
    return model.User.get(context["user"]) if context.get("user") else None


def writes(user: Any, partner: str | None) -> bool:
    """Whether CKAN lets an account change a partner's datasets."""
    return bool(user and partner and authz.has_user_permission_for_group_or_org(partner, user.name, "update_dataset"))


def may_manage(user: Any, partner: str) -> bool:
    """Whether an account may say who does what at a partner: an administrator of it, or of the portal."""
    return bool(user and (user.sysadmin or authz.has_user_permission_for_group_or_org(partner, user.name, "admin")))


def is_member(user: Any, partner: str) -> bool:
    """Whether an account is a member of a partner."""
    return bool(user and authz.has_user_permission_for_group_or_org(partner, user.name, "read"))


def managers(partner: str) -> tuple[str, ...]:
    """Ids of a partner's administrators; of the portal's where it has none."""
    return tuple(sorted(duties.by_capacity(partner, duties.STEWARD) or duties.administrators()))

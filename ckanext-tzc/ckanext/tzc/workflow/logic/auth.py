"""Who sees and does what on the way to the public."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk

from tzc.workflow import publication

from .. import courses, delegated, delegations, people, store, words

Values = dict[str, Any]


def _answer(allowed: bool, words: str = "") -> Values:
    return {"success": True} if allowed else {"success": False, "msg": words}


@tk.chained_auth_function
@tk.auth_allow_anonymous_access
def package_show(next_auth: Any, context: Values, data_dict: Values) -> Values:
    """As CKAN's; who is to review a dataset sees it, although no member of its partner."""
    answer: Values = next_auth(context, data_dict)
    if answer["success"] or not context.get("user"):
        return answer
    package = context.get("package") or model.Package.get(data_dict.get("id"))
    return {"success": True} if package and package.type == "dataset" and _reviews(context, package) else answer


def _reviews(context: Values, package: Any) -> bool:
    """Whether who asks has a key to turn at a dataset in review."""
    found = store.row(package.id)
    user = people.account(context)
    if user is None or found is None or store.stands(package.state, None, found) != publication.IN_REVIEW:
        return False
    at = people.At(package.owner_org or "")
    course = courses.course_of(package, at)
    return bool(at.roles(user, False, course) & course.needs)


def _may_see(context: Values, data_dict: Values) -> Values:
    package = model.Package.get(data_dict["id"])
    user = people.account(context)
    if package is None or user is None:
        return _answer(False, tk._("Only those who may edit or review a dataset see where it stands."))
    if people.writes(user, package.owner_org) or _reviews(context, package):
        return {"success": True}
    at = people.At(package.owner_org or "")
    allowed = any(user.id in at.holders(proposal.duty) for proposal, _ in store.waiting(package.id))
    return _answer(allowed or bool(at.roles(user, False)), tk._("Only those who may edit or review a dataset see where it stands."))


def tzc_publication_show(context: Values, data_dict: Values) -> Values:
    """Who may change or review it."""
    return _may_see(context, data_dict)


def tzc_publication_move(context: Values, data_dict: Values) -> Values:
    """The same; which move is whose, the move says."""
    return _may_see(context, data_dict)


def tzc_publication_queue(context: Values, data_dict: Values) -> Values:
    """Everybody with an account: they see what waits for them."""
    return {"success": True}


def tzc_publication_decide(context: Values, data_dict: Values) -> Values:
    """Everybody with an account: whose a decision is, the change says."""
    return {"success": True}


def _manages(context: Values, data_dict: Values) -> Values:
    return _answer(people.may_manage(people.account(context), data_dict["partner"]), tk._("Only an administrator of the partner says who does what there."))


def tzc_duty_give(context: Values, data_dict: Values) -> Values:
    """An administrator of the partner, or of the portal."""
    return _manages(context, data_dict)


def tzc_duty_take(context: Values, data_dict: Values) -> Values:
    """The same."""
    return _manages(context, data_dict)


def tzc_duty_share(context: Values, data_dict: Values) -> Values:
    """The same."""
    return _manages(context, data_dict)


def tzc_duty_unshare(context: Values, data_dict: Values) -> Values:
    """The same."""
    return _manages(context, data_dict)


def tzc_duty_list(context: Values, data_dict: Values) -> Values:
    """Members of the partner, those who have a duty there or are somebody's delegate, and administrators."""
    user, partner = people.account(context), data_dict["partner"]
    allowed = bool(user) and (people.may_manage(user, partner) or people.is_member(user, partner) or any(row.user_id == user.id for row in store.given(partner)))
    allowed = allowed or (bool(user) and any(user.id in (row.from_id, row.to_id) for row in delegated.standing(partner)))
    return _answer(allowed, tk._("Only members of a partner see who does what there."))


def tzc_delegation_create(context: Values, data_dict: Values) -> Values:
    """Who decides for the partner, and who says who does what there."""
    allowed = delegations.may_delegate(people.account(context), data_dict["partner"])
    return _answer(allowed, tk._("Only who decides for the partner themselves delegates it."))


def tzc_delegation_end(context: Values, data_dict: Values) -> Values:
    """Either side, and who says who does what there."""
    return _answer(delegations.may_end(data_dict["row"], people.account(context)), tk._("Either side ends a delegation, nobody else."))


def tzc_delegation_list(context: Values, data_dict: Values) -> Values:
    """As the duties."""
    return tzc_duty_list(context, data_dict)


# where the partner wants review, the files of a published dataset are a steward's


def _steward_s(next_auth: Any, context: Values, data_dict: Values, package: Any) -> Values:
    answer: Values = next_auth(context, data_dict)
    if not answer["success"] or package is None or package.type != "dataset" or package.state != "active" or not package.owner_org:
        return answer
    at = people.At(package.owner_org)
    user = people.account(context)
    if not at.review or user is None or publication.STEWARD in at.roles(user, True):
        return answer
    return _answer(False, tk._("Your partner wants changes to be reviewed: files of published data are changed by a steward. Changes of the description can be proposed."))


def _of_file(context: Values, data_dict: Values) -> Any:
    file = context.get("resource") or model.Resource.get(data_dict.get("id"))
    return model.Package.get(file.package_id) if file else None


@tk.chained_auth_function
def resource_create(next_auth: Any, context: Values, data_dict: Values) -> Values:
    """As CKAN's; where the partner wants review, stewards only."""
    return _steward_s(next_auth, context, data_dict, model.Package.get(data_dict["package_id"]) if data_dict.get("package_id") else _of_file(context, data_dict))


@tk.chained_auth_function
def resource_update(next_auth: Any, context: Values, data_dict: Values) -> Values:
    """The same."""
    return _steward_s(next_auth, context, data_dict, _of_file(context, data_dict))


@tk.chained_auth_function
def resource_delete(next_auth: Any, context: Values, data_dict: Values) -> Values:
    """The same."""
    return _steward_s(next_auth, context, data_dict, _of_file(context, data_dict))


@tk.chained_auth_function
def package_delete(next_auth: Any, context: Values, data_dict: Values) -> Values:
    """The same."""
    package = context.get("package") or (model.Package.get(data_dict["id"]) if data_dict.get("id") else None)
    return _steward_s(next_auth, context, data_dict, package)


@tk.chained_auth_function
def package_resource_reorder(next_auth: Any, context: Values, data_dict: Values) -> Values:
    """The same: CKAN asks the right to change the dataset later, in the action."""
    return _steward_s(next_auth, context, data_dict, model.Package.get(data_dict["id"]) if isinstance(data_dict.get("id"), str) else None)


def _stewards_only(next_auth: Any, context: Values, data_dict: Values) -> Values:
    """What CKAN does to many datasets at once, beside its own actions, is a steward's where the partner has said who publishes."""
    answer: Values = next_auth(context, data_dict)
    partner = model.Group.get(data_dict["org_id"]) if isinstance(data_dict.get("org_id"), str) else None
    if not answer["success"] or partner is None:
        return answer
    at, user = people.At(partner.id), people.account(context)
    allowed = user is None or not at.governed or publication.STEWARD in at.roles(user, True)
    return answer if allowed else _answer(False, tk._("That is done by: {roles}.").format(roles=words.duty(publication.STEWARD)))


@tk.chained_auth_function
def bulk_update_public(next_auth: Any, context: Values, data_dict: Values) -> Values:
    """As CKAN's; where the partner has said who publishes, stewards only."""
    return _stewards_only(next_auth, context, data_dict)


@tk.chained_auth_function
def bulk_update_private(next_auth: Any, context: Values, data_dict: Values) -> Values:
    """The same."""
    return _stewards_only(next_auth, context, data_dict)


@tk.chained_auth_function
def bulk_update_delete(next_auth: Any, context: Values, data_dict: Values) -> Values:
    """The same."""
    return _stewards_only(next_auth, context, data_dict)

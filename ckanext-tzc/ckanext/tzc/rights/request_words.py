"""Requests in the reader's words."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import changed
from ckanext.tzc.common.territory import text
from ckanext.tzc.schemas import vocabulary

from tzc.rights import policy, requests


def state(code: str) -> str:
    """A state in a word or two."""
    words = {
        requests.DRAFT: tk._("Draft"),
        requests.SUBMITTED: tk._("Sent"),
        requests.CHANGES_REQUESTED: tk._("To complete"),
        requests.UNDER_REVIEW: tk._("Under review"),
        requests.GRANTED: tk._("Granted"),
        requests.REFUSED: tk._("Turned down"),
        requests.WITHDRAWN: tk._("Withdrawn"),
        requests.LAPSED: tk._("Lapsed"),
        requests.SUSPENDED: tk._("Suspended"),
        requests.REVOKED: tk._("Revoked"),
        requests.EXPIRED: tk._("At its end"),
        requests.RENEWED: tk._("Renewed"),
        requests.APPEALED: tk._("Appealed"),
    }
    return str(words.get(code, code))


def move(code: str) -> str:
    """What a button says that makes a move."""
    words = {
        requests.Submit.name: tk._("Send the request"),
        requests.TakeUp.name: tk._("Take it up"),
        requests.AskChanges.name: tk._("Ask for completion"),
        requests.Prolong.name: tk._("Take 30 days more"),
        requests.Approve.name: tk._("Approve"),
        requests.Refuse.name: tk._("Refuse"),
        requests.Withdraw.name: tk._("Withdraw the request"),
        requests.Suspend.name: tk._("Suspend the right"),
        requests.Resume.name: tk._("Give the right back"),
        requests.Revoke.name: tk._("Revoke the right"),
        requests.Appeal.name: tk._("Appeal"),
        requests.Uphold.name: tk._("Uphold the decision"),
        requests.Overturn.name: tk._("Grant the right after all"),
        requests.Lapse.name: tk._("Let it lapse"),
        requests.Expire.name: tk._("End it"),
        requests.Renew.name: tk._("Renew"),
    }
    return str(words.get(code, code))


def done(code: str) -> str:
    """A move in the thread, as what happened."""
    if code.startswith("completed:"):
        fields = changed.named(code.removeprefix("completed:").split(), tk._)
        return str(tk._("The request was completed. Changed: {fields}.").format(fields=fields) if fields else tk._("The request was completed; its form was not changed."))
    words = {
        requests.Submit.name: tk._("The request was sent."),
        requests.TakeUp.name: tk._("The request is being examined."),
        requests.AskChanges.name: tk._("The partner asks for completion."),
        requests.Prolong.name: tk._("The partner takes 30 days more."),
        requests.Approve.name: tk._("Approved."),
        requests.Refuse.name: tk._("Refused."),
        requests.Withdraw.name: tk._("The request was withdrawn."),
        requests.Suspend.name: tk._("The right is suspended."),
        requests.Resume.name: tk._("The right is there again."),
        requests.Revoke.name: tk._("The right was revoked."),
        requests.Appeal.name: tk._("Appeal was made."),
        requests.Uphold.name: tk._("The decision was upheld."),
        requests.Overturn.name: tk._("Approved after appeal."),
        requests.Lapse.name: tk._("Nobody went on with it: the request has lapsed."),
        requests.Expire.name: tk._("The right has come to its end."),
        requests.Renew.name: tk._("The right was renewed."),
        "appeal_withdrawn": tk._("The appeal was withdrawn: the decision stands."),
        "rescoped": tk._("The request was changed: it asks for other data."),
        "keys_back": tk._("The request was changed: the approval that was given before is taken back, and given anew or not."),
    }
    return str(words.get(code, code))


def given(count: int | None) -> str:
    """For how long a key was turned."""
    return str(tk._("The right is for {days}.")).format(days=days(count)) if count else ""


def role(code: str) -> str:
    """Who moves."""
    words = {
        requests.REQUESTER: tk._("who asked"),
        requests.DECIDER: tk._("the partner's decider"),
        requests.OFFICER: tk._("the partner's data protection officer"),
        requests.REVIEWER: tk._("who hears the appeal"),
        requests.CLOCK: tk._("the portal"),
    }
    return str(words.get(code, code))


def right(grant: Any, part: str, at: datetime, kept: datetime | None) -> str:
    """Where a right stands at a moment; `part`: the state of the part of a request that it was given for; `kept`: until when a renewal keeps it."""
    if grant.live and grant.begins <= at < policy.until(grant.ends, kept):
        return str(tk._("Open to you"))
    if grant.live and at < grant.begins:
        return str(tk._("Not begun yet"))
    words = {requests.SUSPENDED: tk._("Right suspended"), requests.REVOKED: tk._("Right revoked"), requests.RENEWED: tk._("Right renewed")}
    # an appeal against a right that was taken back, which waits or was given up
    words[requests.APPEALED] = words[requests.WITHDRAWN] = words[requests.REVOKED]
    return str(tk._("Right at its end") if grant.live else words.get(part, tk._("Right at its end")))


def days(count: int) -> str:
    """So many days, as people say it."""
    years = {365: 1, 366: 1, 730: 2, 731: 2, 1095: 3, 1096: 3}.get(count)
    if years:
        return str(tk.ungettext("%(num)d year", "%(num)d years", years) % {"num": years})
    return str(tk.ungettext("%(num)d day", "%(num)d days", count) % {"num": count})


def purpose(code: str) -> str:
    """A purpose's name."""
    return next((text(entry["label"]) for entry in vocabulary("purpose") if entry["code"] == code), code)


def refusal(error: requests.RequestError, moves: Iterable[str] = ()) -> str:
    """Why a move cannot be made, in a sentence; `moves`: those that the reader can make instead."""
    if isinstance(error, requests.IllegalMoveError):
        if error.state in requests.MOVES[error.move].starts:
            # what is possible once, and was done
            words = tk._("“{move}” is possible once, and was done already.")
        else:
            words = tk._("“{move}” is not possible while the request is “{state}”.")
        instead = ", ".join(move(name) for name in moves)
        return str(words).format(move=move(error.move), state=state(error.state)) + (" " + tk._("You can: {moves}.").format(moves=instead) if instead else "")
    if isinstance(error, requests.NotYoursError):
        return str(tk._("“{move}” is for: {roles}.")).format(move=move(error.move), roles=", ".join(role(name) for name in sorted(error.roles)))
    if isinstance(error, requests.SamePersonError):
        return str(tk._("Two persons are needed here: the other key, or the appeal, is for somebody else."))
    if isinstance(error, requests.BadTermError):
        return str(tk._("A right needs an end that is still to come, after its beginning."))
    return str(tk._("The time for this has not come yet."))

"""What is said of questions that have no answer."""
from __future__ import annotations

import ckan.plugins.toolkit as tk

from tzc.publishing.sparql import Fault


def reason(fault: Fault) -> str:
    """In words, with what to do."""
    _ = tk._
    words = {
        "update": _("This catalogue is read only: SELECT, ASK, CONSTRUCT and DESCRIBE are answered, updates are not."),
        "service": _("SERVICE is not answered: no query is passed on to another server. Ask there, and put the answers together yourself."),
        "several": _("Ask one query at a time."),
        "nothing": _("There is no query."),
        "encoding": _("The query must be UTF-8."),
        "kind": _("A query comes as: {types}."),
        "long": _("The query is too long: {most} bytes at most."),
        "form": _("There is no such format. There are: {forms}."),
        "syntax": _("The query cannot be read: {reason}"),
        "place": _("The query cannot be read: line {line}, column {column}; one of these was expected: {expected}"),
        "kind-graph": _("CONSTRUCT and DESCRIBE are answered as: {forms}."),
        "kind-results": _("SELECT and ASK are answered as: {forms}."),
        "busy": _("Other queries are being answered. Try again in a moment."),
        "preparing": _("The catalogue is being made ready for queries. Try again in a moment."),
        "broken": _("The catalogue could not be made ready for queries; the portal’s log says why."),
        "slow": _("The query took longer than {seconds} seconds and was broken off. Narrow it, or add LIMIT."),
        "large": _("The answer is larger than {most} MB. Narrow the query, or add LIMIT and OFFSET."),
        "memory": _("The query needs more memory than it may have, and was broken off. Narrow it, or add LIMIT."),
    }
    return words[fault.code].format(**fault.values)


AGAIN = {"busy": 2, "preparing": 10}
"""Seconds after which asking again makes sense."""

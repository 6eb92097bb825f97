"""Codes of this part in words, for pages and answers."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ckan.plugins.toolkit as tk


def fault(code: str, parameters: Mapping[str, Any] | None = None) -> str:
    """Why a consent, a file or an answer is not taken."""
    words = {
        "not_active": tk._("This consent was withdrawn or has ended before."),
        "text": tk._("The words have changed since you read them. Read them again."),
        "until": tk._("Give a day to come, as year-month-day."),
        "too_long": tk._("This purpose allows no day after {most}."),
        "not_accepted": tk._("Tick the box if you agree. Without it nothing is kept."),
        "purpose": tk._("There is no such purpose."),
        "group": tk._("Choose the group that this is for."),
        "number": tk._("Give the number of the delivery point: 14 digits, on your bill or your meter (PRM, PDL or PCE)."),
        "broken": tk._("This file cannot be read. Give it as you downloaded it, as CSV or as a workbook (xlsx)."),
        "too_many_bytes": tk._("This file is too large. Download a shorter time."),
        "kind": tk._("This is no file of a customer account. Give it as CSV or as a workbook (xlsx)."),
        "empty": tk._("There is no load curve in this file. Choose “load curve” or “daily consumption” where you download it."),
        "several_meters": tk._("This file is of several meters. Download one for each."),
        "other_meter": tk._("This file is of another meter than this one."),
        "often": tk._("You have begun this very often within the hour, and finished nothing. Try again in an hour."),
        "unexpected": tk._("The grid operator says something else than agreed."),
        "refused": tk._("The grid operator gives nothing of this meter any more: the authorisation has ended there. Connect it anew, or give files."),
        "sealed": tk._("What this meter was asked for with cannot be opened any more. Connect it anew."),
    }
    said = words.get(code) or tk._("The grid operator does not answer as it should. It is asked again.")
    return said.format(**(parameters or {}))


def row(code: str) -> str:
    """Why a row of a file is not taken."""
    words = {
        "time": tk._("the time cannot be read"),
        "no_time": tk._("there is no time"),
        "zone": tk._("the time has no zone"),
        "missing_hour": tk._("this time does not exist: the clock was put forward"),
        "doubled_hour": tk._("this time exists twice, and the row does not say which is meant"),
        "not_a_number": tk._("the value is no number"),
        "negative": tk._("a consumption is not below nothing"),
        "period": tk._("the period of this value is not known"),
        "quantity": tk._("this quantity is not kept"),
        "clock": tk._("the time is years off"),
        "too_big": tk._("the value is larger than any measurement"),
    }
    return str(words.get(code, tk._("the row cannot be read")))

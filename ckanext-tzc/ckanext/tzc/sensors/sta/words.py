"""Why a question by SensorThings is not answered, in words that say what to do."""
from __future__ import annotations

import ckan.plugins.toolkit as tk

from tzc.sensors.sta.faults import Fault

from ..answers import WrongError


def wrong(fault: Fault) -> WrongError:
    """The refusal of a question."""
    return WrongError(404 if fault.code == "address" else 400, _words(fault.code).format(**fault.parameters))


def _words(code: str) -> str:
    said: dict[str, str] = {
        "address": tk._("There is nothing at “{path}”: begin with /sta/v1.1, which names what there is."),
        "option": tk._("“{name}” is no option here: give {names}."),
        "syntax": tk._("The expression cannot be read at “{near}”: write texts in single quotes, moments as 2026-11-01T08:00:00Z, comparisons with eq, ne, gt, ge, lt, le."),
        "number": tk._("“{name}” must be a whole number from 0 up."),
        "property": tk._("{set} have no “{name}”: they have {names}."),
        "function": tk._("“{name}” is no function here: there are {names}."),
        "arguments": tk._("“{name}” was given too many or too few values."),
        "kinds": tk._("“{name}” cannot be asked of these values: compare numbers with numbers, texts with texts, moments with moments."),
        "geometry": tk._("“{text}” is no geometry: write it as geography'POINT(-1.15 46.16)', with longitude before latitude."),
        "order": tk._("The order by “{name}” is not offered here: order {set} by {names}."),
        "format": tk._("“{name}” is not offered here: dataArray is for Observations, GeoJSON for Things and Locations, CSV for all."),
        "deep": tk._("The question is too long, or has too much in one another: ask in several steps."),
        "many": tk._("The question leads to more than {most}: make it narrower, by $filter, or $top within $expand."),
        "mixed": tk._("A result cannot be compared with a property of its Datastream: give the value itself."),
        "observations": tk._("{set} cannot be found by their Observations: ask /sta/v1.1/Observations, and expand the Datastream."),
        "token": tk._("“$skiptoken” is none of ours: take @iot.nextLink as it is."),
        "zero": tk._("The expression has no value: a number is too large, or none at all."),
    }
    return said[code]

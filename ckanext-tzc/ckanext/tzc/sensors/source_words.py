"""What forms, answers and reports say of sources and of what they send, in the reader's language."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import language

from tzc.harvesting import causes
from tzc.sensors import faults


def field(name: str, code: str, detail: str = "") -> str:
    """What is wrong with a field."""
    if name == "mapping" and code == "mapping":
        return str(tk._("The mapping is not right at “{place}”.").format(place=detail))
    return str(
        {
            "kind": tk._("Choose how the observations come."),
            "text": tk._("This text is too long, or holds what it cannot hold."),
            "needed": tk._("This is needed."),
            "address": tk._("Give an address of this kind, without a password in it, such as mqtts://broker.example.org."),
            "topics": tk._("Give topics, one a line; + stands for one level, # at the end for all that follow."),
            "format": tk._("Choose what the messages are: json, ttn or chirpstack."),
            "hubeau": tk._("Give codes of Hub’Eau: ten signs of a station, such as N603201001, or eight of a site."),
            "meteofrance": tk._("Give numbers of stations: eight digits, such as 17300009."),
            "cron": tk._("Give five words of cron, such as “15 6 * * *” for each day at a quarter past six."),
            "ca": tk._("Give a certificate as PEM, which begins with -----BEGIN CERTIFICATE-----."),
        }.get(code, code)
    )


def trouble(code: str) -> str:
    """Why a broker cannot be read, and what to do."""
    return str(
        {
            "unknown_host": tk._("This server is not known: see whether its name is right."),
            "no_answer": tk._("The broker does not answer: see whether it runs, and whether the portal may reach it."),
            "certificate": tk._("The broker's certificate is not valid for this name; one that is signed by an authority of its own needs that authority's certificate here."),
            "login": tk._("The broker does not let the credential in."),
            "refused": tk._("The broker refuses the connection."),
            "topics": tk._("The broker refuses a subscription: see whether the account may read these topics."),
            "inner": tk._("The address leads into an internal network."),
            "credential": tk._("There is no such credential for this server: give it on the page of feeds."),
            "sealed": tk._("The credential cannot be opened, as the portal's secret was changed: give it anew."),
            "broken_off": tk._("The connection broke off; it is made again by itself."),
        }.get(code, code)
    )


def row(code: str) -> str:
    """Why a row is not taken."""
    return str(
        {
            "no_result": tk._("There is no result."),
            "not_a_number": tk._("The result is no finite number. If it has a decimal comma, the mapping says so: \"decimal\": \",\"."),
            "too_big": tk._("The result is larger than any measurement."),
            "no_time": tk._("There is no time."),
            "time": tk._("The time cannot be read: write it as 2026-05-06T12:00:00Z."),
            "zone": tk._("The time has no zone: write it with one, or give the zone in the mapping."),
            "missing_hour": tk._("This time does not exist: the clock was put forward."),
            "doubled_hour": tk._("This time exists twice, as the clock was put back: write it with its zone."),
            "clock": tk._("The time is more than a day ahead, or before 1970: the clock of the sensor is wrong."),
            "period": tk._("The period is no whole number of seconds."),
            "quality": tk._("What is said of its quality is none of good, suspect, bad and estimated: write one of these, or leave the column out."),
            "stream": tk._("This source has no such stream: see its name, or have it made by what comes: \"create\": true in the mapping."),
            "unit": tk._("The unit cannot become that of the stream."),
            "shape": tk._("The row is not what was agreed: fields are missing or of another kind."),
            "words": tk._("The stream has said very many different words already, or this one is very long."),
        }.get(code, faults.ROWS.get(code, code))
    )


def not_read(code: str, parameters: dict[str, Any]) -> str:
    """Why a source that is asked cannot be read, and what to do."""
    own = {
        "not_allowed": tk._("An administrator of the portal has not allowed this source yet."),
        "credential": tk._("There is no such credential for this server: give it on the page of feeds."),
        "sealed": tk._("The credential cannot be opened, as the portal's secret was changed: give it anew."),
        "plain": tk._("A credential is sent by https only: give an address that begins with https."),
        "internal": tk._("The portal could not do it; its team finds the reason in the log."),
    }
    if code in own:
        return str(own[code])
    cause = causes.of(code)
    if cause is not None:
        return cause.what.text(language()) + " " + str(tk._("It is tried again by itself; see whether its address and settings are right."))
    return batch(code, parameters) if code in faults.BATCHES else code


def batch(code: str, parameters: dict[str, Any]) -> str:
    """Why nothing was taken."""
    if parameters.get("cut"):
        return str(tk._("The content was cut off: send it again, whole."))
    told = dict.fromkeys(("detail", "columns", "most"), "?") | parameters
    if isinstance(told["columns"], list):
        told["columns"] = ", ".join(map(str, told["columns"]))
    if code == "too_many_bytes" and isinstance(told["most"], int):
        told["most"] = tk.h.tzc_size(told["most"])
    return (
        str(
            {
                "broken": tk._("The content cannot be read: %(detail)s"),
                "too_many_bytes": tk._("The content is larger than %(most)s: send it in parts."),
                "too_many_rows": tk._("These are more than %(most)s rows: send them in parts, or as a table."),
                "columns": tk._("These columns are missing, or there twice: %(columns)s"),
                "kind": tk._("Content of this kind is not taken: send CSV, JSON, Arrow or Parquet, and say which by Content-Type."),
                "empty": tk._("There is nothing in it."),
                "unexpected": tk._("The content is something else than agreed."),
                "rows": tk._("No row could be taken; the reasons stand beside them."),
            }.get(code, faults.BATCHES.get(code, code).replace("%", "%%"))
        )
        % told
    )

"""What runs and forms say, in the reader's language."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import reading

from . import store


def fault(code: str) -> str:
    """What is wrong with a field."""
    return str(
        {
            "kind": tk._("Choose how the content comes."),
            "text": tk._("This text is too long, or holds what it cannot hold."),
            "needed": tk._("This is needed."),
            "choice": tk._("Choose one of the answers."),
            "file": tk._("Give a file's name of letters, digits, dots and dashes, with its ending, such as releves.csv."),
            "keys": tk._("Give names of columns."),
            "keep": tk._("Give how many old files stay, or for how many days."),
            "cron": tk._("Give five words of cron, such as “15 6 * * *” for each day at a quarter past six."),
            "address": tk._("Give an address of this kind, without a password in it."),
            "host_key": tk._("Give the server's key as SHA256:…, as ssh-keygen -lf shows it."),
        }.get(code, code)
    )


def outcome(run: store.Run) -> str:
    """How a run ended, in a sentence."""
    if run.code:
        return reason(run.code, run.parameters or {})
    known = {
        store.RUNNING: tk._("It is going on."),
        store.NEW: tk._("There was a new file."),
        store.UNCHANGED: tk._("Nothing was new."),
    }
    return str(known.get(run.outcome, run.outcome))


def reason(code: str, parameters: dict[str, Any]) -> str:
    """Why the old file stays."""
    if code == "table":
        return reading.reason(str(parameters.get("reason")), {name: value for name, value in parameters.items() if name != "reason"})
    told = dict.fromkeys(("detail", "name", "host", "found", "most", "count", "wanted"), "?") | parameters
    if code == "too_big" and isinstance(parameters.get("most"), int):
        told["most"] = tk.h.tzc_size(parameters["most"])
    return str(_reasons().get(code, _reasons()["internal"])) % told


def _reasons() -> dict[str, str]:
    return {
        "unreachable": tk._("The source could not be read: %(detail)s"),
        "inner": tk._("The address leads into an internal network."),
        "not_allowed": tk._("An administrator of the portal has not allowed this feed yet."),
        "credential": tk._("There is no credential “%(name)s” for %(host)s."),
        "sealed": tk._("The credential “%(name)s” cannot be opened: the portal's secret was changed."),
        "host_key": tk._("The server showed the key %(found)s, not the one that is written in the feed. Nothing was sent to it."),
        "login": tk._("The server does not let the credential in."),
        "query": tk._("The database refused the query: %(detail)s"),
        "superuser": tk._("The account of the database may do everything there; the portal does not use such an account."),
        "too_big": tk._("The file is larger than %(most)s."),
        "too_many_rows": tk._("There are more than %(most)s rows."),
        "too_slow": tk._("It took longer than %(most)s seconds."),
        "empty": tk._("There are no rows."),
        "kind": tk._("This is not %(wanted)s: %(detail)s"),
        "no_table": tk._("There is no table in it, where a table is expected."),
        "columns": tk._("The columns are not those that are expected."),
        "key_column": tk._("The key column “%(name)s” is not there."),
        "key_empty": tk._("%(count)s rows have nothing in their key."),
        "key_twice": tk._("%(count)s keys stand in several rows."),
        "not_taken": tk._("The file is not taken: %(detail)s"),
        "gone": tk._("The dataset or its file is not there any more."),
        "broken_off": tk._("The run broke off: the portal was stopped."),
        "internal": tk._("The portal could not do it; its team finds the reason in the log."),
    }


def todo(code: str) -> str:
    """What can be done."""
    by_code = {
        "columns": tk._("Mend it at the source; or, if the table is meant to change, let the feed take other columns and fetch again."),
        "empty": tk._("See whether the source is complete; or let the feed take files without rows."),
        "not_allowed": tk._("Ask the portal's team."),
        "inner": tk._("Ask the portal's team whether this address may be read."),
        "credential": tk._("Give the credential on this page, for this host."),
        "sealed": tk._("Give the credential anew."),
        "host_key": tk._("Ask whoever runs the server whether its key was changed. If so, write the new one into the feed; if not, somebody stands between."),
        "login": tk._("See whether the password was changed at the source, and give the credential anew."),
        "superuser": tk._("Have an account made that may only read what is wanted."),
        "gone": tk._("Remove the feed, or bring the file back."),
        "broken_off": tk._("Nothing: it is begun again by itself."),
        "internal": tk._("Tell the portal's team."),
        "unreachable": tk._("See whether the address opens elsewhere. It is tried again at the next time of the schedule."),
    }
    return str(by_code.get(code, tk._("Mend it at the source, then fetch again. Until then the old file stays.")))

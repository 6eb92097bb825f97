"""CKAN's own command line, by `python -m`: the script that pip writes breaks in a path with spaces on some systems."""
from __future__ import annotations

import logging
import os
import sys

from ckan.cli.cli import ckan

from tzc_stack import ckan_jobs, ckan_percent, ckan_start
from tzc_stack.children import die_with_parent


def run() -> None:
    """Run a command. What CKAN's actions refuse is told in a line, as a traceback says nothing to an operator."""
    from ckan.logic import NotAuthorized, NotFound, ValidationError

    try:
        ckan(prog_name="ckan")
    except NotFound as error:
        sys.exit(f"Not found: {str(error).strip(' .') or 'there is nothing of this name or id'}. Check what was given: {' '.join(sys.argv[1:])}")
    except NotAuthorized as error:
        sys.exit(f"Not allowed: {error}")
    except AssertionError as error:
        # this is how some of CKAN's commands say that a dataset is unknown
        sys.exit(f"Refused: {error}" if str(error) else "Refused. Check what was given.")
    except ValidationError as error:
        sys.exit("Refused: " + "; ".join(f"{name}: {reason}" for name, reason in error.error_summary.items()))


def hush() -> None:
    """CKAN says before each command where it read what; nobody asked, and what is asked for scrolls away."""
    for name in ("ckan.cli", "ckan.config.environment"):
        logging.getLogger(name).addFilter(lambda record: record.levelno > logging.INFO)


if __name__ == "__main__":
    ckan_start.hasten()
    ckan_start.settle_commands()
    ckan_percent.mend()
    hush()
    if sys.argv[1:3] == ["jobs", "worker"]:
        # a job runs in a process and a group of its own: a worker that is stopped must not leave it behind, at work beside the next one
        os.register_at_fork(after_in_child=die_with_parent)
        ckan_jobs.mend(sys.argv[3:])
    elif sys.argv[1:4] == ["tzc", "harvest", "work"]:
        # as above: a run goes on in one process only
        os.register_at_fork(after_in_child=die_with_parent)
    run()

"""`./portal COMMAND`, inside the environment. Each command is a function; usage.txt is what `--help` prints."""
from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from . import lifecycle
from .bootstrap import explain_os_error, hold_lock
from .console import StackError, any_terminal, ask, complain, say
from .paths import Paths, here
from .settings import exists, load

Command = Callable[[Paths, list[str]], int]


def up(paths: Paths, arguments: list[str]) -> int:
    """Start everything."""
    _parser("up").parse_args(arguments)
    lifecycle.tell(paths, *lifecycle.up(paths, demo=True))
    return 0


def down(paths: Paths, arguments: list[str]) -> int:
    """Stop everything."""
    _parser("down").parse_args(arguments)
    hold_lock(paths)
    lifecycle.down(paths)
    return 0


def status(paths: Paths, arguments: list[str]) -> int:
    """Say how each part is; exit code 0 when all are up."""
    from .status import as_table, report

    parser = _parser("status")
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args(arguments)
    now = report(paths, load(paths))
    say(json.dumps(now, indent=1) if options.json else as_table(now))
    return 0 if now["up"] else 1


def logs(paths: Paths, arguments: list[str]) -> int:
    """Print a part's log."""
    parser = _parser("logs")
    parser.add_argument("-f", "--follow", action="store_true", help="go on printing what is added")
    parser.add_argument("-n", "--lines", type=int, default=100, help="how many of the last lines (100)")
    parser.add_argument("part")
    options = parser.parse_args(arguments)
    known = sorted(file.stem for file in paths.log.glob("*.log"))
    file = paths.log / f"{options.part}.log"
    if options.part not in known:
        raise StackError(f"There is no part {options.part} here.", f"give one of: {', '.join(known) or '(none yet; run ./portal up)'}")
    sys.stdout.flush()
    tail = ["tail", "-n", str(options.lines), *(["-F"] if options.follow else []), str(file)]
    os.execvp("tail", tail)  # noqa: S606, S607 -- the system's own


def restart(paths: Paths, arguments: list[str]) -> int:
    """Stop and start one part, or all that serve pages and do jobs."""
    parser = _parser("restart")
    parser.add_argument("part", nargs="?", help="one part; without it, the web server, the workers and the scheduler")
    return lifecycle.restart(paths, parser.parse_args(arguments).part)


def reset(paths: Paths, arguments: list[str]) -> int:
    """Delete the data, after a question."""
    parser = _parser("reset")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    if not parser.parse_args(arguments).yes:
        if not sys.stdin.isatty():
            raise StackError("reset deletes every dataset, account and file of this portal, and nobody is here to be asked.", "run ./portal reset --yes if that is what you want.")
        answer = ask(f"Delete every dataset, account and file of the portal in {paths.var}? Type “delete”: ")
        if answer.strip().strip("“”\"") not in {"delete", "supprimer"}:
            say("Nothing was deleted.")
            return 1
    hold_lock(paths)
    lifecycle.reset(paths)
    say("All data are deleted. ./portal up begins anew.")
    return 0


def ckan(paths: Paths, arguments: list[str]) -> int:
    """Become CKAN's command line."""
    if not (exists(paths) and paths.ini.exists()):
        raise StackError("The portal is not set up in this folder yet.", "run ./portal up")
    if any(load(paths).embedded.values()) and lifecycle.running_supervisor(paths) is None:
        raise StackError("The portal is not running, so its databases cannot be asked.", "run ./portal up, then this again.")
    os.execve(paths.python, [str(paths.python), "-m", "tzc_stack.ckan_command", *arguments], lifecycle.ckan_environment(paths))  # noqa: S606 -- no shell is wanted


def backup(paths: Paths, arguments: list[str]) -> int:
    """Write one file that holds the portal."""
    from .archive import backup as write

    parser = _parser("backup")
    parser.add_argument("file", type=Path)
    file = parser.parse_args(arguments).file
    settings = load(paths)
    hold_lock(paths)
    return write(paths, settings, file)


def restore(paths: Paths, arguments: list[str]) -> int:
    """Put a backup in place of what is here."""
    from .archive import restore as read

    parser = _parser("restore")
    parser.add_argument("file", type=Path)
    parser.add_argument("--yes", action="store_true", help="do not ask before what is here is replaced")
    parser.add_argument("--other-territory", action="store_true", help="take a backup of another territory than the one that is served here")
    options = parser.parse_args(arguments)
    return read(paths, options.file, sure=options.yes, other=options.other_territory)


def doctor(paths: Paths, arguments: list[str]) -> int:
    """Look for what is wrong."""
    from .doctor import examine

    _parser("doctor").parse_args(arguments)
    return examine(paths)


def test(paths: Paths, arguments: list[str]) -> int:
    """Run every check."""
    from .testing import run

    return run(paths, arguments)


def bench(paths: Paths, arguments: list[str]) -> int:
    """Run benchmarks."""
    from .testing import run_benchmark

    return run_benchmark(paths, arguments)


def install(paths: Paths, arguments: list[str]) -> int:
    """Nothing more: the environment is ready when this runs."""
    say(f"The software is ready in {paths.venv}.")
    return 0


def run_part(paths: Paths, arguments: list[str]) -> int:
    """Become one part, in the foreground, on given servers only: for containers."""
    from .foreground import run

    parser = _parser("run")
    parser.add_argument("--patience", type=float, default=60, metavar="SECONDS", help="how long the servers may take to answer (60)")
    parser.add_argument("part", help="prepare (migrations, then the end), web, worker-…, harvest-work, sensors-work, sensors-listen or scheduler")
    options = parser.parse_args(arguments)
    return run(paths, options.part, options.patience)


def health(paths: Paths, arguments: list[str]) -> int:
    """Ask the part that `./portal run` became here; exit code 0 when it is well."""
    from .foreground import health as ask_part

    _parser("health").parse_args(arguments)
    return ask_part(paths)


def solr_home(paths: Paths, arguments: list[str]) -> int:
    """Write the home folder of a Solr of your own: settings, configuration set and core."""
    from .solr_home import CONFIG_SET, build

    parser = _parser("solr-home")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    build(paths.root / "config" / "solr", folder, ["ckan"])
    say(f"{folder} holds Solr's home with the core ckan. The configuration set alone, for a SolrCloud: {folder / 'configsets' / CONFIG_SET / 'conf'}")
    return 0


COMMANDS: dict[str, Command] = {
    "up": up, "down": down, "status": status, "logs": logs, "doctor": doctor, "backup": backup, "restore": restore,
    "restart": restart, "reset": reset, "ckan": ckan, "test": test, "bench": bench, "install": install,
    "run": run_part, "health": health, "solr-home": solr_home,
}  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Run one command; errors the person can mend end with exit code 1 and no traceback."""
    usage = (Path(__file__).parent / "usage.txt").read_text(encoding="utf-8")
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        say(usage)
        return 0
    any_terminal()
    name, *rest = arguments
    try:
        command = COMMANDS.get(name)
        if command is None:
            raise StackError(f"There is no command {name!r}.", "./portal --help lists them.")
        return command(here(), rest)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has gone; nothing is left to flush
    except StackError as error:
        complain(error)
    except OSError as error:
        complain(explain_os_error(error))
    except KeyboardInterrupt:
        complain(StackError("Interrupted.", "run the same command again; it goes on where it stopped."))
    return 1


class _Parser(argparse.ArgumentParser):
    """Errors as everywhere else: words, what to do, exit code 1."""

    def error(self, message: str) -> NoReturn:
        raise StackError(f"{self.prog}: {message}.", f"{self.prog} --help says what it takes.")


def _parser(command: str) -> argparse.ArgumentParser:
    return _Parser(prog=f"./portal {command}", description=COMMANDS[command].__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

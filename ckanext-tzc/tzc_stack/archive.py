"""Backup and restore: one compressed tar file with both databases (SQL), uploads, the lake of sensors' observations, secrets and the territory.

The search index and the queues are not kept: the one is rebuilt, the others hold work that the databases know of.
"""
from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import yaml

from . import configuration, lifecycle
from .console import StackError, ask, say, step
from .paths import Paths
from .postgres import Postgres
from .settings import CARRIED, Settings, asked_for, exists, load, write_private
from .supervise import Supervisor

FORMAT = 1
"""Of the archive; one this release cannot read is refused."""

MEMBERS = ("catalogue.sql", "datastore.sql", "secrets.json", "territory.yaml")
"""Besides the uploads and the manifest, which has the hash of each."""


def backup(paths: Paths, settings: Settings, file: Path) -> int:
    """Write the archive; nothing stands at `file` before it is whole."""
    file = file.expanduser().absolute()
    if file.exists():
        raise StackError(f"{file} exists already.", "give another name, or remove it first.")
    if not file.parent.is_dir():
        raise StackError(f"There is no folder {file.parent}.", "make it, or give another path.")
    if not Supervisor(paths, settings).alive():
        raise StackError("The portal does not run, so its databases cannot be read.", "run ./portal up, then this again.")
    with tempfile.TemporaryDirectory(dir=paths.run) as scratch:
        folder = Path(scratch)
        for name, url in (("catalogue", settings.database_url), ("datastore", settings.datastore_url)):
            with step(f"the {name} database"), (folder / f"{name}.sql").open("wb") as target:
                _tool(paths, settings, ["pg_dump", "--no-owner", "--no-privileges", url], stdout=target)
        write_private(folder / "secrets.json", json.dumps({name: settings.secret[name] for name in CARRIED if name in settings.secret}))
        territory, *logo = configuration.territory_sources(paths, settings)
        shutil.copyfile(territory, folder / "territory.yaml")
        members = {**{name: folder / name for name in MEMBERS}, **{f"logo/{file.name}": file for file in logo}}
        manifest = {
            "format": FORMAT,
            "made": dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
            "portal": version("ckanext-tzc"),
            "ckan": version("ckan"),
            "address": settings.site_url,
            "sha256": {name: _digest(path) for name, path in members.items()},
        }
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        with step("the uploads and the lake, and all into one file"):
            _write_tar(file, {"manifest.json": folder / "manifest.json", **members}, {"uploads": paths.uploads, "lake": paths.lake})
    say(f"{file} holds the portal ({file.stat().st_size / 1024**2:.1f} MiB). It contains secrets: keep it where only you can read it.")
    return 0


def _write_tar(file: Path, members: Mapping[str, Path], folders: Mapping[str, Path]) -> None:
    part = file.with_name(f"{file.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
            with tarfile.open(fileobj=handle, mode="w:gz", compresslevel=6) as tar:
                for name, path in members.items():
                    tar.add(path, arcname=name)
                for name, folder in folders.items():
                    _add_folder(tar, folder, name)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _add_folder(tar: tarfile.TarFile, folder: Path, name: str) -> None:
    """All of a folder; a file that goes meanwhile took the place of nothing that the database, which was read before, needs: those of the lake stay for an hour."""
    if not folder.is_dir():
        return
    tar.add(folder, arcname=name, recursive=False)
    for path in sorted(folder.rglob("*")):
        try:
            tar.add(path, arcname=f"{name}/{path.relative_to(folder).as_posix()}", recursive=False)
        except FileNotFoundError:
            continue


def restore(paths: Paths, file: Path, sure: bool, other: bool = False) -> int:
    """Put an archive in place of this portal's data. The archive is checked whole before anything is touched; one of another territory only where that is wanted (`other`)."""
    file = file.expanduser().absolute()
    if not file.is_file():
        raise StackError(f"There is no file {file}.", "give the path of a file that ./portal backup wrote.")
    _ask(paths, file, sure)
    paths.run.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=paths.run) as scratch:
        folder = Path(scratch)
        with step("reading and checking the backup"):
            manifest = _unpack(file, folder)
        if not other:
            _of_this_territory(paths, folder / "territory.yaml")
        running = lifecycle.running_supervisor(paths)
        settings = lifecycle.settle(paths, running)
        if running:
            with step("stopping the portal"):
                running.stop()
        with _secrets_of(folder, paths, settings) as settings:
            _same_territory(paths, settings, folder / "territory.yaml")
            lifecycle.begin(paths, settings)
            with step("the catalogue database"):
                _replace_database(paths, settings, folder, "catalogue", settings.database_url)
            lifecycle.remember(paths, restore="cut", index="stale", demo="loaded")
            with step("the datastore database"):
                _replace_database(paths, settings, folder, "datastore", settings.datastore_url)
            with step("the uploads and the lake"):
                _replace_folder(folder / "uploads", paths.uploads)
                _replace_folder(folder / "lake", paths.lake)
    lifecycle.remember(paths, restore="")
    with step("tables, accounts and axes"):
        lifecycle.prepare_database(paths)
    (paths.var / "first-account.json").unlink(missing_ok=True)
    lifecycle.start_services(paths, settings)
    lifecycle.remember(paths, revision=lifecycle.revision(paths, settings))
    say(f"\nThe portal of {manifest['made']} is back:  {settings.site_url}\nAccounts and passwords are those of that time.")
    return 0


@contextmanager
def _secrets_of(folder: Path, paths: Paths, settings: Settings) -> Iterator[Settings]:
    """The settings with the backup's sessions, tokens and queue names; those of before are put back when the restore fails."""
    before = paths.secrets.read_text(encoding="utf-8")
    carried = json.loads((folder / "secrets.json").read_text(encoding="utf-8"))
    secret = {**settings.secret, **{name: carried[name] for name in CARRIED if name in carried}}
    given = {name: value for name, value in settings.given.items() if name != "TZC_SECRETS"}  # at the next start they would take the place of the backup's
    write_private(paths.secrets, json.dumps({"given": given, "secret": secret}, indent=1, sort_keys=True))
    now = load(paths)
    try:
        yield now
    except BaseException:
        Supervisor(paths, now).stop()
        write_private(paths.secrets, before)
        raise


def _ask(paths: Paths, file: Path, sure: bool) -> None:
    if sure or not exists(paths):
        return
    if not sys.stdin.isatty():
        raise StackError(
            "restore replaces every dataset, account and file of this portal, and nobody is here to be asked.",
            f"run ./portal restore {file.name} --yes if that is what you want.",
        )
    if ask(f"Replace everything in {paths.var} by {file.name}? Type “replace”: ").strip("“” \"") not in {"replace", "remplacer"}:
        raise StackError("Nothing was changed.", "type the word to go on.")


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    """Unpack into `folder`; refuse what is cut, changed, of another release, or reaches outside."""
    mend = "get the file again from where it was kept: it is not whole."
    try:
        _extract(file, folder)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        digests, kind, ours = manifest["sha256"].items(), manifest["format"], {name: manifest[name] for name in ("portal", "ckan", "made")}
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, OSError) and error.errno and not isinstance(error, FileNotFoundError):
            raise
        raise StackError(f"{file} is not a whole backup of a portal ({type(error).__name__}: {error}).", mend) from error
    if kind != FORMAT or _numbers(ours["ckan"]) > _numbers(version("ckan")) or _numbers(ours["portal"]) > _numbers(version("ckanext-tzc")):
        raise StackError(f"{file} was written by a newer release (portal {ours['portal']}, CKAN {ours['ckan']}).", "restore it with that release.")
    for name, sha256 in digests:
        if not (folder / name).is_file() or _digest(folder / name) != sha256:
            raise StackError(f"{file}: {name} is not what was written.", mend)
    for name in MEMBERS:
        if name not in dict(digests):
            raise StackError(f"{file} holds no {name}.", mend)
    for name in ("uploads", "lake"):
        (folder / name).mkdir(exist_ok=True)
    return {"sha256": dict(digests), **ours}


def _extract(file: Path, folder: Path) -> None:
    """Files and folders only, each below `folder`; older Pythons have no filter for that."""
    with tarfile.open(file, "r:gz") as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            if name.is_absolute() or ".." in name.parts or not (member.isfile() or member.isdir()):
                raise tarfile.TarError(f"{member.name} is no plain file")
            target = folder / name
            if member.isdir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            source = tar.extractfile(member)
            assert source is not None, "a file"
            with source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)


def _numbers(release: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", release.partition("+")[0])]


def _of_this_territory(paths: Paths, kept: Path) -> None:
    """Refuse a backup of another territory: its datasets would stand under this one's name, with axes and communes that are not here."""
    served = Path(asked_for(paths).get("TZC_TERRITORY") or paths.root / "config" / "territory.yaml")
    ours, theirs = (_territory_id(file) for file in (served, kept))
    if ours and theirs and ours != theirs:
        raise StackError(
            f"The backup is one of the territory {theirs}, and this portal serves {ours}.",
            "restore it where its territory is served (TZC_TERRITORY=…), or add --other-territory if its datasets shall be shown here, under this name.",
        )


def _territory_id(file: Path) -> str:
    """How a territory's file calls it; nothing where that cannot be read, as is said elsewhere."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return ""
    return str(content.get("id") or "") if isinstance(content, dict) else ""


def _same_territory(paths: Paths, settings: Settings, kept: Path) -> None:
    """Say so when the backup was made for another territory file; the one in place is used, the other laid beside the data with its logo."""
    if kept.read_bytes() != configuration.territory_file(paths, settings).read_bytes():
        beside = paths.var / "territory-of-backup" / "territory.yaml"
        beside.parent.mkdir(exist_ok=True)
        for file in (kept, *kept.parent.glob("logo/*")):
            shutil.copyfile(file, beside.parent / file.name)
        say(f"  The backup was made with another territory file; it lies in {beside}. To use it: TZC_TERRITORY={beside} ./portal up")


def _replace_database(paths: Paths, settings: Settings, folder: Path, name: str, url: str) -> None:
    """All in one transaction: a failure leaves the database as it was."""
    first = folder / "clear.sql"
    first.write_text("SET client_min_messages = warning;\nDROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n", encoding="utf-8")
    dump = folder / f"{name}.sql"
    command = ["psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1", "--file", str(first), "--file", str(dump), url]
    _tool(paths, settings, command, stdout=subprocess.DEVNULL)


def _replace_folder(source: Path, target: Path) -> None:
    """The old files go when the new ones are whole."""
    new, aside = target.with_name(f"{target.name}.new"), target.with_name(f"{target.name}.before-restore")
    for left in (new, aside):
        shutil.rmtree(left, ignore_errors=True)
    shutil.move(source, new)
    new.chmod(0o700)
    if target.exists():
        target.rename(aside)
    new.rename(target)
    shutil.rmtree(aside, ignore_errors=True)


def _tool(paths: Paths, settings: Settings, command: list[str], stdout: Any) -> None:
    """Run one of PostgreSQL's own tools; the address, which holds a password, goes by the environment."""
    *words, url = command
    own = shutil.which(words[0])
    # those of the wheel speak no TLS: for a given server the system's are better, where there are some
    program = str(Postgres(paths).tools / words[0]) if settings.embedded["postgres"] or not own else own
    done = subprocess.run(
        [program, *words[1:], "--dbname", _without_password(url)], stdout=stdout, stderr=subprocess.PIPE, check=False, cwd=paths.run,
        env={**os.environ, "PGPASSWORD": unquote(urlsplit(url).password or "")},
    )
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()[-500:]
        if re.search("SSL|TLS|version mismatch|no encryption", reason):
            raise StackError(f"{words[0]} failed: {reason}", "install PostgreSQL's client programs of the server's version (on Debian: postgresql-client), then run this again.")
        raise StackError(f"{words[0]} failed: {reason}", "nothing was changed by it; free disk space if it is full, else run ./portal doctor.")


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, _, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}@{place}" if user else place))


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as handle:
        while block := handle.read(1024**2):
            digest.update(block)
    return digest.hexdigest()

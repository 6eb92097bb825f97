"""What a person may set by environment variables, and what the portal generates and remembers: secrets and ports."""
from __future__ import annotations

import dataclasses
import json
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from .console import StackError
from .paths import Paths

SETTINGS = {
    "TZC_DATABASE_URL": "the catalogue's PostgreSQL database, instead of the embedded server",
    "TZC_DATASTORE_URL": "the DataStore's PostgreSQL database, for writing",
    "TZC_DATASTORE_READ_URL": "the same database, for a role that may only read",
    "TZC_REDIS_URL": "a Redis or Valkey server, instead of the embedded one",
    "TZC_SOLR_URL": "a Solr core with the portal's schema, instead of the embedded server",
    "TZC_SITE_URL": "the public address, when a reverse proxy stands before the portal",
    "TZC_TERRITORY": "the territory file; config/territory.yaml of the checkout without it",
    "TZC_SMTP_URL": "the mail server, as smtp://user:password@host:port or smtps://…; no mail is sent without it",
    "TZC_MAIL_FROM": "the sender of the portal's mails",
    "TZC_DEMO": "0: do not load the demonstration catalogue into a new portal",
    "TZC_HOST": "the address the web server listens on; the loopback (127.0.0.1) without it",
    "TZC_WEB_WORKERS": "number of web processes (2)",
    "TZC_WEB_THREADS": "threads in each web process (4)",
    "TZC_SOLR_HEAP": "memory of the embedded Solr's heap (384m)",
    "TZC_PORT_WEB": "the web server's port",
    "TZC_PORT_POSTGRES": "the embedded PostgreSQL's port",
    "TZC_PORT_VALKEY": "the embedded Valkey's port",
    "TZC_PORT_SOLR": "the embedded Solr's port",
    "TZC_PORT_CONTROL": "the supervisor's port, on the loopback",
}
"""Settings that are remembered in `var` once given. An empty value forgets one."""

FOLDERS = {"TZC_VAR": "the folder of the data (var)", "TZC_VENV": "the folder of the software (.venv)"}
"""Settings read at each start; they say where the others are remembered."""

USUAL_PORTS = {"web": 5000, "postgres": 5433, "valkey": 6380, "solr": 8984, "control": 9101}
HOST = "127.0.0.1"


@dataclasses.dataclass(frozen=True)
class Settings:
    """One portal's settings. `given` are the person's, `secret` and `ports` the portal's own."""

    given: Mapping[str, str]
    secret: Mapping[str, str]
    ports: Mapping[str, int]

    @property
    def embedded(self) -> dict[str, bool]:
        """Which servers this portal runs itself."""
        return {
            "postgres": not (self.given.get("TZC_DATABASE_URL") and self.given.get("TZC_DATASTORE_URL")),
            "valkey": not self.given.get("TZC_REDIS_URL"),
            "solr": not self.given.get("TZC_SOLR_URL"),
        }

    def _postgres(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self.secret[f'postgres_{role}']}@{HOST}:{self.ports['postgres']}/{database}"

    @property
    def superuser_url(self) -> str:
        """The embedded server's own administrator."""
        return self._postgres("postgres", "postgres")

    @property
    def database_url(self) -> str:
        return self.given.get("TZC_DATABASE_URL") or self._postgres("tzc", "tzc")

    @property
    def datastore_url(self) -> str:
        return self.given.get("TZC_DATASTORE_URL") or self._postgres("tzc", "tzc_datastore")

    @property
    def datastore_read_url(self) -> str:
        return self.given.get("TZC_DATASTORE_READ_URL") or self._postgres("tzc_reader", "tzc_datastore")

    @property
    def redis_url(self) -> str:
        return self.given.get("TZC_REDIS_URL") or f"redis://:{self.secret['valkey']}@{HOST}:{self.ports['valkey']}/0"

    @property
    def solr_url(self) -> str:
        """The core's address, without a password."""
        if not self.given.get("TZC_SOLR_URL"):
            return f"http://{HOST}:{self.ports['solr']}/solr/ckan"
        parts = urlsplit(self.given["TZC_SOLR_URL"])
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    @property
    def solr_credentials(self) -> tuple[str, str] | None:
        parts = urlsplit(self.given.get("TZC_SOLR_URL", ""))
        return (parts.username, parts.password or "") if parts.username else None

    @property
    def site_url(self) -> str:
        return self.given.get("TZC_SITE_URL", "").rstrip("/") or f"http://{_shown(self.host)}:{self.ports['web']}"

    @property
    def host(self) -> str:
        return self.given.get("TZC_HOST") or HOST

    @property
    def site_id(self) -> str:
        """Names this portal's index entries and queues where a server is shared with others."""
        return f"tzc-{self.secret['identity'][:8].lower()}"

    @property
    def control_url(self) -> str:
        """The supervisor's own address, with its password."""
        return f"http://portal:{quote(self.secret['control'])}@{HOST}:{self.ports['control']}/RPC2"


def _shown(host: str) -> str:
    return "localhost" if host in {HOST, "0.0.0.0", "::"} else host  # noqa: S104 -- compared, not bound


def load(paths: Paths) -> Settings:
    """The settings of a portal that was set up before."""
    if not paths.secrets.exists():
        raise StackError("The portal is not set up in this folder yet.", "run ./portal up")
    kept = _read(paths.secrets)
    return Settings(given=kept["given"], secret=kept["secret"], ports=_read(paths.ports))


def prepare(paths: Paths, running: bool) -> Settings:
    """The settings for a start: what the environment says, then what is remembered, then what is made now.

    Ports that are ours already (`running`) are kept without a look at who listens there.
    """
    for folder in (paths.var, paths.run, paths.log, paths.uploads, paths.solr, paths.valkey):
        folder.mkdir(parents=True, exist_ok=True)
    kept = _read(paths.secrets) if paths.secrets.exists() else {"given": {}, "secret": {}}
    given = dict(kept["given"])
    for name in SETTINGS:
        if name in os.environ:
            given[name] = os.environ[name].strip()
    given = {name: value for name, value in given.items() if value}
    _check(given)
    secret = {**{name: secrets.token_urlsafe(32) for name in SECRETS}, **kept["secret"]}
    _write(paths.secrets, {"given": given, "secret": secret})
    ports = _choose_ports(paths, given, running)
    _write(paths.ports, ports)
    return Settings(given=given, secret=secret, ports=ports)


SECRETS = ("flask", "token", "valkey", "control", "postgres_postgres", "postgres_tzc", "postgres_tzc_reader", "identity")


def _check(given: Mapping[str, str]) -> None:
    schemes = {
        "TZC_DATABASE_URL": {"postgresql"},
        "TZC_DATASTORE_URL": {"postgresql"},
        "TZC_DATASTORE_READ_URL": {"postgresql"},
        "TZC_REDIS_URL": {"redis", "rediss"},
        "TZC_SOLR_URL": {"http", "https"},
        "TZC_SITE_URL": {"http", "https"},
        "TZC_SMTP_URL": {"smtp", "smtps"},
    }
    for name, allowed in schemes.items():
        value = given.get(name)
        if value and (urlsplit(value).scheme not in allowed or not urlsplit(value).hostname):
            raise StackError(
                f"{name} is not an address the portal can use.",
                f"give it as {sorted(allowed)[0]}://user:password@host:port/name (characters like @ or / in a password are written %40, %2F).",
            )
    if bool(given.get("TZC_DATASTORE_URL")) != bool(given.get("TZC_DATASTORE_READ_URL")):
        raise StackError("Only one of TZC_DATASTORE_URL and TZC_DATASTORE_READ_URL is set.", "set both: one role writes, another may only read.")
    if bool(given.get("TZC_DATABASE_URL")) != bool(given.get("TZC_DATASTORE_URL")):
        raise StackError("Only one of TZC_DATABASE_URL and TZC_DATASTORE_URL is set.", "set both: the portal uses two databases of one server or of two.")
    for name in (setting for setting in given if setting.startswith("TZC_PORT_") or setting in {"TZC_WEB_WORKERS", "TZC_WEB_THREADS"}):
        if not given[name].isdigit() or not 0 < int(given[name]) < 65536:
            raise StackError(f"{name}={given[name]} is not a number the portal can use.", f"give {name} a whole number between 1 and 65535.")


def _choose_ports(paths: Paths, given: Mapping[str, str], running: bool) -> dict[str, int]:
    remembered = _read(paths.ports) if paths.ports.exists() else {}
    chosen: dict[str, int] = {}
    for part, usual in USUAL_PORTS.items():
        wanted = given.get(f"TZC_PORT_{part.upper()}")
        if running and remembered.get(part):
            chosen[part] = remembered[part]
        elif wanted:
            if not is_free(int(wanted)):
                raise StackError(
                    f"Port {wanted}, which TZC_PORT_{part.upper()} gives, is taken by another program.",
                    f"stop that program, or give another port: TZC_PORT_{part.upper()}=… ./portal up",
                )
            chosen[part] = int(wanted)
        else:
            first = remembered.get(part, usual)
            chosen[part] = next((port for port in (first, *range(usual, usual + 100)) if port not in chosen.values() and is_free(port)), _any_free())
    return chosen


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _any_free() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _read(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StackError(f"{file} is damaged ({error}).", "restore it from a backup (./portal restore FILE), or start anew with ./portal reset.") from error
    return content


def _write(file: Path, content: Mapping[str, Any]) -> None:
    """Replace a file whole, readable by its owner only."""
    write_private(file, json.dumps(content, indent=1, sort_keys=True))


def write_private(file: Path, text: str) -> None:
    """Replace a text file in one step; only its owner can read it at any time."""
    part = file.with_name(f".{file.name}.new")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(file)

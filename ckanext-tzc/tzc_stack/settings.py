"""What a person may set by environment variables, and what the portal generates and remembers: secrets and ports."""
from __future__ import annotations

import dataclasses
import difflib
import json
import os
import re
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from .console import StackError, say
from .paths import Paths

SETTINGS = {
    "TZC_DATABASE_URL": "the catalogue's PostgreSQL database, instead of the embedded server",
    "TZC_DATASTORE_URL": "the DataStore's PostgreSQL database, for writing",
    "TZC_DATASTORE_READ_URL": "the same database, for a role that may only read",
    "TZC_REDIS_URL": "a Redis or Valkey server, instead of the embedded one",
    "TZC_SOLR_URL": "a Solr core with the portal's schema, instead of the embedded server",
    "TZC_SITE_URL": "the public address, when a reverse proxy stands before the portal",
    "TZC_TERRITORY": "the territory file; config/territory.yaml of the checkout without it",
    "TZC_UPLOADS_URL": "a bucket of an S3 storage for uploads, as s3://key:secret@host/bucket/folder?region=…; the folder uploads without it",
    "TZC_LAKE": "the lake of sensors' observations: a folder, or a bucket as s3://key:secret@host/bucket/folder?region=…; the folder lake without it",
    "TZC_LAKE_ENGINE": "what questions to the lake run on: duckdb, pyspark, or the address of a Trino or ClickHouse (duckdb)",
    "TZC_SMTP_URL": "the mail server, as smtp://user:password@host:port or smtps://…; no mail is sent without it",
    "TZC_MAIL_FROM": "the sender of the portal's mails",
    "TZC_TRUSTED_PROXIES": "how many reverse proxies stand before the portal and tell the reader's address (0)",
    "TZC_OIDC_ISSUER": "the OpenID Connect provider by which people may sign in",
    "TZC_OIDC_CLIENT_ID": "the portal's name at that provider",
    "TZC_OIDC_CLIENT_SECRET": "the portal's secret at that provider",
    "TZC_OIDC_NAME": "what the sign-in page calls that provider",
    "TZC_METRICS_KEY": "what a Prometheus says to read /metrics; without it there is no such page",
    "TZC_HARVEST_KINDS": "kinds of harvest sources of other programs that are allowed, such as ckan dcat_rdf; none without it",
    "TZC_HOMES_DATASET": "the dataset that meters of homes and workplaces belong to; without it the portal asks nobody for one",
    "TZC_DATA_CONNECT_CLIENT": "the portal's name at the grid operator's Data Connect",
    "TZC_DATA_CONNECT_SECRET": "the portal's secret there",
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
    "TZC_SECRETS": "what sessions, API tokens, queue names and signatures depend on, as JSON; made at the first start without it",
}
"""Settings that are remembered in `var` once given. An empty value forgets one."""

NAMES = {*SETTINGS, *(f"{name}_FILE" for name in SETTINGS)}
"""Every variable that says a setting: the setting itself, or the path of a file that holds its value."""

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
        return (unquote(parts.username), unquote(parts.password or "")) if parts.username else None

    @property
    def site_url(self) -> str:
        return self.given.get("TZC_SITE_URL", "").rstrip("/") or f"http://{_shown(self.host)}:{self.ports['web']}"

    @property
    def host(self) -> str:
        return self.given.get("TZC_HOST") or HOST

    @property
    def web_url(self) -> str:
        """Where the web server is reached from this machine."""
        return f"http://{_bracketed(HOST if self.host in EVERYWHERE else self.host)}:{self.ports['web']}"

    @property
    def bind(self) -> str:
        """What the web server listens on."""
        return f"{_bracketed(self.host)}:{self.ports['web']}"

    @property
    def site_id(self) -> str:
        """Names this portal's index entries and queues where a server is shared with others."""
        return f"tzc-{self.secret['identity'][:8].lower()}"

    @property
    def control_url(self) -> str:
        """The supervisor's own address, with its password."""
        return f"http://portal:{quote(self.secret['control'])}@{HOST}:{self.ports['control']}/RPC2"


EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 -- compared, not bound


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _shown(host: str) -> str:
    return "localhost" if host in {HOST, *EVERYWHERE} else _bracketed(host)


def exists(paths: Paths) -> bool:
    """Whether a portal was set up here."""
    return paths.secrets.exists() and paths.ports.exists()


def load(paths: Paths) -> Settings:
    """The settings of a portal that was set up before."""
    if not exists(paths):
        raise StackError("The portal is not set up in this folder yet.", "run ./portal up")
    kept = _read(paths.secrets)
    return Settings(given=kept["given"], secret=kept["secret"], ports=_read(paths.ports))


def prepare(paths: Paths, ours: Mapping[str, int] | None) -> Settings:
    """The settings for a start: what the environment says, then what is remembered, then what is made now.

    Ports that are `ours` already are kept without a look at who listens there; with None no port is looked at. Nothing is remembered before `keep`.
    """
    for words in unknown(os.environ):
        say(f"  {words}")
    kept, given = _kept(paths), asked_for(paths)
    _check(given)
    secret = {**{name: secrets.token_urlsafe(32) for name in SECRETS}, **kept["secret"], **_read_secrets(given)}
    return Settings(given=given, secret=secret, ports=_choose_ports(paths, given, ours))


def asked_for(paths: Paths) -> dict[str, str]:
    """What the environment says, then what is remembered, as it was given."""
    asked = {name: value for name in SETTINGS if (value := _from_environment(name)) is not None}
    return {name: value for name, value in {**_kept(paths)["given"], **asked}.items() if value}


def _kept(paths: Paths) -> dict[str, Any]:
    return _read(paths.secrets) if paths.secrets.exists() else {"given": {}, "secret": {}}


OF_OTHERS = ("TZC_TEST_", "TZC_BENCH_", "TZC_PART_", "TZC_IDENTITY", "TZC_ADMIN_PASSWORD")
"""Variables of the checks and benchmarks, and those that the portal gives its own parts."""


def unknown(environment: Mapping[str, str]) -> list[str]:
    """What is said of variables that look like a setting and are none: a slip of the pen would go unseen."""
    known = NAMES | FOLDERS.keys() | {"TZC_RELEASE"}
    strange = sorted(name for name in environment if name.startswith("TZC_") and name not in known and not name.startswith(OF_OTHERS))
    near = {name: difflib.get_close_matches(name, sorted(known), 1) for name in strange}
    return [f"{name} is no setting and changes nothing" + (f": did you mean {near[name][0]}?" if near[name] else "; docs/settings.md lists them.") for name in strange]


def _from_environment(name: str) -> str | None:
    """A setting by its variable, or by the file that `NAME_FILE` names: a secret need not stand in the environment."""
    value, file = os.environ.get(name), os.environ.get(f"{name}_FILE", "").strip()
    if not file:
        return value if value is None else value.strip()
    if value and value.strip():
        raise StackError(f"Both {name} and {name}_FILE are set.", "give one of them.")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise StackError(f"{file}, which {name}_FILE names, cannot be read: {reason}.", f"give {name}_FILE the path of a file with the value, readable by this user.") from error


def _read_secrets(given: Mapping[str, str]) -> dict[str, str]:
    """The secrets that TZC_SECRETS gives."""
    try:
        content = json.loads(given.get("TZC_SECRETS", "{}"))
    except ValueError:
        content = None
    whole = isinstance(content, dict) and set(content) == set(CARRIED) and all(isinstance(value, str) and len(value) >= SECRET_LENGTH for value in content.values())
    if "TZC_SECRETS" in given and not whole:
        raise StackError(
            "TZC_SECRETS cannot be used.",
            f"give it as JSON with {', '.join(CARRIED)}, each a random text of {SECRET_LENGTH} characters or more: docker/make-secrets writes one, and a backup holds one.",
        )
    assert isinstance(content, dict), "checked above"
    return content


def keep(paths: Paths, settings: Settings) -> None:
    """Make the folders of the data, and remember the settings there."""
    paths.var.mkdir(parents=True, exist_ok=True)
    for folder in (paths.run, paths.log, paths.uploads, paths.lake, paths.solr, paths.valkey):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)  # uploads may be confidential, and a log may quote them
    _write(paths.secrets, {"given": dict(settings.given), "secret": dict(settings.secret)})
    _write(paths.ports, settings.ports)


CARRIED = ("flask", "token", "identity", "signing")
"""The secrets that sessions, API tokens, queue names and signatures of agreements depend on: those of the portal, wherever it runs."""

SECRETS = (*CARRIED, "valkey", "control", "postgres_postgres", "postgres_tzc", "postgres_tzc_reader")
"""With the passwords of a machine's own servers."""

SECRET_LENGTH = 32


def _check(given: Mapping[str, str]) -> None:
    schemes = {
        "TZC_DATABASE_URL": {"postgresql"},
        "TZC_DATASTORE_URL": {"postgresql"},
        "TZC_DATASTORE_READ_URL": {"postgresql"},
        "TZC_REDIS_URL": {"redis", "rediss"},
        "TZC_SOLR_URL": {"http", "https"},
        "TZC_SITE_URL": {"http", "https"},
        "TZC_SMTP_URL": {"smtp", "smtps"},
        "TZC_UPLOADS_URL": {"s3", "s3+http"},
        "TZC_OIDC_ISSUER": {"http", "https"},
    }
    for name, allowed in schemes.items():
        value = given.get(name)
        if value and not _is_address(value, allowed):
            raise StackError(
                f"{name} is not an address the portal can use.",
                f"give it as {sorted(allowed)[0]}://user:password@host:port/name (characters like @ or / in a password are written %40, %2F).",
            )
    if bool(given.get("TZC_DATASTORE_URL")) != bool(given.get("TZC_DATASTORE_READ_URL")):
        raise StackError("Only one of TZC_DATASTORE_URL and TZC_DATASTORE_READ_URL is set.", "set both: one role writes, another may only read.")
    if bool(given.get("TZC_DATABASE_URL")) != bool(given.get("TZC_DATASTORE_URL")):
        raise StackError("Only one of TZC_DATABASE_URL and TZC_DATASTORE_URL is set.", "set both: the portal uses two databases of one server or of two.")
    site = urlsplit(given.get("TZC_SITE_URL", ""))
    if "@" in site.netloc:
        # readers would be shown it, and what is said here stands in logs
        raise StackError("TZC_SITE_URL holds a name or password.", "give the address alone, such as https://donnees.example.org.")
    if site.path.strip("/") or site.query or site.fragment:
        raise StackError(f"TZC_SITE_URL has more than a host name: {site.scheme}://{site.netloc} would do.", "give the portal a host name of its own, such as https://donnees.example.org.")
    provider = [name for name in ("TZC_OIDC_ISSUER", "TZC_OIDC_CLIENT_ID", "TZC_OIDC_CLIENT_SECRET") if given.get(name)]
    if provider and len(provider) < 3:
        raise StackError(f"Only {' and '.join(provider)} is set.", "set TZC_OIDC_ISSUER, TZC_OIDC_CLIENT_ID and TZC_OIDC_CLIENT_SECRET together, as the provider gave them.")
    if given.get("TZC_HOST") and not is_free(0, given["TZC_HOST"]):
        raise StackError(f"TZC_HOST={given['TZC_HOST']} is no address of this machine.", "give TZC_HOST one of its addresses, or 0.0.0.0 for all.")
    if given.get("TZC_METRICS_KEY") and not re.fullmatch(r"[\w.~+/-]{32,}", given["TZC_METRICS_KEY"], re.ASCII):
        raise StackError("TZC_METRICS_KEY is too short, or holds a sign that it may not.", "give it 32 letters and digits or more, made by chance.")
    for name, (pattern, meaning) in SHAPES.items():
        if name in given and not re.fullmatch(pattern, given[name]):
            raise StackError(f"{name}={given[name]} cannot be used.", f"give {name} {meaning}.")


PORT = (r"[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]", "a whole number between 1 and 65535")
SHAPES = {
    **{f"TZC_PORT_{part.upper()}": PORT for part in USUAL_PORTS},
    "TZC_WEB_WORKERS": (r"[1-9]\d?", "a whole number between 1 and 99"),
    "TZC_WEB_THREADS": (r"[1-9]\d?", "a whole number between 1 and 99"),
    "TZC_SOLR_HEAP": (r"[1-9]\d*[mMgG]", "a size such as 384m or 2g"),
    "TZC_TRUSTED_PROXIES": (r"[0-9]", "a whole number between 0 and 9"),
    "TZC_DEMO": (r"[01]", "0 or 1"),
    "TZC_LAKE": (r"/.+|s3(\+http)?://[^:/@]+:[^:/@]+@[^/@]+/.+", "as a whole path, or as s3://key:secret@host/bucket/folder?region=…"),
    "TZC_LAKE_ENGINE": (r"duckdb|pyspark|(trino|clickhouse)://.+", "as duckdb, pyspark, trino://… or clickhouse://…"),
    "TZC_HARVEST_KINDS": (r"[A-Za-z0-9_.-]+( [A-Za-z0-9_.-]+)*", "names of kinds with a space between, such as ckan dcat_rdf"),
    "TZC_MAIL_FROM": (r"[^@\s,;:<>()\[\]\"'\\]+@[^@\s,;:<>()\[\]\"'\\]+", "an address of e-mail alone, such as donnees@example.org: the territory's name is put before it"),
    "TZC_HOST": (r"[0-9A-Za-z.:-]+", "an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all"),
}
"""What settings that are no addresses of servers look like."""


def _is_address(value: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", value)
    except ValueError:
        return False  # a port that is no number


def _choose_ports(paths: Paths, given: Mapping[str, str], ours: Mapping[str, int] | None) -> dict[str, int]:
    try:
        remembered = _read(paths.ports) if paths.ports.exists() else {}
    except StackError:
        remembered = {}  # damaged; ports can be chosen anew
    if ours is None:
        return {part: int(given.get(f"TZC_PORT_{part.upper()}", remembered.get(part, usual))) for part, usual in USUAL_PORTS.items()}
    chosen: dict[str, int] = {}
    for part, usual in USUAL_PORTS.items():
        host = given.get("TZC_HOST", HOST) if part == "web" else HOST
        variable = f"TZC_PORT_{part.upper()}"
        if variable in given:
            chosen[part] = _given_port(variable, int(given[variable]), host, ours, chosen)
        else:
            first = remembered.get(part, usual)
            candidates = (port for port in (first, *range(usual, usual + 100)) if port not in chosen.values() and (port == ours.get(part) or _reserve(host, port)))
            chosen[part] = next(candidates, 0) or _any_free()
    return chosen


def _given_port(variable: str, port: int, host: str, ours: Mapping[str, int], chosen: Mapping[str, int]) -> int:
    """The port that a person gave, if nobody has it."""
    if port in chosen.values() or not (port in ours.values() or _reserve(host, port)):
        raise StackError(
            f"Port {port}, which {variable} gives, is taken by another program or may not be used.",
            f"stop that program, or give another port: {variable}=… ./portal up (an empty {variable}= lets the portal choose).",
        )
    return port


_reserved: dict[int, socket.socket] = {}
"""The marks of ports that this process has chosen, held until it ends."""


def _reserve(host: str, port: int) -> bool:
    """Whether a server could listen there; if so, no other `./portal up` on this machine takes the port before ours has started."""
    if not is_free(port, host):
        return False
    if port in _reserved:
        return True
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0tzc-portal-port-{port}")  # a name without a file; it goes with the process
    except OSError:
        mark.close()
        return False
    _reserved[port] = mark
    return True


def is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
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
        raise StackError(f"{file} is damaged ({error}).", "put back a copy of that file, or delete all data and begin anew with ./portal reset.") from error
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

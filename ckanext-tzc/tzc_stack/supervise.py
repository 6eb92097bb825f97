"""The supervisor (supervisord): its configuration, and talking to it over its loopback port."""
from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import shlex
import signal
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

import psutil

from . import children
from .console import StackError
from .parts import Part, environment
from .paths import Paths
from .settings import HOST, Settings, write_private

IDENTITY = "TZC_IDENTITY"
"""The environment variable that marks every process of one portal, so that orphans can be found after a `kill -9`."""


NO_ANSWER = (OSError, xmlrpc.client.Error, http.client.HTTPException, ExpatError, ValueError)
"""What asking the supervisor's port may raise: nobody there, nobody answers in time, or another program does."""


class _Patient(xmlrpc.client.Transport):
    """A connection that gives up after some seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def make_connection(self, host: xmlrpc.client._HostType) -> http.client.HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = self.seconds
        return connection


class Supervisor:
    """The supervisor of one portal."""

    def __init__(self, paths: Paths, settings: Settings) -> None:
        self.paths = paths
        self.settings = settings
        self.configuration = paths.run / "supervisord.conf"

    @property
    def rpc(self) -> xmlrpc.client.ServerProxy:
        """For orders that take their time, such as a part's stop."""
        return xmlrpc.client.ServerProxy(self.settings.control_url, transport=_Patient(100))

    @property
    def identity(self) -> str:
        return f"{self.settings.secret['identity']}:{self.paths.var}"

    def alive(self) -> bool:
        """Whether our supervisor answers."""
        quick = xmlrpc.client.ServerProxy(self.settings.control_url, transport=_Patient(10))
        try:
            return bool(quick.supervisor.getIdentification() == _plain(self.identity))
        except NO_ANSWER:
            return False

    def start(self, parts: Sequence[Part]) -> None:
        """Start the supervisor with these parts, none of them running yet."""
        write_private(self.configuration, self.render(parts))
        command = [str(self.paths.python), "-m", "supervisor.supervisord", "--configuration", str(self.configuration)]
        done = children.run(command, self.paths.run, self.environment(parts))
        deadline = time.monotonic() + 20
        while done.returncode == 0 and time.monotonic() < deadline:
            if self.alive():
                return
            time.sleep(0.05)
        raise StackError(f"The supervisor did not start. {(done.stderr or done.stdout).strip()}", f"read {self.paths.log / 'supervisor.log'}.")

    def environment(self, parts: Sequence[Part]) -> dict[str, str]:
        """The supervisor's own environment, which all parts inherit, with the command of each.

        supervisord's file has rules of its own for %, ;, quotes and commas; a folder's name may hold any of them, so none stands there.
        """
        commands = {_variable(part): f"exec {shlex.join(part.command)}" for part in parts}
        return {**_clean_environment(), **environment(self.paths, self.settings), IDENTITY: self.identity, **commands}

    def start_part(self, name: str) -> None:
        """Start one part; no error if it runs already."""
        with contextlib.suppress(xmlrpc.client.Fault):
            self.rpc.supervisor.startProcess(name, False)

    def stop_part(self, name: str) -> None:
        """Stop one part and wait for its end."""
        with contextlib.suppress(xmlrpc.client.Fault):
            self.rpc.supervisor.stopProcess(name, True)

    def states(self) -> dict[str, dict[str, object]]:
        """What the supervisor knows of each part."""
        known: Any = self.rpc.supervisor.getAllProcessInfo()
        return {str(info["name"]): info for info in known}

    def await_running(self, names: Sequence[str], seconds: float) -> None:
        """Wait until none of these parts is still starting. One that cannot is left to `status` and `doctor`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(state["statename"] == "STARTING" for name, state in self.states().items() if name in names):
            time.sleep(0.1)

    def failing(self, name: str) -> bool:
        """Whether a part ended right after its last start."""
        try:
            return self.states().get(name, {}).get("statename") in {"BACKOFF", "FATAL"}
        except NO_ANSWER:
            return True

    def stop(self) -> None:
        """Stop all parts, those that serve before those that store, then the supervisor."""
        if self.alive():
            with contextlib.suppress(*NO_ANSWER, psutil.NoSuchProcess, psutil.TimeoutExpired):
                supervisor = psutil.Process(int(str(self.rpc.supervisor.getPID())))
                self.rpc.supervisor.shutdown()
                supervisor.wait(100)
        self.end_orphans()

    def end_orphans(self) -> int:
        """End processes of this portal that outlived their supervisor; return how many there were."""
        ours = [process for process in psutil.process_iter() if self._is_ours(process)]
        for process in [process for process in ours if _is_supervisor(process)]:
            with contextlib.suppress(psutil.Error):
                process.kill()  # first, and at once: it would start again what is ended here
                process.wait(5)
        for process in ours:
            with contextlib.suppress(psutil.NoSuchProcess):
                # SIGINT: PostgreSQL's fast stop; the others take it as an order to end too
                process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
        _, stubborn = psutil.wait_procs(ours, timeout=15)
        for process in stubborn:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(stubborn, timeout=5)
        return len(ours)

    def _is_ours(self, process: psutil.Process) -> bool:
        if process.pid == os.getpid() or process.pid in _ancestors():
            return False
        try:
            if process.environ().get(IDENTITY) == self.identity:
                return True
        except (psutil.Error, OSError):
            pass  # other users' processes keep theirs to themselves
        try:
            # the servers that write their title over their environment
            if process.name() == "postgres":
                return self._is_our_postgres(process)
            return process.name() == "valkey-server" and Path(process.cwd()) == self.paths.valkey
        except (psutil.Error, OSError):
            return False

    def _is_our_postgres(self, process: psutil.Process) -> bool:
        """By the server's own file and command line: another user's working folder is hidden even from root in many containers."""
        if not self.settings.embedded["postgres"]:
            return False
        from .postgres import Postgres

        data = Postgres(self.paths).data
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return bool(lines) and lines[0] == str(process.pid) and str(data) in process.cmdline()

    def written(self) -> str:
        """The configuration of the last start."""
        return self.configuration.read_text(encoding="utf-8") if self.configuration.exists() else ""

    def render(self, parts: Sequence[Part]) -> str:
        """The text of supervisord's configuration."""
        sections = {
            "supervisord": {
                "logfile": "../log/supervisor.log",
                "logfile_maxbytes": "5MB",
                "logfile_backups": "2",
                "pidfile": "supervisord.pid",
                "childlogdir": "../log",
                "identifier": _plain(self.identity),
                **({"user": "root"} if os.geteuid() == 0 else {}),
            },
            "inet_http_server": {"port": f"{HOST}:{self.settings.ports['control']}", "username": "portal", "password": self.settings.secret["control"]},
            "rpcinterface:supervisor": {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        }
        for part in parts:
            sections[f"program:{part.name}"] = self._program(part)
        return "\n".join(_section(name, values) for name, values in sections.items())

    def _program(self, part: Part) -> dict[str, str]:
        return {
            "command": f"/bin/sh -c 'eval \"${_variable(part)}\"'",
            "autostart": "false",
            "autorestart": "true",
            "startsecs": str(part.start_seconds),
            "startretries": "1000",
            "stopsignal": part.stop_signal,
            "stopwaitsecs": str(part.stop_seconds),
            "stopasgroup": "false",
            "killasgroup": "true",
            "priority": str(part.priority),
            "redirect_stderr": "true",
            "stdout_logfile": f"../log/{part.name}.log",
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "3",
            **({"user": part.user} if part.user else {}),
        }


def _section(name: str, values: Mapping[str, str]) -> str:
    lines = [f"{key} = {value}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _variable(part: Part) -> str:
    """Holds a part's command line."""
    return f"TZC_PART_{part.name.replace('-', '_')}"


def _plain(identity: str) -> str:
    """The identity without the folder's own letters."""
    return hashlib.sha256(identity.encode()).hexdigest()


def _is_supervisor(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "supervisor.supervisord" in process.cmdline()
    return False


def _ancestors() -> set[int]:
    return {process.pid for process in psutil.Process().parents()}


def _clean_environment() -> dict[str, str]:
    """What parts inherit: nothing of the person's settings, which stand in the configuration."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("TZC_", "CKAN_", "SUPERVISOR_", "PYTHON"))}

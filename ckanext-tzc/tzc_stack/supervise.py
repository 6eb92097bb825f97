"""The supervisor (supervisord): its configuration, and talking to it over its loopback port."""
from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from .console import StackError
from .parts import Part
from .paths import Paths
from .settings import HOST, Settings, write_private

IDENTITY = "TZC_IDENTITY"
"""Environment variable that marks every process of one portal, so that orphans can be found after a `kill -9`."""


class Supervisor:
    """The supervisor of one portal."""

    def __init__(self, paths: Paths, settings: Settings) -> None:
        self.paths = paths
        self.settings = settings
        self.configuration = paths.run / "supervisord.conf"

    @property
    def rpc(self) -> xmlrpc.client.ServerProxy:
        return xmlrpc.client.ServerProxy(self.settings.control_url)

    @property
    def identity(self) -> str:
        return f"{self.settings.secret['identity']}:{self.paths.var}"

    def alive(self) -> bool:
        """Whether our supervisor answers."""
        try:
            return bool(self.rpc.supervisor.getIdentification() == self.identity)
        except (OSError, xmlrpc.client.Error, xmlrpc.client.ProtocolError):
            return False

    def start(self, parts: Sequence[Part]) -> None:
        """Start the supervisor with these parts, none of them running yet."""
        write_private(self.configuration, self._render(parts))
        command = [str(self.paths.python), "-m", "supervisor.supervisord", "--configuration", str(self.configuration)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.paths.run, env=_clean_environment(), close_fds=True)
        deadline = time.monotonic() + 10
        while done.returncode == 0 and time.monotonic() < deadline:
            if self.alive():
                return
            time.sleep(0.05)
        raise StackError(f"The supervisor did not start. {(done.stderr or done.stdout).strip()}", f"read {self.paths.log / 'supervisor.log'}.")

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
        return {str(info["name"]): info for info in self.rpc.supervisor.getAllProcessInfo()}  # type: ignore[union-attr, index, call-overload] -- the protocol has no types

    def stop(self) -> None:
        """Stop all parts, those that serve before those that store, then the supervisor."""
        if self.alive():
            pid = int(str(self.rpc.supervisor.getPID()))
            with contextlib.suppress(OSError, xmlrpc.client.Error):
                self.rpc.supervisor.shutdown()
            with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
                psutil.Process(pid).wait(60)
        self.end_orphans()

    def end_orphans(self) -> int:
        """End processes of this portal that outlived their supervisor; return how many there were."""
        ours = [process for process in psutil.process_iter() if self._is_ours(process)]
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
            pass  # PostgreSQL overwrites its environment, and other users' processes keep theirs to themselves
        try:
            return process.name() == "postgres" and Path(process.cwd()) == self._postgres_data() and process.cmdline()[0] != ""
        except (psutil.Error, OSError, IndexError):
            return False

    def _postgres_data(self) -> Path:
        from .postgres import Postgres

        return Postgres(self.paths).data

    def _render(self, parts: Sequence[Part]) -> str:
        sections = {
            "supervisord": {
                "logfile": str(self.paths.log / "supervisor.log"),
                "logfile_maxbytes": "5MB",
                "logfile_backups": "2",
                "pidfile": str(self.paths.run / "supervisord.pid"),
                "childlogdir": str(self.paths.log),
                "identifier": self.identity,
                "directory": str(self.paths.run),
                **({"user": "root"} if os.geteuid() == 0 else {}),
            },
            "inet_http_server": {"port": f"{HOST}:{self.settings.ports['control']}", "username": "portal", "password": self.settings.secret["control"]},
            "rpcinterface:supervisor": {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        }
        for part in parts:
            sections[f"program:{part.name}"] = self._program(part)
        return "\n".join(_section(name, values) for name, values in sections.items())

    def _program(self, part: Part) -> dict[str, str]:
        environment = {**part.environment, IDENTITY: self.identity}
        return {
            "command": shlex.join(part.command),
            "directory": str(self.paths.run),
            "environment": ",".join(f'{name}="{value}"' for name, value in environment.items()),
            "autostart": "false",
            "autorestart": "true",
            "startsecs": "1",
            "startretries": "1000",
            "stopsignal": part.stop_signal,
            "stopwaitsecs": str(part.stop_seconds),
            "stopasgroup": "false",
            "killasgroup": "true",
            "priority": str(part.priority),
            "redirect_stderr": "true",
            "stdout_logfile": str(self.paths.log / f"{part.name}.log"),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "3",
            **({"user": part.user} if part.user else {}),
        }


def _section(name: str, values: Mapping[str, str]) -> str:
    lines = [f"{key} = {value.replace('%', '%%')}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _ancestors() -> set[int]:
    return {process.pid for process in psutil.Process().parents()}


def _clean_environment() -> dict[str, str]:
    """What parts inherit: nothing of the person's TZC settings, which stand in the configuration."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("TZC_", "CKAN_", "PYTHONPATH")) or name in {"TZC_VENV"}}

"""An SFTP server on the loopback."""
from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import paramiko

USER, WORD = "portail", "un-mot-de-passe"


class Door(paramiko.ServerInterface):
    """Lets one account in, and remembers who tried."""

    tried: list[str]

    def __init__(self, tried: list[str]) -> None:
        self.tried = tried

    def check_auth_password(self, username: str, password: str) -> int:
        self.tried.append(username)
        return paramiko.AUTH_SUCCESSFUL if (username, password) == (USER, WORD) else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "password"


class Files(paramiko.SFTPServerInterface):
    """One folder, to be read."""

    root: Path

    def stat(self, path: str) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat((self.root / path.lstrip("/")).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = (self.root / path.lstrip("/")).open("rb")
        handle.filename = str(path)
        return handle


class Server:
    """An SFTP server on the loopback."""

    def __init__(self, root: Path) -> None:
        self.tried: list[str] = []
        self.key = paramiko.ECDSAKey.generate()
        self.line = socket.create_server(("127.0.0.1", 0))
        self.files = type("Given", (Files,), {"root": root})
        self.kept: list[Any] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.line.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self.line.accept()
            except OSError:
                return
            transport = paramiko.Transport(peer)
            transport.add_server_key(self.key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, self.files)
            self.kept.append(transport)
            transport.start_server(server=Door(self.tried), event=threading.Event())

    def close(self) -> None:
        self.line.close()
        for transport in self.kept:
            transport.close()

"""A module of this package in a process of its own, and the line to it.

The line is a TCP connection within the machine: of all there is, only sockets can be waited for
with a time limit on every system. It closes when either end dies, however it dies.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic

__all__ = ["Child", "call_parent"]

START = 20.0  # s that a process may take to begin


class Child:
    """A running `python -m module arguments`; `line` is our end, `process` the process.

    Raises OSError when it ends before it calls.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        key = secrets.token_hex(16)  # so that nobody else on the machine can take its place
        with socket.create_server(("127.0.0.1", 0)) as door:
            port = str(door.getsockname()[1])
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": _path(), "RT_ENGINE_LINE": f"{port} {key}"},
            )
            try:
                self.line = self._answer(door, key.encode())
            except BaseException:
                self.kill()
                raise
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def kill(self) -> None:
        """End the process at once; nothing that its libraries do can keep us waiting."""
        self.process.kill()
        self.process.wait()

    def _answer(self, door: socket.socket, key: bytes) -> socket.socket:
        """The connection that knows the key."""
        door.settimeout(0.1)  # to look in between whether the process is alive
        until = monotonic() + START
        while self.process.poll() is None and monotonic() < until:
            with contextlib.suppress(TimeoutError):
                line, _ = door.accept()
                line.settimeout(1.0)
                if hmac.compare_digest(line.recv(len(key), socket.MSG_WAITALL), key):
                    line.settimeout(None)
                    return line
                line.close()
        raise OSError("a process of its own did not start")


def call_parent() -> socket.socket:
    """In the process: the line to who started it."""
    port, key = os.environ.pop("RT_ENGINE_LINE").split()
    line = socket.create_connection(("127.0.0.1", int(port)))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.sendall(key.encode())
    return line


def _path() -> str:
    root = str(Path(__file__).parents[1])
    return os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))

"""The engine's end of a process that plays: starts it, talks to it, and ends it."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import subprocess
from typing import Any, cast

from rt_engine import sent
from rt_engine.child import Child

__all__ = ["Link", "MidiLink"]

PATIENCE = 5.0  # s for an answer


class Link:
    """A running process that plays, and what to tell it. Times are ns on the engine clock.

    If this end dies, the process sees its line close, stops the clock and ends all notes.
    """

    def __init__(self, module: str, settings: dict[str, Any], what: str) -> None:
        """Starts `module` with `settings`; OSError, which says `what` it is, where it fails."""
        self._what, self._node = what, str(settings.get("name", ""))
        self._child = Child(module, json.dumps(settings))
        self._line = self._child.line
        self._line.setblocking(False)
        self._heard = b""
        try:
            self.scheduling = self._answer("ready")  # what the system gave: real-time or not
        except OSError:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._child.process.pid

    def tell(self, *words: object) -> None:
        """Send one command; OSError, with the last words of the process, when it has ended."""
        sent.tell(self._node, words)
        line = " ".join(map(str, words)) + "\n"
        try:
            self._line.send(line.encode())
        except BlockingIOError:
            raise OSError(f"the {self._what} process hangs") from None
        except ConnectionError:
            self._answer("")

    def stats(self) -> dict[str, float]:
        """Lateness in ms: count, p50, p99, max; and how many notes were dropped."""
        self.tell("stats")
        return cast("dict[str, float]", json.loads(self._answer("stats")))

    def close(self) -> None:
        """Let the process stop the clock and end all notes; at once if it does not within 1 s."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)
        try:
            self._child.process.wait(1)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._line.close()

    def _answer(self, wanted: str) -> str:
        """The rest of the next answer that begins with `wanted`."""
        while True:
            word, _, rest = self._next_line().partition(" ")
            if word == "error":
                raise OSError(rest)
            if word == wanted:
                return rest

    def _next_line(self) -> str:
        while b"\n" not in self._heard:
            if not select.select([self._line], [], [], PATIENCE)[0]:
                raise OSError(f"the {self._what} process does not answer")
            try:
                part = self._line.recv(65536)
            except ConnectionError:
                part = b""
            if not part:
                raise OSError(f"the {self._what} process has ended")
            self._heard += part
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode()


class MidiLink(Link):
    """A running MIDI process (`rt_engine.protocols.midi_process`)."""

    def __init__(
        self, name: str, *, client: str = "rt-engine", to: str = "", api: str = "", **clock: Any
    ) -> None:
        """Opens port `to` (or a part of its name), or a port of our own called `name`.

        `clock` are the arguments of `ClockSchedule`. Raises OSError that says which ports exist.
        """
        settings = {"name": name, "client": client, "to": to, "api": api, "clock": clock}
        super().__init__("rt_engine.protocols.midi_process", settings, "MIDI")

"""The engine's end of a MIDI process: starts it, talks to it, and ends it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import rt_engine

__all__ = ["MidiLink"]

PATIENCE = 5.0  # s for an answer


class MidiLink:
    """A running MIDI process, and what to tell it. Times are ns on the engine clock.

    If this end dies, the process sees its stdin close, stops the clock and ends all notes.
    """

    def __init__(
        self, name: str, *, client: str = "rt-engine", to: str = "", api: str = "", **clock: Any
    ) -> None:
        """Opens port `to` (or a part of its name), or a port of our own called `name`.

        `clock` are the arguments of `ClockSchedule`. Raises OSError that says which ports exist.
        """
        settings = {"name": name, "client": client, "to": to, "api": api, "clock": clock}
        root = str(Path(rt_engine.__file__).parents[1])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rt_engine.protocols.midi_process", json.dumps(settings)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert self._process.stdin and self._process.stdout
        self._commands, self._answers = self._process.stdin, self._process.stdout
        os.set_blocking(self._commands.fileno(), False)
        try:
            self.scheduling = self._answer("ready")  # what the system gave: real-time or not
        except OSError:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def tell(self, *words: object) -> None:
        """Send one command; OSError, with the last words of the process, when it has ended."""
        line = " ".join(map(str, words)) + "\n"
        try:
            os.write(self._commands.fileno(), line.encode())
        except BlockingIOError:
            raise OSError("the MIDI process hangs") from None
        except BrokenPipeError:
            self._answer("")

    def stats(self) -> dict[str, float]:
        """Lateness in ms: count, p50, p99, max; and how many notes were dropped."""
        self.tell("stats")
        return cast("dict[str, float]", json.loads(self._answer("stats")))

    def close(self) -> None:
        """Let the process stop the clock and end all notes; at once if it does not within 1 s."""
        self._commands.close()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()

    def _answer(self, wanted: str) -> str:
        """The rest of the next answer that begins with `wanted`."""
        while select.select([self._answers], [], [], PATIENCE)[0]:
            if not (line := self._answers.readline()):
                raise OSError("the MIDI process has ended")
            word, _, rest = line.decode().strip().partition(" ")
            if word == "error":
                raise OSError(rest)
            if word == wanted:
                return rest
        raise OSError("the MIDI process does not answer")

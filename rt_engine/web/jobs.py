"""Work that takes a while, in a process of its own: the engine's thread never waits for it.

The process writes JSON lines: {"done": 0.4}, then {"file": name} or {"error": what}.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from rt_engine.web.errors import PageError, remedy_of

__all__ = ["Job", "Jobs"]

KEPT = 64  # jobs whose end is still known
AT_ONCE = 2  # that run beside each other


class Job:
    """One process; `ended` is called when it is over, in the thread that listens to it."""

    def __init__(self, *arguments: str, ended: Callable[[Job], None] = lambda job: None) -> None:
        self.done = 0.0  # 0 to 1
        self.file: str | None = None
        self.error: str | None = None
        self._ended = ended
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rt_engine.web.worker", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=os.name == "posix",  # Ctrl-C is for the engine alone
        )
        self._thread = threading.Thread(target=self._listen, name="rt-job", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self._thread.is_alive()

    def state(self) -> dict[str, Any]:
        """What the page is told."""
        found: dict[str, Any] = {"done": round(self.done, 4)}
        if self.error is not None:
            return {**found, "error": self.error, "remedy": remedy_of(self.error)}
        return {**found, "file": self.file} if self.file is not None else found

    def wait(self, timeout: float | None = None) -> None:
        """Wait for its end."""
        self._thread.join(timeout)

    def stop(self) -> None:
        """End it; what it has written so far is taken away by itself."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        self._thread.join(5)
        if self._thread.is_alive():
            self._process.kill()
            self._thread.join()

    def _listen(self) -> None:
        assert self._process.stdout is not None and self._process.stderr is not None
        noise = threading.Thread(target=self._process.stderr.read, daemon=True)
        noise.start()
        for line in self._process.stdout:
            with contextlib.suppress(ValueError, AttributeError):
                self._heard(json.loads(line))
        code = self._process.wait()
        if self.file is None and self.error is None:
            self.error = "stopped" if code < 0 else f"ended with code {code}"
        self._ended(self)

    def _heard(self, message: dict[str, Any]) -> None:
        self.done = float(message.get("done", self.done))
        self.file = message.get("file", self.file)
        self.error = message.get("error", self.error)


class Jobs:
    """The exports under way, by number."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._numbers = itertools.count(1)

    def start(self, *arguments: str) -> str:
        """Begin one; its number. PageError when enough are under way."""
        if sum(job.running for job in self._jobs.values()) >= AT_ONCE:
            raise PageError("two exports are under way", "Wait until one of them is done.", 429)
        number = str(next(self._numbers))
        self._jobs[number] = Job(*arguments)
        for old in list(self._jobs)[:-KEPT]:
            del self._jobs[old]
        return number

    def state(self, number: str) -> dict[str, Any]:
        """How far a job is; PageError when there is none."""
        if number not in self._jobs:
            raise PageError(f"no job {number[:20]!r}", "Start the export again.", 404)
        return self._jobs[number].state()

    def close(self) -> None:
        """End all of them."""
        for job in self._jobs.values():
            if job.running:
                job.stop()

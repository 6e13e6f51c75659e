"""Processes: starts a peer on a task, hears what it says, ends it, and says what came out."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from .work import Task, ask, now

HERE = Path(__file__).resolve().parent.parent
PACKAGES = {"ours": "rt_engine", "queues": "queue"}
"""Of the modules here that are not named after what they drive."""


class Outcome(NamedTuple):
    """What a process measured and said, how it ended, and how long that took (s)."""

    measures: dict[str, Any]
    said: list[tuple[str, str]]
    code: int | None  # None: it had to be killed
    took: float  # from its failure, or the signal, to its end
    error: str


class Others:
    """How many cores the rest of the machine takes while this lab works (Linux)."""

    def __init__(self) -> None:
        self.begin, self.spent = self._look()

    def cores(self) -> float:
        """The mean since the start or since the last call."""
        now_, spent = self._look()
        took = (spent - self.spent) / max(now_ - self.begin, 1e-9)
        self.begin, self.spent = now_, spent
        return max(took, 0.0)

    @staticmethod
    def _look() -> tuple[float, float]:
        """Time, and seconds that all processors worked for others than us, the host included."""
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
        user, nice, system, _, _, irq, soft, steal = (int(field) for field in fields)
        busy = (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")
        own = os.times()
        return time.monotonic(), busy - sum(own[:4])


def installed(peer: str) -> bool:
    """Whether what the module `peer` drives can be imported."""
    return importlib.util.find_spec(PACKAGES.get(peer, peer)) is not None


def perform(peer: str, task: Task, number: int | None = None, patience: float = 60.0) -> Outcome:
    """Do the task; 0.3 s after it runs, send signal `number`; kill it after `patience` s."""
    return listen([sys.executable, "-m", f"_peers.{peer}", ask(task)], number, patience)


def listen(command: list[str], number: int | None = None, patience: float = 60.0) -> Outcome:
    """Run a command that speaks as `work.say` does."""
    paths = [str(HERE), os.environ.get("PYTHONPATH", "")]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    process = subprocess.Popen(
        command,
        env=env,
        text=True,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    killed = threading.Event()
    timer = threading.Timer(patience, _kill, (process, killed))
    timer.start()
    errors: list[str] = []
    reader = threading.Thread(target=lambda: errors.extend(process.stderr or []))
    reader.start()
    said, event = _hear(process, number)
    code: int | None = process.wait()
    took = (now() - event) * 1e-9
    reader.join()
    timer.cancel()
    measures: dict[str, Any] = next(
        (json.loads(value) for word, value in said if word == "measured"), {}
    )
    return Outcome(measures, said, None if killed.is_set() else code, took, "".join(errors))


def _hear(process: subprocess.Popen[str], number: int | None) -> tuple[list[tuple[str, str]], int]:
    """All that is said, and when the failure or the signal was (monotonic ns)."""
    said, event = [], now()
    for line in process.stdout or []:
        word, _, value = line.strip().partition(" ")
        said.append((word, value))
        if word == "raised":
            event = int(value)
        if word == "running" and number is not None:
            time.sleep(0.3)
            event = now()
            os.killpg(process.pid, number)
    return said, event


def _kill(process: subprocess.Popen[str], killed: threading.Event) -> None:
    killed.set()
    os.killpg(process.pid, signal.SIGKILL)

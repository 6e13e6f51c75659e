"""The work that every peer does: sound in, light steps, a model beside them, and the measures.

A peer brings the wiring only. It reads packets `(t, block)` from a `Feed`, hands each block to
some `Step`s in a row, and the end of it to the `Sink`; a second feed goes to the `Model`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

RATE = 48_000  # Hz
BLOCK = 128  # samples: 375 blocks a second
BLOCK_NS = BLOCK * 1_000_000_000 // RATE
FRAME_NS = 1_000_000_000 // 30
PRIORITY = 20  # of the audio threads where a task asks for real-time scheduling, as rt_engine

Block = npt.NDArray[np.float32]
Packet = tuple[int, Block]

now = time.monotonic_ns


@dataclass(frozen=True)
class Task:
    """What one process shall do."""

    scenario: str  # chain, hop, late, throughput, idle, first, failure, signal
    seconds: float = 2.0  # of sound, or of waiting
    count: int = 0  # packets of a throughput
    steps: int = 2  # light nodes between source and sink
    threads: bool = False  # a thread for each node, where the peer leaves the choice
    model: str = ""  # native, python
    iterations: int = 0  # of the model, for 25 ms of an idle core
    realtime: bool = False  # real-time priority for audio
    apart: bool = False  # the model in a process of its own, where the peer can
    started: int = 0  # monotonic ns when the process was asked for


class Feed:
    """A device or a file: `read` blocks until the next packet, 0.25 s at most."""

    ended = False
    sent = 0

    def __init__(self, period: int, count: int, by_due: bool = False, block: Any = None) -> None:
        """`count` packets, one each `period` ns (0: at once); fewer if twice the time is over.

        The packet's time is that of its sending, or its due time if `by_due`: then the age
        includes a late wake-up of the reader, as it does for a real sound card.
        """
        self.period, self.count, self.by_due = period, count, by_due
        self.block = np.zeros(BLOCK, np.float32) if block is None else block
        self.start = 0
        self.policy = 0

    def read(self) -> Packet | None:
        """The next packet; None when there is none yet, or none any more (`ended`)."""
        if not self.sent:
            self.start = now()
            self.policy = os.sched_getscheduler(0)
        self.sent += 1
        if not self.period:
            self.ended = self.sent >= self.count
            return now(), self.block
        due = self.start + self.sent * self.period
        hopeless = now() > self.start + 2 * self.count * self.period
        self.ended = self.sent >= self.count or hopeless
        while (left := due - now()) > 0:
            time.sleep(left * 1e-9)
        return (due if self.by_due else now()), self.block


class Silence(Feed):
    """A device that says nothing; notes the share of one core that the process takes."""

    def __init__(self, seconds: float, settle: float = 0.75) -> None:
        super().__init__(0, 0)
        self.seconds, self.settle = seconds, settle
        self.cpu = self._from = self._spent = 0.0

    def read(self) -> None:
        """Wait for 0.25 s."""
        time.sleep(0.25)
        self.start = self.start or now()
        passed = (now() - self.start) * 1e-9
        if not self._from and passed >= self.settle:
            self._from, self._spent = passed, time.process_time()
        self.ended = passed >= self.settle + self.seconds
        if self.ended:
            self.cpu = (time.process_time() - self._spent) / (passed - self._from)


class Step:
    """A light node's work: to count the block and pass it on; step `fails_at` raises."""

    def __init__(self, name: str, fails_at: int = 0) -> None:
        self.name, self.fails_at, self.count = name, fails_at, 0

    def __call__(self, block: Block) -> Block:
        self.count += 1
        if self.count == self.fails_at:
            say("raised", now())
            raise RuntimeError("this step fails on purpose")
        return block

    def close(self) -> None:
        """Say that the peer closed this node."""
        say("closed", self.name)


class Sink:
    """Notes the age of all that arrives."""

    def __init__(self, loud: bool = False) -> None:
        self.ages: list[int] = []
        self.last = 0
        self.loud = loud

    def __call__(self, t: int, block: Block) -> None:
        self.last = now()
        self.ages.append(self.last - t)
        if self.loud:
            self.loud = False
            say("running", self.last)


class Model:
    """A model of 25 ms: one C call without the GIL (native), or a loop in Python."""

    def __init__(self, kind: str, iterations: int) -> None:
        self.iterations = iterations
        self.spent: list[int] = []
        self._work = {"native": self._native, "python": self._python}[kind]

    def __call__(self) -> None:
        start = now()
        self._work()
        self.spent.append(now() - start)

    def _native(self) -> None:
        hashlib.pbkdf2_hmac("sha256", b"frame", b"model", self.iterations)

    def _python(self) -> None:
        value = 0
        for i in range(self.iterations):
            value = (value * 31 + i) & 0xFFFF


class Parts:
    """All that a task needs: feeds, steps, sink and model."""

    def __init__(self, task: Task) -> None:
        self.task = task
        stopping = task.scenario in ("failure", "signal")
        self.feed = _feed(task)
        fails_at = 100 if task.scenario == "failure" else 0
        self.steps = [Step(f"step{i}", fails_at if i == 1 else 0) for i in range(task.steps)]
        self.sink = Sink(loud=stopping)
        self.model = Model(task.model, task.iterations) if task.model else None
        frame = np.zeros((48, 64), np.uint8)
        self.camera = Feed(FRAME_NS, round(task.seconds * 30), block=frame)

    def measures(self) -> dict[str, Any]:
        """Everything noted, in SI units, as plain values."""
        ages, feed = np.array(self.sink.ages or [0]) * 1e-9, self.feed
        spent = self.model.spent if self.model else []
        took = max((self.sink.last - feed.start) * 1e-9, 1e-9)
        return {
            "sent": feed.sent,
            "received": len(self.sink.ages),
            "p50": float(np.percentile(ages, 50)),
            "p99": float(np.percentile(ages, 99)),
            "late": float(np.mean(ages > BLOCK_NS * 1e-9)),
            "throughput": len(self.sink.ages) / took,
            "first": (self.sink.last - self.task.started) * 1e-9,
            "frames": len(spent) / took,
            "model": float(np.median(spent or [0])) * 1e-9,
            "realtime": feed.policy == getattr(os, "SCHED_RR", -1),
            "cpu": getattr(feed, "cpu", 0.0),
            "memory": resident(),
        }


def calibrate(kind: str, seconds: float = 0.025) -> int:
    """Iterations of the model that take so long on a free core (median of its CPU time)."""
    trial, spent = Model(kind, 100_000), []
    for _ in range(21):
        before = time.thread_time()
        trial()
        spent.append(time.thread_time() - before)
    return round(trial.iterations * seconds / float(np.median(spent)))


def realtime(wanted: bool) -> None:
    """Real-time scheduling of the calling thread, if wanted and allowed."""
    if wanted:
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
        except OSError:
            say("refused", PRIORITY)


def say(word: str, value: Any) -> None:
    """A line for the process that started this one."""
    os.write(1, f"{word} {value}\n".encode())


def resident() -> float:
    """Resident memory of this process in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024.0


def ask(task: Task) -> str:
    """The task as the argument of a process."""
    return json.dumps(asdict(task))


def main(run: Callable[[Parts], dict[str, Any] | None]) -> None:
    """Do the task of the command line by `run`; its answer adds to the measures, or corrects."""
    parts = Parts(Task(**json.loads(sys.argv[1])))
    more = run(parts) or {}
    say("measured", json.dumps(parts.measures() | more))


def _feed(task: Task) -> Feed:
    if task.scenario == "idle":
        return Silence(task.seconds)
    if task.scenario == "throughput":
        return Feed(0, task.count)
    if task.scenario == "first":
        return Feed(0, 1)
    return Feed(BLOCK_NS, round(task.seconds * RATE / BLOCK), by_due=task.scenario == "late")

"""What runs behind the page, one graph after another, in the main thread."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from rt_engine.core import Graph
from rt_engine.core.host import Tap

__all__ = ["Job", "Runs"]

PATIENCE = 15.0  # s that a start waits for the end of the graph before


def _nothing() -> None:
    """Nothing is left to do."""


@dataclass
class Job:
    """A graph to run: what it was made from, and what belongs to this run."""

    graph: Graph
    spec: dict[str, Any]
    file: str | None = None
    take: str | None = None
    taps: list[Tap] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)  # of `rt_engine.running.run_live`
    close: Callable[[], None] = _nothing
    stop: threading.Event = field(default_factory=threading.Event)
    began: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


class Runs:
    """Runs jobs in the main thread; every other thread starts and stops them.

    `perform` runs one job until its `stop` is set, a signal comes, or its sources end; it
    returns the exit code and whether a signal came.
    """

    def __init__(self, perform: Callable[[Job], tuple[int, bool]]) -> None:
        self._perform = perform
        self._next: SimpleQueue[Job | None] = SimpleQueue()
        self._now: Job | None = None
        self._starting = threading.Lock()
        self._quitting = False  # a signal came while no graph ran
        self._touched = False  # the page has started or stopped something: it goes on

    def run(self, first: Job | None, stays: Callable[[], bool]) -> int:
        """Run `first` and what comes after it; the exit code.

        With a first job this is over with that job, unless the page has taken over by then or
        somebody looks (`stays`); else a signal ends it.
        """
        job = first
        while not self._quitting:
            if job is not None:
                code, signalled = self._do(job)
                over = job is first and not (self._touched or stays())
                if signalled or over:
                    return code
            if (job := self._next.get()) is None:
                break
        return 0

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM end `run`, even before it begins; the second one at once."""
        before = {n: signal.signal(n, self._heard) for n in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def start(self, job: Job) -> None:
        """Stop what runs, then run `job`; returns when that has begun."""
        with self._starting:
            self.stop()
            self._next.put(job)
            job.began.wait(PATIENCE)

    def stop(self) -> None:
        """Stop what runs; returns when it has ended."""
        self._touched = True
        if (running := self._now) is not None:
            running.stop.set()
            running.ended.wait(PATIENCE)

    def quit(self) -> None:
        """End `run`, from any thread or signal handler."""
        self._next.put(None)

    def _heard(self, *_: object) -> None:
        if self._quitting:
            raise KeyboardInterrupt
        self._quitting = True
        self.quit()

    def _do(self, job: Job) -> tuple[int, bool]:
        self._now = job
        job.began.set()
        try:
            return self._perform(job)
        finally:
            self._now = None
            job.close()
            job.ended.set()

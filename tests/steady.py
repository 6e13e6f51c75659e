"""Timed claims on machines that are shared: each is judged while nothing held the machine up.

A virtual machine is stopped by its host for tens of milliseconds at a time, and a busy one lets
its programs wait as long. What is measured meanwhile says nothing about this project.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from tests.rigs import Output

__all__ = ["Witness"]

T = TypeVar("T")

GAP = 0.006  # s without a turn that count as a stall; what is claimed is no finer

WATCH = """
import sys, time
gap, last = float(sys.argv[1]), time.monotonic()
print("ready", flush=True)
while True:
    time.sleep(0.001)
    now = time.monotonic()
    if now - last > gap:
        print(last, now, flush=True)
    last = now
"""


class Witness(Output):
    """A process that only wakes up each millisecond, and notes when it could not.

    A context manager; `judge` holds a trial to what it claims.
    """

    def __init__(self) -> None:
        super().__init__([sys.executable, "-S", "-c", WATCH, str(GAP)])
        self.wait_for("ready")

    def stalls(self, since: float) -> list[float]:
        """How long (s) each stall was that ended after `since` (s of `time.monotonic`)."""
        time.sleep(3 * GAP)  # one that lasts until now is told when it is over
        spans = [[float(part) for part in line.split()] for line in list(self.lines)[1:]]
        return [end - begin for begin, end in spans if end > since]

    def judge(self, trial: Callable[[], T], patience: float = 40.0) -> T:
        """What `trial` returns once it passes.

        It fails where an AssertionError comes while the machine kept time; where that stood
        still, the trial is made again, for `patience` s. Then the test is skipped, and says so.
        """
        import pytest

        end = time.monotonic() + patience
        while True:
            start = time.monotonic()
            try:
                return trial()
            except AssertionError as error:
                stalls = self.stalls(start)
                if not stalls:
                    raise
                if time.monotonic() > end:
                    pytest.skip(f"the machine stood still for {max(stalls):.3f} s; {error}")

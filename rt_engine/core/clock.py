"""Engine time: integer nanoseconds on one monotonic clock."""

from __future__ import annotations

import math
import threading
import time
from typing import Protocol

__all__ = ["Clock", "LiveClock", "SampleClock", "VirtualClock"]

SECOND = 1_000_000_000


class Clock(Protocol):
    """All that a node may know of time."""

    def now(self) -> int:
        """Engine time in ns."""
        ...

    def wait_until(self, t: int) -> bool:
        """Sleep until engine time `t`; False when the graph is stopping."""
        ...


class LiveClock:
    """The monotonic clock of the machine, the same in every process."""

    def __init__(self) -> None:
        self._stopping = threading.Event()

    now = staticmethod(time.monotonic_ns)

    def wait_until(self, t: int) -> bool:
        """Sleep until an absolute time: a late wake-up does not add up to a drift."""
        while (left := t - self.now()) > 0:
            if self._stopping.wait(left / SECOND):
                return False
        return not self._stopping.is_set()

    def stop(self) -> None:
        """Wake every sleeper, now and from now on."""
        self._stopping.set()


class VirtualClock:
    """Time that moves only when it is told to: nobody ever waits."""

    def __init__(self, t: int = 0) -> None:
        self.t = t

    def now(self) -> int:
        """Virtual time in ns."""
        return self.t

    def wait_until(self, t: int) -> bool:
        """Move time to `t` at once; time never runs backwards."""
        self.t = max(self.t, t)
        return True


class SampleClock:
    """Smooth time of each block from jittered arrival times: a delay-locked loop.

    Second order, after F. Adriaensen, "Using a DLL to filter time" (Linux Audio Conference
    2005). `rate` is the nominal rate in Hz; `bandwidth` (Hz) trades smoothness for speed.
    A step of more than `jump` seconds (an overrun, a suspended device) is followed at once.
    """

    def __init__(self, rate: float, bandwidth: float = 0.05, jump: float = 0.25) -> None:
        if rate <= 0 or bandwidth <= 0:
            raise ValueError(f"rate and bandwidth must be positive, got {rate} and {bandwidth}")
        self.rate, self.bandwidth, self.jump = rate, bandwidth, jump * SECOND
        self.reset()

    def reset(self) -> None:
        """Forget all; the next block sets the phase and the nominal rate."""
        self.period = SECOND / self.rate  # ns a sample, as measured
        self.slip()

    def slip(self) -> None:
        """Samples were lost: the next block sets the phase; the measured rate stays."""
        self._next: float | None = None
        self._seen = 0

    @property
    def drift(self) -> float:
        """Measured rate against the nominal one, in parts per million (positive: fast)."""
        return (SECOND / self.rate / self.period - 1) * 1e6

    def update(self, arrival: int, samples: int) -> int:
        """Time in ns of the first of `samples` samples whose last one arrived at `arrival`."""
        error = 0.0 if self._next is None else arrival - self._next
        if self._next is None or abs(error) > self.jump:
            self._next, self._seen, error = float(arrival), 0, 0.0
        # Wide at first, so that a late first block does not bias the following seconds.
        self._seen += samples
        width = max(self.bandwidth, 0.5 * self.rate / self._seen)
        omega = min(0.5, 2 * math.pi * width * samples / self.rate)
        end = self._next + math.sqrt(2) * omega * error
        if self._seen > 2 * self.rate:
            self.period += omega * omega * error / samples
        start = end - samples * self.period
        self._next = end + samples * self.period
        return round(start)

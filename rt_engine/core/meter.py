"""Latency and rate of each node, measured while it runs."""

from __future__ import annotations

import threading
from collections import deque
from itertools import chain

import msgspec
import numpy as np
import numpy.typing as npt

from rt_engine.core.clock import SECOND

__all__ = ["Meter", "Spread", "Stats"]

_PER_OCTAVE = 16  # histogram cells an octave: percentiles are exact within 4.4 %
_CELLS = 40 * _PER_OCTAVE


class Spread(msgspec.Struct, frozen=True):
    """Median, 99th percentile and maximum of a duration, in seconds."""

    p50: float = 0.0
    p99: float = 0.0
    max: float = 0.0


class Stats(msgspec.Struct, frozen=True):
    """What a node did since the start: `wait` in its inbox, own `work`, `age` when done."""

    count: int = 0
    rate: float = 0.0  # packets a second, lately
    load: float = 0.0  # share of one core's time, lately
    wait: Spread = Spread()
    work: Spread = Spread()
    age: Spread = Spread()
    dropped: int = 0  # replaced by a newer packet in front of the node: normal
    overruns: int = 0  # lost in front of the node: not normal
    restarts: int = 0


class Histogram:
    """Durations in logarithmic cells, from 1 ns to 18 minutes."""

    def __init__(self) -> None:
        self.cells = np.zeros(_CELLS, np.int64)
        self.max = 0

    def add(self, ns: npt.NDArray[np.int64]) -> None:
        cells = np.log2(np.maximum(ns, 1)) * _PER_OCTAVE
        self.cells += np.bincount(cells.astype(np.int64).clip(0, _CELLS - 1), minlength=_CELLS)
        self.max = max(self.max, int(ns.max()))

    def spread(self) -> Spread:
        sums = self.cells.cumsum()
        cells = np.searchsorted(sums, (sums[-1] * np.array([0.5, 0.99])).clip(1))
        p50, p99 = np.minimum(2 ** ((cells + 0.5) / _PER_OCTAVE), self.max) * 1e-9
        return Spread(float(p50), float(p99), self.max * 1e-9)


class Meter:
    """Collects on the hot path with one append; counts in whichever thread looks.

    `samples` takes tuples (wait, work, age) in ns. It is bounded: someone must `fold` it
    now and then, which both runners do.
    """

    def __init__(self) -> None:
        self.samples: deque[tuple[int, int, int]] = deque(maxlen=200_000)
        self.count = self.busy = self.restarts = 0
        self._histograms = [Histogram() for _ in range(3)]
        self._looked: tuple[int, int, int] | None = None
        self._shown = 0.0, 0.0
        self._lock = threading.Lock()  # several threads may look

    def fold(self) -> None:
        """Move the samples into the histograms."""
        with self._lock:
            taken = [self.samples.popleft() for _ in range(len(self.samples))]
            if not taken:
                return
            self.count += len(taken)
            flat = np.fromiter(chain.from_iterable(taken), np.int64, 3 * len(taken))
            columns = flat.reshape(-1, 3).T
            self.busy += int(columns[1].sum())
            for histogram, column in zip(self._histograms, columns, strict=True):
                histogram.add(column)

    def stats(self, now: int, dropped: int = 0, overruns: int = 0) -> Stats:
        """Everything so far, at engine time `now` (ns)."""
        self.fold()
        rate, load = self._rates(now)
        wait, work, age = [h.spread() if self.count else Spread() for h in self._histograms]
        lost = (dropped, overruns, self.restarts)
        return Stats(self.count, rate, load, wait, work, age, *lost)

    def _rates(self, now: int) -> tuple[float, float]:
        """Packets a second and load, over the last second or more; 0 at the first look."""
        if self._looked is None:
            self._looked = (self.count, self.busy, now)
        count, busy, then = self._looked
        if now - then >= SECOND:
            since = (now - then) / SECOND
            self._shown = (self.count - count) / since, (self.busy - busy) / SECOND / since
            self._looked = (self.count, self.busy, now)
        return self._shown

"""Tapping along: a few times of taps to a period."""

from __future__ import annotations

import numpy as np

FRESH = 2.5  # s: a longer pause begins a new series
EVEN = 0.25  # an interval that leaves the median by more than this share begins a new series
SERIES = 8  # taps that count


class Taps:
    """A series of taps; its slope is the period."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def add(self, time: float) -> None:
        """Take a tap (s); one that does not fit the series begins a new one."""
        if self.times and not self._fits(time):
            self.times = []
        self.times = [*self.times, time][-SERIES:]

    def _fits(self, time: float) -> bool:
        interval = time - self.times[-1]
        if len(self.times) < 2:
            return 0.0 < interval <= FRESH
        usual = float(np.median(np.diff(self.times)))
        return abs(interval - usual) <= EVEN * usual

    def line(self) -> tuple[float, float] | None:
        """Time of the last tap and period (s), by least squares; None before two taps."""
        if len(self.times) < 2:
            return None
        count = np.arange(len(self.times))
        period, start = np.polyfit(count, self.times, 1)
        return float(start + period * count[-1]), float(period)

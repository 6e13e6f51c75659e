"""How much later a camera's time stamps are than a microphone's, from changes of the bow.

Huang et al. 2024, "MOSA", section III D, align sound and motion by the maximum of their
cross-correlation over a whole recording. Here it runs, over how strongly the bow turns: where it
does, the hand stands still and the level dips, then the hand sets off and the spectrum rises.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["MEMORY", "Offset", "Synchrony"]

Floats = NDArray[np.float64]

MEMORY = 40.0  # s
RATE = 50  # rows a second that are compared
REACH = 0.4  # s that are compared to either side
LARGEST = 0.34  # s: larger offsets are not believed
LEAST = 8.0  # s of both below which nothing is known
ENOUGH = 20.0  # s of both from which their shortness casts no doubt
CALM = 0.04  # s, standard deviation of what smooths the hand
USUAL = 1.0  # s, likewise, of its usual speed
SLOWEST = 0.05  # m/s that a usual speed is at least
FASTEST = 2.0  # times the usual speed: faster counts no more
FLOOR = 1e-3  # of full scale, added to the level before its logarithm
RISE = 0.7  # weight of the rise of the spectrum against that of the level
HEARD = -0.02  # s from the hand to what is heard of it, see `benchmarks/violin_sync.py`
APART = 0.06  # s from the best offset to where another one is a rival
CLEAR = 0.4  # correlation, of at most 1.7, from which its height casts no doubt
KEEP = 0.15  # advantage of the offset so far
FAR = 0.05  # s from the offset so far at which it is gone

SHIFTS = np.arange(-round(REACH * RATE), round(REACH * RATE) + 1)


class Offset(NamedTuple):
    """Seconds that the camera's stamps lie after the microphone's, and how sure: 0 to 1."""

    seconds: float
    confidence: float


class Synchrony:
    """Running cross-correlation of the bow that is heard and the bow that is seen.

    memory: s that are looked back. An even pulse fits at every period of its own: then the
    confidence, how far the best offset stands above its best rival, is low, and the offset so far
    is kept.
    """

    def __init__(self, memory: float = MEMORY) -> None:
        self.memory = memory
        self.reset()

    def reset(self) -> None:
        """Forget what was heard and seen, and the offset."""
        self._heard: deque[tuple[float, float, float]] = deque()
        self._seen: deque[tuple[float, float]] = deque()
        self._last: Offset | None = None

    def hear(self, t: float, row: NDArray[np.float32]) -> None:
        """Take a row of `rt_engine.violin.PerformanceFeatures` at `t` s, not before the last."""
        self._heard.append((t, float(row[34]), float(row[0])))

    def see(self, t: float, place: float) -> None:
        """Take how far the hand is along the bow, in m, at `t` s, not before the last."""
        self._seen.append((t, place))

    def estimate(self, now: float) -> Offset:
        """The offset over the last `memory` s before `now`."""
        for past in (self._heard, self._seen):
            while past and past[0][0] < now - self.memory:
                past.popleft()
        both = self._grid()
        if both is None:
            return self._known()
        level, rise, place = both
        found = _found(_correlation(level, rise, place), len(place) / RATE, self._last)
        if self._last is None or found.confidence >= 0.5 * self._last.confidence:
            self._last = found
            return found
        return self._known()

    def _known(self) -> Offset:
        """The offset so far, less sure now."""
        if self._last is None:
            return Offset(0.0, 0.0)
        self._last = self._last._replace(confidence=0.98 * self._last.confidence)
        return self._last

    def _grid(self) -> tuple[Floats, Floats, Floats] | None:
        """Level, rise of the spectrum and place of the hand at the same times; None: too few."""
        if not (self._heard and self._seen):
            return None
        first = max(self._heard[0][0], self._seen[0][0])
        last = min(self._heard[-1][0], self._seen[-1][0])
        if last - first < LEAST:
            return None
        times = np.arange(first, last, 1 / RATE)
        t, level, rise = np.array(self._heard).T
        at, place = np.array(self._seen).T
        heard = np.interp(times, t, level), np.interp(times, t, rise)
        return *heard, np.interp(times, at, place)


def _correlation(level: Floats, rise: Floats, place: Floats) -> Floats:
    """Of every shift of `SHIFTS`, how well what is seen so much later fits what is heard."""
    speed = np.abs(np.gradient(_smooth(place, CALM))) * RATE
    usual = np.maximum(_smooth(speed, USUAL), SLOWEST)
    going = np.minimum(speed / usual, FASTEST)
    sets_off = np.maximum(np.gradient(speed), 0.0)
    loud = np.log(np.maximum(level, 0.0) + FLOOR)
    fit = _fits(loud - _smooth(loud, USUAL), going)
    return np.asarray(fit + RISE * _fits(rise, sets_off))


def _fits(heard: Floats, seen: Floats) -> Floats:
    """Correlation coefficients of `heard` with `seen` at every shift."""
    reach = int(SHIFTS[-1])
    middle = _unit(heard[reach:-reach])
    count = len(middle)
    parts = [_unit(seen[reach + shift : reach + shift + count]) for shift in SHIFTS]
    return np.array([float(np.sum(middle * part)) for part in parts])


def _unit(values: Floats) -> Floats:
    away = values - values.mean()
    return np.asarray(away / (np.sqrt(np.sum(away**2)) + 1e-12))


def _smooth(values: Floats, seconds: float) -> Floats:
    """A Gaussian of that standard deviation, its ends held."""
    reach = round(3 * seconds * RATE)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (seconds * RATE)) ** 2)
    padded = np.pad(values, reach, "edge")
    return np.convolve(padded, kernel / kernel.sum(), "valid")


def _found(fit: Floats, seconds: float, last: Offset | None) -> Offset:
    """The best offset, and how sure it is, from the correlation over `seconds`."""
    bonus = 0.0
    if last is not None:
        near = np.exp(-0.5 * ((SHIFTS / RATE - HEARD - last.seconds) / FAR) ** 2)
        bonus = KEEP * last.confidence * near
    allowed = np.abs(SHIFTS / RATE - HEARD) <= LARGEST
    best = int(np.argmax(np.where(allowed, fit + bonus, -np.inf)))
    away = np.abs(SHIFTS - SHIFTS[best]) > APART * RATE
    ahead = (fit[best] - fit[away].max()) / (abs(fit[best]) + 1e-9)
    vertex = 0.0
    if 0 < best < len(fit) - 1:
        bend = fit[best - 1] - 2 * fit[best] + fit[best + 1]
        vertex = 0.5 * (fit[best - 1] - fit[best + 1]) / bend if bend < 0 else 0.0
    sure = max(0.0, float(ahead)) * min(1.0, seconds / ENOUGH, max(0.0, fit[best] / CLEAR))
    return Offset(float((SHIFTS[best] + vertex) / RATE - HEARD), min(1.0, sure))

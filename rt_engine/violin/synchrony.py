"""How much later a camera's time stamps are than a microphone's, from the speed of the bow.

Huang et al. 2024, "MOSA", section III D, align sound and motion by the maximum of their
cross-correlation over a whole recording. Here it runs, over the level of the sound and the speed
of the hand along the bow: where the bow turns, the hand stands still and the level dips.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["DEPTH", "MEMORY", "Offset", "Synchrony"]

Floats = NDArray[np.float64]

MEMORY = 60.0  # s
DEPTH = 0.5  # weight of the hand's depth, which cameras see worst, see `stroke.Bow`
RATE = 50  # rows a second that are compared
REACH = 0.4  # s that are compared to either side
LARGEST = 0.34  # s: larger offsets are not believed
LEAST = 8.0  # s of both below which nothing is known
ENOUGH = 20.0  # s of both from which their shortness casts no doubt
CALM = 0.04  # s, standard deviation of what smooths the hand
USUAL = 0.25  # s, likewise, of what level and speed are compared with: it leaves dips
SLOWEST = 0.02  # m/s, added to the speed before its logarithm
FLOOR = 1e-3  # of full scale, added to the level before its logarithm
HEARD = -0.016  # s from the hand to what is heard of it, see `benchmarks/violin_sync.py`
APART = 0.04  # s from the best offset to where another one is a rival
BLOCK = 1.0  # s, the pieces whose agreement tells how far chance goes
ERRORS = 2.0  # standard errors above the best rival at which the confidence is one half
KEEP = 0.1  # advantage, in correlation, of the offset so far
FAR = 0.05  # s from the offset so far at which it is gone

SHIFTS = np.arange(-round(REACH * RATE), round(REACH * RATE) + 1)


class Offset(NamedTuple):
    """Seconds that the camera's stamps lie after the microphone's, and how sure: 0 to 1."""

    seconds: float
    confidence: float


class Synchrony:
    """Running cross-correlation of the bow that is heard and the bow that is seen.

    memory: s that are looked back. An even pulse fits nearly as well at every period of its own.
    What tells them apart are small differences from stroke to stroke; the confidence is how many
    standard errors the best offset stands above its best rival over pieces of a second, against
    `ERRORS` more. While it is low the offset so far is kept.
    """

    def __init__(self, memory: float = MEMORY) -> None:
        self.memory = memory
        self.reset()

    def reset(self) -> None:
        """Forget what was heard and seen, and the offset."""
        self._heard: deque[tuple[float, float]] = deque()
        self._seen: deque[tuple[float, float]] = deque()
        self._last: Offset | None = None

    def hear(self, t: float, row: NDArray[np.float32]) -> None:
        """Take a row of `rt_engine.violin.PerformanceFeatures` at `t` s, not before the last."""
        self._heard.append((t, float(row[34])))

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
        level, place = both
        found = _found(_fits(level, place), len(place) / RATE, self._last)
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

    def _grid(self) -> tuple[Floats, Floats] | None:
        """Level and place of the hand at the same times; None: too few."""
        if not (self._heard and self._seen):
            return None
        first = max(self._heard[0][0], self._seen[0][0])
        last = min(self._heard[-1][0], self._seen[-1][0])
        if last - first < LEAST:
            return None
        times = np.arange(first, last, 1 / RATE)
        (t, level), (at, place) = np.array(self._heard).T, np.array(self._seen).T
        return np.interp(times, t, level), np.interp(times, at, place)


def _fits(level: Floats, place: Floats) -> Floats:
    """How well what is seen later by each of `SHIFTS` fits what is heard, piece by piece.

    Shape (shifts, pieces); the mean over the pieces is a correlation coefficient.
    """
    speed = np.abs(np.gradient(_smooth(place, CALM))) * RATE
    heard = _dips(np.log(np.maximum(level, 0.0) + FLOOR))
    seen = _dips(np.log(speed + SLOWEST))
    reach, piece = int(SHIFTS[-1]), round(BLOCK * RATE)
    count = (len(heard) - 2 * reach) // piece * piece
    middle = _unit(heard[reach : reach + count])
    parts = [middle * _unit(seen[reach + shift :][:count]) for shift in SHIFTS]
    return np.asarray(np.array(parts).reshape(len(SHIFTS), -1, piece).mean(axis=2))


def _dips(values: Floats) -> Floats:
    return values - _smooth(values, USUAL)


def _unit(values: Floats) -> Floats:
    away = values - values.mean()
    return np.asarray(away / (away.std() + 1e-12))


def _smooth(values: Floats, seconds: float) -> Floats:
    """A Gaussian of that standard deviation, its ends held."""
    reach = round(3 * seconds * RATE)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (seconds * RATE)) ** 2)
    padded = np.pad(values, reach, "edge")
    return np.convolve(padded, kernel / kernel.sum(), "valid")


def _found(fits: Floats, seconds: float, last: Offset | None) -> Offset:
    """The best offset, and how sure it is, from the fits over `seconds`."""
    fit = fits.mean(axis=1)
    wanted = np.array(fit)
    if last is not None:
        near = np.exp(-0.5 * ((SHIFTS / RATE - HEARD - last.seconds) / FAR) ** 2)
        wanted += KEEP * last.confidence * near
    allowed = np.abs(SHIFTS / RATE - HEARD) <= LARGEST
    best = int(np.argmax(np.where(allowed, wanted, -np.inf)))
    ahead = _ahead(fits, best) * min(1.0, seconds / ENOUGH)
    return Offset(
        float((SHIFTS[best] + _vertex(fit, best)) / RATE - HEARD), ahead / (ahead + ERRORS)
    )


def _ahead(fits: Floats, best: int) -> float:
    """Standard errors that the best shift stands above the rival that comes nearest; at least 0."""
    away = np.abs(SHIFTS - SHIFTS[best]) > APART * RATE
    above = fits[best] - fits[away]
    error = above.std(axis=1) / np.sqrt(above.shape[1])
    return max(0.0, float(np.min(above.mean(axis=1) / (error + 1e-9))))


def _vertex(fit: Floats, best: int) -> float:
    """The maximum between the shifts, in shifts from the best one, by a parabola."""
    if not 0 < best < len(fit) - 1:
        return 0.0
    bend = fit[best - 1] - 2 * fit[best] + fit[best + 1]
    return float(0.5 * (fit[best - 1] - fit[best + 1]) / bend) if bend < 0 else 0.0

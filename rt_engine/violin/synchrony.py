"""How much later a camera's time stamps are than a microphone's, from bow and arm.

Huang et al. 2024, "MOSA", section III D, align sound and motion by the maximum of their
cross-correlation over a whole recording. Here it runs, over two clues (`agreement`), each of them
a likelihood that may be wrong, and the answer is the offset that both leave most probable.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.motion.landmarks import ELBOWS, SHOULDERS
from rt_engine.violin.agreement import RATE, SHIFTS, crossing, gaps, turning

__all__ = ["DEPTH", "MEMORY", "SURE", "Offset", "Synchrony", "elbow"]

Floats = NDArray[np.float64]

MEMORY = 60.0  # s
SURE = 0.7  # confidence from which an offset is relied on
DEPTH = 0.5  # weight of the hand's depth, which cameras see worst, see `stroke.Bow`
LARGEST = 0.34  # s: larger offsets are not believed
LEAST = 8.0  # s of both below which nothing is known
ENOUGH = 20.0  # s of both from which their shortness casts no doubt
FINE = 4  # places between two shifts where the offset may lie
NEAR = 0.02  # s: the confidence is the probability of an error below this
# From what is seen to what is heard of it: mean and standard deviation over takes, in s.
TURNED, TURNED_BY = -0.02, 0.008
CROSSED_BY = 0.005
GAPS = 0.07  # s that an arm moves early, and by which that varies, were there gaps alone
WIDEST = 0.03  # s, of that variation
ODD = 0.02  # probability that a clue is no clue
FADES = 0.98  # of the confidence, each time that nothing better is found

OFFSETS = np.arange(SHIFTS[0] * FINE, SHIFTS[-1] * FINE + 1) / (FINE * RATE)
ALLOWED = np.abs(OFFSETS) <= LARGEST


class Offset(NamedTuple):
    """Seconds that the camera's stamps lie after the microphone's, and how sure: 0 to 1."""

    seconds: float
    confidence: float


class Synchrony:
    """Running agreement of the violin that is heard and the violinist who is seen.

    memory: s that are looked back. The confidence is the probability that the offset is right
    within `NEAR`; the widths and weights that it rests on were fitted to simulated violinists.
    While it is low the offset so far is kept.
    """

    def __init__(self, memory: float = MEMORY) -> None:
        self.memory = memory
        self.reset()

    def reset(self) -> None:
        """Forget what was heard and seen, and the offset."""
        self._heard: deque[tuple[float, NDArray[np.float32]]] = deque()
        self._seen: deque[tuple[float, float, float]] = deque()
        self._last: Offset | None = None

    def hear(self, t: float, row: NDArray[np.float32]) -> None:
        """Take a row of `rt_engine.violin.PerformanceFeatures` at `t` s, not before the last."""
        self._heard.append((t, row))

    def see(self, t: float, place: float, height: float) -> None:
        """Take the hand's place along the bow and the `elbow`, in m, at `t` s, in order."""
        self._seen.append((t, place, height))

    def estimate(self, now: float) -> Offset:
        """The offset over the last `memory` s before `now`."""
        for past in (self._heard, self._seen):
            while past and past[0][0] < now - self.memory:
                past.popleft()
        both = self._grid()
        if both is None:
            return self._known()
        rows, place, height = both
        level = rows[:, 34]
        early = GAPS * gaps(level)
        turned = _likely(turning(level, place), TURNED, TURNED_BY)
        crossed = crossing(rows[:, 1:33], level, height)
        crossed = _likely(crossed, -early, min(CROSSED_BY + early, WIDEST))
        found = _found(turned * crossed, len(rows) / RATE)
        if self._last is None or found.confidence >= 0.5 * self._last.confidence:
            self._last = found
            return found
        return self._known()

    def _known(self) -> Offset:
        """The offset so far, less sure now."""
        if self._last is None:
            return Offset(0.0, 0.0)
        self._last = self._last._replace(confidence=FADES * self._last.confidence)
        return self._last

    def _grid(self) -> tuple[Floats, Floats, Floats] | None:
        """Rows (n, 35), places and heights (n,) at the same times; None: too few."""
        if not (self._heard and self._seen):
            return None
        first = max(self._heard[0][0], self._seen[0][0])
        last = min(self._heard[-1][0], self._seen[-1][0])
        if last - first < LEAST:
            return None
        times = np.arange(first, last, 1 / RATE)
        t = np.array([at for at, _ in self._heard])
        rows = np.array([row for _, row in self._heard], np.float64)
        at, place, height = np.array(self._seen).T
        after = np.clip(np.searchsorted(t, times), 1, len(t) - 1)
        share = np.clip((times - t[after - 1]) / (t[after] - t[after - 1]), 0.0, 1.0)[:, None]
        rows = rows[after - 1] + share * (rows[after] - rows[after - 1])
        return rows, np.interp(times, at, place), np.interp(times, at, height)


def elbow(world: NDArray[np.floating[Any]]) -> float:
    """Height of the right elbow over the right shoulder, m, of world landmarks (33, 3)."""
    return float(world[ELBOWS[1], 1] - world[SHOULDERS[1], 1])


def _likely(fits: Floats, lag: float, spread: float) -> Floats:
    """Probabilities of `OFFSETS` by one clue, whose `lag` is known but for `spread`, in s."""
    fine = FINER @ fits
    likely = np.exp(fine - fine.max())
    reach = round(FINE * RATE * (abs(lag) + 3 * spread))
    away = np.arange(-reach, reach + 1) / (FINE * RATE)
    kernel = np.exp(-0.5 * ((away + lag) / spread) ** 2)
    blurred = np.convolve(np.pad(likely, reach, "edge"), kernel, "valid")
    return np.asarray((1 - ODD) * blurred / blurred.sum() + ODD / len(blurred))


def _found(likely: Floats, seconds: float) -> Offset:
    """The most probable of the allowed offsets, and how sure it is after so many seconds.

    What larger offsets have of the probability counts as doubt.
    """
    shares = likely / likely.sum()
    peak = OFFSETS[np.argmax(np.where(ALLOWED, shares, 0.0))]
    around = np.abs(OFFSETS - peak) <= NEAR + 1e-9
    best = float(shares[around] @ OFFSETS[around] / shares[around].sum())
    mass = float(shares[np.abs(OFFSETS - best) <= NEAR].sum())
    return Offset(best, mass * min(1.0, seconds / ENOUGH))


def _finer() -> Floats:
    """What interpolates values at `SHIFTS` to `OFFSETS`: cubic convolution, Keys 1981."""
    away = np.abs(OFFSETS[:, None] * RATE - SHIFTS)
    near = 1.5 * away**3 - 2.5 * away**2 + 1
    far = -0.5 * away**3 + 2.5 * away**2 - 4 * away + 2
    found = np.where(away <= 1, near, np.where(away < 2, far, 0.0))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


FINER = _finer()

"""Time: when notes ought to have begun, by a click, or by the player's own pulse."""

from __future__ import annotations

import cmath
import math
from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.kinds import Measured

__all__ = ["Click", "OwnPulse", "Timing"]

MEMORY = 12.0  # s after which a start is forgotten
STARTS = 16  # that make the pulse: few enough to follow a player who breathes
FEWEST = 8  # starts below which there is none
PERIODS = np.geomspace(0.12, 1.2, 240)  # s: from sixteenths at 125 BPM to slow quarters
BETWEEN = 0.3  # of a pulse off it, from where a start says nothing of timing
SLOWER = 0.06  # advantage of a period twice as long that fits as well
PARTS = (1, 2, 3, 4)  # of a beat of the click that starts may fall on
GRID = 0.09  # s: no finer part than this


class Timing(NamedTuple):
    """Seconds from where a start belongs (late is positive), and the tempo in BPM."""

    late: Measured
    tempo: Measured


NONE = Timing(Measured(), Measured())


class OwnPulse:
    """The player's own pulse: the period on which the starts of the last seconds agree best.

    Agreement of a period is the length of the mean of the starts as points on its circle. The
    tempo is that of the pulse, which may be an eighth or a quarter; where no period fits well
    the reliability is low, as in free playing.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all starts."""
        self._starts: deque[float] = deque(maxlen=STARTS)
        self._period = 0.0

    def hear(self, t: float) -> Timing:
        """Take the start of a note, in s; how it lies in the pulse of those before it."""
        past = np.array([s for s in self._starts if s > t - MEMORY])
        self._starts.append(t)
        if len(past) < FEWEST:
            return NONE
        vectors = np.exp(2j * np.pi * (past[:, None] - t) / PERIODS).mean(axis=0)
        agreement = np.abs(vectors) - 1 / math.sqrt(len(past)) + SLOWER * np.log2(PERIODS)
        agreement += self._inertia()
        best = int(np.argmax(agreement))
        self._period = float(PERIODS[best])
        phase = cmath.phase(vectors[best]) / (2 * math.pi)  # of the starts, against t
        self._period, late = _line(past - t, self._period, phase)
        sure = float(max(0.0, (abs(vectors[best]) - 0.5) / 0.5))
        # A start between two pulses is another value of note, not a fault.
        near = max(0.0, 1 - abs(late) / self._period / BETWEEN)
        return Timing(Measured(late, sure * near), Measured(60 / self._period, sure))

    def _inertia(self) -> NDArray[np.float64]:
        """A small preference for the period so far."""
        if not self._period:
            return np.zeros(len(PERIODS))
        return np.asarray(0.05 * np.exp(-0.5 * (np.log(PERIODS / self._period) / 0.03) ** 2))


def _line(past: NDArray[np.float64], period: float, phase: float) -> tuple[float, float]:
    """The period by least squares over the starts, and how late time 0 is by that line, in s."""
    counts = np.rint(past / period - phase)
    if np.ptp(counts) < 1:
        return period, -phase * period
    slope, start = np.polyfit(counts, past, 1)
    if abs(slope / period - 1) > 0.05:
        slope, start = period, phase * period
    return float(slope), float(-(start - slope * round(start / slope)))


class Click:
    """Beats from outside: a metronome, or a tracker that follows other players."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all beats."""
        self._beats: deque[tuple[float, float, float]] = deque(maxlen=64)

    def beat(self, t: float, period: float, confidence: float) -> None:
        """Take a beat at `t` s, `period` s long."""
        self._beats.append((t, period, confidence))

    def place(self, t: float) -> Timing:
        """How a start at `t` s lies against the nearest part of the beat that it falls in."""
        near = [beat for beat in self._beats if abs(beat[0] - t) < 2 * beat[1]]
        if not near:
            return NONE
        at, period, sure = min(near, key=lambda beat: abs(beat[0] - t))
        offsets = [_off(t - at, period / n) for n in PARTS if n == 1 or period / n >= GRID]
        late = min(offsets, key=lambda off: abs(off[0]) / off[1])[0]
        return Timing(Measured(late, sure), Measured(60 / period, sure))


def _off(t: float, grid: float) -> tuple[float, float]:
    """Signed distance to the nearest multiple of `grid`, and a scale that favours coarse grids."""
    return t - grid * round(t / grid), math.sqrt(grid)

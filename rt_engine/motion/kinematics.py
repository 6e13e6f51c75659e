"""Velocity, acceleration and quantity of motion of landmarks, and the ictus of a hand.

Time stamps may be uneven. Differences belong to the middle of what they are taken over.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rt_engine.motion import landmarks as lm
from rt_engine.motion.quaternion import Arrays, Floats

__all__ = [
    "KEYPOINTS",
    "Difference",
    "Ictus",
    "IctusDetector",
    "differences",
    "quantity_of_motion",
]

# The 17 keypoints of COCO, which RhythmicNet uses too.
KEYPOINTS = [
    *(lm.NOSE, *lm.EYES, *lm.EARS, *lm.SHOULDERS, *lm.ELBOWS, *lm.WRISTS),
    *(*lm.HIPS, *lm.KNEES, *lm.ANKLES),
]


class Difference:
    """The rate of change of a stream of arrays."""

    def __init__(self) -> None:
        self._last: tuple[float, Floats] | None = None

    def step(self, t: float, value: Floats) -> tuple[float, Floats] | None:
        """Time (s) and rate since the value before; None for the first, or if no time passed."""
        last = self._last
        if last is not None and t <= last[0]:
            return None
        self._last = t, value
        return None if last is None else ((t + last[0]) / 2, (value - last[1]) / (t - last[0]))


def differences(t: Arrays, values: Arrays) -> tuple[Floats, Floats]:
    """The same of whole arrays: times (n - 1,) and rates (n - 1, ...)."""
    steps = np.diff(t).reshape(-1, *[1] * (values.ndim - 1))
    return (t[1:] + t[:-1]) / 2, np.diff(values, axis=0) / steps


def quantity_of_motion(velocity: Arrays) -> Floats:
    """Mean speed in m/s of the 17 keypoints, from velocities (..., 33, 3)."""
    speed: Floats = np.linalg.norm(velocity[..., KEYPOINTS, :], axis=-1).mean(axis=-1)
    return speed


class Ictus(NamedTuple):
    """The lowest point of a stroke."""

    t: float  # s, between samples
    strength: float  # m/s: from the fastest fall before to the rise after


class IctusDetector:
    """Lowest points of the height of a hand after a fall of `depth` m, where it turns sharply.

    A point is reported when the hand has risen for `confirm` s, or by half of what it fell.
    It counts if falling and rising speed together are at least `turn` m/s.
    """

    def __init__(self, depth: float = 0.03, turn: float = 0.4, confirm: float = 0.04) -> None:
        self.depth, self.turn, self.confirm = depth, turn, confirm
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._past: list[tuple[float, float]] = []  # the last two samples: time, height
        self._start()

    def _start(self, height: float = -np.inf) -> None:
        self._top, self._fall, self._rise = height, 0.0, 0.0
        self._lowest: tuple[float, float] | None = None

    def step(self, t: float, height: float) -> Ictus | None:
        """Take the height (m) of the hand at time `t` (s); an ictus that is now certain."""
        past = self._past
        if past and t <= past[-1][0]:
            return None
        if past:
            self._turned([*past, (t, height)])
        self._past = [*past[-1:], (t, height)]
        if self._lowest is None:
            self._top = max(self._top, height)
            return None
        return self._decided(t, height)

    def _turned(self, samples: list[tuple[float, float]]) -> None:
        """Follow the speed, and note a lowest point."""
        (before, high), (now, low) = samples[-2:]
        speed = (low - high) / (now - before)
        if self._lowest is None:
            self._fall = max(self._fall, -speed)
        else:
            self._rise = max(self._rise, speed)
        if len(samples) == 3 and samples[0][1] > high <= low:
            deeper = self._lowest is None or high < self._lowest[1]
            if deeper and self._top - high >= self.depth:
                self._lowest, self._rise = _bottom(samples), max(speed, 0.0)

    def _decided(self, t: float, height: float) -> Ictus | None:
        assert self._lowest is not None
        at, low = self._lowest
        if height < low:  # it goes on falling
            self._lowest = None
            return None
        if t - at < self.confirm and height - low < (self._top - low) / 2:
            return None
        found = Ictus(at, self._fall + self._rise)
        self._start(height)
        return found if found.strength >= self.turn else None


def _bottom(samples: list[tuple[float, float]]) -> tuple[float, float]:
    """Time and height of the lowest point of the parabola through three samples."""
    (a, u), (b, v), (c, w) = samples
    left, right = (v - u) / (b - a), (w - v) / (c - b)
    bend = (right - left) / ((c - a) / 2)
    at = (a + b) / 2 - left / bend
    return at, v - bend / 2 * (at - b) ** 2

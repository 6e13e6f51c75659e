"""Directogram and kinematic offsets: how much a body moves which way, and when it sets off.

Source: K. Su, X. Liu and E. Shlizerman, "How does it sound? Generation of rhythmic soundtracks
for human movement videos" (RhythmicNet, NeurIPS 2021), section 3, "Style Extraction", eq. 1,
after A. Davis and M. Agrawala, "Visual rhythm and beat" (SIGGRAPH 2018). There: 12 directions,
15 frames a second, 17 keypoints in the picture plane.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rt_engine.motion.kinematics import KEYPOINTS
from rt_engine.motion.quaternion import Arrays, Floats

__all__ = ["BINS", "RATE", "Directogram", "Row", "directogram", "kinematic_offsets", "resampled"]

BINS = 12
RATE = 15.0  # frames a second
EDGE = 1e-9  # rad: what lies on the edge of an interval belongs to it
PAUSE = 0.5  # s: a longer gap is not filled in


class Row(NamedTuple):
    """A frame of the stream."""

    t: float  # s, the middle of the motion
    directions: Floats  # (BINS,) m/s
    offset: float | None  # m/s^2, against the motion before; None for the first
    offset_t: float  # s, between the two


def directogram(velocity: Arrays, bins: int = BINS) -> Floats:
    """Sums of speeds over the joints that move in each direction: (..., bins).

    velocity: (..., joints, 2), x and y up. Direction k is the angle 2 pi k / bins from x
    towards y; a joint counts in every direction that is at most 2 pi / bins away (eq. 1), so in
    two or three of them.
    """
    speed = np.linalg.norm(velocity, axis=-1)
    angle = np.arctan2(velocity[..., 1], velocity[..., 0])
    centres = 2 * np.pi * np.arange(bins) / bins
    apart = np.abs((angle[..., None] - centres + np.pi) % (2 * np.pi) - np.pi)
    sums: Floats = (speed[..., None] * (apart <= 2 * np.pi / bins + EDGE)).sum(axis=-2)
    return sums


def kinematic_offsets(directions: Arrays, rate: float = RATE) -> Floats:
    """Mean positive change of a directogram (n, bins) from frame to frame: (n - 1,), m/s^2."""
    offsets: Floats = np.maximum(np.diff(directions, axis=0), 0.0).mean(axis=-1) * rate
    return offsets


def resampled(t: Arrays, places: Arrays, rate: float = RATE) -> tuple[Floats, Floats]:
    """Times (n,) at whole multiples of 1 / rate, and places (n, ...) between samples by line."""
    first, last = np.ceil(t[0] * rate - EDGE), np.floor(t[-1] * rate + EDGE)
    grid = np.arange(first, last + 1) / rate
    flat = places.reshape(len(places), -1)
    columns = [np.interp(grid, t, column) for column in flat.T]
    return grid, np.stack(columns, axis=-1).reshape(len(grid), *places.shape[1:])


class Directogram:
    """The stream of one person: places in, at any times, and rows out, `rate` a second."""

    def __init__(self, rate: float = RATE, bins: int = BINS) -> None:
        self.rate, self.bins = rate, bins
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._last: tuple[float, Floats] | None = None
        self._point: tuple[float, Floats] | None = None  # the last one on the grid
        self._row: Floats | None = None

    def step(self, t: float, places: Arrays) -> list[Row]:
        """Take places (33, 3) in m at time `t` (s); the rows that they complete."""
        now = places[KEYPOINTS, :2].astype(np.float64)
        last = self._last
        if last is not None and t <= last[0]:
            return []
        if last is not None and t - last[0] > PAUSE:
            self.reset()
            last = None
        self._last = t, now
        if last is None:
            return self._start(t, now)
        times = np.array([last[0], t])
        grid, points = resampled(times, np.stack([last[1], now]), self.rate)
        rows = [self._add(a, point) for a, point in zip(grid.tolist(), points, strict=True)]
        return [row for row in rows if row is not None]

    def _start(self, t: float, now: Floats) -> list[Row]:
        grid, points = resampled(np.array([t]), now[None], self.rate)
        if len(grid):
            self._add(float(grid[0]), points[0])
        return []

    def _add(self, t: float, point: Floats) -> Row | None:
        """A point of the grid; the row of the motion since the one before."""
        before = self._point
        if before is not None and t - before[0] < 0.5 / self.rate:
            return None  # shared by two stretches
        self._point = t, point
        if before is None:
            return None
        directions = directogram((point - before[1]) * self.rate, self.bins)
        earlier, self._row = self._row, directions
        middle, offset = (t + before[0]) / 2, None
        if earlier is not None:
            offset = float(kinematic_offsets(np.stack([earlier, directions]), self.rate)[0])
        return Row(middle, directions, offset, middle - 0.5 / self.rate)

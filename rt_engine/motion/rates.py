"""From uneven samples of something that moves to even, level-free rates, 50 a second.

What both `joint_velocity` and the flow of pictures are made of: a path is followed from sample
to sample, read off at 50 points a second by straight lines, and a frame is the way from the
point before to the point after over these 40 ms: that is MOSA's linear resampling and first
derivative in one, and at 60 pictures a second it calms the noise. Then each number is scaled to
0..1 as there, but by its own past only.

Source: Y.-F. Huang et al., "MOSA: Music Motion with Semantic Annotation Dataset for Cross-Modal
Music Processing" (2024), section IV A: velocities "normalized into values between 0 to 1".
Causal scale, memory and floors are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rt_engine.motion.quaternion import Arrays, Floats

__all__ = ["FPS", "GAP", "Rates", "Rows"]

FPS = 50  # frames a second
GAP = 0.5  # s without a sample after which there is nothing to draw a line across
ATTACK = 0.1  # s in which the scale follows what exceeds it: one wild sample does not rule
MEMORY = 10.0  # s in which it falls to 1/e
EDGE = 1e-6  # of a frame: what lies on a point of the grid belongs to it

_RISE = 1.0 - np.exp(-1.0 / FPS / ATTACK)
_DECAY = np.exp(-1.0 / FPS / MEMORY)


class Rows(NamedTuple):
    """Frames: times (n,) in s, whole multiples of 1 / FPS; values (n, size) float32, 0 to 1."""

    times: Floats
    values: npt.NDArray[np.float32]


class Rates:
    """The stream of `size` rates, each over the largest that its group had of late.

    floor: (size,), the least scale, in units a second: what is slower all along stays small.
    Within a group scales keep the ratio of the floors, so that noise in one axis is not blown
    up beside motion in another. groups: number of the first rate of each.
    signed: (size,), whether a rate has a direction: then 0.5 is rest, else 0.
    A frame comes out with the first sample that lies 20 ms or more after it. After a gap of
    more than GAP s frames begin anew, with the scale from before.
    """

    def __init__(
        self, floor: Sequence[float], signed: Sequence[bool], groups: Sequence[int]
    ) -> None:
        self._settings = floor, signed, groups
        self.floor = np.asarray(floor, np.float64)
        self.signed = np.asarray(signed, bool)
        self._groups = np.asarray(groups, np.intp)
        self._members = np.diff(self._groups, append=len(self.floor))
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._scale: Floats = np.ones(len(self._groups))  # in floors
        self._t: float | None = None
        self._begin()

    def _begin(self) -> None:
        self._path = np.zeros(len(self.floor))
        self._points: list[Floats] = []  # the last two on the grid

    def step(self, t: float, change: Arrays) -> Rows:
        """The frames that a sample at `t` (s) completes.

        change: (size,), the way since the sample before; of no meaning in the first sample and
        after a gap.
        """
        if self._t is not None and t <= self._t:
            return self._rows([], 0)
        last, self._t = self._t, t
        if last is None or t - last > GAP:
            self._begin()
            return self._advance(t, t, np.zeros((2, len(self.floor))))
        path = self._path
        self._path = path + change
        return self._advance(last, t, np.stack([path, self._path]))

    def _advance(self, last: float, t: float, ends: Floats) -> Rows:
        """Points of the grid in (last, t], and the frames between them."""
        if last == t:
            first, stop = int(np.ceil(t * FPS - EDGE)), int(np.floor(t * FPS + EDGE)) + 1
        else:
            first, stop = (int(np.floor(x * FPS + EDGE)) + 1 for x in (last, t))
        grid = np.arange(first, stop) / FPS
        share = np.clip((grid - last) / max(t - last, 1e-12), 0.0, 1.0)[:, None]
        points = [*self._points, *(ends[0] + share * (ends[1] - ends[0]))]
        self._points = points[-2:]
        rates = [(b - a) * (FPS / 2) for a, b in zip(points, points[2:], strict=False)]
        return self._rows(rates, stop - 1 - len(rates))

    def _rows(self, rates: list[Floats] | Floats, first: int) -> Rows:
        """Scaled rates, and their times from that of frame number `first` on."""
        values = np.asarray(rates, np.float64).reshape(-1, len(self.floor)) / self.floor
        largest = np.maximum.reduceat(np.abs(values), self._groups, axis=1)
        scales = np.empty_like(largest)
        for k, now in enumerate(largest):
            self._scale = np.maximum(self._scale * _DECAY, 1.0)
            scales[k] = self._scale = self._scale + _RISE * np.maximum(now - self._scale, 0.0)
        values /= np.repeat(scales, self._members, axis=1)
        values = np.where(self.signed, 0.5 + 0.5 * np.clip(values, -1, 1), np.clip(values, 0, 1))
        times = np.arange(first, first + len(values)) / FPS
        return Rows(times, values.astype(np.float32))

    def offline(self, t: Arrays, changes: Arrays) -> Rows:
        """The same of whole arrays: times (n,) and ways (n, size); leaves the stream alone."""
        whole = Rates(*self._settings)
        keep = np.concatenate([[True], t[1:] > np.maximum.accumulate(t)[:-1]])
        t, changes = t[keep], changes[keep]
        cuts = np.flatnonzero(np.diff(t) > GAP) + 1
        parts = [
            whole._stretch(a, b)
            for a, b in zip(np.split(t, cuts), np.split(changes, cuts), strict=True)
            if len(a)
        ]
        return Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _stretch(self, t: Floats, changes: Floats) -> Rows:
        """The frames of a stretch without gaps."""
        first, last = int(np.ceil(t[0] * FPS - EDGE)), int(np.floor(t[-1] * FPS + EDGE))
        grid = np.arange(first, last + 1) / FPS
        path = np.cumsum(np.concatenate([np.zeros((1, changes.shape[1])), changes[1:]]), axis=0)
        points = _read(grid, t, path)
        return self._rows((points[2:] - points[:-2]) * (FPS / 2), first + 1)


def _read(grid: Floats, t: Floats, path: Floats) -> Floats:
    """Points (len(grid), size) on the straight lines between samples."""
    if len(t) < 2:
        return np.repeat(path, len(grid), axis=0)
    at = np.clip(np.searchsorted(t, grid, side="left") - 1, 0, len(t) - 2)
    share = np.clip((grid - t[at]) / (t[at + 1] - t[at]), 0.0, 1.0)[:, None]
    points: Floats = path[at] + share * (path[at + 1] - path[at])
    return points

"""From the picture back to metres: how large a person is there, and where the hips are."""

from __future__ import annotations

import numpy as np

from rt_engine.kinds import Pose
from rt_engine.motion.landmarks import HIPS
from rt_engine.motion.quaternion import Floats

__all__ = ["Places", "Size", "pixels_per_metre"]

SEEN = 0.5  # visibility from which a landmark counts
SETTLE = 0.5  # s over which the size is averaged: longer than a jump's push, shorter than a walk
SMALLEST = 1.0  # pixel a metre


def pixels_per_metre(pose: Pose) -> float:
    """The factor by which the body in the picture plane fits the picture best; at least 1."""
    seen = pose.visibility >= SEEN
    if seen.sum() < 4:
        seen = np.ones(len(seen), dtype=bool)
    image = pose.image[seen, :2].astype(np.float64) * [1.0, -1.0]
    world = pose.world[seen, :2].astype(np.float64)
    image, world = image - image.mean(axis=0), world - world.mean(axis=0)
    return max(float((image * world).sum() / max((world * world).sum(), 1e-6)), SMALLEST)


class Size:
    """Pixels a metre of one person, followed over `settle` s."""

    def __init__(self, settle: float = SETTLE) -> None:
        self._settle, self._size = settle, 0.0
        self._t: float | None = None

    def step(self, t: float, pose: Pose) -> float:
        """The size at `t` (s), after `pose` was seen then."""
        share = 1.0 if self._t is None else min(max((t - self._t) / self._settle, 0.0), 1.0)
        self._t = t
        self._size += share * (pixels_per_metre(pose) - self._size)
        return self._size


class Places:
    """Landmarks in metres that go through the picture with the person.

    The body frame is centred on the hips; here their way across the picture is added, in metres
    at the distance of the person, step by step: an error of the size then bends the way a
    little, and does not shake a person who stands far from the middle. Depth stays relative to
    the hips.
    """

    def __init__(self) -> None:
        self._size = Size()
        self._last: Floats | None = None  # the hips, pixels
        self._place = np.zeros(2)

    def hips(self, t: float, pose: Pose) -> Floats:
        """Where the hips (2,) are at time `t` (s): m from where they were first seen, Y up."""
        size = self._size.step(t, pose)
        hips = pose.image[list(HIPS), :2].astype(np.float64).mean(axis=0)
        if self._last is not None:
            self._place = self._place + (hips - self._last) * [1, -1] / size
        self._last = hips
        return self._place

    def step(self, t: float, pose: Pose) -> Floats:
        """Places (33, 3) of the landmarks at time `t` (s)."""
        places = pose.world.astype(np.float64)
        places[:, :2] += self.hips(t, pose)
        return places

"""Posture against the player's own good one: no norm, only what has changed since."""

from __future__ import annotations

import math
from collections import deque
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.kinds import Measured, Posture
from rt_engine.motion.landmarks import EARS, ELBOWS, SHOULDERS, WRISTS

__all__ = ["FIGURES", "Figures", "PostureWatch", "figures"]

WINDOW = 6.0  # s that a figure is the median of: strings change the elbow, phrases the rest
EVERY = 0.5  # s between two postures
CALIBRATION = 2.0  # s that a good posture is held
FEWEST = 10  # poses that a median needs
SEEN = 0.3  # visibility below which a landmark does not count


class Figures(NamedTuple):
    """Four figures of one moment: angles in degrees, heights in cm; or what belongs to them."""

    shoulders: float  # tilt: positive where the left one is higher
    elbow: float  # height of the right elbow above its shoulder
    head: float  # tilt: positive where it leans to the person's left
    hand: float  # height of the left wrist above its shoulder


FIGURES = Figures._fields


def figures(
    world: NDArray[np.floating[Any]], visibility: NDArray[np.floating[Any]]
) -> tuple[Figures, ...]:
    """The figures of a pose, from world landmarks (33, 3) in m, and how well each is seen."""

    def tilt(pair: tuple[int, int]) -> float:
        across = world[pair[0]] - world[pair[1]]
        return math.degrees(math.atan2(float(across[1]), float(np.hypot(across[0], across[2]))))

    def height(which: int, above: int) -> float:
        return 100 * float(world[which, 1] - world[above, 1])

    values = Figures(
        shoulders=tilt(SHOULDERS),
        elbow=height(ELBOWS[1], SHOULDERS[1]),
        head=-tilt(EARS),
        hand=height(WRISTS[0], SHOULDERS[0]),
    )
    needed = (SHOULDERS, (ELBOWS[1], SHOULDERS[1]), EARS, (WRISTS[0], SHOULDERS[0]))
    return values, Figures(*(float(min(visibility[a], visibility[b])) for a, b in needed))


class PostureWatch:
    """Poses in, deviations from the good posture out, twice a second.

    good: the figures of a good posture, where they are known from an earlier day. Every figure is
    the median of the last `WINDOW` s in which it was seen. While a new good posture is taken, the
    one so far holds.
    """

    def __init__(self, good: Figures | None = None) -> None:
        self.good = good
        self._until = -math.inf  # s, when the new good posture is known; inf: from a pose to come
        self.reset()

    def reset(self) -> None:
        """Forget the stream, not the good posture; one that is being taken begins again."""
        self._past: deque[tuple[float, Figures, Figures]] = deque()
        self._told = -math.inf
        if self.calibrating:
            self._until = math.inf

    def calibrate(self, t: float) -> None:
        """Take the posture of the `CALIBRATION` s from `t` on as the good one."""
        self._past.clear()
        self._until = t + CALIBRATION

    @property
    def calibrating(self) -> bool:
        """Whether the good posture is being taken."""
        return self._until > -math.inf

    def step(
        self, t: float, world: NDArray[np.floating[Any]], visibility: NDArray[np.floating[Any]]
    ) -> Posture | None:
        """Take a pose at `t` s; a posture when it is time for one."""
        values, sure = figures(world, visibility)
        if self._until == math.inf:
            self._until = t + CALIBRATION
        self._past.append((t, values, sure))
        while t - self._past[0][0] > WINDOW:
            self._past.popleft()
        if self.calibrating and t >= self._until:
            middle = self._middle()
            if all(weight > 0 for _, weight in middle):
                self._until, self.good = -math.inf, Figures(*(value for value, _ in middle))
        if t - self._told < EVERY:
            return None
        self._told = t
        return self._posture()

    def _posture(self) -> Posture:
        if self.good is None:
            return Posture(Measured(), Measured(), Measured(), Measured())
        off = [
            Measured(value - good, weight) if weight else Measured()
            for (value, weight), good in zip(self._middle(), self.good, strict=True)
        ]
        return Posture(off[0], off[1], off[2], off[3], True)

    def _middle(self) -> list[tuple[float, float]]:
        """Median of each figure, and its reliability: how often and how well it was seen."""
        middle = []
        for k in range(len(FIGURES)):
            seen = [(v[k], s[k]) for _, v, s in self._past if s[k] >= SEEN]
            if len(seen) < FEWEST:
                middle.append((0.0, 0.0))
                continue
            values, sure = np.array(seen).T
            middle.append(
                (float(np.median(values)), float(sure.mean()) * len(seen) / len(self._past))
            )
        return middle

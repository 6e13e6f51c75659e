"""A violinist from what a model hears, row by row: bow, left hand and a trunk that breathes."""

from __future__ import annotations

from math import exp, pi, sin

import numpy as np
import numpy.typing as npt

from rt_engine.kinds import SkeletonPose
from rt_engine.motion.turns import ZERO, Vector, between, minus, plus
from rt_engine.violin.avatar import NECK, Avatar, Stance
from rt_engine.violin.avatar_bow import BowPath, Heard, Place

__all__ = ["COLUMNS", "CONTENT", "AvatarPlayer"]

CONTENT = "violinist motion"
# m/s, probability that the bow turns, 0 (G) to 3 (E), 0 or 1; ways in heights of C7
COLUMNS = (
    *("speed", "turn", "string", "sounds"),
    *(f"{joint} {axis}" for joint in ("left wrist", "C7") for axis in "xyz"),
)
LEFT, TRUNK = slice(4, 7), slice(7, 10)
FINGERS, LEAN = 0.05, 0.15  # s, time constants of what moves left hand and trunk
SWAY = (0.011, 0.007)  # m that C7 goes to the side and to the front by itself, in playing
PERIODS = (5.3, 3.7)  # s, roughly: they are drawn
STILL = 0.3  # of the sway is left in silence
WAKE = 1.5  # s, time constant of sway that comes and goes
ANSWER = 0.012  # m that C7 follows the bow, from frog to tip


class AvatarPlayer:
    """Rows of `COLUMNS` to skeletons. sway: how much it moves by itself, 1 the usual."""

    def __init__(self, rng: np.random.Generator, sway: float = 1.0) -> None:
        self.sway = sway
        self._rng = rng
        self._avatar, self._path = Avatar(), BowPath()
        self.reset()

    def reset(self) -> None:
        """The arm hangs, the trunk stands; how it will sway is drawn."""
        self._path.reset()
        self._left = self._trunk = ZERO
        self._lively, self._time = 0.0, 0.0
        self._phases = [float(p) for p in self._rng.uniform(0.0, 2 * pi, 4)]
        self._periods = [p * float(self._rng.uniform(0.8, 1.25)) for p in (*PERIODS, *PERIODS)]

    def step(self, row: npt.ArrayLike, elapsed: float) -> tuple[SkeletonPose, Place]:
        """Skeleton and bow `elapsed` s after the row before; row (10,) as `COLUMNS` says."""
        values = np.asarray(row, np.float64).tolist()
        heard = Heard(*values[:4])
        place = self._path.step(heard, elapsed)
        self._left = _towards(self._left, values[LEFT], elapsed / FINGERS)
        self._trunk = _towards(self._trunk, values[TRUNK], elapsed / LEAN)
        awake = 1.0 - place.lowered if heard.sounds >= 0.5 else 0.0
        self._lively += (awake - self._lively) * (1.0 - exp(-elapsed / WAKE))
        self._time += elapsed
        trunk = plus(self._trunk, self._swaying(place))
        # The left hand keeps to the neck of the violin, which goes with the trunk.
        left = plus(minus(self._left, self._trunk), trunk)
        return self._avatar.pose(Stance(place, left, trunk)), place

    def _swaying(self, place: Place) -> Vector:
        """How far C7 goes by itself, m."""
        share = self.sway * (STILL + (1.0 - STILL) * self._lively)
        waves = [
            sin(phase + 2 * pi * self._time / period)
            for phase, period in zip(self._phases, self._periods, strict=True)
        ]
        answer = -ANSWER * self.sway * self._lively * (place.position - 0.5)
        side = SWAY[0] * share * (waves[0] + 0.5 * waves[3]) + answer
        return side, 0.0, SWAY[1] * share * (waves[1] + 0.5 * waves[2])


def _towards(value: Vector, way: list[float], steps: float) -> Vector:
    """A value on its way to `way` (heights of C7), in m."""
    x, y, z = way
    return between((x * NECK, y * NECK, z * NECK), value, exp(-steps))

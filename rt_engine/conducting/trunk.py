"""Trunk and head: leaning and breathing, turning to players, nodding with the stroke."""

from __future__ import annotations

from math import pi, sin
from typing import NamedTuple

import numpy as np

from rt_engine.conducting.quintic import Knot, Path
from rt_engine.conducting.style import Style
from rt_engine.motion.turns import Vector

__all__ = ["Bearing", "Trunk"]

BREATH = 0.22  # Hz
GLANCES = (0.031, 0.073, 0.117)  # Hz: slow waves that together wander without a pattern
DOWN = 8.0  # degrees that the head looks down at rest: players sit
HEAD = 0.6  # of a turn to a player; the trunk does the rest


class Bearing(NamedTuple):
    """Angles in degrees."""

    lean: float  # of the trunk, forward
    turn: float  # of the trunk, to the left
    tip: float  # of the trunk, to the left side
    chest: float  # of the chest, up
    nod: float  # of the head, down
    look: float  # of the head against the trunk, to the left


class Trunk:
    """How trunk and head stand, from where the right hand is and what was asked for."""

    def __init__(self, rng: np.random.Generator, t: float = 0.0) -> None:
        self._phases: list[float] = rng.uniform(0.0, 2 * pi, 2 * len(GLANCES) + 1).tolist()
        self._turned = Path(Knot(t, (0.0, 0.0, 0.0)))  # to a player: degrees
        self._leant = Path(Knot(t, (0.0, 0.0, 0.0)))  # 0 to 1
        self._breath = Path(Knot(t, (0.0, 0.0, 0.0)))  # a deep breath: 0 to 1

    def at(self, t: float, hand: Vector, style: Style) -> Bearing:
        """How it stands at `t` s, while the right wrist is at `hand`, m from its focus.

        hand: to the right, up and forward.
        """
        phases = self._phases
        right, up, _ = hand
        wander = [
            sum(sin(2 * pi * f * t + p) for f, p in zip(GLANCES, part, strict=True)) / len(GLANCES)
            for part in (phases[:3], phases[3:6])
        ]
        aside = self._turned.place(t)[0]
        sway = style.sway * right / style.size
        deep = self._breath.place(t)[0]
        return Bearing(
            lean=style.lean * self._leant.place(t)[0] + 0.15 * style.gaze * wander[1],
            turn=(1 - HEAD) * aside - sway,
            tip=-0.3 * sway,
            chest=style.breath * (sin(2 * pi * BREATH * t + phases[6]) + 2.5 * deep),
            nod=DOWN - style.nod * (up / style.size - 0.5) - 3.0 * deep,
            look=HEAD * aside + style.gaze * wander[0] + sway,
        )

    def forget(self, t: float) -> None:
        """The time before `t` s is not asked for any more."""
        for path in (self._turned, self._leant, self._breath):
            path.forget(t)

    def face(self, now: float, t: float, azimuth: float) -> None:
        """Look at a player `azimuth` degrees to the left, from a little before `t` s on."""
        seen = max(t - 0.25, now + 0.3)
        points = [(seen, azimuth), (t + 0.9, azimuth), (t + 2.0, 0.0)]
        self._turned.turn(now, [Knot(at, (angle, 0.0, 0.0)) for at, angle in points])

    def lean(self, now: float, share: float) -> None:
        """Lean forward by `share` of the most, from 0 to 1."""
        if abs(share - self._leant.last.place[0]) > 0.03:
            self._leant.turn(now, [Knot(now + 1.2, (share, 0.0, 0.0))])

    def inhale(self, now: float, t: float) -> None:
        """Breathe in with a preparation, and out on the stroke at `t` s."""
        top = max(t - 0.15, now + 0.3)
        points = [(top, 1.0), (top + 0.7, 0.0)]
        self._breath.turn(now, [Knot(at, (deep, 0.0, 0.0)) for at, deep in points])

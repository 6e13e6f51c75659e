"""The bow as a camera sees it: where the hand is along it, where it turns, what a stroke was."""

from __future__ import annotations

import math
from collections import deque
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.kinds import BowStroke, Measured
from rt_engine.motion.landmarks import ELBOWS, SHOULDERS, WRISTS

__all__ = ["Bow", "Strokes", "Turn", "seen"]

Floats = NDArray[np.float64]

COLLAR = 0.7  # from the right shoulder to the left one: where the violin lies
NECK = 0.35  # from there to the left wrist: where the bow meets the strings
SLOW = 3.0  # s in which the line of the bow follows the arm
REVERSAL = 0.02  # m by which the hand must come back to have turned
NOISES = 6.0  # times the noise of the hand, likewise
AROUND = 0.07  # s on both sides of a turn that its parabola is fitted over
GAP = 0.4  # s without a pose after which a stroke is broken off
RECENT = 8  # strokes that the rate is taken over
ENOUGH = 4  # poses that a stroke needs to be fully relied on


class Turn(NamedTuple):
    """A change of the bow."""

    t: float  # s
    place: float  # m along the bow, see `Bow`
    direction: int  # of what comes: 1 down, -1 up
    sharpness: float  # m/s^2 of the hand there: the higher, the surer is the time


class Bow:
    """How far the right hand is from the string, along the bow, in m.

    The bow runs from where it meets the strings, which is taken to be between the left collar
    bone and the left wrist, to the right wrist; its line is the slow mean of that, so that noise
    across it, and most of the noise in depth, is left out. An offset stays: changes count.
    depth: what of the depth counts; less than 1 where quiet matters more than a true length.
    """

    def __init__(self, depth: float = 1.0) -> None:
        self._weights = np.array([1.0, 1.0, depth])
        self.reset()

    def reset(self) -> None:
        """Forget the line of the bow."""
        self._line: Floats | None = None
        self._t = 0.0

    def step(self, t: float, world: NDArray[np.floating[Any]]) -> tuple[float, Floats]:
        """World landmarks (33, 3) in m at `t` s; place along the bow, and the wrist from there.

        The wrist (3,) is against where the bow meets the strings, in the body frame.
        """
        left, right = world[SHOULDERS[0]], world[SHOULDERS[1]]
        collar = right + COLLAR * (left - right)
        string = collar + NECK * (world[WRISTS[0]] - collar)
        hand = np.asarray(world[WRISTS[1]] - string, np.float64)
        share = 1.0 if self._line is None else 1 - math.exp(-max(t - self._t, 0.0) / SLOW)
        weighed = hand * self._weights
        line = weighed if self._line is None else self._line
        self._line, self._t = line + share * (weighed - line), t
        return float(weighed @ self._line / (np.linalg.norm(self._line) + 1e-9)), hand


def seen(visibility: NDArray[np.floating[Any]]) -> float:
    """How well what the bow is measured from is seen, 0 to 1."""
    return float(min(visibility[k] for k in (*SHOULDERS, *WRISTS, ELBOWS[1])))


class Strokes:
    """Places of the hand along the bow in, turns and strokes out.

    A turn is certain when the hand has come back by `REVERSAL`, or by `NOISES` times its own
    noise where that is more; its time is the vertex of the parabola around the outermost place.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all strokes."""
        self._index = 0
        self._durations: deque[float] = deque(maxlen=RECENT)
        self._begin()

    def _begin(self) -> None:
        """Forget the stroke that goes on."""
        self._past: list[tuple[float, float, float, Floats]] = []  # t, place, how sure, wrist
        self._outer = 0  # of the outermost of these
        self._direction = 0
        self._noise = 0.0
        self._start: Turn | None = None

    def step(
        self, t: float, place: float, wrist: Floats, sure: float
    ) -> tuple[Turn | None, tuple[float, BowStroke] | None]:
        """Take the hand at `t` s; the turn that is now certain, and the stroke that ended there.

        place, wrist: as of `Bow`. sure: 0 to 1. A stroke comes with its start in s.
        """
        if self._past and not 0 < t - self._past[-1][0] <= GAP:
            if t <= self._past[-1][0]:
                return None, None
            self._begin()
        self._past.append((t, place, sure, wrist))
        self._listen()
        direction = self._direction or self._first()
        outer = self._past[self._outer][1]
        if direction * (place - outer) >= 0:
            self._outer = len(self._past) - 1
            return None, None
        self._direction = direction
        if not direction or direction * (outer - place) < self._least():
            return None, None
        return self._turn()

    def _first(self) -> int:
        """The direction of the very first stroke, once the hand has moved far enough."""
        places = [p[1] for p in self._past]
        if max(places) - min(places) < self._least():
            return 0
        direction = 1 if int(np.argmax(places)) > int(np.argmin(places)) else -1
        self._outer = int(np.argmax(places) if direction > 0 else np.argmin(places))
        return direction

    def _least(self) -> float:
        return max(REVERSAL, NOISES * self._noise)

    def _listen(self) -> None:
        """Follow the noise of the hand: what its speed does not explain."""
        if len(self._past) < 3:
            return
        (a, u, *_), (b, v, *_), (c, w, *_) = self._past[-3:]
        odd = abs(v - (u + (w - u) * (b - a) / (c - a)))
        self._noise += 0.05 * (min(odd, 0.03) - self._noise)

    def _turn(self) -> tuple[Turn, tuple[float, BowStroke] | None]:
        at, place, sharpness = self._vertex()
        if self._start and at <= self._start.t:
            at, place = self._past[self._outer][:2]
        turn = Turn(at, place, -self._direction, sharpness)
        start = self._start
        stroke = (start.t, self._stroke(start, turn)) if start else None
        context = min(3, self._outer)
        self._past = self._past[self._outer - context :]
        places = [p[1] * turn.direction for p in self._past[context:]]
        self._outer = context + int(np.argmax(places))
        self._start, self._direction = turn, turn.direction
        return turn, stroke

    def _vertex(self) -> tuple[float, float, float]:
        """Time, place and sharpness of the turn, by least squares over the samples around it."""
        at, place = self._past[self._outer][:2]
        near = [(p[0] - at, p[1] - place) for p in self._past if abs(p[0] - at) <= AROUND]
        if len(near) < 3:
            near = [
                (p[0] - at, p[1] - place)
                for p in self._past[max(0, self._outer - 1) : self._outer + 2]
            ]
        if len(near) < 3:
            return at, place, 0.0
        t, x = np.array(near).T
        bend, slope, level = np.polyfit(t, x, 2)
        if bend * self._direction >= 0 or abs(vertex := -slope / (2 * bend)) > AROUND:
            return at, place, 0.0
        return (
            at + float(vertex),
            place + float(level + slope * vertex / 2),
            2 * abs(float(bend)),
        )

    def _stroke(self, start: Turn, end: Turn) -> BowStroke:
        inner = [p for p in self._past if start.t <= p[0] <= end.t]
        duration, amount = end.t - start.t, abs(end.place - start.place)
        many = min(1.0, len(inner) / ENOUGH)
        sure = many * float(np.mean([p[2] for p in inner])) if inner else 0.0
        sure *= amount / (amount + 2 * self._noise + 1e-9)
        self._durations.append(duration)
        rate = 60 / float(np.median(self._durations))
        stroke = BowStroke(
            index=self._index,
            direction=start.direction,
            duration=duration,
            amount=Measured(amount, sure),
            speed=Measured(amount / duration, sure),
            rate=Measured(rate, sure * len(self._durations) / RECENT),
            straightness=self._straightness([p[3] for p in inner], sure),
        )
        self._index += 1
        return stroke

    def _straightness(self, path: list[Floats], sure: float) -> Measured:
        """1 less the linearity index in the picture plane: depth is too noisy for it.

        The index is the greatest distance from the line between the ends, over its length
        (Atkeson and Hollerbach 1985, "Kinematic features of unrestrained vertical arm movements").
        """
        if len(path) < ENOUGH:
            return Measured()
        flat = np.array(path)[:, :2]
        flat = (flat[:-2] + 2 * flat[1:-1] + flat[2:]) / 4
        line = flat[-1] - flat[0]
        length = float(np.hypot(*line))
        if length < 5 * REVERSAL:
            return Measured()
        off = np.abs((flat - flat[0]) @ np.array([-line[1], line[0]])) / length
        noisy = min(1.0, 4 * self._noise / length)
        return Measured(max(0.0, 1 - float(off.max()) / length), sure * (1 - noisy))

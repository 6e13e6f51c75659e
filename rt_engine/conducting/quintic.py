"""Paths of minimum jerk through points: continuous in position, velocity and acceleration.

Between two points at which place, velocity and acceleration are given, the polynomial of degree
five has the least integral of squared jerk (T. Flash and N. Hogan, "The coordination of arm
movements: an experimentally confirmed mathematical model", J. Neuroscience 5, 1985, appendix A).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rt_engine.motion.turns import ZERO, Vector

__all__ = ["Knot", "Path"]


class Knot(NamedTuple):
    """A point of a path, in metres and seconds."""

    t: float
    place: Vector
    velocity: Vector = ZERO
    acceleration: Vector = ZERO


Axis = tuple[float, float, float, float, float, float]  # coefficients of 1, s, s^2 ... s^5


class Path:
    """Knots joined by quintics, the past forgotten as it goes on, the future open to change.

    Before its first knot and after its last one it is at rest there, so the last knot that is
    reached should be one at rest.
    """

    def __init__(self, start: Knot) -> None:
        self._knots = [start._replace(velocity=ZERO, acceleration=ZERO)]
        self._pieces: list[tuple[Axis, Axis, Axis] | None] = [None]  # what ends at each knot

    @property
    def end(self) -> float:
        """When the last knot is (s)."""
        return self._knots[-1].t

    @property
    def last(self) -> Knot:
        """The last knot."""
        return self._knots[-1]

    def place(self, t: float) -> Vector:
        """Where it is at `t` s."""
        x, y, z = (_at(axis, s) for axis, s in self._axes(t))
        return x, y, z

    def state(self, t: float) -> Knot:
        """Place, velocity and acceleration at `t` s."""
        derived = [_derived(axis, s) for axis, s in self._axes(t)]
        (x, u, a), (y, v, b), (z, w, c) = derived
        return Knot(t, (x, y, z), (u, v, w), (a, b, c))

    def go(self, knots: Iterable[Knot]) -> None:
        """Go on from the end through `knots`; ValueError where their times do not rise."""
        for knot in knots:
            if knot.t <= self.end:
                raise ValueError(f"a knot at {knot.t:.4f} s cannot follow one at {self.end:.4f} s")
            self._pieces.append(_joined(self._knots[-1], knot))
            self._knots.append(knot)

    def turn(self, t: float, knots: Sequence[Knot]) -> None:
        """Leave the path at `t` s, as it moves there, and go through `knots` instead."""
        here = self.state(t)
        keep = bisect_right(self._knots, t, key=lambda knot: knot.t)
        del self._knots[keep:], self._pieces[keep:]
        if not self._knots or self._knots[-1].t < t:
            self._pieces.append(_joined(self._knots[-1], here) if self._knots else None)
            self._knots.append(here)
        self.go(knots)

    def halt(self, t: float, after: float) -> Knot:
        """Where it comes to rest `after` s behind `t` s if it leaves its path there.

        Of all places the one with the least squared jerk on the way: the quartic that joins the
        motion at `t` with rest.
        """
        _, place, velocity, acceleration = self.state(t)
        moved = zip(place, velocity, acceleration, strict=True)
        x, y, z = (p + v * after / 2 + a * after**2 / 12 for p, v, a in moved)
        return Knot(t + after, (x, y, z))

    def forget(self, t: float) -> None:
        """Drop what lies before `t` s; the path is not asked there any more."""
        gone = bisect_right(self._knots, t, key=lambda knot: knot.t) - 1
        if gone > 0:
            del self._knots[:gone], self._pieces[:gone]
            self._pieces[0] = None

    def _axes(self, t: float) -> list[tuple[Axis, float]]:
        """The three polynomials at `t`, each with the time within it."""
        number = bisect_right(self._knots, t, key=lambda knot: knot.t)
        if 0 < number < len(self._knots):
            piece = self._pieces[number]
            assert piece is not None
            return [(axis, t - self._knots[number - 1].t) for axis in piece]
        knot = self._knots[max(number - 1, 0)]
        s = t - knot.t if number == 0 else 0.0
        return [((p, 0.0, 0.0, 0.0, 0.0, 0.0), s) for p in knot.place]


def _joined(a: Knot, b: Knot) -> tuple[Axis, Axis, Axis]:
    x, y, z = (
        _quintic(b.t - a.t, (a[1][i], a[2][i], a[3][i]), (b[1][i], b[2][i], b[3][i]))
        for i in range(3)
    )
    return x, y, z


def _quintic(time: float, start: Vector, end: Vector) -> Axis:
    """Coefficients of the quintic between (place, velocity, acceleration) at both ends."""
    (p, u, a), (q, v, b) = start, end
    way, square = q - p, time * time
    return (
        p,
        u,
        a / 2,
        (20 * way - (12 * u + 8 * v) * time - (3 * a - b) * square) / (2 * time * square),
        (-30 * way + (16 * u + 14 * v) * time + (3 * a - 2 * b) * square) / (2 * square * square),
        (12 * way - 6 * (u + v) * time - (a - b) * square) / (2 * time * square * square),
    )


def _at(axis: Axis, s: float) -> float:
    a, b, c, d, e, f = axis
    return a + s * (b + s * (c + s * (d + s * (e + s * f))))


def _derived(axis: Axis, s: float) -> Vector:
    _, b, c, d, e, f = axis
    velocity = b + s * (2 * c + s * (3 * d + s * (4 * e + s * 5 * f)))
    return _at(axis, s), velocity, 2 * c + s * (6 * d + s * (12 * e + s * 20 * f))

"""The left hand: it rests, beats along, shows dynamics, gives cues, holds and cuts off."""

from __future__ import annotations

from math import cos, radians, sin

from rt_engine.conducting.quintic import Knot, Path
from rt_engine.motion.turns import Vector, between, plus

__all__ = ["LeftHand"]

REST: Vector = (0.22, 0.96, 0.20)  # m, before the waist
PREPARED, SHOWN, BACK = 0.34, 0.45, 0.8  # s before a cue, that it stays, and until at rest again
NOTICE = 0.4  # s until the hand is ready for a cue, at least
LENGTH = 0.46  # m from the shoulder, of an arm that points
SHOULDER: Vector = (0.20, 1.38, 0.0)
SWELL, KEPT = 1.1, 0.9  # s of a gesture of dynamics, and that it stays
ON, OFF = 1.0, 0.0


class LeftHand:
    """Where the left wrist is; every change begins from how the hand moves at that time."""

    def __init__(self, t: float = 0.0) -> None:
        start = Knot(t, REST)
        self._gesture = Path(start)  # of the hand, where it has something to show
        self._showing = _level(t)  # how far it does: 0 to 1
        self._along = _level(t)  # how far it beats along otherwise
        self._up = _level(t)  # the palm: 0 down, 1 up

    def place(self, t: float, right: Vector) -> Vector:
        """The wrist (m) at `t` s, while that of the right hand is at `right`."""
        x, y, z = right
        beating = between(REST, (-x, y, z), self._along.place(t)[0])
        return between(beating, self._gesture.place(t), self._showing.place(t)[0])

    def palm(self, t: float) -> float:
        """0: the palm looks down; 1: up."""
        return self._up.place(t)[0]

    def forget(self, t: float) -> None:
        """The time before `t` s is not asked for any more."""
        for path in (self._gesture, self._showing, self._along, self._up):
            path.forget(t)

    def beat_along(self, now: float, share: float) -> None:
        """Mirror the right hand by `share`, from 0 to 1."""
        if abs(share - self._along.last.place[0]) > 0.02:
            self._along.turn(now, [Knot(now + 1.0, (share, 0.0, 0.0))])

    def cue(self, now: float, t: float, azimuth: float) -> None:
        """Point at a player, `azimuth` degrees to the left of the middle, at `t` s."""
        aim = radians(azimuth)
        t = max(t, now + NOTICE + PREPARED / 2)
        out = (LENGTH * sin(aim), -0.02, LENGTH * cos(aim))
        strike = plus(SHOULDER, out)
        ready = plus(SHOULDER, (0.7 * out[0], 0.14, 0.7 * out[2]))
        begin = max(t - PREPARED, now + NOTICE)
        points = [(begin, ready), (t, strike), (t + SHOWN, strike)]
        self._show(now, points, 0.4)

    def swell(self, now: float, louder: bool) -> None:
        """Raise the hand, palm up, for a crescendo; lower it, palm down, for a diminuendo."""
        low, high = (0.30, 1.06, 0.32), (0.32, 1.40, 0.36)
        first, last = (low, high) if louder else (high, low)
        begin = now + 0.45
        self._show(
            now,
            [(begin, first), (begin + SWELL, last), (begin + SWELL + KEPT, last)],
            1.0 if louder else 0.0,
        )

    def hold(self, now: float) -> None:
        """Keep the hand out and up until something else is shown."""
        self._turn(now, [(now + 0.5, (0.34, 1.30, 0.34)), (now + 4.0, (0.37, 1.38, 0.36))], 1.0)
        self._showing.turn(now, [Knot(now + 0.4, (ON, 0.0, 0.0))])

    def cut_off(self, now: float, t: float) -> None:
        """A small circle that closes and stops at `t` s."""
        circle = ((0.30, 1.26, 0.36), (0.36, 1.32, 0.37), (0.40, 1.25, 0.37), (0.33, 1.20, 0.38))
        shares = (0.55, 0.7, 0.85, 1.0)
        points = [(now + (t - now) * s, place) for s, place in zip(shares, circle, strict=True)]
        self._show(now, [*points, (points[-1][0] + 0.6, circle[-1])], 0.2)

    def relax(self, now: float) -> None:
        """Leave off whatever is shown."""
        self._showing.turn(now, [Knot(now + BACK, (OFF, 0.0, 0.0))])
        self._up.turn(now, [Knot(now + BACK, (0.0, 0.0, 0.0))])

    def _show(self, now: float, points: list[tuple[float, Vector]], up: float) -> None:
        """Go through `points`, each with its time, and back."""
        self._turn(now, points, up)
        first, last = points[0][0], points[-1][0]
        shown = [Knot(first, (ON, 0.0, 0.0)), Knot(last, (ON, 0.0, 0.0))]
        self._showing.turn(now, [*shown, Knot(last + BACK, (OFF, 0.0, 0.0))])
        self._up.go([Knot(last + BACK, (0.0, 0.0, 0.0))])

    def _turn(self, now: float, points: list[tuple[float, Vector]], up: float) -> None:
        if self._showing.place(now)[0] < 1e-9 and self._showing.end <= now:
            self._gesture = Path(Knot(now, points[0][1]))  # unseen: it may begin anywhere
        self._gesture.turn(now, [Knot(t, place) for t, place in points])
        self._up.turn(
            now, [Knot(points[0][0], (up, 0.0, 0.0)), Knot(points[-1][0], (up, 0.0, 0.0))]
        )


def _level(t: float) -> Path:
    """A number from 0 to 1 that changes smoothly, as the first coordinate of a path."""
    return Path(Knot(t, (0.0, 0.0, 0.0)))

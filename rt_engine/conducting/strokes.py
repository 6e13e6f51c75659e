"""From one ictus to the next: the points through which the hand goes.

At an ictus the hand is at its lowest: its height does not change and turns upwards. It flows or
springs up, may stand where its rebound ends, rises to the top of the next stroke and falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians, sin
from typing import NamedTuple

from rt_engine.conducting.metres import Metre, Place
from rt_engine.conducting.quintic import Knot
from rt_engine.conducting.style import Shape, Style
from rt_engine.motion.turns import ZERO, Vector, between, length, minus, plus, scaled

__all__ = ["Strike", "interval", "place_of"]

STEEP = 24.0  # most acceleration at the start of a rise, in heights a squared time of it
STIFF = 16.0  # the same of a rise at whose end the hand stands: more would carry it beyond
FLOW = 5.0  # acceleration at a top that is passed without a stop, likewise
STANDING = 0.5  # of `Shape.stop`: from here on the hand stands after its rebound
QUICK = 0.36  # s from ictus to ictus under which there is no time to stand
SHOULDER: Vector = (-0.21, 1.38, 0.03)  # m: the right one, of a body that stands upright
FARTHEST = 0.47  # m from there, of a hand that strikes
LIFT = 0.03  # of the size: what a stroke is at least high


class Strike(NamedTuple):
    """A stroke that is due."""

    t: float  # s
    serial: int  # counts strikes
    number: int  # of the stroke in the metre
    metre: Metre
    size: float  # m
    shape: Shape
    stray: tuple[Place, Place] = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))  # of ictus and top, as places


def place_of(place: Place, size: float, style: Style) -> Vector:
    """A place of a pattern in the body frame (m), for the right hand, as far as the arm reaches."""
    right, up, forward = place
    right *= style.width
    lean = radians(style.tilt)
    right, up = right * cos(lean) + up * sin(lean), up * cos(lean) - right * sin(lean)
    place = (
        -(style.side + size * right),
        style.height + size * up,
        style.reach + size * forward,
    )
    away = minus(place, SHOULDER)
    return plus(SHOULDER, scaled(away, FARTHEST / max(length(away), FARTHEST)))


def ictus_of(strike: Strike, style: Style) -> Vector:
    """Where a strike hits (m)."""
    return place_of(_strayed(strike, 0), strike.size, style)


def top_of(strike: Strike, style: Style) -> Vector:
    """Where it falls from (m)."""
    x, y, z = place_of(_strayed(strike, 1), strike.size, style)
    return x, max(y, ictus_of(strike, style)[1] + LIFT * strike.size), z


def interval(before: Strike, after: Strike, then: Strike, style: Style) -> list[Knot]:
    """The knots behind strike `before` up to and with that of `after`; `then` comes after it."""
    time, shape = after.t - before.t, after.shape
    start, end, top = ictus_of(before, style), ictus_of(after, style), top_of(after, style)
    falls = shape.fall * time
    high = Knot(after.t - falls, top, *_over(start, top, end, time, shape))
    knots = [high]
    if shape.stop >= STANDING and time >= QUICK:
        spring = _spring(before, after, style)
        if spring.t < high.t - shape.fall * time / 4:
            knots = [spring, high._replace(velocity=ZERO, acceleration=ZERO)]
    return [*knots, _strike(after, then, style)]


def _strike(strike: Strike, then: Strike, style: Style) -> Knot:
    """The knot of an ictus: lowest, sharply turning up, and going on sideways."""
    place, top, leave = ictus_of(strike, style), top_of(strike, style), top_of(then, style)
    time = max(then.t - strike.t, 1e-3)
    falls, rises = strike.shape.fall * time, (1 - then.shape.fall) * time
    standing = then.shape.stop >= STANDING and time >= QUICK
    if standing:
        rises = then.shape.rise * time
        climb = _rebound(strike, then, style)
    else:
        climb = leave[1] - place[1]
    turn = min(
        strike.shape.sharp * style.sharp * (top[1] - place[1]) / falls**2,
        (STIFF if standing else STEEP) * max(climb, LIFT * strike.size) / rises**2,
    )
    onward = scaled(minus(leave, top), strike.shape.glide / time)
    return Knot(strike.t, place, (onward[0], 0.0, onward[2]), (0.0, turn, 0.0))


def _over(
    start: Vector, top: Vector, end: Vector, time: float, shape: Shape
) -> tuple[Vector, Vector]:
    """Velocity and acceleration at the top."""
    rises, falls = (1 - shape.fall) * time, shape.fall * time
    slack = 1 - shape.stop
    hang = min(max(top[1] - start[1], 0.0) / rises**2, max(top[1] - end[1], 0.0) / falls**2)
    across = scaled(minus(end, start), slack / time)
    return (across[0], 0.0, across[2]), (0.0, -FLOW * slack * hang, 0.0)


def _spring(before: Strike, after: Strike, style: Style) -> Knot:
    """Where the rebound ends and the hand stands."""
    start, top = ictus_of(before, style), top_of(after, style)
    x, _, z = between(start, top, after.shape.rebound)
    place = x, start[1] + _rebound(before, after, style), z
    return Knot(before.t + after.shape.rise * (after.t - before.t), place)


def _rebound(before: Strike, after: Strike, style: Style) -> float:
    """Metres that the hand springs up after a strike, before it stands."""
    start, top = ictus_of(before, style)[1], top_of(after, style)[1]
    fallen = top_of(before, style)[1] - start
    return min(after.shape.rebound * style.rebound * fallen, max(0.9 * (top - start), 0.0))


def _strayed(strike: Strike, which: int) -> Place:
    stroke = strike.metre.strokes[strike.number]
    place: Sequence[float] = (stroke.ictus, stroke.top)[which]
    x, y, z = (p + s for p, s in zip(place, strike.stray[which], strict=True))
    return x, y, z

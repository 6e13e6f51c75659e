"""Legs and soles of the skeleton: where they are, and how they reach for a given place.

Heel and toe are points of the sole, which touch the floor at rest; the foot is 0.152 of the
height long (D. A. Winter, "Biomechanics and Motor Control of Human Movement", 4th edition,
fig. 4.1), a quarter of it behind the ankle.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from rt_engine.motion.quaternion import Arrays, Floats
from rt_engine.motion.skeleton import INDEX, SOLE
from rt_engine.motion.turns import (
    Turn,
    Vector,
    arc,
    dot,
    inverse,
    length,
    minus,
    multiply,
    plus,
    rotate,
    scaled,
    unit,
)

__all__ = ["Bones", "Leg", "leg_of", "legs_of", "reach", "sole"]

_LEGS = tuple(
    tuple(INDEX[f"{side}{bone}"] for bone in ("UpperLeg", "LowerLeg", "Foot"))
    for side in ("Left", "Right")
)
_SOLE: tuple[Vector, ...] = tuple((x, y, z) for x, y, z in SOLE.tolist())
LONGEST = 0.9995  # of a leg's length: it is never quite straight
FRONT: Vector = (0.0, 0.0, 1e-3)

Bones = tuple[tuple[Vector, Vector, Vector], ...]
"""Offsets (m) of upper leg, lower leg and foot from their parents, left and right."""


class Leg(NamedTuple):
    """One leg: places relative to the hips (m), rotations in the body frame."""

    hips: Turn
    upper: Turn
    lower: Turn
    foot: Turn
    hip: Vector  # the joint
    knee: Vector
    ankle: Vector
    heel: Vector
    toe: Vector


def legs_of(offsets: Arrays) -> Bones:
    """The bones of both legs out of all `offsets` (55, 3) in metres."""
    rows = np.asarray(offsets, np.float64).tolist()
    return tuple((tuple(rows[a]), tuple(rows[b]), tuple(rows[c])) for a, b, c in _LEGS)


def leg_of(rotations: Arrays, bones: Bones, side: int, scale: float = 1.0) -> Leg:
    """The left (0) or right (1) leg of local `rotations` (55, 4); `bones` belong to scale 1."""
    hips, *local = (tuple(rotations[i].tolist()) for i in (0, *_LEGS[side]))
    thigh, shin, instep = bones[side]
    upper = multiply(hips, local[0])
    lower = multiply(upper, local[1])
    foot = multiply(lower, local[2])
    hip = rotate(hips, scaled(thigh, scale))
    knee = plus(hip, rotate(upper, scaled(shin, scale)))
    ankle = plus(knee, rotate(lower, scaled(instep, scale)))
    return Leg(hips, upper, lower, foot, hip, knee, ankle, *sole(ankle, foot, scale))


def sole(ankle: Vector, foot: Turn, scale: float) -> tuple[Vector, Vector]:
    """Heel and toe of a foot that is turned as `foot` in the body frame."""
    heel, toe = (plus(ankle, rotate(foot, scaled(point, scale))) for point in _SOLE)
    return heel, toe


def reach(rotations: Floats, side: int, leg: Leg, ankle: Vector, foot: Turn) -> None:
    """Change local `rotations` (55, 4) so that the ankle is at `ankle` and the foot as `foot`.

    ankle: relative to the hips; one out of reach is neared. foot: in the body frame. The knee
    stays in the plane in which it bends.
    """
    aim = minus(ankle, leg.hip)
    aim = scaled(aim, _nearer(leg, length(aim)))
    bent = _knee(leg, aim)
    upper = arc(unit(minus(leg.knee, leg.hip)), unit(bent))
    shin = unit(rotate(upper, minus(leg.ankle, leg.knee)))
    lower = multiply(arc(shin, unit(minus(aim, bent))), upper)
    turned = leg.hips, multiply(upper, leg.upper), multiply(lower, leg.lower), foot
    for bone, parent, own in zip(_LEGS[side], turned[:-1], turned[1:], strict=True):
        rotations[bone] = multiply(inverse(parent), own)


def _nearer(leg: Leg, distance: float) -> float:
    """The factor that brings a distance from the hip joint within what the leg can reach."""
    thigh, shin = _lengths(leg)
    nearest, farthest = abs(thigh - shin) + 0.01, LONGEST * (thigh + shin)
    return min(max(distance, nearest), farthest) / max(distance, 1e-9)


def _lengths(leg: Leg) -> tuple[float, float]:
    return length(minus(leg.knee, leg.hip)), length(minus(leg.ankle, leg.knee))


def _knee(leg: Leg, aim: Vector) -> Vector:
    """The knee of a leg whose ankle is at `aim`, from the hip joint, by the law of cosines."""
    thigh, shin = _lengths(leg)
    distance, along = length(aim), unit(aim)
    # The plane of the knee goes along with the leg; a straight leg bends to the front.
    carried = rotate(arc(unit(minus(leg.ankle, leg.hip)), along), minus(leg.knee, leg.hip))
    aside = plus(carried, rotate(leg.hips, FRONT))
    aside = unit(minus(aside, scaled(along, dot(aside, along))))
    cosine = (thigh**2 + distance**2 - shin**2) / (2 * thigh * distance)
    cosine = min(max(cosine, -1.0), 1.0)
    return plus(scaled(along, thigh * cosine), scaled(aside, thigh * sqrt(1 - cosine**2)))

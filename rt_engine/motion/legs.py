"""Legs and soles of the skeleton: where they are, and how they reach for a given place.

Arrays have the left leg first. Heel and toe are points of the sole, which touch the floor at
rest; the foot is 0.152 of the height long (D. A. Winter, "Biomechanics and Motor Control of
Human Movement", 4th edition, fig. 4.1), a quarter of it behind the ankle.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rt_engine.motion.quaternion import (
    Arrays,
    Floats,
    conjugate,
    multiply,
    normalize,
    rotate,
    shortest_arc,
)
from rt_engine.motion.skeleton import INDEX, SOLE

__all__ = ["Legs", "legs_of", "reach"]

_UPPER, _LOWER, _FOOT, _TOES = (
    np.array([INDEX[f"{side}{bone}"] for side in ("Left", "Right")])
    for bone in ("UpperLeg", "LowerLeg", "Foot", "Toes")
)
LONGEST = 0.9995  # of a leg's length: it is never quite straight


class Legs(NamedTuple):
    """Both legs, places relative to the hips (m), rotations in the body frame."""

    turned: Floats  # (4,): the hips
    rotations: Floats  # (3, 2, 4): upper leg, lower leg, foot
    joints: Floats  # (3, 2, 3): hip joint, knee, ankle
    soles: Floats  # (2, 2, 3): side, heel and toe


def legs_of(rotations: Arrays, offsets: Arrays, scale: float = 1.0) -> Legs:
    """Legs of local `rotations` (55, 4); `offsets` (55, 3) in metres belong to scale 1."""
    hips = np.asarray(rotations[0], np.float64)
    hip = rotate(hips, offsets[_UPPER])
    upper = multiply(np.broadcast_to(hips, (2, 4)), rotations[_UPPER])
    knee = hip + rotate(upper, offsets[_LOWER])
    lower = multiply(upper, rotations[_LOWER])
    ankle = knee + rotate(lower, offsets[_FOOT])
    foot = multiply(lower, rotations[_FOOT])
    soles = ankle[:, None] + rotate(foot[:, None], SOLE)
    return Legs(
        hips, np.stack([upper, lower, foot]), scale * np.stack([hip, knee, ankle]), scale * soles
    )


def reach(rotations: Arrays, legs: Legs, ankles: Arrays, feet: Arrays) -> Floats:
    """Local rotations (55, 4) whose ankles are at `ankles` and whose feet are turned as `feet`.

    ankles: (2, 3) relative to the hips; one out of reach is neared. feet: (2, 4) in the body
    frame. Each knee stays in the plane in which it bends.
    """
    hip, knee, ankle = legs.joints
    aim, bent = ankles - hip, _knees(legs, ankles - hip)
    upper = shortest_arc(normalize(knee - hip), normalize(bent))
    shin = normalize(rotate(upper, ankle - knee))
    lower = multiply(shortest_arc(shin, normalize(_limited(legs, aim) - bent)), upper)
    turned = [multiply(upper, legs.rotations[0]), multiply(lower, legs.rotations[1]), feet]
    local = np.array(rotations, np.float64)
    local[_UPPER] = multiply(np.broadcast_to(conjugate(legs.turned), (2, 4)), turned[0])
    local[_LOWER] = multiply(conjugate(turned[0]), turned[1])
    local[_FOOT] = multiply(conjugate(turned[1]), turned[2])
    return local


def _limited(legs: Legs, aim: Floats) -> Floats:
    """`aim` (2, 3) from the hip joint, not farther than the leg is long, nor too near."""
    thigh, shin = _lengths(legs)
    distance = np.linalg.norm(aim, axis=-1, keepdims=True)
    nearest, farthest = np.abs(thigh - shin) + 0.01, LONGEST * (thigh + shin)
    limited: Floats = aim * (np.clip(distance, nearest, farthest) / np.maximum(distance, 1e-9))
    return limited


def _lengths(legs: Legs) -> tuple[Floats, Floats]:
    thigh, shin = np.linalg.norm(np.diff(legs.joints, axis=0), axis=-1, keepdims=True)
    return thigh, shin


def _knees(legs: Legs, aim: Floats) -> Floats:
    """Places (2, 3) of the knees from the hip joints, by the law of cosines."""
    hip, knee, ankle = legs.joints
    thigh, shin = _lengths(legs)
    limited = _limited(legs, aim)
    distance = np.linalg.norm(limited, axis=-1, keepdims=True)
    along = limited / distance
    # The plane of the knee goes along with the leg; a straight leg bends to the front.
    carried = rotate(shortest_arc(normalize(ankle - hip), along), knee - hip)
    front = rotate(np.broadcast_to(legs.turned, (2, 4)), np.array([0.0, 0.0, 1e-3]))
    aside = carried + front
    aside = normalize(aside - (aside * along).sum(-1, keepdims=True) * along)
    cosine = np.clip((thigh**2 + distance**2 - shin**2) / (2 * thigh * distance), -1.0, 1.0)
    knees: Floats = thigh * (cosine * along + np.sqrt(1 - cosine**2) * aside)
    return knees

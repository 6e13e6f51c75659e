"""Hips, spine, neck, head and collar bones from the landmarks of trunk and face.

The hips stand across the line between them and along the trunk. The upper chest stands along
the trunk and across the line of the shoulders; spine, chest and upper chest share the rotation
between the two in equal parts, neck and head that between chest and face. A collar bone follows
its end of the shoulders' line, and rises with an arm above the horizontal (the rhythm of
shoulder blade and arm: V. Inman, J. Saunders and L. Abbott, "Observations on the function of
the shoulder joint", 1944).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import asin

from rt_engine.motion import landmarks as lm
from rt_engine.motion.joints import MARGIN, Joints
from rt_engine.motion.posture import Posture
from rt_engine.motion.turns import Turn, Vector, between, cross, from_axes, minus, scaled, unit

__all__ = ["Torso"]

LIFT = 0.25  # of an arm's angle above the horizontal


class Torso:
    """Sets the trunk and the head of a `Posture`."""

    def __init__(self, posture: Posture, margin: float = MARGIN) -> None:
        self._posture = posture
        self._spine = Joints(["Spine", "Chest", "UpperChest"], margin).each()
        self._neck = Joints(["Neck", "Head"], margin).each()
        self._shoulders = Joints(["LeftShoulder", "RightShoulder"], margin).each()

    def step(self, points: Sequence[Vector], visibility: Sequence[float]) -> None:
        """33 landmarks in the body frame, and how well each is seen."""
        hips = min(visibility[i] for i in lm.HIPS)
        shoulders = min(visibility[i] for i in lm.SHOULDERS)
        face = sum(visibility[i] for i in (lm.NOSE, *lm.EARS)) / 3
        pelvis, chest, head = _frames(points, hips)
        self._posture.place(pelvis, (hips + shoulders) / 2)
        self._posture.share(self._spine, chest, shoulders)
        self._posture.share(self._neck, head, face)
        self._lift(points, shoulders)

    def _lift(self, points: Sequence[Vector], visibility: float) -> None:
        left, right = (points[i] for i in lm.SHOULDERS)
        line = unit(minus(left, right))
        for side, joint in enumerate(self._shoulders):
            arm = unit(minus(points[lm.ELBOWS[side]], points[lm.SHOULDERS[side]]))
            raised = min(max(self._posture.inside(joint, arm)[1], 0.0), 1.0)
            outward = self._posture.inside(joint, scaled(line, -1.0) if side else line)
            twist, flexion, down = joint.coordinates(outward)
            self._posture.bend(joint, (twist, flexion, down - LIFT * asin(raised)), visibility)


def _frames(points: Sequence[Vector], hips_seen: float) -> tuple[Turn, Turn, Turn]:
    """Where hips, upper chest and head stand."""
    hips, shoulders, ears, eyes = (
        (points[pair[0]], points[pair[1]]) for pair in (lm.HIPS, lm.SHOULDERS, lm.EARS, lm.EYES)
    )
    breast = unit(minus(*shoulders))
    # Hips that are hidden (a desk) are guessed badly; they then stand as the shoulders do.
    pelvis = unit(between(breast, unit(minus(*hips)), hips_seen))
    up = unit(minus(between(*shoulders, 0.5), between(*hips, 0.5)))
    sideways = minus(between(ears[0], eyes[0], 0.5), between(ears[1], eyes[1], 0.5))
    # With the head held straight the nose is as much below the ears as the eyes are above.
    front = minus(between(points[lm.NOSE], between(*eyes, 0.5), 0.5), between(*ears, 0.5))
    return _frame(pelvis, 0, up, 1), _frame(up, 1, breast, 0), _frame(sideways, 0, front, 2)


def _frame(first: Vector, a: int, second: Vector, b: int) -> Turn:
    """Axis `a` of a right-handed frame along `first`, axis `b` as near to `second` as it can."""
    one = unit(first)
    sign = 1.0 if (b - a) % 3 == 1 else -1.0
    third = scaled(unit(cross(one, second)), sign)
    axes = {a: one, b: scaled(cross(third, one), sign), 3 - a - b: third}
    return from_axes(axes[0], axes[1], axes[2])

"""Hips, spine, neck, head and collar bones from the landmarks of trunk and face.

The hips stand across the line between them and along the trunk. The upper chest stands along
the trunk and across the line of the shoulders; spine, chest and upper chest share the rotation
between the two in equal parts, neck and head that between chest and face. A collar bone follows
its end of the shoulders' line, and rises with an arm above the horizontal (the rhythm of
shoulder blade and arm: V. Inman, J. Saunders and L. Abbott, "Observations on the function of
the shoulder joint", 1944).
"""

from __future__ import annotations

import numpy as np

from rt_engine.motion import landmarks as lm
from rt_engine.motion.joints import MARGIN, Joints
from rt_engine.motion.posture import Posture
from rt_engine.motion.quaternion import (
    Arrays,
    Floats,
    cross,
    from_matrix,
    normalize,
)

__all__ = ["Torso"]

LIFT = 0.25  # of an arm's angle above the horizontal


class Torso:
    """Sets the trunk and the head of a `Posture`."""

    def __init__(self, posture: Posture, margin: float = MARGIN) -> None:
        self._posture = posture
        self._spine = Joints(["Spine", "Chest", "UpperChest"], margin)
        self._neck = Joints(["Neck", "Head"], margin)
        self._shoulders = Joints(["LeftShoulder", "RightShoulder"], margin)

    def step(self, points: Floats, visibility: Floats) -> None:
        """Landmarks (33, 3) in the body frame, and how well each is seen (33,)."""
        hips, shoulders = visibility[[*lm.HIPS]].min(), visibility[[*lm.SHOULDERS]].min()
        face = visibility[[lm.NOSE, *lm.EARS]].mean()
        frames = from_matrix(_frames(points, hips))
        self._posture.place(frames[0], (hips + shoulders) / 2)
        self._posture.share(self._spine, frames[1], shoulders)
        self._posture.share(self._neck, frames[2], face)
        self._lift(points, shoulders)

    def _lift(self, points: Floats, visibility: float) -> None:
        line = normalize(points[lm.SHOULDERS[0]] - points[lm.SHOULDERS[1]])
        arms = normalize(points[[*lm.ELBOWS]] - points[[*lm.SHOULDERS]])
        both = self._posture.inside(self._shoulders, np.stack([line, -line]))
        raised = self._posture.inside(self._shoulders, arms)[:, 1]
        found = self._shoulders.coordinates(both)
        found[:, 2] -= LIFT * np.arcsin(np.clip(raised, 0.0, 1.0))  # side is down
        self._posture.bend(self._shoulders, found, np.full(2, visibility))


def _frames(points: Floats, hips_seen: float) -> Floats:
    """Matrices (3, 3, 3): where hips, upper chest and head stand."""
    left, right = points[[lm.HIPS[0], lm.SHOULDERS[0]]], points[[lm.HIPS[1], lm.SHOULDERS[1]]]
    across, middle = normalize(left - right), (left + right) / 2
    # Hips that are hidden (a desk) are guessed badly; they then stand as the shoulders do.
    across[0] = normalize(hips_seen * across[0] + (1 - hips_seen) * across[1])
    up = normalize(middle[1] - middle[0])
    ears, eyes = points[[*lm.EARS]], points[[*lm.EYES]]
    sideways = ears[0] - ears[1] + eyes[0] - eyes[1]
    # With the head held straight the nose is as much below the ears as the eyes are above.
    front = (points[lm.NOSE] + eyes.mean(0)) / 2 - ears.mean(0)
    return np.stack(
        [_frame(across[0], 0, up, 1), _frame(up, 1, across[1], 0), _frame(sideways, 0, front, 2)]
    )


def _frame(first: Arrays, a: int, second: Arrays, b: int) -> Floats:
    """Axis `a` of a right-handed frame along `first`, axis `b` as near to `second` as it can."""
    one = normalize(first)
    sign = 1.0 if (b - a) % 3 == 1 else -1.0
    third = normalize(cross(one, second)) * sign
    columns = np.empty((3, 3))
    columns[:, a], columns[:, 3 - a - b] = one, third
    columns[:, b] = cross(third, one) * sign
    return columns

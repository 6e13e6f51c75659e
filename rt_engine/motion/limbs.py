"""Arms, legs, hands and feet: directions from landmarks, twist from the plane that they span.

Each upper bone is aimed by the shortest arc and twisted so that its hinge (elbow, knee) stands
across the plane of the limb. A straight limb spans no plane: the hinge is then carried along
from before, and drifts to its neutral place. Half of what a hand turns about the forearm is
given to the forearm; the wrist's limits are meant within the whole of it, as in a real arm, where
only the forearm turns.
"""

from __future__ import annotations

import numpy as np

from rt_engine.motion import landmarks as lm
from rt_engine.motion.joints import MARGIN, Joints
from rt_engine.motion.posture import HIPS, Posture
from rt_engine.motion.quaternion import (
    Arrays,
    Floats,
    conjugate,
    cross,
    dot,
    multiply,
    normalize,
    rotate,
    shortest_arc,
)

__all__ = ["Limbs"]

STRAIGHT, BENT = np.sin(np.radians([4.0, 15.0]))  # flexion at which the plane begins to count
NEUTRAL = 1.0  # s, in which the hinge of a straight limb drifts back
FORWARD = 0.5  # how much the hips say, beside a foot, where a straight leg's knee points

_STARTS = [*lm.SHOULDERS, *lm.HIPS]
_MIDDLES = [*lm.ELBOWS, *lm.KNEES]
_ENDS = [*lm.WRISTS, *lm.ANKLES]


class Limbs:
    """Sets the arms and legs of a `Posture`; in arrays of four, arms before legs, left first."""

    def __init__(self, posture: Posture, margin: float = MARGIN) -> None:
        self._posture = posture
        self._upper = Joints(
            ["LeftUpperArm", "RightUpperArm", "LeftUpperLeg", "RightUpperLeg"], margin
        )
        self._lower = Joints(
            ["LeftLowerArm", "RightLowerArm", "LeftLowerLeg", "RightLowerLeg"], margin
        )
        self._ends = Joints(["LeftHand", "RightHand", "LeftFoot", "RightFoot"], margin)
        self.reset()

    def reset(self) -> None:
        """Forget where the hinges stood."""
        self._hinge: Floats | None = None
        self._along: Floats = self._upper.rest

    def step(
        self, points: Floats, visibility: Floats, palms: tuple[Floats, Floats], elapsed: float
    ) -> None:
        """Landmarks (33, 3), their visibility (33,), and s since the last ones.

        `palms` are the directions of both hands and the normals of their palms, (2, 3) each.
        """
        upper = normalize(points[_MIDDLES] - points[_STARTS])
        lower = normalize(points[_ENDS] - points[_MIDDLES])
        soles = normalize(points[[*lm.TOES]] - points[[*lm.HEELS]])
        seen = _seen(visibility)
        hinge = self._hinges(upper, lower, soles, elapsed)
        poles = np.concatenate([hinge[:2], -hinge[2:]])  # the thigh flexes the other way
        self._aim(self._upper, upper, poles, seen[0])
        ends = np.concatenate([palms[0], soles])
        poles = np.concatenate([palms[1], -hinge[2:]])
        turning = self._aim_lower(lower, hinge, ends, poles, seen)
        self._aim(self._ends, ends, poles, seen[2], turning)

    def _aim(
        self,
        joints: Joints,
        along: Floats,
        poles: Floats,
        seen: Floats,
        before: Floats | None = None,
    ) -> None:
        inside = self._posture.inside(joints, np.stack([along, poles]))
        if before is not None:
            inside = rotate(conjugate(before), inside)
        self._posture.bend(joints, joints.coordinates(inside[0], inside[1]), seen, before)

    def _aim_lower(
        self, along: Floats, hinge: Floats, ends: Floats, poles: Floats, seen: Floats
    ) -> Floats:
        """Forearms and shanks; half of what a hand turns is the forearm's, the rest comes back."""
        joints, posture = self._lower, self._posture
        inside = posture.inside(joints, np.stack([along, hinge]))
        found = joints.coordinates(inside[0], inside[1])
        straight = multiply(posture.turned[joints.parents], joints.rotation(found))
        outside = rotate(conjugate(straight), np.stack([ends, poles]))
        twist = self._ends.coordinates(outside[0], outside[1])[:, 0]
        twist = 0.5 * np.clip(twist, joints.low[:, 0], joints.high[:, 0]) * (seen[2] > 0)
        twist[2:] = 0.0
        found[:, 0] += twist
        posture.bend(joints, found, seen[1])
        return joints.turning(twist)

    def _hinges(self, upper: Floats, lower: Floats, soles: Floats, elapsed: float) -> Floats:
        """The axes of elbows and knees, (4, 3)."""
        neutral = self._neutral(upper, lower, soles)
        if self._hinge is None:
            carried = neutral
        else:
            carried = rotate(shortest_arc(self._along, upper), self._hinge)
            carried += (neutral - carried) * -np.expm1(-elapsed / NEUTRAL)
        plane = cross(upper, lower)
        bend = np.sqrt(dot(plane, plane))
        known = np.clip((bend - STRAIGHT) / (BENT - STRAIGHT), 0.0, 1.0)
        # A knee that bends the wrong way is an error of its landmarks.
        known[2:] *= dot(plane[2:], neutral[2:]) > 0
        mixed = known * plane / np.maximum(bend, 1e-9) + (1.0 - known) * normalize(carried)
        self._hinge, self._along = normalize(mixed), upper
        return self._hinge

    def _neutral(self, upper: Floats, lower: Floats, soles: Floats) -> Floats:
        """Hinges of straight limbs: arms without twist, knees over the feet and the hips."""
        joints = self._upper
        parents = self._posture.turned[joints.parents]
        rest = rotate(parents, joints.rest)
        hinges = rotate(shortest_arc(rest, upper), rotate(parents, self._lower.flexion))
        sideways = rotate(self._posture.turned[HIPS], np.array([1.0, 0.0, 0.0]))
        hinges[2:] = normalize(cross(soles, lower[2:]) + FORWARD * sideways)
        return hinges


def _seen(visibility: Arrays) -> Floats:
    """Visibility of upper bones, lower bones and ends (3, 4): that of their worst landmark."""
    start, middle, end = visibility[_STARTS], visibility[_MIDDLES], visibility[_ENDS]
    first = visibility[[*lm.INDEXES, *lm.HEELS]]
    second = visibility[[*lm.PINKIES, *lm.TOES]]
    return np.stack(
        [
            np.minimum(start, middle),
            np.minimum(middle, end),
            np.minimum(np.minimum(first, second), end),
        ]
    )

"""Arms, legs, hands and feet: directions from landmarks, twist from the plane that they span.

Each upper bone is aimed by the shortest arc and twisted so that its hinge (elbow, knee) stands
across the plane of the limb. A straight limb spans no plane: the hinge is then carried along
from before, and drifts to its neutral place. Half of what a hand turns about the forearm is
given to the forearm; the wrist's limits are meant within the whole of it, as in a real arm, where
only the forearm turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import expm1, radians, sin, sqrt

from rt_engine.motion import landmarks as lm
from rt_engine.motion.joints import MARGIN, Joints
from rt_engine.motion.posture import HIPS, Posture
from rt_engine.motion.turns import (
    Turn,
    Vector,
    arc,
    between,
    cross,
    dot,
    inverse,
    minus,
    multiply,
    rotate,
    scaled,
    unit,
)

__all__ = ["Limbs"]

STRAIGHT, BENT = (sin(radians(a)) for a in (4.0, 15.0))  # flexion at which the plane begins
NEUTRAL = 1.0  # s, in which the hinge of a straight limb drifts back
FORWARD = 0.5  # how much the hips say, beside a foot, where a straight leg's knee points

_STARTS = [*lm.SHOULDERS, *lm.HIPS]
_MIDDLES = [*lm.ELBOWS, *lm.KNEES]
_ENDS = [*lm.WRISTS, *lm.ANKLES]
_FIRST, _SECOND = [*lm.INDEXES, *lm.HEELS], [*lm.PINKIES, *lm.TOES]
_ARMS, _LEGS = (0, 1), (2, 3)


class Limbs:
    """Sets the arms and legs of a `Posture`; in lists of four, arms before legs, left first."""

    def __init__(self, posture: Posture, margin: float = MARGIN) -> None:
        self._posture = posture
        names = ("UpperArm", "UpperLeg"), ("LowerArm", "LowerLeg"), ("Hand", "Foot")
        self._upper, self._lower, self._ends = (
            Joints([side + bone for bone in pair for side in ("Left", "Right")], margin).each()
            for pair in names
        )
        self.reset()

    def reset(self) -> None:
        """Forget where the hinges stood."""
        self._before: list[tuple[Vector, Vector]] = []  # bone and hinge of each limb

    def step(
        self,
        points: Sequence[Vector],
        visibility: Sequence[float],
        palms: Sequence[tuple[Vector, Vector]],
        elapsed: float,
    ) -> None:
        """33 landmarks, their visibility, and s since the last ones.

        `palms` are the direction of each hand and the normal of its palm.
        """
        pairs = zip(lm.HEELS, lm.TOES, strict=True)
        soles = [unit(minus(points[toe], points[heel])) for heel, toe in pairs]
        upper = [unit(minus(points[_MIDDLES[i]], points[_STARTS[i]])) for i in range(4)]
        lower = [unit(minus(points[_ENDS[i]], points[_MIDDLES[i]])) for i in range(4)]
        drift = -expm1(-elapsed / NEUTRAL)
        hinges = [
            self._hinge(i, upper[i], lower[i], self._neutral(i, upper[i], lower[i], soles), drift)
            for i in range(4)
        ]
        self._before = list(zip(upper, hinges, strict=True))
        for i, hinge in enumerate(hinges):
            back = scaled(hinge, -1.0)  # the thigh flexes the other way, and the foot
            end, pole = palms[i] if i in _ARMS else (soles[i - 2], back)
            seen = _seen(visibility, i)
            self._aim_upper(i, upper[i], hinge if i in _ARMS else back, seen[0])
            turning = self._aim_lower(i, lower[i], hinge, (end, pole), seen)
            self._aim_end(i, end, pole, seen[2], turning)

    def _aim_upper(self, i: int, along: Vector, pole: Vector, seen: float) -> None:
        joint, inside = self._upper[i], self._posture.inside
        found = joint.coordinates(inside(joint, along), inside(joint, pole))
        self._posture.bend(joint, found, seen)

    def _aim_lower(
        self,
        i: int,
        along: Vector,
        hinge: Vector,
        end: tuple[Vector, Vector],
        seen: Sequence[float],
    ) -> Turn | None:
        """A forearm or shank; half of what a hand turns is the forearm's, the rest comes back."""
        joint, posture = self._lower[i], self._posture
        found = joint.coordinates(posture.inside(joint, along), posture.inside(joint, hinge))
        twist = 0.0
        if i in _ARMS and seen[2] > 0:
            straight = inverse(multiply(posture.turned[joint.parent], joint.rotation(found)))
            outside = (rotate(straight, vector) for vector in end)
            twist = self._ends[i].coordinates(*outside)[0]
            twist = 0.5 * min(max(twist, joint.low[0]), joint.high[0])
        posture.bend(joint, (found[0] + twist, found[1], found[2]), seen[1])
        return joint.turning(twist) if twist else None

    def _aim_end(
        self, i: int, along: Vector, pole: Vector, seen: float, before: Turn | None
    ) -> None:
        joint, posture = self._ends[i], self._posture
        inside = [posture.inside(joint, vector) for vector in (along, pole)]
        if before:
            inside = [rotate(inverse(before), vector) for vector in inside]
        posture.bend(joint, joint.coordinates(inside[0], inside[1]), seen, before)

    def _hinge(self, i: int, upper: Vector, lower: Vector, neutral: Vector, drift: float) -> Vector:
        """The axis of an elbow or a knee."""
        carried = neutral
        if self._before:
            along, hinge = self._before[i]
            carried = between(rotate(arc(along, upper), hinge), neutral, drift)
        plane = cross(upper, lower)
        bend = sqrt(dot(plane, plane))
        known = min(max((bend - STRAIGHT) / (BENT - STRAIGHT), 0.0), 1.0)
        # A knee that bends the wrong way is an error of its landmarks.
        if i in _LEGS and dot(plane, neutral) <= 0:
            known = 0.0
        return unit(between(unit(carried), scaled(plane, 1 / max(bend, 1e-9)), known))

    def _neutral(self, i: int, upper: Vector, lower: Vector, soles: Sequence[Vector]) -> Vector:
        """The hinge of a straight limb: an arm without twist, a knee over foot and hips."""
        if i in _LEGS:
            x, y, z = cross(soles[i - 2], lower)
            a, b, c = rotate(self._posture.turned[HIPS], (FORWARD, 0.0, 0.0))
            return unit((x + a, y + b, z + c))
        joint = self._upper[i]
        parent = self._posture.turned[joint.parent]
        rest = rotate(parent, joint.rest)
        return rotate(arc(rest, upper), rotate(parent, self._lower[i].flexion))


def _seen(visibility: Sequence[float], i: int) -> tuple[float, float, float]:
    """Visibility of upper bone, lower bone and end: that of their worst landmark."""
    start, middle, end = visibility[_STARTS[i]], visibility[_MIDDLES[i]], visibility[_ENDS[i]]
    outer = min(visibility[_FIRST[i]], visibility[_SECOND[i]])
    return min(start, middle), min(middle, end), min(outer, end)

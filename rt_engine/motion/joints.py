"""Joint coordinates and their limits: how far each bone turns, bends and goes sideways.

A local rotation is a swing of the bone's rest direction about an axis at right angles to it,
after a twist about it (F. S. Grassia, "Practical parameterization of rotations using the
exponential map", 1998). Its coordinates, in radians, are (twist, flexion, side): the twist, and
the parts of the swing's rotation vector about the bone's flexion axis and its side axis.

Ranges are those of the American Academy of Orthopaedic Surgeons, "Joint Motion: Method of
Measuring and Recording" (1965), shared out where one joint of the body is several bones here,
and widened by MARGIN, since landmarks err and dancers reach further.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, cos, sin, sqrt
from typing import NamedTuple

import numpy as np

from rt_engine.motion import turns
from rt_engine.motion.quaternion import (
    Arrays,
    Floats,
    cross,
    dot,
    from_rotvec,
    multiply,
    normalize,
    rotate,
)
from rt_engine.motion.skeleton import FINGERS, INDEX, OFFSETS, PARENTS, mirrored

__all__ = ["MARGIN", "Joint", "Joints"]

TINY = 1e-9
MARGIN = 15.0  # degrees at both ends of every range

Vector = tuple[float, float, float]
Range = tuple[float, float]
Row = tuple[Vector, Vector, Range, Range, Range]

_LEFT, _RIGHT = (1.0, 0.0, 0.0), (-1.0, 0.0, 0.0)
_UP, _DOWN, _FRONT = (0.0, 1.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0)
_NONE, _TURN = (0.0, 0.0), (-30.0, 30.0)

# Of the left side and the middle: rest direction, axis of flexion, and the ranges of twist,
# flexion and side in degrees. The side axis is rest direction x axis of flexion.
_TABLE: dict[str, Row] = {
    # flexion bows, side leans to the left
    **dict.fromkeys(("Spine", "Chest", "UpperChest"), (_UP, _LEFT, (-15, 15), (-8, 27), (-12, 12))),
    **dict.fromkeys(("Neck", "Head"), (_UP, _LEFT, _TURN, (-23, 23), (-23, 23))),
    # flexion forward, side down
    "LeftShoulder": (_LEFT, _DOWN, _NONE, (-10, 15), (-30, 5)),
    "LeftUpperArm": (_LEFT, _DOWN, (-90, 90), (-60, 135), (-90, 90)),
    "LeftLowerArm": (_LEFT, _DOWN, (-80, 80), (0, 150), _NONE),
    # flexion towards the thumb, side towards the palm; its turning is the forearm's
    "LeftHand": (_LEFT, _DOWN, _NONE, (-30, 20), (-70, 80)),
    # flexion lifts the knee, side crosses the other leg
    "LeftUpperLeg": (_DOWN, _RIGHT, (-45, 45), (-30, 120), (-45, 30)),
    # flexion takes the heel back
    "LeftLowerLeg": (_DOWN, _LEFT, _NONE, (0, 135), _NONE),
    # the direction is that of the sole; flexion lifts the toes, side turns them inward
    "LeftFoot": (_FRONT, _RIGHT, _TURN, (-50, 20), _TURN),
    # flexion towards the index finger's side, side curls
    "LeftThumbProximal": ((0.5**0.5, 0.0, 0.5**0.5), _DOWN, _NONE, (-50, 40), (-40, 60)),
    "LeftThumbIntermediate": ((0.5**0.5, 0.0, 0.5**0.5), _DOWN, _NONE, (-60, 10), (-20, 50)),
    "LeftThumbDistal": ((0.5**0.5, 0.0, 0.5**0.5), _DOWN, _NONE, (-80, 15), (-20, 50)),
}
for _finger in FINGERS[1:]:
    _TABLE[f"Left{_finger}Proximal"] = (_LEFT, _DOWN, _NONE, (-20, 20), (-45, 90))
    _TABLE[f"Left{_finger}Intermediate"] = (_LEFT, _DOWN, _NONE, _NONE, (0, 100))
    _TABLE[f"Left{_finger}Distal"] = (_LEFT, _DOWN, _NONE, _NONE, (0, 90))


class Joints:
    """Some bones at once: their rest directions, axes, parents and ranges.

    `margin` (degrees) widens every range; infinite: no limits. A ValueError names a bone that
    has no range.
    """

    def __init__(self, bones: Sequence[str], margin: float = MARGIN) -> None:
        if unknown := [b for b in bones if b not in _TABLE and mirrored(b) not in _TABLE]:
            raise ValueError(f"no joint limits are known of {', '.join(unknown)}")
        self.bones = np.array([INDEX[bone] for bone in bones])
        self.parents = np.array([PARENTS[bone] for bone in self.bones])
        rows = [_TABLE.get(bone) or _TABLE[mirrored(bone)] for bone in bones]
        right = np.array([bone not in _TABLE for bone in bones])[:, None]
        self.rest = np.array([_direction(b, row) for b, row in zip(bones, rows, strict=True)])
        self.flexion = np.where(right, [1.0, -1, -1], 1.0) * [row[1] for row in rows]
        # A mirror image turns about the mirrored axis the other way.
        self._hand = np.where(right[:, 0], -1.0, 1.0)
        side = cross(self.rest, self.flexion) * self._hand[:, None]
        self._axes = np.stack([self.flexion, side], 1)
        ranges = np.radians(np.add([row[2:] for row in rows], [-margin, margin]))
        self.low, self.high = ranges[..., 0], ranges[..., 1]
        self._twists = any(row[2] != _NONE for row in rows)

    def each(self) -> list[Joint]:
        """The bones one by one."""
        return [
            Joint(
                bone=int(bone),
                parent=int(self.parents[i]),
                rest=_vector(self.rest[i]),
                flexion=_vector(self.flexion[i]),
                side=_vector(self._axes[i, 1]),
                hand=float(self._hand[i]),
                low=_vector(self.low[i]),
                high=_vector(self.high[i]),
                twists=self._twists,
            )
            for i, bone in enumerate(self.bones)
        ]

    def coordinates(self, direction: Arrays, pole: Arrays | None = None) -> Floats:
        """Twist, flexion and side (n, 3) in radians of bones that point along `direction`.

        Unit vectors (n, 3) in the frames of the parents. `pole` is where the axis of flexion
        ought to point, as far as the direction allows; without it there is no twist.
        """
        axis = cross(self.rest, direction)
        sine = np.sqrt(dot(axis, axis))
        angle = np.arctan2(sine, dot(self.rest, direction))
        # Straight backwards, every axis will do.
        axis = np.where(sine < TINY, self.flexion, axis / np.maximum(sine, TINY))
        swing = axis * angle
        found = np.zeros((len(swing), 3))
        found[:, 1:] = (self._axes @ swing[..., None])[..., 0]
        if pole is not None:
            start = rotate(from_rotvec(swing), self.flexion)
            turned = np.arctan2(dot(cross(start, pole), direction), dot(start, pole))
            found[:, 0] = turned[:, 0] * self._hand
        return found

    def clamp(self, coordinates: Floats) -> Floats:
        """The nearest coordinates within the ranges."""
        nearest: Floats = np.minimum(np.maximum(coordinates, self.low), self.high)
        return nearest

    def rotation(self, coordinates: Floats) -> Floats:
        """Local rotations (n, 4) of joint coordinates (n, 3)."""
        swing = from_rotvec((coordinates[:, None, 1:] @ self._axes)[:, 0])
        if not self._twists:
            return swing
        return multiply(swing, self.turning(coordinates[:, 0]))

    def turning(self, twist: Arrays) -> Floats:
        """Rotations (n, 4) by `twist` (n,) radians about the rest directions alone."""
        return from_rotvec(self.rest * (twist * self._hand)[:, None])

    def of_rotation(self, rotation: Arrays) -> Floats:
        """Joint coordinates (n, 3) of local rotations (n, 4)."""
        return self.coordinates(rotate(rotation, self.rest), rotate(rotation, self.flexion))


class Joint(NamedTuple):
    """One of `Joints`, for one posture at a time: the same formulas on floats."""

    bone: int
    parent: int
    rest: turns.Vector
    flexion: turns.Vector
    side: turns.Vector
    hand: float  # -1 on the right, where twists are mirrored
    low: turns.Vector
    high: turns.Vector
    twists: bool

    def coordinates(
        self, direction: turns.Vector, pole: turns.Vector | None = None
    ) -> turns.Vector:
        """See `Joints.coordinates`."""
        axis = turns.cross(self.rest, direction)
        sine = sqrt(turns.dot(axis, axis))
        angle = atan2(sine, turns.dot(self.rest, direction))
        axis = self.flexion if sine < TINY else turns.scaled(axis, 1 / sine)
        twist = 0.0
        if pole is not None:
            half = 0.5 * angle
            swing = (*turns.scaled(axis, sin(half)), cos(half))
            start = turns.rotate(swing, self.flexion)
            across = turns.dot(turns.cross(start, pole), direction)
            twist = self.hand * atan2(across, turns.dot(start, pole))
        return twist, angle * turns.dot(self.flexion, axis), angle * turns.dot(self.side, axis)

    def clamp(self, coordinates: turns.Vector) -> turns.Vector:
        """The nearest coordinates within the ranges."""
        (a, b, c), low, high = coordinates, self.low, self.high
        return (
            min(max(a, low[0]), high[0]),
            min(max(b, low[1]), high[1]),
            min(max(c, low[2]), high[2]),
        )

    def rotation(self, coordinates: turns.Vector) -> turns.Turn:
        """The local rotation of joint coordinates."""
        twist, a, b = coordinates
        (fx, fy, fz), (sx, sy, sz) = self.flexion, self.side
        swing = turns.from_rotvec((a * fx + b * sx, a * fy + b * sy, a * fz + b * sz))
        return turns.multiply(swing, self.turning(twist)) if self.twists else swing

    def turning(self, twist: float) -> turns.Turn:
        """The rotation by `twist` radians about the rest direction alone."""
        return turns.from_rotvec(turns.scaled(self.rest, twist * self.hand))

    def of_rotation(self, rotation: turns.Turn) -> turns.Vector:
        """The joint coordinates of a local rotation."""
        return self.coordinates(
            turns.rotate(rotation, self.rest), turns.rotate(rotation, self.flexion)
        )


def _vector(values: Arrays) -> turns.Vector:
    x, y, z = values.tolist()
    return x, y, z


def _direction(bone: str, row: Row) -> Floats:
    """Where the bone points at rest; the hand, between the knuckles of its outer fingers."""
    if not bone.endswith("Hand"):
        mirror = np.array([1.0 if bone in _TABLE else -1.0, 1.0, 1.0])
        return mirror * row[0]
    side = bone.removesuffix("Hand")
    outer = [INDEX[f"{side}{finger}Proximal"] for finger in ("Index", "Little")]
    return normalize(OFFSETS[outer].sum(0))

"""The body that conducts: hands, trunk and head to the rotations of a humanoid, and to joints.

Arms by inverse kinematics of two bones: the wrist is exactly where it shall be, as long as the arm
reaches; towards the end of its reach it is drawn in smoothly. The elbow hangs down and outwards.
"""

from __future__ import annotations

from math import atan2, cos, degrees, radians, remainder, sin, sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rt_engine.conducting.trunk import Bearing
from rt_engine.kinds import SkeletonPose
from rt_engine.motion.joints import Joints
from rt_engine.motion.quaternion import Floats
from rt_engine.motion.skeleton import BONES, HEIGHT, INDEX, OFFSETS, identity
from rt_engine.motion.turns import (
    Turn,
    Vector,
    between,
    cross,
    dot,
    from_axes,
    from_rotvec,
    inverse,
    length,
    minus,
    multiply,
    plus,
    rotate,
    scaled,
    unit,
)

__all__ = ["JOINTS", "NOSE", "WIDTH", "Arm", "Body", "Stance"]

# The first 13 keypoints of COCO, as in ConductorMotion100 (paper of M2S-GAN, section 3).
JOINTS = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder"),
    *("right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    *("left_hip", "right_hip"),
)
NEAR = 0.92  # of an arm's length, from which on a reach is drawn in
UP: Vector = (0.0, 1.0, 0.0)
FRONT: Vector = (0.0, 0.0, 1.0)
TWIST = -40.0  # degrees, of the left hand against the forearm: the middle of what occurs
AHEAD = 0.45  # how far a hand points to the front, rather than along its forearm
# Places of the face from the joint of the head, in fractions of the height; by eye.
NOSE, EAR = (0.0, 0.012, 0.066), (0.043, 0.018, 0.0)
WIDTH = 2 * float(OFFSETS[INDEX["LeftShoulder"], 0] + OFFSETS[INDEX["LeftUpperArm"], 0])  # m
GRIP, OPEN = 50.0, 14.0  # degrees that the finger joints of the right and the left hand bend

_HIPS, _NECK, _HEAD = INDEX["Hips"], INDEX["Neck"], INDEX["Head"]
_SPINE = [INDEX[b] for b in ("Spine", "Chest", "UpperChest")]
_ROWS: list[Vector] = [tuple(row) for row in OFFSETS.tolist()]


class Stance(NamedTuple):
    """Where everything is at one moment."""

    t: float  # s
    right: Vector  # wrists, m in the body frame
    left: Vector
    palm: float  # of the left hand: 0 looks down, 1 up
    pitch: float  # degrees that the right hand points up
    elbow: float  # how far the elbows stand out: 0 down, 1 sideways
    bearing: Bearing


class Arm(NamedTuple):
    """An arm in the body frame."""

    shoulder: Vector
    elbow: Vector
    wrist: Vector
    collar: Turn  # rotation of the shoulder's bone, to which the arm belongs


class Body:
    """A humanoid of `height` m."""

    def __init__(self, height: float = HEIGHT) -> None:
        self.scale = height / HEIGHT
        self._still = _still()
        self._confidence = np.ones(len(BONES), np.float32)

    def pose(self, stance: Stance) -> SkeletonPose:
        """The skeleton; places of the stance are those of a body of 1.70 m."""
        rotations = self._still.copy()
        turned = _trunk(stance.bearing)
        for bone, turn in turned.local.items():
            rotations[bone] = turn
        for side, hand in (("Left", stance.left), ("Right", stance.right)):
            arm = _arm(side, hand, turned, stance.elbow)
            pitch = stance.pitch if side == "Right" else 0.0
            roll = 180.0 * stance.palm if side == "Left" else 0.0
            for bone, turn in _arm_turns(side, arm, pitch, roll).items():
                rotations[bone] = turn
        root = np.array(_ROWS[_HIPS]) * self.scale
        return SkeletonPose(
            person=0,
            root=root.astype(np.float32),
            rotations=rotations.astype(np.float32),
            confidence=self._confidence,
            scale=self.scale,
            contacts=(True, True),
        )

    def joints(self, stance: Stance) -> npt.NDArray[np.float32]:
        """The 13 `JOINTS` (13, 3), m in the body frame: the person's left is +X, up is +Y."""
        turned = _trunk(stance.bearing)
        left = _arm("Left", stance.left, turned, stance.elbow)
        right = _arm("Right", stance.right, turned, stance.elbow)
        eye = _ROWS[INDEX["LeftEye"]]
        ear = scaled(EAR, HEIGHT)
        face = [scaled(NOSE, HEIGHT), eye, _flipped(eye), ear, _flipped(ear)]
        points = [plus(turned.head_base, rotate(turned.head, point)) for point in face]
        points += [left.shoulder, right.shoulder, left.elbow, right.elbow, left.wrist, right.wrist]
        points += [plus(_ROWS[_HIPS], _ROWS[INDEX[f"{s}UpperLeg"]]) for s in ("Left", "Right")]
        return np.array(points, np.float32) * np.float32(self.scale)


class _Trunk(NamedTuple):
    local: dict[int, Turn]
    chest: Turn  # of the upper chest, in the body frame
    base: Vector  # the joint of the upper chest, m
    head: Turn
    head_base: Vector


def _trunk(bearing: Bearing) -> _Trunk:
    """Spine, neck and head."""
    third = 1.0 / len(_SPINE)
    bend = _angles(bearing.lean * third, bearing.turn * third, bearing.tip * third)
    local: dict[int, Turn] = {}
    turn: Turn = (0.0, 0.0, 0.0, 1.0)
    place = _ROWS[_HIPS]
    for number, bone in enumerate(_SPINE):
        place = plus(place, rotate(turn, _ROWS[bone]))
        breath = _angles(-bearing.chest, 0.0, 0.0) if number == len(_SPINE) - 1 else None
        local[bone] = multiply(bend, breath) if breath else bend
        turn = multiply(turn, local[bone])
    chest, base = turn, place
    # The head keeps upright whatever the trunk does; neck and head do an equal part.
    half = _angles(
        (bearing.nod - bearing.lean + bearing.chest) / 2, bearing.look / 2, -bearing.tip / 2
    )
    for bone in (_NECK, _HEAD):
        place = plus(place, rotate(turn, _ROWS[bone]))
        local[bone] = half
        turn = multiply(turn, half)
    return _Trunk(local, chest, base, turn, place)


def _arm(side: str, hand: Vector, turned: _Trunk, elbow: float) -> Arm:
    """Elbow and wrist of an arm whose hand shall be at `hand`."""
    collar = _ROWS[INDEX[f"{side}Shoulder"]]
    shoulder = plus(
        turned.base, rotate(turned.chest, plus(collar, _ROWS[INDEX[f"{side}UpperArm"]]))
    )
    upper, lower = (length(_ROWS[INDEX[side + b]]) for b in ("LowerArm", "Hand"))
    aim = minus(hand, shoulder)
    distance = max(length(aim), abs(upper - lower) + 0.02)
    reached = _drawn_in(distance, upper + lower)
    along = unit(aim)
    outward = 1.0 if side == "Left" else -1.0
    pole = (outward * elbow, -(1.0 - 0.5 * elbow), -0.25)
    aside = unit(minus(pole, scaled(along, dot(pole, along))))
    cosine = (upper**2 + reached**2 - lower**2) / (2 * upper * reached)
    cosine = min(max(cosine, -1.0), 1.0)
    bent = sqrt(1 - cosine**2)
    bend = plus(shoulder, plus(scaled(along, upper * cosine), scaled(aside, upper * bent)))
    return Arm(shoulder, bend, plus(shoulder, scaled(along, reached)), turned.chest)


def _angles(down: float, left: float, tip: float) -> Turn:
    """Bowing forward, turning to the left and leaning to the left, in degrees."""
    return from_rotvec((radians(down), radians(left), -radians(tip)))


def _arm_turns(side: str, arm: Arm, pitch: float, roll: float) -> dict[int, Turn]:
    """Local rotations of upper arm, forearm and hand.

    The hinge of the elbow stands across the arm's plane; the hand goes on from the forearm,
    its palm down but for `roll` degrees, tilted up by `pitch` degrees.
    """
    outward = 1.0 if side == "Left" else -1.0
    upper, lower = unit(minus(arm.elbow, arm.shoulder)), unit(minus(arm.wrist, arm.elbow))
    normal = unit(cross(upper, lower))
    above = _whole(upper, cross(normal, upper), normal, outward)
    below = _whole(lower, cross(normal, lower), normal, outward)
    palm = _flat(unit(between(lower, FRONT, AHEAD)), outward)
    palm = multiply(palm, from_rotvec((-radians(roll), 0.0, 0.0)))
    palm = multiply(palm, from_rotvec((0.0, 0.0, outward * radians(pitch))))
    # Half of what the hand turns about the forearm is the forearm's.
    x, _, _, w = multiply(inverse(below), palm)
    middle = outward * TWIST
    quarter = radians(middle + remainder(degrees(2 * atan2(x, w)) - middle, 360.0)) / 4
    below = multiply(below, (sin(quarter), 0.0, 0.0, cos(quarter)))
    turned = (arm.collar, above, below, palm)
    bones = [INDEX[side + bone] for bone in ("UpperArm", "LowerArm", "Hand")]
    pairs = zip(bones, turned[:-1], turned[1:], strict=True)
    return {bone: multiply(inverse(parent), own) for bone, parent, own in pairs}


def _whole(along: Vector, forward: Vector, normal: Vector, outward: float) -> Turn:
    """The rotation of a bone of the arm that lies along `along` and bends towards `forward`."""
    return from_axes(scaled(along, outward), scaled(normal, -outward), forward)


def _flat(along: Vector, outward: float) -> Turn:
    """The same of a hand whose palm looks down as far as its direction allows."""
    across = unit(minus(UP, scaled(along, dot(UP, along))))
    first = scaled(along, outward)
    return from_axes(first, across, cross(first, across))


def _drawn_in(distance: float, reach: float) -> float:
    """A distance that comes smoothly to lie within the reach; unchanged while it is small."""
    start = NEAR * reach
    if distance <= start:
        return distance
    room = 0.985 * reach - start
    over = (distance - start) / room
    drawn: float = start + room * over / (1 + over**3) ** (1 / 3)
    return drawn


def _flipped(v: Vector) -> Vector:
    return -v[0], v[1], v[2]


def _still() -> Floats:
    """What does not move: the legs, and fingers that hold a baton or lie open."""
    rotations = identity()
    for side, bent in (("Left", OPEN), ("Right", GRIP)):
        names = [
            b
            for b in BONES
            if b.startswith(side)
            and b.endswith(("Proximal", "Intermediate", "Distal"))
            and "Thumb" not in b
        ]
        joints = Joints(names)
        curl = np.radians([[0.0, 0.0, bent]] * len(names))
        rotations[joints.bones] = joints.rotation(curl)
    return rotations

"""A humanoid that plays the violin: bow, left hand and trunk to the rotations of its bones.

The violin rests on the left collar bone and moves with the chest. Body frame (`rt_engine.kinds`):
the person looks along +Z, left is +X. Lengths are those of the rest skeleton, 1.70 m tall.
"""

from __future__ import annotations

from itertools import accumulate
from math import cos, radians, sin, sqrt
from typing import NamedTuple

import numpy as np

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
from rt_engine.violin.avatar_bow import Place
from rt_engine.violin.simulation.arms import (
    BRIDGE,
    BUTTON,
    FAR,
    FROG,
    NEAR,
    SCROLL,
    STICK,
    TILT,
    TOP,
)
from rt_engine.violin.simulation.bow import HAIR
from rt_engine.violin.simulation.strings import FIRST, stopped

__all__ = ["NECK", "Avatar", "Held", "Stance", "held"]

NECK = 0.848 * HEIGHT  # m, of C7: the unit of what the model says of left hand and trunk
UP: Vector = (0.0, 1.0, 0.0)

# The middle of the players that are simulated, and of their bows.
AZIMUTH, ELEVATION, ROLL = 42.0, 3.0, 20.0  # degrees: from the left to the front, up, to the right
HELD = BRIDGE + float(stopped(FIRST))  # m from the button: the index finger in first position
LOWERED: Vector = (-0.30, 0.86, 0.16)  # the right hand at rest, from the floor
HANGING: Vector = unit((0.45, -0.75, 0.50))  # where the bow points then
WRIST, ABOVE = 0.085, 0.030  # m from the bow to the wrist: along the hand, and up
REACH = 0.985  # of the length of an arm

LOOK, TIP, NOD = 28.0, -10.0, 8.0  # degrees: the head to the violin
CURL, GRIP = 55.0, 38.0  # degrees that the fingers bend: on the strings, and about the bow
SPINE = [INDEX[b] for b in ("Spine", "Chest", "UpperChest")]
_ROWS: list[Vector] = [tuple(row) for row in OFFSETS.tolist()]
_HIPS = INDEX["Hips"]
# m from the joint of the upper chest to the end button; the simulation tells it from C7.
_LEVELS = list(accumulate(_ROWS[bone][1] for bone in (_HIPS, *SPINE)))
_BENDS = sum(NECK - level for level in _LEVELS[1:])  # m that C7 goes where each bends by 1 rad
_BUTTON: Vector = tuple((np.array([0.0, NECK - _LEVELS[-1], 0.0]) + HEIGHT * BUTTON).tolist())


class Stance(NamedTuple):
    """One moment. left, trunk: m that left wrist and C7 have gone from their usual places."""

    bow: Place
    left: Vector
    trunk: Vector


class Violin(NamedTuple):
    """The instrument in the body frame."""

    button: Vector
    along: Vector  # to the scroll
    across: Vector  # to the right of the player, in the plane of the top
    above: Vector  # out of the top


class Held(NamedTuple):
    """What a violinist holds, places in m, body frame: the violin's ends, the ends of the hair."""

    button: Vector
    scroll: Vector
    frog: Vector
    tip: Vector


class Avatar:
    """A violinist."""

    def __init__(self) -> None:
        self._still = _still()
        self._confidence = np.ones(len(BONES), np.float32)

    def pose(self, stance: Stance) -> SkeletonPose:
        """The skeleton of a moment; arms that do not reach are stretched as far as they go."""
        rotations = self._still.copy()
        local, chest, place = _trunk(stance.trunk)
        violin = _violin(chest, place)
        for bone, turn in local.items():
            rotations[bone] = turn
        arms = _left(violin, stance), _right(violin, stance.bow)
        for side, (wrist, hand, pole) in zip(("Left", "Right"), arms, strict=True):
            for bone, turn in _arm(side, chest, place, wrist, hand, pole).items():
                rotations[bone] = turn
        return SkeletonPose(
            person=0,
            root=np.array(_ROWS[_HIPS], np.float32),
            rotations=rotations.astype(np.float32),
            confidence=self._confidence,
            contacts=(True, True),
        )


def held(places: Floats, turned: Floats) -> Held:
    """Where violin and bow are; places (55, 3) and orientations (55, 4) of a pose of `Avatar`."""
    chest, hand = INDEX["UpperChest"], INDEX["RightHand"]
    violin = _violin(tuple(turned[chest].tolist()), tuple(places[chest].tolist()))
    turn: Turn = tuple(turned[hand].tolist())
    wrist: Vector = tuple(places[hand].tolist())
    frog = plus(wrist, rotate(turn, (-WRIST, -ABOVE - STICK, FROG)))
    tip = plus(frog, rotate(turn, (0.0, 0.0, HAIR)))
    scroll = plus(violin.button, scaled(violin.along, SCROLL))
    return Held(violin.button, scroll, frog, tip)


def _trunk(moved: Vector) -> tuple[dict[int, Turn], Turn, Vector]:
    """Local turns of the spine, that of the chest, and the place of its joint; C7 moves so far."""
    bend = from_rotvec((moved[2] / _BENDS, 0.0, -moved[0] / _BENDS))
    local: dict[int, Turn] = {}
    turn: Turn = (0.0, 0.0, 0.0, 1.0)
    place = _ROWS[_HIPS]
    for bone in SPINE:
        place = plus(place, rotate(turn, _ROWS[bone]))
        local[bone] = bend
        turn = multiply(turn, bend)
    half = from_rotvec((radians(NOD) / 2, radians(LOOK) / 2, radians(TIP) / 2))
    local[INDEX["Neck"]] = local[INDEX["Head"]] = half
    return local, turn, place


def _violin(chest: Turn, place: Vector) -> Violin:
    """The violin on the collar bone of a chest."""
    out, up, roll = radians(AZIMUTH), radians(ELEVATION), radians(ROLL)
    along = (cos(out) * cos(up), sin(up), sin(out) * cos(up))
    level = unit(cross(along, UP))  # to the right, and to the front
    above = cross(level, along)
    across = plus(scaled(level, cos(roll)), scaled(above, -sin(roll)))
    turned = [rotate(chest, v) for v in (along, across, cross(across, along))]
    return Violin(plus(place, rotate(chest, _BUTTON)), *turned)


def _left(violin: Violin, stance: Stance) -> tuple[Vector, Turn, Vector]:
    """Left wrist, turn of the hand, and where the elbow points: the hand comes up to the neck."""
    grip = plus(violin.button, scaled(violin.along, HELD))
    below = plus(scaled(violin.above, -0.075), scaled(violin.across, -0.035))
    wrist = plus(plus(grip, below), minus(stance.left, stance.trunk))
    fingers = unit(minus(plus(grip, scaled(violin.above, 0.02)), wrist))
    palm = unit(plus(scaled(violin.across, 1.0), scaled(violin.along, -0.5)))
    upper = scaled(unit(minus(palm, scaled(fingers, dot(palm, fingers)))), -1.0)
    return wrist, from_axes(fingers, upper, cross(fingers, upper)), (-0.15, -1.0, 0.1)


def _right(violin: Violin, bow: Place) -> tuple[Vector, Turn, Vector]:
    """Right wrist, turn of the hand, and where the elbow points: the higher, the lower the string.

    The bow lies across the strings at the bridge, turned about the string for each of them.
    """
    tilt = radians(TILT * (bow.string - 1.5))
    out = plus(scaled(violin.across, cos(tilt)), scaled(violin.above, -sin(tilt)))
    clear = plus(scaled(violin.above, cos(tilt)), scaled(violin.across, sin(tilt)))
    contact = plus(violin.button, scaled(violin.along, BRIDGE + (NEAR + FAR) / 2))
    contact = plus(contact, scaled(violin.above, TOP))
    far = FROG + HAIR * bow.position
    grip = plus(contact, plus(scaled(out, far), scaled(clear, STICK + bow.above)))
    grip = between(grip, LOWERED, bow.lowered)
    stick = unit(between(scaled(out, -1.0), HANGING, bow.lowered))
    upper = unit(minus(UP, scaled(stick, dot(UP, stick))))
    first = cross(upper, stick)
    wrist = plus(grip, plus(scaled(first, WRIST), scaled(upper, ABOVE)))
    pole = unit(between((-0.9, -0.1 - 0.35 * bow.string, -0.3), (-0.35, -0.5, -0.8), bow.lowered))
    return wrist, from_axes(first, upper, stick), pole


def _arm(
    side: str, chest: Turn, place: Vector, wrist: Vector, hand: Turn, pole: Vector
) -> dict[int, Turn]:
    """Local turns of upper arm, forearm and hand (`hand` is that of the body frame)."""
    collar = plus(_ROWS[INDEX[f"{side}Shoulder"]], _ROWS[INDEX[f"{side}UpperArm"]])
    shoulder = plus(place, rotate(chest, collar))
    upper, lower = (length(_ROWS[INDEX[side + b]]) for b in ("LowerArm", "Hand"))
    aim = minus(wrist, shoulder)
    far = min(max(length(aim), abs(upper - lower) + 0.02), REACH * (upper + lower))
    along = unit(aim)
    aside = unit(minus(pole, scaled(along, dot(pole, along))))
    cosine = (upper * upper + far * far - lower * lower) / (2 * upper * far)
    sine = sqrt(max(1.0 - cosine * cosine, 0.0))
    first = plus(scaled(along, cosine), scaled(aside, sine))
    elbow = plus(shoulder, scaled(first, upper))
    second = unit(minus(plus(shoulder, scaled(along, far)), elbow))
    outward = 1.0 if side == "Left" else -1.0
    normal = unit(cross(first, second))
    turned = [
        chest,
        from_axes(scaled(first, outward), scaled(normal, -outward), cross(normal, first)),
        from_axes(scaled(second, outward), scaled(normal, -outward), cross(normal, second)),
        hand,
    ]
    bones = [INDEX[side + bone] for bone in ("UpperArm", "LowerArm", "Hand")]
    pairs = zip(bones, turned[:-1], turned[1:], strict=True)
    return {bone: multiply(inverse(parent), own) for bone, parent, own in pairs}


def _still() -> Floats:
    """What does not move: legs that stand, fingers on the strings, fingers about the bow."""
    rotations = identity()
    for side, bent in (("Left", CURL), ("Right", GRIP)):
        names = [
            b for b in BONES if b.startswith(side) and b.endswith(("Proximal", "Intermediate"))
        ]
        joints = Joints([b for b in names if "Thumb" not in b])
        rotations[joints.bones] = joints.rotation(np.radians([[0.0, 0.0, bent]] * (len(names) - 2)))
    return rotations

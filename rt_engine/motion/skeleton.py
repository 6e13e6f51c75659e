"""The rest skeleton: the 55 bones of Unity's humanoid in T-pose, and forward kinematics.

Body frame: right-handed, metres, Y up, the person looks along +Z and has the left arm along
+X, palms down. In the T-pose every bone's rotation is the identity, so a local rotation turns
the offset of a child within the frame of its parent.

Proportions of the body, as fractions of its height, are those of R. Drillis and R. Contini,
"Body Segment Parameters" (1966), as given in D. A. Winter, "Biomechanics and Motor Control of
Human Movement" (4th edition, 2009), fig. 4.1; bones of the hand, as fractions of its length,
those of B. Buchholz, T. Armstrong and S. Goldstein, "Anthropometric data for describing the
kinematics of the human hand" (Ergonomics 35, 1992). Joints of the spine, the collar bones and
the face, which these do not give, are set between them by eye.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import numpy as np
import numpy.typing as npt

from rt_engine.motion.quaternion import IDENTITY, Arrays, Floats, multiply, rotate

__all__ = [
    "BONES",
    "CHILD",
    "ENDS",
    "FINGERS",
    "HEIGHT",
    "INDEX",
    "MIRROR",
    "OFFSETS",
    "PARENTS",
    "PHALANGES",
    "SOLE",
    "forward",
    "identity",
    "mirrored",
    "offsets_of",
    "orientations",
]

HEIGHT = 1.70  # m, of the person whom OFFSETS belong to
FINGERS = ("Thumb", "Index", "Middle", "Ring", "Little")
PHALANGES = ("Proximal", "Intermediate", "Distal")

_BODY = (
    *("Hips", "LeftUpperLeg", "RightUpperLeg", "LeftLowerLeg", "RightLowerLeg", "LeftFoot"),
    *("RightFoot", "Spine", "Chest", "Neck", "Head", "LeftShoulder", "RightShoulder"),
    *("LeftUpperArm", "RightUpperArm", "LeftLowerArm", "RightLowerArm", "LeftHand", "RightHand"),
    *("LeftToes", "RightToes", "LeftEye", "RightEye", "Jaw"),
)
_HANDS = [f"{side}{f}{p}" for side in ("Left", "Right") for f in FINGERS for p in PHALANGES]

BONES: tuple[str, ...] = (*_BODY, *_HANDS, "UpperChest")  # the order of Unity's HumanBodyBones
INDEX: dict[str, int] = {name: i for i, name in enumerate(BONES)}

# bone: parent, and the place of its joint in fractions of the height, of the left side
_JOINTS: dict[str, tuple[str, tuple[float, float, float]]] = {
    "Hips": ("", (0, 0.530, 0)),
    "Spine": ("Hips", (0, 0.590, 0)),
    "Chest": ("Spine", (0, 0.660, 0)),
    "UpperChest": ("Chest", (0, 0.735, 0)),
    "Neck": ("UpperChest", (0, 0.845, 0)),
    "Head": ("Neck", (0, 0.915, 0.008)),
    "LeftEye": ("Head", (0.0185, 0.936, 0.053)),
    "Jaw": ("Head", (0, 0.900, 0.030)),
    "LeftShoulder": ("UpperChest", (0.018, 0.818, 0)),
    "LeftUpperArm": ("LeftShoulder", (0.129, 0.818, 0)),
    "LeftLowerArm": ("LeftUpperArm", (0.315, 0.818, 0)),
    "LeftHand": ("LeftLowerArm", (0.461, 0.818, 0)),
    "LeftUpperLeg": ("Hips", (0.0478, 0.530, 0)),
    "LeftLowerLeg": ("LeftUpperLeg", (0.0478, 0.285, 0)),
    "LeftFoot": ("LeftLowerLeg", (0.0478, 0.039, 0)),
    "LeftToes": ("LeftFoot", (0.0478, 0.010, 0.078)),
}
_HAND = 0.108  # length, wrist to the tip of the middle finger
_DIAGONAL = sqrt(0.5)  # Unity's T-pose holds the thumbs 45 degrees forward
# finger: direction, place of the first joint from the wrist (along, up, forward), three lengths
_DIGITS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "Thumb": ((_DIAGONAL, 0, _DIAGONAL), (0.110, -0.050, 0.130), (0.251, 0.196, 0.158)),
    "Index": ((1, 0, 0), (0.444, 0, 0.130), (0.245, 0.143, 0.097)),
    "Middle": ((1, 0, 0), (0.446, 0, 0.015), (0.266, 0.170, 0.108)),
    "Ring": ((1, 0, 0), (0.411, 0, -0.090), (0.244, 0.165, 0.107)),
    "Little": ((1, 0, 0), (0.368, 0, -0.190), (0.204, 0.117, 0.093)),
}
_ENDS: dict[str, tuple[float, float, float]] = {
    "LeftToes": (0, 0, 0.036),
    "LeftEye": (0, 0, 0.007),
    "Jaw": (0, -0.020, 0.030),
}


def mirrored(name: str) -> str:
    """The bone of this name on the other side; one in the middle is its own."""
    side = {"Left": "Right", "Right": "Left"}
    start = next((s for s in side if name.startswith(s)), "")
    return side.get(start, "") + name[len(start) :]


def _tables() -> tuple[dict[str, str], dict[str, Floats], dict[str, Floats]]:
    """Parents, joint places and ends of leaves (m) of the left side and the middle."""
    parents = {bone: parent for bone, (parent, _) in _JOINTS.items()}
    places = {bone: np.array(place) * HEIGHT for bone, (_, place) in _JOINTS.items()}
    ends = {bone: np.array(end) * HEIGHT for bone, end in _ENDS.items()}
    for finger, (direction, start, lengths) in _DIGITS.items():
        parent, place = "LeftHand", places["LeftHand"] + np.array(start) * _HAND * HEIGHT
        for phalanx, length in zip(PHALANGES, lengths, strict=True):
            bone, along = f"Left{finger}{phalanx}", np.array(direction) * length * _HAND * HEIGHT
            parents[bone], places[bone], ends[bone] = parent, place, along
            parent, place = bone, place + along
        for phalanx in PHALANGES[:2]:
            del ends[f"Left{finger}{phalanx}"]
    return parents, places, ends


def _both_sides() -> tuple[tuple[int, ...], Floats, Floats]:
    parents, places, ends = _tables()
    flip = np.array([-1.0, 1.0, 1.0])
    for bone in [b for b in parents if b.startswith("Left")]:
        twin, parent = mirrored(bone), mirrored(parents[bone])
        parents[twin], places[twin] = parent, places[bone] * flip
        if bone in ends:
            ends[twin] = ends[bone] * flip
    index = tuple(INDEX.get(parents[bone], -1) for bone in BONES)
    place = np.array([places[bone] for bone in BONES])
    offsets = place - np.where(np.array(index)[:, None] < 0, 0, place[list(index)])
    return index, offsets, np.array([ends.get(bone, np.zeros(3)) for bone in BONES])


PARENTS: tuple[int, ...]
OFFSETS: Floats  # (55, 3) m: each joint from that of its parent; of the hips from the floor
ENDS: Floats  # (55, 3) m: the far end of a bone without children, else 0
PARENTS, OFFSETS, ENDS = _both_sides()
# (2, 3) m: heel and tip of the foot from the ankle; they touch the floor. Length: Winter, 0.152.
SOLE: Floats = np.array([[0, -0.039, -0.038], [0, -0.039, 0.114]]) * HEIGHT
MIRROR: npt.NDArray[np.intp] = np.array([INDEX[mirrored(bone)] for bone in BONES])

_LEVELS = [np.array([0])]  # bones by distance from the hips
while (deeper := np.flatnonzero(np.isin(PARENTS, _LEVELS[-1]))).size:
    _LEVELS.append(deeper)
_STEPS = [(level, np.array(PARENTS)[level]) for level in _LEVELS[1:]]


def _only_child(bone: int) -> int:
    """The child that a bone leads to: the one on the same chain, of several the middle one."""
    children = [i for i, parent in enumerate(PARENTS) if parent == bone]
    middle = [i for i in children if OFFSETS[i, 0] == 0 and BONES[i] != "Jaw"]
    return children[0] if len(children) == 1 else middle[0] if len(middle) == 1 else -1


CHILD: tuple[int, ...] = tuple(_only_child(bone) for bone in range(len(BONES)))  # -1: none


def identity(shape: tuple[int, ...] = ()) -> Floats:
    """The T-pose: rotations (*shape, 55, 4)."""
    return np.tile(IDENTITY, (*shape, len(BONES), 1))


def orientations(rotations: Arrays) -> Floats:
    """Rotations of the bones in the body frame, from local ones; both (..., 55, 4)."""
    turned = np.array(rotations, dtype=np.float64)
    for bones, parents in _STEPS:
        turned[..., bones, :] = multiply(turned[..., parents, :], turned[..., bones, :])
    return turned


def forward(rotations: Arrays, root: Arrays, offsets: Arrays = OFFSETS) -> Floats:
    """Joint places (..., 55, 3) in metres from local rotations (..., 55, 4).

    `root` (..., 3) is the place of the hips. `offsets` (55, 3) are those of another body
    (`offsets_of`); its first row, the rest place of the hips, is not used.
    """
    turned = orientations(rotations)
    steps = rotate(turned[..., PARENTS, :], offsets)
    steps[..., 0, :] = root
    for bones, parents in _STEPS:
        steps[..., bones, :] += steps[..., parents, :]
    return steps


def offsets_of(height: float = HEIGHT, lengths: Mapping[str, float] | None = None) -> Floats:
    """OFFSETS of a person `height` m tall, of whom some bones have measured `lengths` (m).

    The length of a bone is the distance from its joint to that of its child, e.g. LeftUpperLeg
    the thigh; the hips stay where the legs reach the floor. ValueError where a name is no bone
    with one child, or a number is not positive.
    """
    if height <= 0:
        raise ValueError(f"a height is positive, found {height} m")
    offsets = OFFSETS * (height / HEIGHT)
    for bone, length in (lengths or {}).items():
        child = CHILD[INDEX[bone]] if bone in INDEX else -1
        if child < 0 or length <= 0:
            known = ", ".join(b for b, c in zip(BONES, CHILD, strict=True) if c >= 0)
            raise ValueError(f"bone {bone!r} cannot be {length} m long (bones: {known})")
        offsets[child] *= length / np.linalg.norm(offsets[child])
    legs = ("UpperLeg", "LowerLeg", "Foot")
    left, right = (sum(offsets[INDEX[s + leg], 1] for leg in legs) for s in ("Left", "Right"))
    ankle = (OFFSETS[0, 1] + sum(OFFSETS[INDEX["Left" + leg], 1] for leg in legs)) / HEIGHT
    offsets[0, 1] = ankle * height - (left + right) / 2
    return offsets

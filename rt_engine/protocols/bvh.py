"""BVH, the motion capture file of Biovision: a hierarchy of joints, then a line a frame.

Axes are those of the body frame (right-handed, Y up). The root has six channels, in the order
Xposition Yposition Zposition Zrotation Xrotation Yrotation, every other joint the three
rotations; angles are in degrees, and a joint's rotation is the matrix product Rz Rx Ry.
Source: M. Meredith and S. Maddock, "Motion Capture File Formats Explained" (2001).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rt_engine.motion.quaternion import Arrays, Floats, to_matrix
from rt_engine.motion.skeleton import BONES, ENDS, FINGERS, OFFSETS, PARENTS

__all__ = ["COUNT_WIDTH", "angles", "header", "line", "order"]

COUNT_WIDTH = 10  # characters of the number of frames, which is written again and again
_ROTATIONS = "Zrotation Xrotation Yrotation"


def order(fingers: bool = True) -> list[int]:
    """The bones in the order of the file: every one after its parent, chain by chain."""
    kept = [i for i, bone in enumerate(BONES) if fingers or not any(f in bone for f in FINGERS)]

    def below(bone: int) -> list[int]:
        children = [c for c in kept if PARENTS[c] == bone]
        return [bone, *(deeper for child in children for deeper in below(child))]

    return below(0)


def header(bones: Sequence[int], rate: float, scale: float = 1.0) -> tuple[str, int]:
    """The text before the first frame, and where in it the number of frames stands.

    `bones` as from `order`, `rate` in Hz, `scale` in units of the file for a metre of the
    rest skeleton.
    """
    text = "HIERARCHY\n" + "\n".join(_joint(0, bones, OFFSETS * scale, ENDS * scale, 0))
    text += "\nMOTION\nFrames: "
    return f"{text}{0:>{COUNT_WIDTH}}\nFrame Time: {1 / rate:.8f}\n", len(text.encode())


def line(root: Arrays, rotations: Arrays, bones: Sequence[int]) -> str:
    """One frame: the hips' position (3,) in units of the file, local rotations (55, 4)."""
    numbers = [*root, *angles(rotations[list(bones)]).reshape(-1)]
    return " ".join(f"{number:.5f}" for number in numbers) + "\n"


def angles(rotations: Arrays) -> Floats:
    """Angles about Z, X and Y in degrees (..., 3), so that Rz Rx Ry is the rotation."""
    m = to_matrix(rotations)
    sine = np.clip(m[..., 2, 1], -1.0, 1.0)
    upright = np.abs(sine) > 1 - 1e-12  # X at 90 degrees: Z and Y turn about the same axis
    z = np.where(
        upright,
        np.arctan2(m[..., 1, 0], m[..., 0, 0]),
        np.arctan2(-m[..., 0, 1], m[..., 1, 1]),
    )
    y = np.where(upright, 0.0, np.arctan2(-m[..., 2, 0], m[..., 2, 2]))
    found: Floats = np.degrees(np.stack([z, np.arcsin(sine), y], -1))
    return found


def _joint(bone: int, bones: Sequence[int], offsets: Arrays, ends: Arrays, depth: int) -> list[str]:
    pad, inside = "\t" * depth, "\t" * (depth + 1)
    children = [c for c in bones if PARENTS[c] == bone]
    channels = f"6 Xposition Yposition Zposition {_ROTATIONS}" if depth == 0 else f"3 {_ROTATIONS}"
    # The root's channels hold its whole position, so that its offset is zero.
    offset = np.zeros(3) if depth == 0 else offsets[bone]
    lines = [f"{pad}{'JOINT' if depth else 'ROOT'} {BONES[bone]}", pad + "{"]
    lines += [f"{inside}OFFSET {_vector(offset)}", f"{inside}CHANNELS {channels}"]
    for child in children:
        lines += _joint(child, bones, offsets, ends, depth + 1)
    if not children:
        end = ends[bone] if ends[bone].any() else _middle(bone, offsets)
        lines += [f"{inside}End Site", inside + "{", f"{inside}\tOFFSET {_vector(end)}"]
        lines.append(inside + "}")
    return [*lines, pad + "}"]


def _middle(bone: int, offsets: Arrays) -> Floats:
    """Where a bone ends whose children are left out: between them."""
    middle: Floats = offsets[[c for c, parent in enumerate(PARENTS) if parent == bone]].mean(0)
    return middle


def _vector(v: Arrays) -> str:
    return " ".join(f"{x:.6f}" for x in v)

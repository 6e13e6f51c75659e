"""The 33 landmarks that MediaPipe would find of a simulated violinist, without its errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rt_engine.motion import landmarks as lm
from rt_engine.violin.simulation.geometry import Floats, about, unit
from rt_engine.violin.simulation.motion import JOINTS, Motion

__all__ = ["VISIBLE", "landmarks33"]

# The face of an upright head from C7, in m: x to the left, y up, z to the front.
FACE = np.array(
    [
        *[[0.0, 0.136, 0.150]],
        *[[0.020, 0.158, 0.132], [0.031, 0.158, 0.128], [0.042, 0.157, 0.122]],
        *[[-0.020, 0.158, 0.132], [-0.031, 0.158, 0.128], [-0.042, 0.157, 0.122]],
        *[[0.075, 0.140, 0.050], [-0.075, 0.140, 0.050]],
        *[[0.024, 0.102, 0.128], [-0.024, 0.102, 0.128]],
    ]
)
PIVOT = np.array([0.0, 0.100, 0.050])  # m, about which the head is turned
LOOK, TILT = np.radians(35.0), np.radians(12.0)  # to the violin, and down to the chin rest
LOW, INWARD = 0.035, 0.78  # m, and share of the width: hip joints against the waist
HEEL = 0.3  # of the way from the ankle to the toe, behind the ankle
PALM = 0.75  # of the way from the wrist to the finger that stops the string: knuckles
LEFT_HAND = (0.025, -0.035, -0.01)  # m along the neck: index, little finger, thumb
RIGHT_HAND = (-0.035, 0.020, -0.010)  # m along the bow, to its frog: likewise
# How sure MediaPipe would be: typical figures, the same for every frame. The left ear is turned
# away from a camera in front, the left hand and the feet are half hidden.
VISIBLE = np.full(33, 0.99, np.float32)
VISIBLE[[7, 17, 19, 21]] = 0.6, 0.8, 0.85, 0.7
VISIBLE[[18, 20, 22, *range(25, 33)]] = (0.85, 0.9, 0.85, *8 * [0.9])


def landmarks33(motion: Motion) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """World landmarks (n, 33, 3) in m, body frame, origin between the hips; visibility (n, 33)."""
    joints = motion.joints.astype(np.float64)
    places = np.zeros((len(joints), 33, 3))
    places[:, : len(FACE)] = _face(motion, joints[:, 0])
    for name, pair in (("SHO", lm.SHOULDERS), ("MEL", lm.ELBOWS), ("MWR", lm.WRISTS)):
        places[:, list(pair)] = joints[:, [JOINTS.index(side + name) for side in "LR"]]
    _hands(motion, places)
    waist = joints[:, [JOINTS.index("LBWT"), JOINTS.index("RBWT")]]
    middle = waist.mean(axis=1, keepdims=True)
    places[:, list(lm.HIPS)] = middle + INWARD * (waist - middle) - [0.0, LOW, 0.0]
    places[:, list(lm.KNEES)] = joints[:, [JOINTS.index("LKNE"), JOINTS.index("RKNE")]]
    toes = joints[:, [JOINTS.index("LTOE"), JOINTS.index("RTOE")]]
    ankles = motion.body.ankles
    places[:, list(lm.ANKLES)], places[:, list(lm.TOES)] = ankles, toes
    back = ankles - HEEL * (toes - ankles)
    places[:, list(lm.HEELS)] = np.stack([back[..., 0], toes[..., 1], back[..., 2]], axis=-1)
    places -= places[:, list(lm.HIPS)].mean(axis=1, keepdims=True)
    return places.astype(np.float32), np.tile(VISIBLE, (len(places), 1))


def _face(motion: Motion, c7: Floats) -> Floats:
    turned = (FACE - PIVOT) @ (about(1, LOOK) @ about(2, -TILT)).T + PIVOT
    return np.asarray(c7[:, None] + np.einsum("tij,kj->tki", motion.body.turn, turned))


def _hands(motion: Motion, places: Floats) -> None:
    """Knuckles of index and little finger, and the thumb's tip, of both hands."""
    body = motion.body
    wrists = places[:, list(lm.WRISTS)]
    neck = unit(body.violin[:, 1] - body.violin[:, 0])
    along = unit(body.frog - body.tip)
    left = wrists[:, 0] + PALM * (body.hands[:, 0] - wrists[:, 0])
    thumbs = (21, 22)
    for k, pair in enumerate((lm.INDEXES, lm.PINKIES, thumbs)):
        places[:, pair[0]] = left + LEFT_HAND[k] * neck
        places[:, pair[1]] = body.hands[:, 1] + RIGHT_HAND[k] * along

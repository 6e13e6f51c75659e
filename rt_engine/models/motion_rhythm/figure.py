"""The 17 joints of COCO on a figure, and the limbs that move them."""

from __future__ import annotations

import numpy as np

from rt_engine.motion.quaternion import Floats

__all__ = ["ARMS", "EDGES", "HEAD", "JOINTS", "LEGS", "NAMES", "PAIRS", "REST", "WRISTS", "lean"]

NAMES = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip",
    "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
JOINTS = len(NAMES)
HEAD = (0, 1, 2, 3, 4)
WRISTS = (9, 10)
ARMS = ((5, 7, 9), (6, 8, 10))  # shoulder, elbow, wrist
LEGS = ((11, 13, 15), (12, 14, 16))  # hip, knee, ankle
PAIRS = ((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16))
EDGES = (
    (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 6), (5, 7), (7, 9), (6, 8), (8, 10),
    (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
)  # fmt: skip

# Somebody who stands, m from the middle of the hips: x to the own left, y up, z forward. Shares
# of the height: D. Winter, "Biomechanics and Motor Control of Human Movement" (2009), fig. 4.1.
_LEFT = {
    "eye": (0.03, 0.7, 0.09), "ear": (0.075, 0.69, 0.0), "shoulder": (0.18, 0.46, 0.0),
    "elbow": (0.24, 0.19, 0.02), "wrist": (0.26, -0.03, 0.12), "hip": (0.1, 0.0, 0.0),
    "knee": (0.11, -0.43, 0.02), "ankle": (0.12, -0.86, 0.0),
}  # fmt: skip
_MIRROR = np.array([-1.0, 1.0, 1.0])
REST: Floats = np.array(
    [
        (0.0, 0.66, 0.11),
        *(p for left in _LEFT.values() for p in (np.array(left), np.array(left) * _MIRROR)),
    ]
)


def lean(amount: Floats) -> Floats:
    """How far joints go (n, 17, 3) when the shoulders go by `amount` (n, 3) and the hips stay."""
    up = np.clip(REST[:, 1] / REST[5, 1], 0.0, None)
    up[[7, 8, 9, 10]] = 1.0
    return np.asarray(up[None, :, None] * amount[:, None, :])

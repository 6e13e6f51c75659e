"""Thirteen joints of MAPdat among MediaPipe's 33 landmarks, and the other landmarks with them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rt_engine.motion import landmarks as lm
from rt_engine.violin.pose_front import JOINTS

__all__ = ["LANDMARKS", "VISIBLE", "placed", "riders", "thirteen"]

Singles = npt.NDArray[np.float32]

VISIBLE = 0.3  # visibility from which a landmark counts as seen

# Landmarks of the joints after C7, which MediaPipe has not: the right one of each pair first.
_PAIRS = (lm.SHOULDERS, lm.ELBOWS, lm.WRISTS, lm.HIPS, lm.KNEES, lm.TOES)
LANDMARKS = np.array([number for pair in _PAIRS for number in (pair[1], pair[0])])

# Landmarks that are no joints, and the joints (of 13) that they go with.
_RIDERS: dict[int, tuple[int, ...]] = {number: (1, 2) for number in range(lm.SHOULDERS[0])}
_RIDERS |= {number: (5 if number % 2 == 0 else 6,) for number in range(17, 23)}
_RIDERS |= {number: (11 if number % 2 == 0 else 12,) for number in range(27, 31)}
_OTHERS = np.array(list(_RIDERS))
_CARRIERS = np.zeros((len(_OTHERS), JOINTS), np.float32)
for _row, _joints in enumerate(_RIDERS.values()):
    _CARRIERS[_row, list(_joints)] = 1.0 / len(_joints)


def thirteen(world: Singles, visibility: Singles) -> tuple[Singles, Singles]:
    """Joints (13, 3) and whether each is seen (13,), 0 or 1, from landmarks (33, 3) and (33,)."""
    joints, seen = np.zeros((JOINTS, 3), np.float32), np.zeros(JOINTS, np.float32)
    joints[1:] = world[LANDMARKS]
    seen[1:] = visibility[LANDMARKS] >= VISIBLE
    return joints, seen


def riders(world: Singles) -> Singles:
    """The landmarks (21, 3) that are no joints, each from the joints that it goes with."""
    joints = np.zeros((JOINTS, 3), np.float32)
    joints[1:] = world[LANDMARKS]
    found: Singles = world[_OTHERS] - _CARRIERS @ joints
    return found


def placed(joints: Singles, others: Singles) -> Singles:
    """Landmarks (33, 3) from joints (13, 3) and what `riders` gave."""
    world = np.zeros((33, 3), np.float32)
    world[LANDMARKS] = joints[1:]
    world[_OTHERS] = _CARRIERS @ joints + others
    return world

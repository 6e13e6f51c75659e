"""What a tilted camera sees, turned so that up is up."""

from __future__ import annotations

from math import radians, tan

import numpy as np
from msgspec.structs import replace

from rt_engine.kinds import Pose
from rt_engine.motion.quaternion import Floats

__all__ = ["level", "levelled", "upwards"]


def level(up: Floats) -> Floats:
    """The smallest rotation (3, 3) that turns the unit vector `up` to Y (Rodrigues' formula)."""
    x, y, z = up
    cross = np.array([[0.0, -x, 0.0], [x, 0.0, z], [0.0, -z, 0.0]])
    turned: Floats = np.eye(3) + cross + cross @ cross / (1 + y)
    return turned


def upwards(pitch: float, roll: float) -> Floats:
    """Which way is up (3,) for a camera that looks `pitch` degrees down.

    roll: degrees that upright things lean to the right in its picture.
    """
    up = np.array([tan(radians(roll)), 1.0, tan(radians(pitch))])
    unit: Floats = up / np.linalg.norm(up)
    return unit


def levelled(pose: Pose, turned: Floats) -> Pose:
    """The pose with its places in metres turned by `turned` (3, 3); those in pixels stay."""
    left, right = (
        None if hand is None else (hand @ turned.T).astype(np.float32)
        for hand in (pose.left_hand, pose.right_hand)
    )
    world = (pose.world @ turned.T).astype(np.float32)
    return replace(pose, world=world, left_hand=left, right_hand=right)

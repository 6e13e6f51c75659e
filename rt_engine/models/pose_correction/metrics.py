"""Errors of poses: MPJPE, MPJAE and jerk, of arrays (..., steps, joints, 3) in metres."""

from __future__ import annotations

import numpy as np

from rt_engine.motion.quaternion import Arrays

__all__ = ["jerk", "mpjae", "mpjpe"]


def mpjpe(found: Arrays, true: Arrays) -> float:
    """Mean per joint position error in mm: the mean distance."""
    return 1000.0 * float(np.linalg.norm(found - true, axis=-1).mean())


def mpjae(found: Arrays, true: Arrays) -> float:
    """Mean per joint acceleration error, in mm of the second difference from step to step.

    The paper (Shrestha et al. 2022, tables 4 and 5) names the measure without its unit.
    """
    bent = np.diff(found, 2, axis=-3) - np.diff(true, 2, axis=-3)
    return 1000.0 * float(np.linalg.norm(bent, axis=-1).mean())


def jerk(places: Arrays, rate: float) -> float:
    """Mean magnitude of the third derivative in m/s^3, from third differences."""
    return float(np.linalg.norm(np.diff(places, 3, axis=-3), axis=-1).mean()) * rate**3

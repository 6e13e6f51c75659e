"""Bars of any metre on the grid of sixteenths: how many steps a beat has, and what each weighs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rt_engine.drums.bar import STEPS_A_BEAT

__all__ = ["COMPOUND", "on_beats", "steps_a_beat", "steps_of", "weights"]

COMMON = 4  # beats a bar where the metre is unknown
COMPOUND = (6, 7, 9, 12)  # metres that are counted in eighths: 6/8, 7/8, 9/8, 12/8


def steps_a_beat(meter: int) -> int:
    """Sixteenths a beat: 2 where the beats are eighths, else 4."""
    return 2 if meter in COMPOUND else STEPS_A_BEAT


def steps_of(meter: int) -> int:
    """Sixteenths a bar; 16 where the metre is unknown (0)."""
    return (meter or COMMON) * steps_a_beat(meter)


def on_beats(steps: int, per_beat: int) -> NDArray[np.bool_]:
    """Which of the steps are beats: (steps,)."""
    found: NDArray[np.bool_] = np.arange(steps) % per_beat == 0
    return found


def weights(steps: int, per_beat: int) -> NDArray[np.float64]:
    """How heavy each step of a bar is, 0..1: downbeat, beat, half of a beat, the rest. (steps,)."""
    at = np.arange(steps)
    heavy = np.where(at % per_beat == 0, 0.7, np.where(at % 2 == 0, 0.4, 0.2))
    heavy[0] = 1.0
    return heavy

"""A bar of drums: hits, velocities and offsets on the grid of sixteenths.

Source: RhythmicNet (Su, Liu and Shlizerman, NeurIPS 2021), section 3, "Rhythm2Drum", after
GrooVAE (Gillick et al., ICML 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rt_engine.drums.kit import DRUMS

__all__ = ["STEPS", "STEPS_A_BEAT", "Bar", "empty"]

STEPS_A_BEAT = 4  # the grid is in sixteenths
STEPS = 16  # of a bar in 4/4

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Bar:
    """Any number of steps of the nine drums, each array (steps, 9).

    hits: whether a drum is struck. velocities: 0..1, how hard; 0 where there is no hit.
    offsets: -0.5..0.5 of a step, how much later than the grid; 0 where there is no hit.
    """

    hits: NDArray[np.bool_]
    velocities: Floats
    offsets: Floats

    def __len__(self) -> int:
        return len(self.hits)

    @property
    def rhythm(self) -> Floats:
        """1 at the steps where anything is struck, else 0: (steps,)."""
        return np.asarray(self.hits.any(axis=1), np.float32)


def empty(steps: int = STEPS) -> Bar:
    """Steps of silence."""
    shape = steps, len(DRUMS)
    return Bar(np.zeros(shape, np.bool_), np.zeros(shape, np.float32), np.zeros(shape, np.float32))

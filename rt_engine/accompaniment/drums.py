"""A bar of drums as numbers for the model: hit and velocity of every drum at every sixteenth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rt_engine.accompaniment.tokens import STEPS
from rt_engine.drums.bar import Bar
from rt_engine.drums.kit import DRUMS

__all__ = ["NUMBERS", "numbers_of"]

NUMBERS = STEPS * 2 * len(DRUMS)  # of a bar


def numbers_of(drums: Bar) -> NDArray[np.float32]:
    """Hits (0 or 1), then velocities (0..1), sixteenth by sixteenth: (NUMBERS,).

    A bar of fewer than 16 steps is silent to its end. Raises ValueError for a longer one.
    """
    if len(drums) > STEPS:
        raise ValueError(f"a bar of {len(drums)} steps; at most {STEPS} are taken at once")
    result = np.zeros((STEPS, 2, len(DRUMS)), np.float32)
    result[: len(drums), 0] = drums.hits
    result[: len(drums), 1] = drums.velocities
    return result.reshape(-1)

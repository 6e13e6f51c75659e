"""A limiter: nothing leaves louder than the ceiling, and nothing is bent."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["STEP", "Limiter"]

STEP = 64  # samples for which one gain holds; also the latency
CEILING = 0.97
RELEASE = 0.995  # a step: 0.27 s at 48 kHz to let go

Samples = npt.NDArray[np.float32]


class Limiter:
    """Gain that moves in straight lines between steps of `STEP` samples, looking one step ahead.

    At both ends of a step the gain is at most what the loudest sample of the step allows, so it
    is within; the output is the input `STEP` samples later.
    """

    def __init__(self) -> None:
        self._held: Samples = np.zeros((STEP, 2), np.float32)
        self._limit = self._gain = 1.0

    def step(self, sound: Samples) -> Samples:
        """The step before, limited, for the next one: both (STEP, 2)."""
        peak = float(np.max(np.abs(sound)))
        limit = CEILING / peak if peak > CEILING else 1.0
        goal = min(self._limit, limit, 1.0 - (1.0 - self._gain) * RELEASE)
        if goal == self._gain == 1.0:
            limited = self._held
        else:
            ramp = np.linspace(self._gain, goal, STEP, dtype=np.float32)
            limited = self._held * ramp[:, None]
        self._held, self._limit, self._gain = sound, limit, goal
        return limited

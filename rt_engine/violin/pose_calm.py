"""Joints held where they are, as far as they move no more than a webcam errs.

A webcam's landmarks wander by millimetres in the plane of the picture and by centimetres in
depth, and not only from picture to picture: no short window takes that away. So each joint is
drawn from its quick estimate towards its mean of late, the more so the less it has departed from
there, measured by how far a webcam misses such a joint. What moves far is followed as before.

Source: the filter by local statistics of Lee 1980 (IEEE Transactions on Pattern Analysis and
Machine Intelligence 2), over time instead of over a picture.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rt_engine.violin.simulation.noise import GROUPS, MEASURED

__all__ = ["Calm"]

Singles = npt.NDArray[np.float32]

SHARE = 0.7  # of a webcam's measured error: a departure of this size is followed half-way
MISSED = SHARE * np.array([MEASURED[group].size for group in GROUPS], np.float32)  # (13, 2), m


class Calm:
    """Draws places of `rows` bodies (rows, 13, 3), the third axis depth, step by step.

    decay: what a step leaves of the mean squares of departures; the plane of the picture and depth
    have their own.
    """

    def __init__(self, decay: float, rows: int = 1) -> None:
        self.rows, self._decay = rows, np.float32(decay)
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._squares = np.zeros((self.rows, len(GROUPS), 2), np.float32)
        self._weight = np.float32(0.0)

    def step(self, quick: Singles, late: Singles) -> Singles:
        """`quick`, drawn towards `late`."""
        away = quick - late
        squares = np.square(away)
        self._squares *= self._decay
        self._squares[..., 0] += squares[..., 0] + squares[..., 1]
        self._squares[..., 1] += squares[..., 2]
        self._weight = self._weight * self._decay + np.float32(1.0)
        energy = self._squares / self._weight
        followed = energy / (energy + np.square(MISSED))
        found: Singles = late + followed[..., [0, 0, 1]] * away
        return found

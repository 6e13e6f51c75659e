"""A Gaussian over time, at the rate of the simulation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["RATE", "smooth"]

RATE = 50  # frames a second of all that is simulated


def smooth(values: ArrayLike, seconds: float) -> NDArray[np.float64]:
    """Values (n,) with a Gaussian of that standard deviation over them; the ends are held."""
    half = max(int(4 * seconds * RATE), 1)
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / (seconds * RATE)) ** 2)
    padded = np.pad(np.asarray(values, np.float64), half, mode="edge")
    return np.asarray(np.convolve(padded, weights / weights.sum(), mode="valid"))

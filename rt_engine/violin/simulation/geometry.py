"""Vectors over time: turns about axes, and limbs of two bones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["about", "bent", "dots", "unit"]

Floats = NDArray[np.float64]


def unit(vectors: ArrayLike) -> Floats:
    """Vectors (..., 3) at length 1."""
    given = np.asarray(vectors, np.float64)
    return np.asarray(given / np.linalg.norm(given, axis=-1, keepdims=True))


def dots(a: ArrayLike, b: ArrayLike) -> Floats:
    """Scalar products (..., 1) of vectors (..., 3)."""
    return np.asarray((np.asarray(a) * np.asarray(b)).sum(axis=-1, keepdims=True))


def about(axis: int, angle: ArrayLike) -> Floats:
    """Matrices (..., 3, 3) that turn by `angle` (rad, ...) about axis 0, 1 or 2."""
    angles = np.asarray(angle, np.float64)
    c, s = np.cos(angles), np.sin(angles)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turn = np.zeros((*angles.shape, 3, 3))
    turn[..., axis, axis] = 1.0
    turn[..., first, first] = turn[..., second, second] = c
    turn[..., first, second], turn[..., second, first] = -s, s
    return turn


def bent(start: Floats, end: Floats, upper: float, lower: float, pole: ArrayLike) -> Floats:
    """The middle joints (..., 3) of limbs from `start` to `end`, bent towards `pole`.

    ValueError where the bones do not reach from one to the other.
    """
    way = end - start
    far = np.linalg.norm(way, axis=-1, keepdims=True)
    if far.max() > upper + lower or far.min() < abs(upper - lower):
        raise ValueError(
            f"bones of {upper:.3f} and {lower:.3f} m span {far.min():.3f} to "
            f"{far.max():.3f} m: out of reach"
        )
    along = way / far
    side = np.broadcast_to(np.asarray(pole, np.float64), way.shape)
    side = unit(side - dots(side, along) * along)
    shift = (upper**2 - lower**2 + far**2) / (2 * far)
    return np.asarray(start + along * shift + side * np.sqrt(np.maximum(upper**2 - shift**2, 0)))

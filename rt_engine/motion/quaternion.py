"""Rotations as unit quaternions in the order xyzw, in arrays of any leading shape.

`multiply(a, b)` turns by `b` first, then by `a`; a quaternion and its negative are the same
rotation. Source of the formulas: K. Shoemake, "Animating rotation with quaternion curves"
(SIGGRAPH 1985), and its "Quaternions" course notes for the conversions to and from matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "IDENTITY",
    "angle",
    "conjugate",
    "cross",
    "dot",
    "from_matrix",
    "from_rotvec",
    "multiply",
    "normalize",
    "power",
    "rotate",
    "shortest_arc",
    "slerp",
    "to_matrix",
    "to_rotvec",
]

Floats = npt.NDArray[np.float64]
Arrays = npt.NDArray[Any]

IDENTITY: Floats = np.array([0.0, 0.0, 0.0, 1.0])
TINY = 1e-12


def _spread(index: list[list[int]], sign: list[list[int]]) -> Floats:
    """The matrix that lays a vector's components out in a square matrix, with signs."""
    laid = np.eye(len(index))[np.array(index)] * np.array(sign)[..., None]
    return np.ascontiguousarray(laid.reshape(-1, len(index)).T)


# On the few rotations of one body, calls are what costs. A product is two matmuls, the first of
# which lays out one factor as a matrix.
_PRODUCT = _spread(
    [[3, 2, 1, 0], [2, 3, 0, 1], [1, 0, 3, 2], [0, 1, 2, 3]],
    [[1, -1, 1, 1], [1, 1, -1, 1], [-1, 1, 1, 1], [-1, -1, -1, 1]],
)
_CROSS = _spread([[0, 2, 1], [2, 1, 0], [1, 0, 2]], [[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
_CONJUGATE = np.array([-1.0, -1.0, -1.0, 1.0])


def dot(a: Arrays, b: Arrays) -> Floats:
    """The scalar product along the last axis, which stays, with size 1."""
    product: Floats = (a[..., None, :] @ b[..., None])[..., 0]
    return product


def multiply(a: Arrays, b: Arrays) -> Floats:
    """The rotation `b` followed by `a`; shapes (..., 4)."""
    product: Floats = ((a @ _PRODUCT).reshape(*a.shape, 4) @ b[..., None])[..., 0]
    return product


def conjugate(q: Arrays) -> Floats:
    """The inverse rotation."""
    inverse: Floats = q * _CONJUGATE
    return inverse


def cross(a: Arrays, b: Arrays) -> Floats:
    """The cross product of (..., 3) vectors; several times faster than np.cross on few of them."""
    product: Floats = ((a @ _CROSS).reshape(*a.shape, 3) @ b[..., None])[..., 0]
    return product


def rotate(q: Arrays, v: Arrays) -> Floats:
    """Vectors `v` (..., 3), turned by `q` (..., 4)."""
    axis = q[..., :3]
    skew = (axis @ _CROSS).reshape(*axis.shape, 3)
    twice = skew @ (2.0 * v[..., None])
    turned: Floats = v + (q[..., 3:, None] * twice + skew @ twice)[..., 0]
    return turned


def normalize(v: Arrays) -> Floats:
    """`v` divided by its length along the last axis; a zero vector stays zero."""
    unit: Floats = v / np.maximum(np.sqrt(dot(v, v)), TINY)
    return unit


def from_rotvec(v: Arrays) -> Floats:
    """Rotation about the direction of `v` (..., 3) by its length in radians."""
    half = np.maximum(0.5 * np.sqrt(dot(v, v)), TINY)
    return np.concatenate([v * (0.5 * np.sin(half) / half), np.cos(half)], -1)


def to_rotvec(q: Arrays) -> Floats:
    """Axis times angle (radians, at most pi), the shorter way round."""
    q = np.where(q[..., 3:] < 0, -q, q)
    size = np.sqrt(dot(q[..., :3], q[..., :3]))
    scale = np.where(size > TINY, 2.0 * np.arctan2(size, q[..., 3:]) / np.maximum(size, TINY), 2.0)
    vector: Floats = q[..., :3] * scale
    return vector


def power(q: Arrays, share: float | Arrays) -> Floats:
    """The part `share` of rotation `q`: a half, a third; the shorter way round."""
    return from_rotvec(to_rotvec(q) * share)


def slerp(a: Arrays, b: Arrays, share: float | Arrays) -> Floats:
    """From `a` (share 0) to `b` (share 1) at constant speed; an array of shares is (..., 1)."""
    return multiply(a, power(multiply(conjugate(a), b), share))


def shortest_arc(a: Arrays, b: Arrays) -> Floats:
    """The smallest rotation of unit vectors `a` onto `b`; opposite ones turn about any normal."""
    axis, cosine = cross(a, b), dot(a, b)
    opposite = cosine < -1 + 1e-9
    if opposite.any():
        helper = np.where(np.abs(a[..., :1]) < 0.8, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
        axis = np.where(opposite, normalize(cross(a, helper)), axis)
        cosine = np.where(opposite, -1.0, cosine)
    return normalize(np.concatenate([axis, 1.0 + cosine], -1))


def angle(a: Arrays, b: Arrays) -> Floats:
    """The angle of the rotation between `a` and `b`, in radians, 0 to pi."""
    between = multiply(conjugate(a), b)
    size = np.sqrt((between[..., :3] ** 2).sum(-1))
    radians: Floats = 2.0 * np.arctan2(size, np.abs(between[..., 3]))
    return radians


def to_matrix(q: Arrays) -> Floats:
    """Rotation matrices (..., 3, 3); their columns are the turned axes."""
    axes = np.broadcast_to(np.eye(3), (*q.shape[:-1], 3, 3))
    return rotate(q[..., None, :], axes).swapaxes(-1, -2)


def from_matrix(m: Arrays) -> Floats:
    """Quaternions of rotation matrices (..., 3, 3), with w >= 0.

    The outer product of q with itself is read off the matrix and its largest row taken, so
    that no division is by a small number (I. Y. Bar-Itzhack, 2000, in spirit).
    """
    turned = m.swapaxes(-1, -2)
    rows = np.empty((*m.shape[:-2], 4, 4))
    diagonal = np.einsum("...ii->...i", m)
    rows[..., :3, :3] = m + turned
    rows[..., 3, :3] = rows[..., :3, 3] = (m - turned)[..., [2, 0, 1], [1, 2, 0]]
    rows[..., 3, 3] = 1.0 + diagonal.sum(-1)
    corners = 1.0 - diagonal.sum(-1, keepdims=True) + 2.0 * diagonal
    rows[..., [0, 1, 2], [0, 1, 2]] = corners
    best = np.argmax(np.einsum("...ii->...i", rows), -1)[..., None, None]
    q = np.take_along_axis(rows, best, -2)[..., 0, :]
    return normalize(np.where(q[..., 3:] < 0, -q, q))

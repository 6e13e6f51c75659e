"""Vectors and unit quaternions (xyzw) one at a time, as tuples of floats.

The same formulas as `rt_engine.motion.quaternion`, which is for arrays. On single rotations the
calls of NumPy are what costs, several times the arithmetic.
"""

from __future__ import annotations

from math import atan2, cos, sin, sqrt

__all__ = [
    "ZERO",
    "Turn",
    "Vector",
    "arc",
    "between",
    "blend",
    "cross",
    "dot",
    "from_axes",
    "from_rotvec",
    "inverse",
    "length",
    "mean",
    "minus",
    "multiply",
    "part",
    "plus",
    "rotate",
    "scaled",
    "to_rotvec",
    "unit",
]

Vector = tuple[float, float, float]
Turn = tuple[float, float, float, float]

TINY = 1e-12
ZERO: Vector = (0.0, 0.0, 0.0)


def dot(a: Vector, b: Vector) -> float:
    """The scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> Vector:
    """The cross product."""
    ax, ay, az = a
    bx, by, bz = b
    return ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx


def length(v: Vector) -> float:
    """How long `v` is."""
    return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])


def plus(a: Vector, b: Vector) -> Vector:
    """`a` and `b` one after the other."""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def minus(a: Vector, b: Vector) -> Vector:
    """The vector from `b` to `a`."""
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def mean(vectors: list[Vector]) -> Vector:
    """The middle of one or more."""
    x, y, z = (sum(values) / len(vectors) for values in zip(*vectors, strict=True))
    return x, y, z


def scaled(v: Vector, by: float) -> Vector:
    """`v` times a number."""
    return v[0] * by, v[1] * by, v[2] * by


def between(a: Vector, b: Vector, share: float) -> Vector:
    """From `a` (share 0) to `b` (share 1) in a straight line."""
    rest = 1.0 - share
    return rest * a[0] + share * b[0], rest * a[1] + share * b[1], rest * a[2] + share * b[2]


def unit(v: Vector) -> Vector:
    """`v` divided by its length; a zero vector stays zero."""
    x, y, z = v
    by = 1.0 / max(sqrt(x * x + y * y + z * z), TINY)
    return x * by, y * by, z * by


def multiply(a: Turn, b: Turn) -> Turn:
    """The rotation `b` followed by `a`."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def inverse(q: Turn) -> Turn:
    """The rotation back."""
    return -q[0], -q[1], -q[2], q[3]


def rotate(q: Turn, v: Vector) -> Vector:
    """`v`, turned by `q`."""
    x, y, z, w = q
    vx, vy, vz = v
    tx, ty, tz = 2 * (y * vz - z * vy), 2 * (z * vx - x * vz), 2 * (x * vy - y * vx)
    return (
        vx + w * tx + y * tz - z * ty,
        vy + w * ty + z * tx - x * tz,
        vz + w * tz + x * ty - y * tx,
    )


def from_rotvec(v: Vector) -> Turn:
    """Rotation about the direction of `v` by its length in radians."""
    x, y, z = v
    half = max(0.5 * sqrt(x * x + y * y + z * z), TINY)
    by = 0.5 * sin(half) / half
    return x * by, y * by, z * by, cos(half)


def to_rotvec(q: Turn) -> Vector:
    """Axis times angle in radians, the shorter way round."""
    x, y, z, w = q if q[3] >= 0 else (-q[0], -q[1], -q[2], -q[3])
    size = sqrt(x * x + y * y + z * z)
    by = 2.0 * atan2(size, w) / size if size > TINY else 2.0
    return x * by, y * by, z * by


def part(q: Turn, share: float) -> Turn:
    """The part `share` of rotation `q`, the shorter way round."""
    return from_rotvec(scaled(to_rotvec(q), share))


def arc(a: Vector, b: Vector) -> Turn:
    """The smallest rotation of unit vector `a` onto `b`; opposite ones turn about any normal."""
    axis, cosine = cross(a, b), dot(a, b)
    if cosine < -1 + 1e-9:
        axis, cosine = unit(cross(a, (1.0, 0.0, 0.0) if abs(a[0]) < 0.8 else (0.0, 1.0, 0.0))), -1.0
    return _unit(*axis, 1.0 + cosine)


def blend(a: Turn, b: Turn, share: float) -> Turn:
    """Between rotations along a straight line: near enough for a mix, and exact at its ends."""
    near = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]
    x, y, z, w = b if near >= 0 else (-b[0], -b[1], -b[2], -b[3])
    return _unit(
        a[0] + (x - a[0]) * share,
        a[1] + (y - a[1]) * share,
        a[2] + (z - a[2]) * share,
        a[3] + (w - a[3]) * share,
    )


def from_axes(a: Vector, b: Vector, c: Vector) -> Turn:
    """The rotation, with w >= 0, that takes X, Y and Z to `a`, `b` and `c`.

    Divides by the largest component (S. W. Shepperd, "Quaternion from rotation matrix", 1978).
    """
    trace, most = a[0] + b[1] + c[2], max(a[0], b[1], c[2])
    if trace >= most:
        q = b[2] - c[1], c[0] - a[2], a[1] - b[0], 1 + trace
    elif a[0] == most:
        q = 1 + 2 * a[0] - trace, a[1] + b[0], c[0] + a[2], b[2] - c[1]
    elif b[1] == most:
        q = a[1] + b[0], 1 + 2 * b[1] - trace, b[2] + c[1], c[0] - a[2]
    else:
        q = c[0] + a[2], b[2] + c[1], 1 + 2 * c[2] - trace, a[1] - b[0]
    return _unit(*q) if q[3] >= 0 else _unit(-q[0], -q[1], -q[2], -q[3])


def _unit(x: float, y: float, z: float, w: float) -> Turn:
    by = 1.0 / max(sqrt(x * x + y * y + z * z + w * w), TINY)
    return x * by, y * by, z * by, w * by

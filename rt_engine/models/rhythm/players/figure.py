"""A figure of hips, spine, head and arms that takes a posture: what a detector would find.

Body frame: metres, x to the person's left, y up, z forward; the origin is where the middle of
the hips rests. Shares of the height are those of a grown person (D. Winter, "Biomechanics and
Motor Control of Human Movement", 2009, fig. 4.1, rounded).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rt_engine.motion import landmarks as lm
from rt_engine.motion.quaternion import Floats

__all__ = ["Posture", "landmarks", "posture_at_rest"]

HIPS, SPINE, SHOULDERS = 0.11, 0.46, 0.18  # half width, up, half width
HEAD, NOSE, EARS = 0.2, (0.0, 0.02, 0.11), (0.075, 0.03, 0.0)  # over the shoulders; from there
UPPER, LOWER, PALM, SPREAD = 0.29, 0.26, 0.09, 0.03  # of the arm; half width of the knuckles
STRETCH = 0.98  # of the arm's length is the most it reaches


@dataclass
class Posture:
    """A figure in motion, at n moments."""

    hips: Floats  # (n, 3) from where they rest
    lean: Floats  # (n, 3) rad: forward, to the left, turn to the left
    head: Floats  # (n, 3) rad against the trunk: the same
    hands: Floats  # (n, 2, 3): left and right wrist, from the origin
    bend: Floats  # (n, 2) rad: palms up
    carried: float  # share of the trunk's motion that takes the hands along


def posture_at_rest(n: int, hands: Floats, carried: float) -> Posture:
    """Nothing moves; hands: (2, 3)."""
    zero = np.zeros((n, 3))
    places = np.repeat(hands[None], n, axis=0)
    return Posture(zero, zero.copy(), zero.copy(), places, np.zeros((n, 2)), carried)


def landmarks(posture: Posture, size: float = 1.0) -> Floats:
    """MediaPipe's landmarks (n, 33, 3) of hips and upper body, m from the origin; others are 0.

    size: the height of the person over that of the figure (1.75 m).
    """
    p, n = posture, len(posture.hips)
    trunk = _turns(p.lean)
    chest = p.hips + trunk @ np.array([0.0, SPINE, 0.0])
    found = np.zeros((n, 33, 3))
    carried = p.carried * (chest - [0.0, SPINE, 0.0])
    head = trunk @ _turns(p.head)
    middle = chest + (head @ np.array([0.0, HEAD, 0.0]))
    found[:, lm.NOSE] = middle + head @ np.array(NOSE)
    for side, sign in enumerate((1.0, -1.0)):
        mirror = np.array([sign, 1.0, 1.0])
        found[:, lm.EARS[side]] = middle + head @ (np.array(EARS) * mirror)
        found[:, lm.HIPS[side]] = p.hips + np.array([sign * HIPS, 0.0, 0.0])
        shoulder = chest + trunk @ np.array([sign * SHOULDERS, 0.0, 0.0])
        elbow, wrist = _arm(shoulder, p.hands[:, side] + carried, sign)
        index, little = _knuckles(elbow, wrist, p.bend[:, side], sign)
        for pair, place in zip(
            (lm.SHOULDERS, lm.ELBOWS, lm.WRISTS, lm.INDEXES, lm.PINKIES),
            (shoulder, elbow, wrist, index, little),
            strict=True,
        ):
            found[:, pair[side]] = place
    return found * size


def _turns(angles: Floats) -> Floats:
    """Rotations (n, 3, 3): forward about x, then to the left about z, then about y."""
    x, z, y = angles.T
    cx, sx, cy, sy, cz, sz = np.cos(x), np.sin(x), np.cos(y), np.sin(y), np.cos(z), -np.sin(z)
    rows = [
        [cy * cz, sy * sx - cy * sz * cx, sy * cx + cy * sz * sx],
        [sz, cz * cx, -cz * sx],
        [-sy * cz, cy * sx + sy * sz * cx, cy * cx - sy * sz * sx],
    ]
    turned: Floats = np.moveaxis(np.array(rows), -1, 0)
    return turned


def _arm(shoulder: Floats, hand: Floats, sign: float) -> tuple[Floats, Floats]:
    """Elbow and wrist (n, 3) of an arm that reaches for `hand`; the elbow hangs out and down."""
    way = hand - shoulder
    far = np.linalg.norm(way, axis=-1, keepdims=True)
    reach = np.clip(far, 0.12, STRETCH * (UPPER + LOWER))
    along = way / np.maximum(far, 1e-9)
    wrist = shoulder + along * reach
    share = (UPPER**2 - LOWER**2 + reach**2) / (2.0 * reach)
    out = np.array([0.5 * sign, -1.0, -0.25])
    out = out - along * (along @ out)[:, None]
    out /= np.maximum(np.linalg.norm(out, axis=-1, keepdims=True), 1e-9)
    elbow: Floats = shoulder + along * share + out * np.sqrt(np.maximum(UPPER**2 - share**2, 0.0))
    return elbow, wrist


def _knuckles(elbow: Floats, wrist: Floats, bend: Floats, sign: float) -> tuple[Floats, Floats]:
    """First knuckles (n, 3) of index and little finger; palms face down or inwards."""
    along = (wrist - elbow) / LOWER
    up = np.array([0.0, 1.0, 0.0]) - along * along[:, 1:2]
    up /= np.maximum(np.linalg.norm(up, axis=-1, keepdims=True), 1e-6)
    middle = wrist + PALM * (np.cos(bend)[:, None] * along + np.sin(bend)[:, None] * up)
    across = np.cross(up, along) * sign  # outwards
    return middle - SPREAD * across, middle + SPREAD * across

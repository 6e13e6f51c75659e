"""Left and right, told apart again where a detector has exchanged them for a while."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rt_engine.motion import landmarks as lm
from rt_engine.motion.quaternion import Arrays, Floats

__all__ = ["WITH_HANDS", "Order", "Swaps"]

Order = npt.NDArray[np.intp]

# Joints that are exchanged together, first a pair that shows it, then what hangs on it.
_GROUPS = (
    (lm.SHOULDERS,),
    (lm.ELBOWS,),
    (lm.WRISTS, lm.PINKIES, lm.INDEXES, (21, 22)),
    (lm.HIPS,),
    (lm.KNEES,),
    (lm.ANKLES, lm.HEELS, lm.TOES),
)
WITH_HANDS = 2  # the group of the wrists
_PAIRS = np.array([group[0] for group in _GROUPS])

APART = 0.12  # m: closer than this, left and right cannot be told
CLEARER = 0.5  # the exchanged order must fit this much better
PATIENCE = 2.0  # s an exchange is believed to last; then the detector is right
MOSTLY = 1.0 - np.exp(-1.0)  # share of exchanged pictures that it takes then
FORGET = 0.3  # s without a picture
AXES = np.array([1.0, 1.0, 0.3])  # depth says less
FASTEST = 8.0  # m/s


class Swaps:
    """Follows pairs of joints and finds pictures in which left and right are exchanged.

    A pair is exchanged when it lies, the other way round, much nearer to where the two joints
    were going. Shoulders, elbows, wrists with hands, hips, knees and ankles with feet are each
    judged alone, so that an inversion of the arms, the legs or of all is found as well.
    `swapped` (6,) says which of these were exchanged in the last picture.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._t: float | None = None
        self._places, self._velocities = np.zeros((2, len(_PAIRS), 2, 3))
        self.swapped = np.zeros(len(_PAIRS), dtype=bool)
        self._share = np.zeros(len(_PAIRS))  # of pictures exchanged, over PATIENCE

    def step(self, t: float, world: Arrays) -> Order:
        """The order (33,) that puts the landmarks of the picture at `t` (s) right.

        world: (33, 3) in metres, whose depth is z; `world[order]` has left and right in place.
        """
        pairs = world[_PAIRS].astype(np.float64)
        dt = t - self._t if self._t is not None else np.inf
        if dt > FORGET:
            self.reset()
            self._places, self._t = pairs, t
        elif dt > 0:
            self._places, self._t = self._judge(dt, pairs), t
        return _order(self.swapped)

    def _judge(self, dt: float, pairs: Floats) -> Floats:
        expected = self._places + self._velocities * dt
        kept, turned = _distance(pairs, expected), _distance(pairs[:, ::-1], expected)
        apart = np.minimum(_apart(pairs), _apart(expected)) > APART
        exchanged, straight = turned < CLEARER * kept, kept < CLEARER * turned
        found = np.where(apart & (exchanged | straight), exchanged, self.swapped)
        self._share += min(dt / PATIENCE, 1.0) * (found - self._share)
        late = self._share > MOSTLY
        found &= ~late
        self._share[late] = 0.0
        self.swapped = found
        pairs = np.where(found[:, None, None], pairs[:, ::-1], pairs)
        moved = np.clip((pairs - self._places) / dt, -FASTEST, FASTEST)
        self._velocities += 0.5 * (moved - self._velocities)
        self._velocities[late] = 0.0
        return pairs


def _distance(pairs: Floats, expected: Floats) -> Floats:
    found: Floats = np.linalg.norm((pairs - expected) * AXES, axis=-1).sum(-1)
    return found


def _apart(pairs: Floats) -> Floats:
    found: Floats = np.linalg.norm((pairs[:, 0] - pairs[:, 1]) * AXES, axis=-1)
    return found


def _order(swapped: npt.NDArray[np.bool_]) -> Order:
    order = np.arange(33)
    for group in np.flatnonzero(swapped):
        for left, right in _GROUPS[group]:
            order[left], order[right] = right, left
    return order

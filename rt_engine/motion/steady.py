"""One person's landmarks made steady: left and right kept apart, smoothed, gaps bridged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from rt_engine.kinds import Pose
from rt_engine.motion.picture import Size
from rt_engine.motion.quaternion import Floats
from rt_engine.motion.smooth import BODY_NOISE, COAST, HAND_NOISE, Smoother, trust
from rt_engine.motion.swaps import WITH_HANDS, Swaps

__all__ = ["SteadyPose"]

Singles = npt.NDArray[np.float32]

# The rows of one filter: the world, the picture, the left and the right hand.
_NOISE = np.concatenate([BODY_NOISE, BODY_NOISE, HAND_NOISE, HAND_NOISE])
_WORLD, _IMAGE, _LEFT, _RIGHT = (slice(a, b) for a, b in ((0, 33), (33, 66), (66, 87), (87, 108)))
SECOND = 1_000_000_000
SETTLE = 1.0  # s over which the size of the person in the picture is averaged


class SteadyPose:
    """The poses of one person, smoothed; `quick` from 0 (calm) to 1 (quick).

    `swaps`: undo exchanges of left and right. `lag`: s that was added of late, in the picture
    plane and in depth.
    """

    def __init__(self, quick: float = 0.5, swaps: bool = True) -> None:
        self.filter = Smoother(_NOISE, quick)
        self._swaps = Swaps() if swaps else None
        self._last: Pose | None = None
        self._seen = 0  # ns
        self._size, self._unit = Size(SETTLE), 1.0  # pixels a metre

    def age(self, t: int) -> float:
        """Seconds since the person was seen."""
        return (t - self._seen) / SECOND

    @property
    def lag(self) -> tuple[float, float]:
        """Delay in the picture plane and in depth, s."""
        return self.filter.lag

    def step(self, pose: Pose, t: int) -> Pose:
        """The smoothed pose at time `t` (ns)."""
        if self._last and (pose.width, pose.height) != (self._last.width, self._last.height):
            self.filter.reset()
            self._size = Size(SETTLE)
        if self._swaps:
            pose = _ordered(pose, self._swaps, t / SECOND)
        self._unit = self._size.step(t / SECOND, pose)
        hands = (pose.left_hand, pose.right_hand)
        points = np.zeros((len(_NOISE), 3))
        points[_WORLD], points[_IMAGE] = pose.world, pose.image
        weight = np.zeros(len(_NOISE))
        weight[_WORLD] = weight[_IMAGE] = trust(pose.visibility)
        for rows, hand in zip((_LEFT, _RIGHT), hands, strict=True):
            if hand is not None:
                points[rows], weight[rows] = hand, 1.0
        self._last, self._seen = pose, t
        return self._made(self.filter.step(t / SECOND, points, weight, self._units()), 1.0)

    def coast(self, t: int) -> Pose | None:
        """Where the person has gone who is not in the picture at `t` (ns); None: lost."""
        age = self.age(t)
        if self._last is None or age > COAST:
            return None
        none = np.zeros(len(_NOISE))
        return self._made(
            self.filter.step(t / SECOND, np.zeros((len(_NOISE), 3)), none, self._units()),
            1.0 - age / COAST,
        )

    def _made(self, points: Floats, seen: float) -> Pose:
        assert self._last is not None
        single, fresh = points.astype(np.float32), self.filter.fresh
        return replace(
            self._last,
            world=single[_WORLD],
            image=single[_IMAGE],
            visibility=self._last.visibility * np.float32(seen),
            left_hand=single[_LEFT] if fresh[_LEFT].all() else None,
            right_hand=single[_RIGHT] if fresh[_RIGHT].all() else None,
        )

    def _units(self) -> Floats:
        units = np.ones((len(_NOISE), 1))
        units[_IMAGE] = self._unit
        return units


def _ordered(pose: Pose, swaps: Swaps, t: float) -> Pose:
    order = swaps.step(t, pose.world)
    if not swaps.swapped.any():
        return pose
    hands: tuple[Singles | None, Singles | None] = (pose.left_hand, pose.right_hand)
    left, right = hands[::-1] if swaps.swapped[WITH_HANDS] else hands
    return replace(
        pose,
        world=pose.world[order],
        image=pose.image[order],
        visibility=pose.visibility[order],
        left_hand=left,
        right_hand=right,
    )

"""From landmarks of a person to a humanoid skeleton."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import dist

import numpy as np

from rt_engine.kinds import Pose, SkeletonPose
from rt_engine.motion import landmarks as lm
from rt_engine.motion.fingers import Fingers, Hand, palms
from rt_engine.motion.joints import MARGIN
from rt_engine.motion.limbs import Limbs
from rt_engine.motion.posture import Posture
from rt_engine.motion.quaternion import Arrays
from rt_engine.motion.skeleton import HEIGHT, INDEX, OFFSETS, SOLE, offsets_of
from rt_engine.motion.torso import Torso
from rt_engine.motion.turns import Vector, rotate

__all__ = ["Retargeter"]

SECOND = 1_000_000_000
NOMINAL = 1 / 30  # s between pictures, assumed before the first
LEARN = 5.0  # s over which the height is averaged
SIZED = 0.5  # visibility from which a bone's length counts

# Bones whose lengths tell how tall a person is: the landmarks at their ends, and m at rest.
_MEASURED = [
    (start, end, float(np.linalg.norm(OFFSETS[INDEX[side + bone]])))
    for starts, ends, bone in (
        (lm.HIPS, lm.KNEES, "LowerLeg"),
        (lm.KNEES, lm.ANKLES, "Foot"),
        (lm.SHOULDERS, lm.ELBOWS, "LowerArm"),
        (lm.ELBOWS, lm.WRISTS, "Hand"),
    )
    for start, end, side in zip(starts, ends, ("Left", "Right"), strict=True)
]
_LEGS = [
    [INDEX[f"{side}{bone}"] for bone in ("UpperLeg", "LowerLeg", "Foot")]
    for side in ("Left", "Right")
]


class Retargeter:
    """The landmarks of one person, picture by picture, to rotations of the 55 bones.

    Bones have constant lengths; each points where its landmarks do unless a joint limit forbids
    it. `height` (m) is that of the person, 0: learnt from the landmarks. `lengths` (m) by bone
    name are those of a calibration. `hold` (s): time constant with which bones that are not
    seen relax. `margin` (degrees) widens all joint limits. ValueError: see `offsets_of`.
    """

    def __init__(
        self,
        height: float = 0.0,
        lengths: Mapping[str, float] | None = None,
        hold: float = 2.0,
        margin: float = MARGIN,
    ) -> None:
        self._height = height
        self._offsets = _vectors(offsets_of(height or HEIGHT, lengths))
        self._sole = _vectors(SOLE * ((height or HEIGHT) / HEIGHT))
        self.posture = Posture(hold)
        self._torso = Torso(self.posture, margin)
        self._limbs = Limbs(self.posture, margin)
        self._fingers = Fingers(self.posture, margin)
        self.reset()

    def reset(self) -> None:
        """Forget the person's posture, and the height where it was learnt."""
        self.posture.reset()
        self._limbs.reset()
        self._last: int | None = None
        self._scale, self._learnt = 1.0, 0.0

    def step(self, pose: Pose, t: int) -> SkeletonPose:
        """The skeleton in posture `pose` at time `t` (ns)."""
        elapsed = NOMINAL if self._last is None else max(t - self._last, 0) / SECOND
        self._last = t
        points, visibility = _vectors(pose.world), pose.visibility.tolist()
        hands = _hand(pose.left_hand), _hand(pose.right_hand)
        self.posture.begin(elapsed)
        self._torso.step(points, visibility)
        seen = visibility.copy()
        for wrist, hand in zip(lm.WRISTS, hands, strict=True):
            if hand is not None:
                seen[wrist + 2] = seen[wrist + 4] = 1.0
        self._limbs.step(points, seen, palms(points, hands), elapsed)
        self._fingers.step(hands)
        scale = self._sized(points, visibility, elapsed)
        return SkeletonPose(
            person=pose.person,
            root=np.array([0.0, self._hips_height(scale), 0.0], np.float32),
            rotations=np.array(self.posture.local, np.float32),
            confidence=np.array(self.posture.trust, np.float32),
            scale=scale,
        )

    def _sized(
        self, points: Sequence[Vector], visibility: Sequence[float], elapsed: float
    ) -> float:
        """Height of the person over that of the rest skeleton."""
        if self._height:
            return self._height / HEIGHT
        found = usual = 0.0
        for start, end, length in _MEASURED:
            weight = min(visibility[start], visibility[end])
            if weight >= SIZED:
                found += weight * dist(points[start], points[end])
                usual += weight * length
        if usual:
            self._learnt += elapsed
            self._scale += (found / usual - self._scale) * elapsed / min(self._learnt, LEARN)
        return self._scale

    def _hips_height(self, scale: float) -> float:
        """Metres from the floor, on which the lower foot stands, up to the hips."""
        size = 1.0 if self._height else scale
        turned = self.posture.turned
        lowest = 0.0
        for leg in _LEGS:
            parents = (0, *leg[:2])
            pairs = zip(parents, leg, strict=True)
            ankle = sum(rotate(turned[p], self._offsets[bone])[1] for p, bone in pairs)
            sole = min(rotate(turned[leg[2]], point)[1] for point in self._sole)
            lowest = min(lowest, ankle + sole)
        return -lowest * size


def _hand(points: Arrays | None) -> Hand:
    return None if points is None else _vectors(points)


def _vectors(points: Arrays) -> list[Vector]:
    return list(map(tuple, points.tolist()))

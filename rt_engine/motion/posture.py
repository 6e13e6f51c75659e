"""The posture that is followed: local and whole rotations, trust and limits, bone group by group.

A bone is set from what is seen as far as the sight of it is trusted. As long as it is not, it
stays where it was and slowly relaxes; its children are aimed from where it stands, so that an
arm that is seen points right even on a trunk that is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import expm1

import numpy as np

from rt_engine.motion.joints import Joint, Joints
from rt_engine.motion.quaternion import Floats
from rt_engine.motion.skeleton import BONES, INDEX, identity, orientations
from rt_engine.motion.turns import Turn, Vector, blend, inverse, multiply, part, rotate

__all__ = ["HIPS", "RELAXED", "Posture"]

HIPS = INDEX["Hips"]
SEEN = (0.3, 0.6)  # visibility at which trust begins, and is full
REGAIN = 0.3  # s until a bone that was lost is trusted fully again
NOMINAL = 1 / 30  # s: a trust of 0.5 halves the distance in this time


def _relaxed() -> Floats:
    """Standing with the arms hanging: what a body that nobody sees comes back to."""
    posture = identity()
    curled = [b for b in BONES if b.endswith(("Proximal", "Intermediate")) and "Thumb" not in b]
    for bones, degrees in (
        (["LeftUpperArm", "RightUpperArm"], (0, 5, 72)),
        (["LeftLowerArm", "RightLowerArm"], (0, 15, 0)),
        (curled, (0, 0, 15)),
    ):
        joints = Joints(bones)
        posture[joints.bones] = joints.rotation(np.radians([degrees] * len(bones)))
    return posture


RELAXED = _relaxed()
_RELAXED: list[Turn] = [tuple(turn) for turn in RELAXED.tolist()]
_TURNED: list[Turn] = [tuple(turn) for turn in orientations(RELAXED).tolist()]


class Posture:
    """Rotations of all bones; `hold` is the time constant (s) of relaxing.

    By bone, `local` and `turned` are rotations against the parent and in the body frame, `trust`
    is 0 to 1, `strain` how far (radians) the last sight was beyond the limits.
    """

    def __init__(self, hold: float) -> None:
        self.hold = hold
        self.reset()

    def reset(self) -> None:
        """Forget what was seen."""
        self.local, self.turned = _RELAXED.copy(), _TURNED.copy()
        self.trust = [0.0] * len(BONES)
        self.strain = [0.0] * len(BONES)
        self._fresh = True

    def begin(self, elapsed: float) -> None:
        """A new frame, `elapsed` s after the last; at the first one, nothing was held before."""
        gain = elapsed / REGAIN
        self._most = [1.0] * len(BONES) if self._fresh else [t + gain for t in self.trust]
        self._frames = elapsed / NOMINAL
        self._relax = -expm1(-elapsed / self.hold)
        self._fresh = False

    def place(self, rotation: Turn, visibility: float) -> None:
        """Turn the whole body: the rotation of the hips."""
        self._settle(HIPS, rotation, visibility)
        self.turned[HIPS] = self.local[HIPS]

    def bend(
        self, joint: Joint, coordinates: Vector, visibility: float, before: Turn | None = None
    ) -> None:
        """Set a bone, whose parent is set, from joint coordinates, within their limits.

        `before` is a rotation in the frame of the parent in which the coordinates are.
        """
        allowed = joint.clamp(coordinates)
        self.strain[joint.bone] = max(
            abs(found - kept) for found, kept in zip(coordinates, allowed, strict=True)
        )
        local = joint.rotation(allowed)
        self._settle(joint.bone, multiply(before, local) if before else local, visibility)
        self.turned[joint.bone] = multiply(self.turned[joint.parent], self.local[joint.bone])

    def share(self, chain: Sequence[Joint], end: Turn, visibility: float) -> None:
        """Set bones in a row so that the last has rotation `end`; all do an equal part."""
        whole = multiply(inverse(self.turned[chain[0].parent]), end)
        equal = part(whole, 1 / len(chain))
        for joint in chain:
            self.bend(joint, joint.of_rotation(equal), visibility)

    def lose(self, bones: Sequence[int]) -> None:
        """Bones that nothing is known of in this frame, at the ends of the body."""
        for bone in bones:
            self.trust[bone] = 0.0
            if self.local[bone] != _RELAXED[bone]:
                self.local[bone] = blend(self.local[bone], _RELAXED[bone], self._relax)

    def inside(self, joint: Joint, vector: Vector) -> Vector:
        """A vector of the body frame, in the frame of the bone's parent."""
        return rotate(inverse(self.turned[joint.parent]), vector)

    def _settle(self, bone: int, seen: Turn, visibility: float) -> None:
        trust = min(max((visibility - SEEN[0]) / (SEEN[1] - SEEN[0]), 0.0), 1.0)
        self.trust[bone] = trust = min(trust, self._most[bone])
        if trust < 1.0:
            held = blend(self.local[bone], _RELAXED[bone], self._relax)
            seen = blend(held, seen, 1.0 - (1.0 - trust) ** self._frames)
        self.local[bone] = seen

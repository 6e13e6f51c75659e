"""The posture that is followed: local and whole rotations, trust and limits, bone group by group.

A bone is set from what is seen as far as the sight of it is trusted. As long as it is not, it
stays where it was and slowly relaxes; its children are aimed from where it stands, so that an
arm that is seen points right even on a trunk that is not.
"""

from __future__ import annotations

import numpy as np

from rt_engine.motion.joints import Joints
from rt_engine.motion.quaternion import (
    Arrays,
    Floats,
    conjugate,
    dot,
    multiply,
    normalize,
    power,
    rotate,
)
from rt_engine.motion.skeleton import BONES, INDEX, identity, orientations

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


class Posture:
    """Rotations of all bones; `hold` is the time constant (s) of relaxing.

    `local` and `turned` (55, 4) are rotations against the parent and in the body frame, `trust`
    (55,) is 0 to 1, `strain` (55,) how far (radians) the last sight was beyond the limits.
    """

    def __init__(self, hold: float) -> None:
        self.hold = hold
        self.reset()

    def reset(self) -> None:
        """Forget what was seen."""
        self.local, self.turned = RELAXED.copy(), orientations(RELAXED)
        self.trust = np.zeros(len(BONES))
        self.strain = np.zeros(len(BONES))
        self._fresh = True

    def begin(self, elapsed: float) -> None:
        """A new frame, `elapsed` s after the last; at the first one, nothing was held before."""
        self._most = np.ones(len(BONES)) if self._fresh else self.trust + elapsed / REGAIN
        self._frames = elapsed / NOMINAL
        self._relax = -np.expm1(-elapsed / self.hold)
        self._fresh = False

    def place(self, rotation: Arrays, visibility: float) -> None:
        """Turn the whole body: the rotation (4,) of the hips."""
        self._settle(np.array([HIPS]), rotation[None], np.array([visibility]))
        self.turned[HIPS] = self.local[HIPS]

    def bend(
        self, joints: Joints, coordinates: Floats, visibility: Arrays, before: Floats | None = None
    ) -> None:
        """Set bones from joint coordinates (n, 3), within their limits.

        `before` (n, 4) are rotations in the frames of the parents in which the coordinates are.
        """
        allowed = joints.clamp(coordinates)
        self.strain[joints.bones] = np.abs(coordinates - allowed).max(-1)
        local = joints.rotation(allowed)
        self._settle(joints.bones, local if before is None else multiply(before, local), visibility)
        self.turned[joints.bones] = multiply(self.turned[joints.parents], self.local[joints.bones])

    def share(self, chain: Joints, end: Arrays, visibility: float) -> None:
        """Set bones in a row so that the last has rotation `end` (4,); all do an equal part."""
        whole = multiply(conjugate(self.turned[chain.parents[0]]), end)
        part = np.tile(power(whole, 1 / len(chain.bones)), (len(chain.bones), 1))
        self.bend(chain, chain.of_rotation(part), np.full(len(part), visibility))
        for bone, parent in zip(chain.bones, chain.parents, strict=True):
            self.turned[bone] = multiply(self.turned[parent], self.local[bone])

    def lose(self, bones: Arrays) -> None:
        """Bones (indices) that nothing is known of in this frame, at the ends of the body."""
        self.trust[bones] = 0.0
        self.local[bones] = _mix(self.local[bones], RELAXED[bones], self._relax)

    def inside(self, joints: Joints, vectors: Arrays) -> Floats:
        """Vectors (n, 3) of the body frame, in the frames of the bones' parents."""
        return rotate(conjugate(self.turned[joints.parents]), vectors)

    def _settle(self, bones: Arrays, seen: Floats, visibility: Arrays) -> None:
        trust = np.clip((visibility - SEEN[0]) / (SEEN[1] - SEEN[0]), 0.0, 1.0)
        self.trust[bones] = trust = np.minimum(trust, self._most[bones])
        if trust.min() == 1.0:
            self.local[bones] = seen
            return
        held = _mix(self.local[bones], RELAXED[bones], self._relax)
        share = 1.0 - (1.0 - trust[:, None]) ** self._frames
        self.local[bones] = _mix(held, seen, share)


def _mix(a: Floats, b: Floats, share: float | Floats) -> Floats:
    """Between rotations along a straight line: near enough for a blend, and exact at its ends."""
    near = np.where(dot(a, b) < 0, -b, b)
    return normalize(a + (near - a) * share)

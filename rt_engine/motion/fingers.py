"""Palms and fingers, from the 21 landmarks of a hand, or the knuckles among those of the body."""

from __future__ import annotations

import numpy as np

from rt_engine.motion import landmarks as lm
from rt_engine.motion.joints import MARGIN, Joints
from rt_engine.motion.posture import Posture
from rt_engine.motion.quaternion import Arrays, Floats, cross, normalize
from rt_engine.motion.skeleton import FINGERS, PHALANGES

__all__ = ["Fingers", "palms"]

Hand = Arrays | None


def palms(points: Floats, hands: tuple[Hand, Hand]) -> tuple[Floats, Floats]:
    """Directions and axes of flexion (2, 3) of both hands, left first.

    A hand points between the knuckles of index and little finger; its axis of flexion stands
    upright on the back of the left hand, and on the palm of the right one.
    """
    wrists, first, last = points[[*lm.WRISTS]], points[[*lm.INDEXES]], points[[*lm.PINKIES]]
    for side, hand in enumerate(hands):
        if hand is not None:
            wrists[side], first[side], last[side] = hand[[lm.WRIST, lm.KNUCKLES[1], lm.KNUCKLES[4]]]
    along = normalize((first + last) / 2 - wrists)
    return along, normalize(cross(along, first - last))


class Fingers:
    """Sets the fingers of a `Posture`, joint by joint, all ten at once."""

    def __init__(self, posture: Posture, margin: float = MARGIN) -> None:
        self._posture = posture
        sides = ("Left", "Right")
        self._joints = [
            Joints([f"{side}{finger}{phalanx}" for side in sides for finger in FINGERS], margin)
            for phalanx in PHALANGES
        ]
        self._bones = np.concatenate([joints.bones for joints in self._joints])

    def step(self, hands: tuple[Hand, Hand]) -> None:
        """Landmarks (21, 3) of the left and the right hand, or None where one is not seen."""
        if all(hand is None for hand in hands):
            self._posture.lose(self._bones)
            return
        seen = np.repeat([float(hand is not None) for hand in hands], len(FINGERS))
        for number, joints in enumerate(self._joints):
            along = np.concatenate([_phalanges(hand, number) for hand in hands])
            inside = self._posture.inside(joints, along)
            found = joints.coordinates(np.where(seen[:, None] > 0, inside, joints.rest))
            self._posture.bend(joints, found, seen)


def _phalanges(hand: Hand, number: int) -> Floats:
    if hand is None:
        return np.zeros((len(FINGERS), 3))
    start = np.array(lm.KNUCKLES) + number
    return normalize(np.asarray(hand[start + 1] - hand[start], np.float64))

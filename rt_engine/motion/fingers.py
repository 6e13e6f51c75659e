"""Palms and fingers, from the 21 landmarks of a hand, or the knuckles among those of the body."""

from __future__ import annotations

from collections.abc import Sequence

from rt_engine.motion import landmarks as lm
from rt_engine.motion.joints import MARGIN, Joints
from rt_engine.motion.posture import Posture
from rt_engine.motion.skeleton import FINGERS, PHALANGES
from rt_engine.motion.turns import Vector, between, cross, minus, unit

__all__ = ["Fingers", "Hand", "palms"]

Hand = Sequence[Vector] | None


def palms(points: Sequence[Vector], hands: tuple[Hand, Hand]) -> list[tuple[Vector, Vector]]:
    """Direction and axis of flexion of both hands, left first.

    A hand points between the knuckles of index and little finger; its axis of flexion stands
    upright on the back of the left hand, and on the palm of the right one.
    """
    found = []
    for side, hand in enumerate(hands):
        if hand is None:
            places = [points[pair[side]] for pair in (lm.WRISTS, lm.INDEXES, lm.PINKIES)]
        else:
            places = [hand[i] for i in (lm.WRIST, lm.KNUCKLES[1], lm.KNUCKLES[4])]
        wrist, first, last = places
        along = unit(minus(between(first, last, 0.5), wrist))
        found.append((along, unit(cross(along, minus(first, last)))))
    return found


class Fingers:
    """Sets the fingers of a `Posture`, from the knuckles outwards."""

    def __init__(self, posture: Posture, margin: float = MARGIN) -> None:
        self._posture = posture
        self._joints = [
            Joints([f"{side}{f}{phalanx}" for phalanx in PHALANGES for f in FINGERS], margin).each()
            for side in ("Left", "Right")
        ]

    def step(self, hands: tuple[Hand, Hand]) -> None:
        """21 landmarks of the left and the right hand, or None where one is not seen."""
        for joints, hand in zip(self._joints, hands, strict=True):
            if hand is None:
                self._posture.lose([joint.bone for joint in joints])
                continue
            for number, joint in enumerate(joints):
                phalanx, finger = divmod(number, len(FINGERS))
                start = lm.KNUCKLES[finger] + phalanx
                along = unit(minus(hand[start + 1], hand[start]))
                found = joint.coordinates(self._posture.inside(joint, along))
                self._posture.bend(joint, found, 1.0)

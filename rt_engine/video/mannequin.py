"""A drawn person that detectors take for one: to warm them up, and to test with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rt_engine.video.opencv import opencv
from rt_engine.video.reader import Image

__all__ = ["mannequin"]

Point = tuple[float, float]

WALL, SKIN, SHIRT, TROUSERS = (205, 210, 215), (196, 150, 125), (60, 80, 150), (50, 50, 60)
HAIR, EYE, LIPS = (40, 30, 25), (20, 20, 20), (120, 60, 60)
SHOULDER, HIP = (0.42, 0.29), (0.46, 0.55)  # of the side on the picture's left, as all below
ARMS = ((0.34, 0.42), (0.30, 0.55))  # elbow and hand
LEG = ((0.45, 0.74), (0.45, 0.92))  # knee and foot


def mannequin(
    size: int = 256,
    arms: Sequence[Point] = ARMS,
    left_arm: Sequence[Point] = (),
    legs: tuple[Sequence[Point], Sequence[Point]] = (LEG, LEG),
) -> Image:
    """A person from the front, as a square RGB picture.

    `arms` are elbow and hand of the person's right arm, in fractions of the picture; the left
    arm mirrors it, or mirrors `left_arm`. `legs` are knee and foot of the right leg, and of the
    left one, mirrored.
    """
    cv2 = opencv()
    picture: Image = np.full((size, size, 3), WALL, np.uint8)

    def limb(points: Sequence[Point], width: float, colour: Sequence[int]) -> None:
        pixels = np.int32(np.array(points) * size)
        cv2.polylines(picture, [pixels], False, colour, int(width * size), cv2.LINE_AA)

    for side, (knee, foot) in enumerate(legs):
        limb(_mirrored([HIP, knee, foot], side), 0.06, TROUSERS)
    limb([(0.5, 0.33), (0.5, 0.52)], 0.15, SHIRT)
    limb([(0.5, 0.2), (0.5, 0.28)], 0.05, SKIN)
    for side, (elbow, hand) in enumerate((arms, left_arm or arms)):
        limb(_mirrored([SHOULDER, elbow], side), 0.05, SHIRT)
        limb(_mirrored([elbow, hand], side), 0.04, SKIN)
    _head(picture)
    return picture


def _mirrored(points: Sequence[Point], side: int) -> list[Point]:
    return [(1 - x if side else x, y) for x, y in points]


def _head(picture: Image) -> None:
    cv2 = opencv()
    size = len(picture)

    def ellipse(y: float, width: float, height: float, start: int, colour: Sequence[int]) -> None:
        middle, axes = (size // 2, int(y * size)), (int(width * size), int(height * size))
        cv2.ellipse(picture, middle, axes, 0, start, 360, colour, -1, cv2.LINE_AA)

    ellipse(0.17, 0.045, 0.06, 0, SKIN)
    ellipse(0.135, 0.046, 0.035, 180, HAIR)
    dot = max(1, int(0.006 * size))
    for x in (0.482, 0.518):
        cv2.circle(picture, (int(x * size), int(0.165 * size)), dot, EYE, -1, cv2.LINE_AA)
    left, right = (int(0.485 * size), int(0.2 * size)), (int(0.515 * size), int(0.2 * size))
    cv2.line(picture, left, right, LIPS, dot)

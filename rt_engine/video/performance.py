"""A film of the drawn person: stands, holds a T-pose, walks in place, waves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import cos, pi, radians, sin
from pathlib import Path

import numpy as np

from rt_engine.video.mannequin import SHOULDER, WALL, Point, mannequin
from rt_engine.video.opencv import opencv
from rt_engine.video.reader import Image

__all__ = ["SECONDS", "arm", "perform", "pictures", "write_film"]

SECONDS = 16.0
WIDTH, HEIGHT, FPS = 640, 480, 30.0
LIMB = 0.13  # of the picture: upper arm, and forearm
STEP, WAVE = 1.0, 0.8  # s of two steps, and of one wave
RELAXED = (20.0, 8.0, 20.0, 8.0)  # degrees from hanging: right upper arm, forearm, left
T_POSE, WAVING = (90.0, 90.0, 90.0, 90.0), (95.0, 175.0, 20.0, 8.0)
# s, arms and how much it walks from then on; changes take CHANGE
SCENES = (
    (0.0, RELAXED, 0.0),
    (1.5, T_POSE, 0.0),
    (5.0, RELAXED, 0.0),
    (6.0, RELAXED, 1.0),
    (11.0, WAVING, 0.0),
    (15.0, RELAXED, 0.0),
)
CHANGE = 0.6  # s


def perform(path: str | Path, seconds: float = SECONDS) -> None:
    """Write the film (.mp4 or .avi) to `path`; OSError where it cannot be written."""
    write_film(path, pictures(seconds))


def write_film(path: str | Path, shown: Iterable[Image]) -> None:
    """Write pictures of (480, 640, 3), 30 a second; OSError where it cannot be written."""
    cv2 = opencv()
    code = "MJPG" if Path(path).suffix == ".avi" else "mp4v"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), FPS, (WIDTH, HEIGHT))
    if not writer.isOpened():
        raise OSError(f"{path}: cannot be written")
    for picture in shown:
        writer.write(picture)
    writer.release()


def pictures(seconds: float = SECONDS) -> Iterator[Image]:
    """The pictures of the film, (480, 640, 3), blue green red, 30 a second."""
    for number in range(round(seconds * FPS)):
        t = number / FPS % SECONDS
        arms, walking = _scene(t)
        swing = 2 * pi * t / STEP
        right, left = (_leg(walking * max(0.0, sign * sin(swing))) for sign in (1, -1))
        person = mannequin(HEIGHT, arm(*arms[:2]), arm(*arms[2:]), (right, left))
        picture: Image = np.full((HEIGHT, WIDTH, 3), WALL[::-1], np.uint8)
        edge = (WIDTH - HEIGHT) // 2
        picture[:, edge : edge + HEIGHT] = person[..., ::-1]
        yield picture


def _scene(t: float) -> tuple[list[float], float]:
    """Angles of the arms (degrees) and how much it walks (0 to 1) at `t` s."""
    _, arms, walking = SCENES[0]
    found = [*arms, walking]
    for begin, arms, walking in SCENES[1:]:
        share = min(max((t - begin) / CHANGE, 0.0), 1.0)
        eased = share * share * (3 - 2 * share)
        goal = [*arms, walking]
        found = [a + eased * (b - a) for a, b in zip(found, goal, strict=True)]
    up = min(max((found[1] - 120) / 55, 0.0), 1.0)  # a forearm that points up waves
    found[1] += up * 25 * sin(2 * pi * t / WAVE)
    return found[:4], found[4]


def arm(upper: float, lower: float) -> Sequence[Point]:
    """Elbow and hand of an arm, by the angles (degrees) of its bones from hanging."""
    points, (x, y) = [], SHOULDER
    for angle in (upper, lower):
        x, y = x - LIMB * sin(radians(angle)), y + LIMB * cos(radians(angle))
        points.append((x, y))
    return points


def _leg(lift: float) -> Sequence[Point]:
    """Knee and foot of a leg; lifted (0 to 1), it is foreshortened."""
    return [(0.45, 0.74 - 0.06 * lift), (0.45, 0.92 - 0.12 * lift)]

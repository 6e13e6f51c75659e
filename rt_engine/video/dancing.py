"""A film of the drawn person dancing to a beat that is known exactly."""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, pi
from pathlib import Path

import numpy as np

from rt_engine.video.mannequin import WALL, mannequin
from rt_engine.video.performance import FPS, HEIGHT, WIDTH, arm, write_film
from rt_engine.video.reader import Image

__all__ = ["BEAT", "SECONDS", "beats", "dance", "pictures"]

BEAT = 0.6  # s: 100 BPM
SECONDS = 24.0  # ten bars of four beats, so that the film can go round
START = 0.15  # of a beat that a posture is held before the way to the next one begins
BOUNCE, SWAY = 0.04, 0.05  # of the picture: how far the knees give way, and the body moves
# The postures of a bar, each reached on its beat: angles (degrees from hanging) of right upper
# arm, forearm, left upper arm, forearm; and where the body stands between the sides (-1 to 1)
POSTURES = (
    (25.0, 60.0, 25.0, 60.0, -1.0),
    (120.0, 170.0, 40.0, 110.0, 0.0),
    (70.0, 20.0, 70.0, 20.0, 1.0),
    (40.0, 110.0, 120.0, 170.0, 0.0),
)


def dance(path: str | Path, seconds: float = SECONDS) -> None:
    """Write the film (.mp4 or .avi) to `path`; OSError where it cannot be written."""
    write_film(path, pictures(seconds))


def beats(seconds: float = SECONDS) -> list[float]:
    """Times (s) of the dancer's beats; every fourth, from the first on, is a downbeat."""
    return [float(t) for t in np.arange(0.0, seconds, BEAT)]


def pictures(seconds: float = SECONDS) -> Iterator[Image]:
    """The pictures of the film, (480, 640, 3), blue green red, 30 a second."""
    bar = [_picture(number / FPS) for number in range(round(len(POSTURES) * BEAT * FPS))]
    for number in range(round(seconds * FPS)):
        yield bar[number % len(bar)]


def _picture(t: float) -> Image:
    *angles, side = _posture(t / BEAT)
    sunk = BOUNCE * (0.5 + 0.5 * cos(2 * pi * t / BEAT))  # lowest on the beat
    foot = (0.45, 0.92 - sunk)  # the feet stay where they are
    leg = [(0.45 - sunk, 0.74 - sunk / 2), foot]
    person = mannequin(HEIGHT, arm(*angles[:2]), arm(*angles[2:]), (leg, leg))
    picture: Image = np.full((HEIGHT, WIDTH, 3), WALL[::-1], np.uint8)
    edge = (WIDTH - HEIGHT) // 2 + round(side * SWAY * HEIGHT)
    down = round(sunk * HEIGHT)
    picture[down:, edge : edge + HEIGHT] = person[: HEIGHT - down, :, ::-1]
    return picture


def _posture(beat: float) -> list[float]:
    """Angles and side at `beat`: eased from the posture before to the next, which it meets."""
    index, phase = divmod(beat, 1)
    before, after = (POSTURES[int(index + k) % len(POSTURES)] for k in (0, 1))
    share = max(0.0, (phase - START) / (1 - START))
    eased = share * share * (3 - 2 * share)
    return [a + eased * (b - a) for a, b in zip(before, after, strict=True)]

"""What a webcam and a pose detector make of a figure: views, pictures, noise, faults.

The noise is MediaPipe's against motion capture (DrumPy, three takes, wrists and elbows): 8 to
19 mm in the picture plane and 45 to 90 mm in depth; three quarters of its power below 0.5 Hz, a
fifth from 0.5 to 4 Hz, most of that where joints move, the rest a tremble from picture to
picture. Faults (pictures and people lost, left and right exchanged, occlusion), delays and frame
rates are drawn widely, not measured.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from rt_engine.models.rhythm.players.gestures import wander
from rt_engine.motion import landmarks as lm
from rt_engine.motion.quaternion import Floats
from rt_engine.motion.smooth import BODY_NOISE

__all__ = ["Seen", "View", "exposures", "observed", "view"]

SHOWN = [
    lm.NOSE,
    *(*lm.EARS, *lm.SHOULDERS, *lm.ELBOWS, *lm.WRISTS, *lm.INDEXES, *lm.PINKIES, *lm.HIPS),
]
# Of the quick error: a trunk is found more steadily than a wrist, (14, 3).
STEADY = (BODY_NOISE[SHOWN] / BODY_NOISE[lm.WRISTS[0]])[:, [0, 0, 1]]
BANDS = ((0.02, 0.5, 0.75), (0.5, 2.0, 0.15), (2.0, 4.0, 0.07))  # Hz, Hz, share of the power
PLANE, DEPTH = (0.008, 0.019), (0.045, 0.09)  # m
TREMBLE = (0.0008, 0.003)  # m a picture, in the plane and in depth
SLOW = 0.5  # Hz: error above it is that of points that move
CALM, FAST = 0.25, 0.5  # share of it at rest; m/s from which all of it is there
# Pairs that a detector exchanges together.
_ARMS = np.array([lm.ELBOWS, lm.WRISTS, lm.INDEXES, lm.PINKIES])
_HANDS = np.array([lm.WRISTS, lm.INDEXES, lm.PINKIES])
_ALL = np.array([lm.EARS, lm.SHOULDERS, *_ARMS, lm.HIPS])


class View(NamedTuple):
    """Where the camera stands, and how it is wired."""

    turn: Floats  # (3, 3), body frame to camera: x to its left as the person sees it, y up
    distance: float  # m
    field: float  # picture heights a metre at a distance of 1 m
    mirrored: bool
    late: float  # s from the exposure to its stamp


class Seen(NamedTuple):
    """What comes out of a detector for n pictures."""

    t: Floats  # (n,) stamps, s
    world: Floats  # (n, 33, 3) m, axes of the camera
    visibility: Floats  # (n, 33)
    flow: Floats  # (n,) mean way of the pixels, picture heights
    hands: Floats  # (n, 2, 2) picture heights, y up
    there: npt.NDArray[np.bool_]  # (n,): somebody is seen


def exposures(rng: Generator, seconds: float) -> Floats:
    """When pictures are taken, s: 15 to 60 a second, some lost, now and then a stall."""
    rate = rng.choice([15.0, 20.0, 24.0, 25.0, 30.0, 30.0, 30.0, 50.0, 60.0])
    t = np.arange(-rng.random() / rate, seconds + 0.1, 1.0 / rate)
    t = t + rng.normal(0.0, rng.choice([0.0, 0.002, 0.005]), len(t))
    t = np.sort(t[rng.random(len(t)) > rng.choice([0.0, 0.01, 0.1])])
    for _ in range(rng.poisson(0.3 * seconds / 40.0)):
        start, length = rng.uniform(0.0, seconds), rng.uniform(0.1, 4.0)
        t = t[(t < start) | (t > start + length)]
    return t


def view(rng: Generator) -> View:
    """A camera somewhere in front, or at the side."""
    side = rng.random() < 0.15
    yaw = rng.choice([-1, 1]) * rng.uniform(1.0, 1.6) if side else rng.normal(0.0, 0.4)
    pitch, roll = rng.normal(0.0, 0.12), rng.normal(0.0, 0.04)
    turn = _about(0, pitch) @ _about(2, roll) @ _about(1, float(yaw))
    far = rng.uniform(1.0, 3.5)
    late = rng.uniform(-0.02, 0.06) if rng.random() < 0.7 else 0.0
    return View(turn, far, rng.uniform(0.7, 1.3), bool(rng.random() < 0.4), late)


def observed(figure: Floats, t: Floats, camera: View, rng: Generator) -> Seen:
    """Landmarks (n, 33, 3) of a figure at exposures `t` (n,), as they are detected."""
    if camera.mirrored:
        figure = _exchanged(figure, np.ones(len(t), bool), _ALL) * [-1.0, 1.0, 1.0]
    places = figure @ camera.turn.T
    picture = _projected(places, camera)
    visibility = _visibility(t, rng)
    world, error = _noisy(places, t, visibility, rng)
    swapped = _bouts(t, rng, 0.5, 0.3)
    world = _exchanged(world, swapped, _ARMS if rng.random() < 0.7 else _ALL)
    world -= world[:, list(lm.HIPS)].mean(axis=1, keepdims=True)
    scale = camera.field / camera.distance
    hands = picture + error[..., :2] * scale
    hands = _exchanged(hands, swapped, _ARMS)[:, _HANDS].mean(axis=1)
    stamps = np.maximum.accumulate(t + camera.late + rng.normal(0, rng.uniform(0, 0.008), len(t)))
    there = ~_bouts(t, rng, 0.4, 3.0)
    return Seen(stamps, world, visibility, _flow(picture, t, camera, rng), hands, there)


def _about(axis: int, angle: float) -> Floats:
    c, s = np.cos(angle), np.sin(angle)
    turn: Floats = np.insert(
        np.insert(np.array([[c, -s], [s, c]]), axis, 0.0, axis=0), axis, 0.0, axis=1
    )
    turn[axis, axis] = 1.0
    return turn


def _projected(places: Floats, camera: View) -> Floats:
    """Places in the picture (n, 33, 2), in heights: x to its right, y up; a person who faces the
    camera has the own left on the right.
    """
    depth = np.maximum(camera.distance - places[..., 2:], 0.3)
    picture: Floats = camera.field * places[..., :2] / depth
    return picture


def _noisy(places: Floats, t: Floats, visibility: Floats, rng: Generator) -> tuple[Floats, Floats]:
    """Places with the detector's error, and the error, (n, 33, 3)."""
    size = np.array([*2 * [rng.uniform(*PLANE)], rng.uniform(*DEPTH)])
    shape = (len(t), len(SHOWN), 3)
    stirred = np.repeat(_stirred(places[:, SHOWN], t)[..., None], 3, axis=2)
    error = np.zeros_like(places)
    for low, high, power in BANDS:
        noise = np.sqrt(power) * wander(rng, t, low, high, 3 * len(SHOWN)).reshape(shape)
        error[:, SHOWN] += noise * size * (1.0 if low < SLOW else stirred * STEADY)
    tremble = np.array([TREMBLE[0], TREMBLE[0], TREMBLE[1]]) * rng.uniform(0.5, 1.5)
    error[:, SHOWN] += rng.normal(size=shape) * tremble * STEADY
    error *= (1.0 + 3.0 * np.maximum(0.6 - visibility, 0.0))[..., None]
    return places + error, error


def _stirred(places: Floats, t: Floats) -> Floats:
    """How much of the quick error each point has, (n, k): most where it moved within 0.5 s."""
    step = np.diff(t, prepend=t[:1] - 1.0)[:, None]
    way = np.linalg.norm(np.diff(places, axis=0, prepend=places[:1]), axis=-1)
    length = max(int(0.5 / np.median(step)), 1)
    sums = np.cumsum(np.concatenate([np.zeros((length, way.shape[1])), way]), axis=0)
    speed = (sums[length:] - sums[:-length]) / 0.5
    stirred: Floats = CALM + (1.0 - CALM) * np.minimum(speed / FAST, 1.0)
    return stirred


def _visibility(t: Floats, rng: Generator) -> Floats:
    """0 to 1, (n, 33): high, but for hips under a desk and hands that are hidden for a while."""
    seen = np.repeat(rng.uniform(0.9, 1.0, (1, 33)), len(t), axis=0)
    if rng.random() < 0.3:
        seen[:, list(lm.HIPS)] = rng.uniform(0.05, 0.6)
    for side in (0, 1):
        hidden = _bouts(t, rng, 0.6, 2.0)
        arm = _HANDS[:, side]
        seen[np.ix_(hidden, arm)] = rng.uniform(0.05, 0.5)
    visibility: Floats = np.clip(seen + rng.normal(0.0, 0.02, seen.shape), 0.0, 1.0)
    return visibility


def _bouts(t: Floats, rng: Generator, often: float, long: float) -> npt.NDArray[np.bool_]:
    """Marks (n,) of spells that come `often` times in 40 s and last up to `long` s."""
    marks = np.zeros(len(t), bool)
    for _ in range(rng.poisson(often * (t[-1] - t[0]) / 40.0)):
        start = rng.uniform(t[0], t[-1])
        marks |= (t >= start) & (t < start + rng.uniform(0.02, long))
    return marks


def _exchanged(points: Floats, where: npt.NDArray[np.bool_], pairs: npt.NDArray[np.intp]) -> Floats:
    """Points (n, 33, d) with left and right of the pairs exchanged in the marked pictures."""
    if not where.any():
        return points
    found = points.copy()
    rows = np.flatnonzero(where)
    left, right = pairs.T
    found[np.ix_(rows, left)] = points[np.ix_(rows, right)]
    found[np.ix_(rows, right)] = points[np.ix_(rows, left)]
    return found


# Parts of a body that fill the picture: two ends, and width in m.
_PARTS = (
    *((lm.SHOULDERS[s], lm.ELBOWS[s], 0.1) for s in (0, 1)),
    *((lm.ELBOWS[s], lm.WRISTS[s], 0.08) for s in (0, 1)),
    *((lm.WRISTS[s], lm.INDEXES[s], 0.1) for s in (0, 1)),
    (lm.SHOULDERS[0], lm.HIPS[0], 0.2),
    (lm.SHOULDERS[1], lm.HIPS[1], 0.2),
    (lm.EARS[0], lm.EARS[1], 0.25),
)
SENSOR = (0.002, 0.006)  # heights a second, at a noise of 1 to 6 of 255 levels
WIDE = 4.0 / 3.0  # a picture's width in heights


def _flow(picture: Floats, t: Floats, camera: View, rng: Generator) -> Floats:
    """Mean way of the pixels (n,), in heights: each part of the body moves its own area.

    What a sensor's noise alone shows comes on top.
    """
    first, second, wide = (np.array(x) for x in zip(*_PARTS, strict=True))
    ways = np.linalg.norm(np.diff(picture, axis=0, prepend=picture[:1]), axis=-1)
    length = np.linalg.norm(picture[:, first] - picture[:, second], axis=-1)
    width = wide * camera.field / camera.distance
    area = np.minimum(np.maximum(length, width) * width / WIDE, 0.5)
    flow: Floats = (area * (ways[:, first] + ways[:, second]) / 2.0).sum(axis=1)
    flow *= np.exp(rng.normal(0.0, 0.1, len(flow)))
    flow += rng.uniform(*SENSOR) * np.diff(t, prepend=t[:1])
    return flow

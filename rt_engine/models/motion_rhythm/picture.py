"""From joints in space to what a pose detector says of them: camera, noise, faults, joints unseen.

The noise is that of `rt_engine.models.rhythm.players.webcam`, measured on DrumPy, in the picture
plane: 8 to 19 mm, three quarters of it slow, the rest a tremble. Faults are drawn widely.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from rt_engine.models.motion_rhythm.figure import ARMS, JOINTS, LEGS, PAIRS, WRISTS
from rt_engine.models.rhythm.players.gestures import wander
from rt_engine.models.rhythm.players.webcam import BANDS, PLANE, TREMBLE
from rt_engine.motion.quaternion import Arrays, Floats

__all__ = ["Seen", "detected", "one_wrist"]

STEADY = np.where(np.isin(np.arange(JOINTS), (7, 8, 9, 10, 13, 14, 15, 16)), 1.0, 0.5)
SHOWN = {"body": 0.4, "upper": 0.25, "arms": 0.1, "wrist": 0.25}


class Seen(NamedTuple):
    """What comes out of a detector: stamps (n,) in s, places (n, 17, 2), confidence (n, 17)."""

    t: Floats
    places: Floats
    confidence: Floats


def detected(places: Arrays, t: Arrays, rng: Generator, shown: str = "") -> Seen:
    """Joints (n, 17, 3) at exposures (n,) through a camera and a detector."""
    shown = shown or str(rng.choice(list(SHOWN), p=list(SHOWN.values())))
    flat, metre = _projected(places, rng)
    flat += metre * _error(flat / metre, t, rng)
    confidence = _confidence(t, rng, shown)
    _exchange(flat, t, rng)
    if rng.random() < 0.4:
        flat[..., 0] *= -1.0
        for left, right in PAIRS:
            flat[:, [left, right]] = flat[:, [right, left]]
            confidence[:, [left, right]] = confidence[:, [right, left]]
    stamps = t + rng.normal(0.0, rng.uniform(0.0, 0.008), len(t))
    order = np.argsort(stamps)
    return Seen(stamps[order], flat[order], confidence[order])


def one_wrist(seen: Seen, rng: Generator) -> Seen:
    """The liveliest wrist alone, as some recorders keep it: over its own extremes of late."""
    ways = [np.abs(np.diff(seen.places[:, w], axis=0)).sum() for w in WRISTS]
    wrist = WRISTS[int(np.argmax(ways))]
    confidence = np.zeros_like(seen.confidence)
    confidence[:, WRISTS[1]] = 1.0
    places = np.zeros_like(seen.places)
    places[:, WRISTS[1]] = seen.places[:, wrist]
    if rng.random() < 0.5:
        memory = int(rng.choice([30, 60, 120, len(places)]))
        places[:, WRISTS[1]] = _stretched(places[:, WRISTS[1]], memory)
    return Seen(seen.t, places, confidence)


def _stretched(path: Floats, memory: int) -> Floats:
    """A path (n, 2) as shares of its range over the last `memory` samples: 0 to 1."""
    found = np.full_like(path, 0.5)
    for k in range(1, len(path)):
        past = path[max(0, k + 1 - memory) : k + 1]
        low, high = past.min(axis=0), past.max(axis=0)
        found[k] = (path[k] - low) / np.maximum(high - low, 1e-9)
    return found


def _projected(places: Arrays, rng: Generator) -> tuple[Floats, float]:
    """The picture plane (n, 17, 2) in picture heights, and heights a metre."""
    side = rng.random() < 0.2
    yaw = rng.choice([-1, 1]) * rng.uniform(0.8, 1.6) if side else rng.normal(0.0, 0.4)
    if rng.random() < 0.1:
        yaw += np.pi
    pitch, roll = rng.normal(0.0, 0.15), rng.normal(0.0, 0.05)
    turned = places @ (_about(2, roll) @ _about(0, pitch) @ _about(1, float(yaw))).T
    far = rng.uniform(1.5, 5.0)
    middle = turned.mean(axis=(0, 1))
    depth = np.maximum(far - (turned[..., 2:] - middle[2]), 0.4)
    field = rng.uniform(0.7, 1.3)
    return np.asarray(field * (turned[..., :2] - middle[:2]) / depth), field / far


def _about(axis: int, angle: float) -> Floats:
    """A rotation (3, 3) about an axis."""
    turn = np.eye(3)
    a, b = [k for k in range(3) if k != axis]
    turn[a, a] = turn[b, b] = np.cos(angle)
    turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
    return turn


def _error(places: Floats, t: Arrays, rng: Generator) -> Floats:
    """The detector's error (n, 17, 2) in m, most of it slow; the rest less where nothing moves."""
    size = rng.uniform(*PLANE)
    speed = (
        np.abs(np.gradient(places, axis=0)).sum(axis=-1) / np.maximum(np.gradient(t), 1e-3)[:, None]
    )
    stirred = (0.25 + 0.75 * np.minimum(speed / 0.5, 1.0))[..., None]
    error = np.zeros_like(places)
    for low, high, power in BANDS:
        noise = wander(rng, t, low, high, 2 * JOINTS).reshape(len(t), JOINTS, 2)
        error += np.sqrt(power) * size * noise * (1.0 if low < 0.5 else stirred)
    error += rng.normal(size=error.shape) * TREMBLE[0] * rng.uniform(0.5, 2.5)
    return np.asarray(error * STEADY[:, None])


def _confidence(t: Arrays, rng: Generator, shown: str) -> Floats:
    """Confidence (n, 17): high, but for what is out of the picture, hidden or lost for a while."""
    seen = np.repeat(rng.uniform(0.85, 1.0, (1, JOINTS)), len(t), axis=0)
    if shown == "upper":
        seen[:, LEGS[0][1:] + LEGS[1][1:]] = 0.0
    elif shown == "arms":
        seen[:, [j for j in range(JOINTS) if j not in ARMS[0] + ARMS[1]]] = 0.0
    for joint in np.flatnonzero(rng.random(JOINTS) < 0.05):
        seen[:, joint] = rng.choice([0.0, 0.4])
    for joint in rng.integers(JOINTS, size=rng.poisson(3.0)):
        seen[_bout(t, rng, 1.5), joint] = rng.choice([0.0, 0.1, 0.5])
    for _ in range(rng.poisson(0.4)):
        seen[_bout(t, rng, 1.0)] = 0.0
    return np.clip(seen + rng.normal(0.0, 0.02, seen.shape), 0.0, 1.0) * (seen > 0.0)


def _bout(t: Arrays, rng: Generator, long: float) -> slice:
    start = rng.uniform(t[0], t[-1])
    return slice(*np.searchsorted(t, (start, start + rng.uniform(0.03, long))))


def _exchange(flat: Floats, t: Arrays, rng: Generator) -> None:
    """Left and right are exchanged for a moment now and then: of arms, of legs, or of all."""
    for _ in range(rng.poisson(1.0)):
        rows = _bout(t, rng, 0.25)
        pairs = (PAIRS[3:5], PAIRS[6:], PAIRS)[int(rng.integers(3))]
        for left, right in pairs:
            flat[rows, left], flat[rows, right] = flat[rows, right].copy(), flat[rows, left].copy()

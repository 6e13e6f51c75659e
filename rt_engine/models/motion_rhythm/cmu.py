"""Real motion: takes of CMU's motion capture as joints of COCO, and the beats that lie in them.

The file is an archive of exponential maps at 120 Hz: takes (n, 117), three numbers of the root's
way and one rotation vector for each of 38 joints, against the parent. Bones are CMU's skeleton,
m, rounded to the centimetre.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from rt_engine.models.motion_rhythm.figure import JOINTS
from rt_engine.models.motion_rhythm.tempo import phase, smooth
from rt_engine.motion.quaternion import Arrays, Floats, from_rotvec, multiply, rotate

__all__ = ["FILE", "Take", "kinematic_beats", "read", "retimed", "splits"]

FILE = Path("pose") / "cmu" / "cmu_expmap_120hz.npz"
RATE, SLOW = 120, 60  # Hz: of the file, and what is worked with
UNIT = 0.0564  # m a unit of the root's way: an inch over CMU's scale of 0.45
LEAST = 4  # kinematic beats that a take needs
APART = 0.3  # s between two of them
CLEAR = 0.8  # of the largest speed around: slower is a clear minimum
HIT = 0.8  # of the speed that is lost on a beat, at most
SPEEDS = (0.6, 1.7)  # how much slower or faster a take may become

# Joint: its parent, and the bone to it (m). Only what leads to COCO's joints.
_BONES = {
    0: (-1, (0.0, 0.0, 0.0)),
    1: (0, (0.0, 0.0, 0.0)), 2: (1, (0.09, -0.1, 0.04)), 3: (2, (0.15, -0.4, 0.0)),
    4: (3, (0.14, -0.39, 0.0)), 7: (0, (0.0, 0.0, 0.0)), 8: (7, (-0.09, -0.1, 0.04)),
    9: (8, (-0.15, -0.4, 0.0)), 10: (9, (-0.14, -0.38, 0.0)),
    13: (0, (0.0, 0.0, 0.0)), 14: (13, (0.0, 0.12, -0.01)), 15: (14, (0.0, 0.12, 0.0)),
    16: (15, (0.0, 0.0, 0.0)), 17: (16, (0.0, 0.09, 0.01)), 18: (17, (0.0, 0.09, -0.01)),
    19: (18, (0.0, 0.09, 0.0)),
    20: (15, (0.0, 0.0, 0.0)), 21: (20, (0.2, 0.05, -0.01)), 22: (21, (0.27, 0.0, 0.0)),
    23: (22, (0.19, 0.0, 0.0)),
    29: (15, (0.0, 0.0, 0.0)), 30: (29, (-0.2, 0.04, -0.02)), 31: (30, (-0.28, 0.0, 0.0)),
    32: (31, (-0.19, 0.0, 0.0)),
}  # fmt: skip
# Joints of COCO: the joint that carries it, and where on it (m).
_CARRIED = (
    (18, (0.0, 0.08, 0.12)), (18, (0.03, 0.12, 0.1)), (18, (-0.03, 0.12, 0.1)),
    (18, (0.08, 0.1, 0.0)), (18, (-0.08, 0.1, 0.0)),
    *((j, (0.0, 0.0, 0.0)) for j in (21, 30, 22, 31, 23, 32, 2, 8, 3, 9, 4, 10)),
)  # fmt: skip


class Take(NamedTuple):
    """A take: places (n, 17, 3) in m at 60 Hz, y up, and its kinematic beats in s."""

    name: str
    places: Floats
    beats: Floats


@lru_cache(maxsize=4)
def read(path: Path) -> tuple[Take, ...]:
    """All takes with enough kinematic beats; FileNotFoundError with the remedy if it is absent."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: --data names the folder that holds {FILE}")
    with np.load(path) as archive:
        takes = [_take(name, archive[name]) for name in sorted(archive.files)]
    return tuple(take for take in takes if len(take.beats) >= LEAST)


def splits(takes: tuple[Take, ...]) -> dict[str, list[Take]]:
    """Takes by part: the set's own test for "test", every fifth other for "valid"."""
    test = [take for take in takes if take.name.startswith("test")]
    others = [take for take in takes if not take.name.startswith("test")]
    return {"train": [t for k, t in enumerate(others) if k % 5], "valid": others[::5], "test": test}


def _take(name: str, values: Arrays) -> Take:
    values = np.asarray(values[:: RATE // SLOW], np.float64)
    places = _forward(values)
    return Take(name, places, kinematic_beats(places, SLOW))


def _forward(values: Floats) -> Floats:
    """Joints of COCO (n, 17, 3) from exponential maps (n, 117); the root's way included."""
    turns = from_rotvec(-values[:, 3:].reshape(len(values), 38, 3))  # they turn row vectors
    world = {0: (turns[:, 0], values[:, :3] * UNIT)}
    for joint, (parent, bone) in _BONES.items():
        if parent >= 0:
            turn, place = world[parent]
            there = place + rotate(turn, np.array(bone))
            world[joint] = multiply(turn, turns[:, joint]), there
    found = np.empty((len(values), JOINTS, 3))
    for k, (joint, offset) in enumerate(_CARRIED):
        turn, place = world[joint]
        found[:, k] = place + rotate(turn, np.array(offset))
    return found


def kinematic_beats(places: Arrays, rate: float) -> Floats:
    """Times (s) at which a body nearly stops: clear minima of the joints' mean speed.

    The way of the hips across the floor does not count, so a walker's are those of the limbs.
    """
    centred = places - places[:, [11, 12]].mean(axis=1, keepdims=True) * [1.0, 0.0, 1.0]
    speed = np.linalg.norm(np.diff(centred, axis=0), axis=-1).mean(axis=1) * rate
    width = int(0.1 * rate) | 1
    bell = np.hanning(width + 2)[1:-1]
    speed = np.convolve(np.pad(speed, width // 2, mode="edge"), bell / bell.sum(), mode="valid")
    reach = int(APART * rate)
    found: list[int] = []
    for k in range(1, len(speed) - 1):
        if _least(speed, k, reach) and (not found or k - found[-1] >= reach):
            found.append(k)
    return (np.array(found, np.float64) + 0.5) / rate


def _least(speed: Floats, k: int, reach: int) -> bool:
    """Whether a speed is the least of those near it, and clearly less than the largest around."""
    near = speed[max(k - reach // 2, 0) : k + reach // 2 + 1]
    around = speed[max(k - reach, 0) : k + reach + 1]
    return bool(speed[k] == near.min() and speed[k] < CLEAR * around.max())


def retimed(take: Take, t: Arrays, beats: Arrays, rng: Generator) -> Floats:
    """A take played so that its kinematic beats lie on `beats`: places (n, 17, 3) at times (n,).

    Each way between two kinematic beats becomes as many beats as suit it; the take runs to and
    fro, for it turns round where it nearly stops. It is slowed down on the beats by a drawn
    amount, as dancers hit a beat, and hardly leaves its place.
    """
    own = take.beats
    gaps = np.diff(own)
    period = float(np.median(np.diff(beats)))
    rate = min(max(float(np.median(gaps)) / period, SPEEDS[0]), SPEEDS[1])
    counts = np.maximum(np.rint(gaps / (period * rate)), 1).astype(int)
    order = _to_and_fro(len(own), len(beats) + 8, counts, rng)
    pairs = list(pairwise(order))
    at = np.cumsum([-8, *(counts[min(a, b)] for a, b in pairs)])
    marks = np.cumsum([0.0, *(abs(own[a] - own[b]) for a, b in pairs)])
    now = phase(t, beats)
    hit = rng.uniform(0.0, HIT)
    now = now - hit * np.sin(2 * np.pi * now) / (2 * np.pi)
    places = _unfold(take, smooth(now, at.astype(float), marks), own[order], marks)
    hips = places[:, [11, 12]].mean(axis=1, keepdims=True)
    return np.asarray(places - (hips - hips[:1]) * [rng.uniform(0.7, 1.0), 0.0, 1.0])


def _to_and_fro(count: int, needed: int, counts: Arrays, rng: Generator) -> list[int]:
    """Indices of kinematic beats, there and back again, for at least `needed` beats."""
    at, step = int(rng.integers(count)), int(rng.choice([-1, 1]))
    order, total = [at], 0
    while total <= needed:
        if not 0 <= at + step < count:
            step = -step
        total += int(counts[min(at, at + step)])
        at += step
        order.append(at)
    return order


def _unfold(take: Take, unfolded: Floats, turns: Floats, marks: Floats) -> Floats:
    """Places at unfolded times: each stretch between two marks read forwards or backwards."""
    moments = np.interp(unfolded, marks, turns) * SLOW
    low = np.clip(np.floor(moments).astype(int), 0, len(take.places) - 2)
    share = np.clip(moments - low, 0.0, 1.0)[:, None, None]
    return np.asarray(take.places[low] * (1.0 - share) + take.places[low + 1] * share)

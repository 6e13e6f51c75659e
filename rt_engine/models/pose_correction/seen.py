"""What a detector makes of a motion: places of joints at the pictures' times, on the even grid.

Two kinds. "paper": the left toe is the origin, the noise is MAPdat's, pictures come at 50, 25 or
17 a second on the grid (Shrestha et al. 2022, sections 4.2, 4.3 and 5.1). "webcam": the middle of
the hips is the origin, the noise is that of MediaPipe, pictures come 15 to 60 a second at uneven
times, C7 is never there, and of other joints some may be missing for a while or all along.
"""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from rt_engine.violin.pose_front import JOINTS, RATE
from rt_engine.violin.simulation import noise

__all__ = ["STRIDES", "Seen", "at_strides", "from_toe", "webcam"]

Singles = npt.NDArray[np.float32]

STRIDES = {1.0: 1, 0.5: 2, 0.33: 3}  # steps between pictures, by the paper's tau
C7, HIPS, TOE = 0, (7, 8), 12
LEGS, TRUNK = (9, 10, 11, 12), (1, 2, 7, 8)
FPS = (15.0, 60.0)
SEATED = 0.2  # share of bodies before a webcam that sit
EXCHANGING = 0.2  # share of webcams that exchange left and right now and then
UNEVEN = 0.15  # of the time between pictures, standard deviation


class Seen(NamedTuple):
    """One body on the grid: what is seen of it, n steps, and what is true.

    x: (n, 13, 3) m; there: (n, 13), 0 or 1; age: (n,) s from the step to the picture; true: (n,
    13, 3), same origin; exchanged: (n,), 1 where the noise has two joints exchanged.
    """

    x: Singles
    there: Singles
    age: Singles
    true: Singles
    exchanged: Singles


def from_toe(joints: Singles) -> Singles:
    """Joints (n, 13, 3) from the left toe."""
    return joints - joints[:, TOE : TOE + 1]


def at_strides(joints: Singles, stride: int, rng: Generator, phase: int = 0) -> Seen:
    """The paper's view: a picture at every `stride`-th step from `phase` on."""
    true = from_toe(joints)
    exchanged = (noise.swapped(true, deepcopy(rng)) != true).any(axis=(1, 2))
    x = noise.paper(true, rng)
    there = np.zeros(x.shape[:2], np.float32)
    there[phase::stride] = 1.0
    x = np.where(there[..., None] > 0, x, 0.0).astype(np.float32)
    return Seen(x, there, np.zeros(len(x), np.float32), true, exchanged.astype(np.float32))


def webcam(joints: Singles, rng: Generator) -> Seen:
    """A webcam's view of joints (n, 13, 3)."""
    if rng.random() < SEATED:
        joints = seated(joints, rng)
    true = (joints - joints[:, HIPS].mean(axis=1, keepdims=True)).astype(np.float32)
    t = picture_times(len(true) / RATE, rng)
    steps, age = on_grid(t, len(true))
    kept, first = steps[steps >= 0], steps >= 0
    noisy, seen = noise.Webcam()(true, rng)
    places = between(true, t[first]) + np.nan_to_num(noisy - true)[kept]
    if rng.random() < EXCHANGING:
        places = noise.swapped(places, rng)
    if rng.random() < 0.5:
        places = places - places[:, HIPS].mean(axis=1, keepdims=True)
    x, there = np.zeros(true.shape, np.float32), np.zeros(true.shape[:2], np.float32)
    there[kept] = seen[kept] * _absent(rng)
    x[kept] = places * there[kept][..., None]
    ages = np.zeros(len(true), np.float32)
    ages[kept] = age[first]
    return Seen(x, there, ages, true, np.zeros(len(true), np.float32))


def seated(joints: Singles, rng: Generator) -> Singles:
    """The same with the thighs raised before the body, shins hanging."""
    raised = rng.uniform(0.5, 1.1)
    sitting = np.array(joints)
    sitting[:, LEGS[:2]] += (np.array([0.0, 0.38, 0.4]) * raised).astype(np.float32)
    sitting[:, LEGS[2:]] += (np.array([0.0, 0.38, 0.35]) * raised).astype(np.float32)
    return sitting


def _absent(rng: Generator) -> Singles:
    """Which joints (13,) are there at all."""
    there = np.ones(JOINTS, np.float32)
    there[C7] = 0.0
    if rng.random() < 0.3:
        there[list(LEGS)] = 0.0
    if rng.random() < 0.15:
        there[list(rng.choice(TRUNK, 2, replace=False))] = 0.0
    if rng.random() < 0.2:
        there[rng.integers(JOINTS)] = 0.0
    return there


def picture_times(seconds: float, rng: Generator) -> npt.NDArray[np.float64]:
    """Times of pictures, s, of a drawn and uneven rate."""
    gap = 1.0 / rng.uniform(*FPS)
    gaps = gap * np.maximum(1.0 + UNEVEN * rng.standard_normal(int(seconds / gap) + 1), 0.3)
    t = np.cumsum(gaps)
    found: npt.NDArray[np.float64] = t[t < seconds - 1.0 / RATE]
    return found


def on_grid(t: npt.NDArray[np.float64], count: int) -> tuple[npt.NDArray[np.intp], Singles]:
    """The step of each picture, -1 where an earlier one has it, and how far (s) it is from it."""
    steps = np.rint(t * RATE).astype(np.intp)
    age = (t - steps / RATE).astype(np.float32)
    first = np.concatenate([[True], np.diff(steps) > 0]) & (steps < count)
    return np.where(first, steps, -1), age


def between(joints: Singles, t: npt.NDArray[np.float64]) -> Singles:
    """Joints (k, 13, 3) at times (k,), by straight lines between the steps."""
    low = np.minimum((t * RATE).astype(np.intp), len(joints) - 2)
    share = (t * RATE - low)[:, None, None]
    found = joints[low] * (1.0 - share) + joints[low + 1] * share
    return np.asarray(found, np.float32)

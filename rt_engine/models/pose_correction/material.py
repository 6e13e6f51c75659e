"""What is trained on: takes of simulated violinists with sound, and real motion without.

CMU's takes (free for research and commercial use) let the network see bodies that play no
violin, so that it follows what it sees where nothing is heard.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from rt_engine.models.motion_rhythm import cmu
from rt_engine.models.violinists import Take, read
from rt_engine.violin.pose_front import RATE

__all__ = ["Drawn", "Material", "load", "other", "to_and_fro", "varied", "violinist"]

Singles = npt.NDArray[np.float32]

SILENT = 0.12  # share of a violinist's rows without sound, and, beside these, of those that lose it
LOST = 0.1
SPEEDS = (0.7, 3.0)  # of how fast other motion is played
SIZES = (0.9, 1.1)  # factor of the bodies
TURN = 0.6  # rad, standard deviation of how far a body is turned from the camera
_COCO = (5, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)  # of MAPdat's joints, right before left


class Material(NamedTuple):
    """Takes with sound, and motions (n, 13, 3) without."""

    takes: list[Take]
    others: list[Singles]


class Drawn(NamedTuple):
    """A stretch: joints (n, 13, 3), features (n, 35), and where they are heard (n,), 0 or 1."""

    joints: Singles
    sound: Singles
    heard: Singles


def load(takes: Path, data: Path | None, part: str) -> Material:
    """The takes of a part, and the same part of CMU's where its folder is given."""
    others: list[Singles] = []
    if data is not None:
        found = cmu.splits(cmu.read(data / cmu.FILE))[part]
        others = [_thirteen(take.places) for take in found]
    return Material(read(takes, part), others)


def _thirteen(places: npt.NDArray[np.float64]) -> Singles:
    """MAPdat's joints at 50 a second from those of COCO at 60, from the middle of the hips.

    The ankles stand for the toes, and the middle of the shoulders for C7.
    """
    t = np.arange(0.0, (len(places) - 1) / cmu.SLOW, 1.0 / RATE)
    low = np.minimum((t * cmu.SLOW).astype(np.intp), len(places) - 2)
    share = (t * cmu.SLOW - low)[:, None, None]
    even = places[low] * (1.0 - share) + places[low + 1] * share
    joints = even[:, _COCO]
    joints[:, 0] = even[:, [5, 6]].mean(axis=1)
    return np.asarray(joints - joints[:, [7, 8]].mean(axis=1, keepdims=True), np.float32)


def violinist(material: Material, steps: int, rng: Generator) -> Drawn:
    """A stretch of a take; what the take is too short for is its own end, to and fro."""
    take = material.takes[rng.integers(len(material.takes))]
    start = int(rng.integers(max(len(take.joints) - steps, 0) + 1))
    order = to_and_fro(len(take.joints), start, steps)
    heard = np.ones(steps, np.float32)
    chance = rng.random()
    if chance < SILENT:
        heard[:] = 0.0
    elif chance < SILENT + LOST:
        heard[rng.integers(steps) :] = 0.0
    heard[len(take.joints) - start :] = 0.0  # motion backwards sounds like nothing
    return Drawn(take.joints[order], take.features[order], heard)


def other(material: Material, steps: int, rng: Generator, dims: int) -> Drawn:
    """A stretch of real motion, slower or faster, mirrored or not, without sound."""
    motion = material.others[rng.integers(len(material.others))]
    at = rng.integers(len(motion)) + np.arange(steps) * np.exp(rng.uniform(*np.log(SPEEDS)))
    low, share = at.astype(np.intp), (at % 1.0)[:, None, None]
    first, second = (motion[turned(len(motion), k)] for k in (low, low + 1))
    joints = (first + share * (second - first)).astype(np.float32)
    if rng.random() < 0.5:
        swapped = [0, *(k + 1 if k % 2 else k - 1 for k in range(1, 13))]
        joints = joints[:, swapped] * np.array([-1.0, 1.0, 1.0], np.float32)
    return Drawn(joints, np.zeros((steps, dims), np.float32), np.zeros(steps, np.float32))


def to_and_fro(count: int, start: int, steps: int) -> npt.NDArray[np.intp]:
    """Numbers below `count`, from `start` on to the end, back, and on again."""
    return turned(count, start + np.arange(steps))


def turned(count: int, places: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Numbers below `count` from places beyond the end, where the way goes back."""
    period = max(2 * (count - 1), 1)
    at = places % period
    found: npt.NDArray[np.intp] = np.where(at < count, at, period - at)
    return found


def varied(joints: Singles, rng: Generator, turned: bool) -> Singles:
    """The same motion of a larger or smaller body, turned from the camera if told."""
    angle = rng.normal(0.0, TURN) if turned else 0.0
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, 0.0, -s], [0.0, 1.0, 0.0], [s, 0.0, c]]) * rng.uniform(*SIZES)
    return np.asarray(joints @ turn, np.float32)

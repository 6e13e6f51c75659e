"""What a camera makes of true joints: the noise of a paper, and that of a webcam as measured.

`paper` is that of MAPdat (Shrestha et al. 2022, "AIMusicGuru", section 4): jitter of 300 mm and
left exchanged with right. A webcam is far better than that and errs in another way: little in
the plane of the picture, much in depth, for seconds at a time, and whole arms together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rt_engine.violin.simulation.geometry import Floats, about
from rt_engine.violin.simulation.smoothing import RATE

__all__ = ["GROUPS", "MEASURED", "Error", "Webcam", "paper", "swapped"]

JITTER = 0.300  # m, standard deviation of every coordinate
SWAPS = 5.0 / 60.0  # a second
SWAP = (0.5, 3.0)  # s
PAIRS = ((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12))  # right and left of JOINTS


class Error(NamedTuple):
    """How one kind of joint is missed: in the plane of the picture, and in depth.

    size: m, standard deviation. quick: share of the variance that is forgotten in `fast` s, the
    rest in `slow` s. tremble: m from one picture to the next.
    """

    size: tuple[float, float]
    quick: tuple[float, float]
    fast: tuple[float, float]
    slow: tuple[float, float]
    tremble: tuple[float, float]


# MediaPipe (LITE, FULL and HEAVY) against motion capture, three takes of DrumPy; printed again
# by `rt_engine.models.violinists.fit`. The set has neither shoulders nor neck.
MEASURED = {
    "wrist": Error((0.0179, 0.0710), (0.35, 0.20), (0.08, 0.17), (1.0, 2.0), (0.0003, 0.0010)),
    "elbow": Error((0.0173, 0.0779), (0.25, 0.05), (0.17, 0.30), (2.0, 2.0), (0.0001, 0.0006)),
    "trunk": Error((0.0056, 0.0088), (0.10, 0.10), (0.30, 0.30), (1.4, 4.0), (0.0001, 0.0001)),
    "knee": Error((0.0064, 0.0131), (0.40, 0.55), (0.22, 0.22), (4.0, 4.0), (0.0002, 0.0007)),
    "foot": Error((0.0096, 0.0300), (0.30, 0.25), (0.17, 0.13), (2.8, 4.0), (0.0001, 0.0009)),
    # between the trunk and the elbow: a guess
    "shoulder": Error((0.0110, 0.0430), (0.20, 0.08), (0.20, 0.30), (1.7, 3.0), (0.0001, 0.0004)),
}
GROUPS = (
    *("trunk", "shoulder", "shoulder", "elbow", "elbow", "wrist", "wrist"),
    *("trunk", "trunk", "knee", "knee", "foot", "foot"),
)  # of JOINTS


def paper(joints: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Joints (n, 13, 3) with MAPdat's noise: jitter of 300 mm, and five exchanges a minute.

    The paper does not say whether 300 mm is meant for a coordinate or a distance, nor which
    joints are exchanged: here each coordinate has it, and left and right of one joint.
    """
    noisy = swapped(joints, rng)
    return (noisy + rng.normal(0.0, JITTER, joints.shape)).astype(np.float32)


def swapped(joints: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Joints with left and right of a pair exchanged now and then, for 0.5 to 3 s."""
    found = np.array(joints)
    seconds = len(joints) / RATE
    for _ in range(rng.poisson(SWAPS * seconds)):
        first = round(rng.uniform(0.0, seconds) * RATE)
        rows = slice(first, first + round(rng.uniform(*SWAP) * RATE))
        right, left = PAIRS[int(rng.integers(len(PAIRS)))]
        found[rows, [right, left]] = joints[rows, [left, right]]
    return found


@dataclass(frozen=True)
class Webcam:
    """A webcam and MediaPipe; `losses` a minute hide an arm for `hidden` s (drawn, not measured).

    yaw: rad, the camera stands that far to the player's left of the front.
    """

    errors: tuple[Error, ...] = tuple(MEASURED[group] for group in GROUPS)
    together: tuple[float, float] = (0.15, 0.7)  # correlation of elbow and wrist: plane, depth
    losses: float = 3.0
    hidden: tuple[float, float] = (0.1, 1.0)
    yaw: float = 0.0

    def __call__(
        self, joints: NDArray[np.float32], rng: Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Joints (n, 13, 3) as they are seen, and which are (n, 13); nan where they are not."""
        error = self._error(len(joints), rng) @ about(1, self.yaw).T
        seen = self._seen(len(joints), rng)
        found = (joints + error).astype(np.float32)
        found[~seen] = np.nan
        return found, seen

    def _error(self, count: int, rng: Generator) -> Floats:
        """Errors (n, 13, 3) in m, axes of the camera: two in the plane, one in depth."""
        axes = [0, 0, 1]
        size, quick, fast, slow, tremble = (
            np.array([getattr(error, name) for error in self.errors])[:, axes]
            for name in Error._fields
        )
        shape = (count, len(self.errors), 3)
        white = rng.standard_normal(shape)
        error = np.sqrt(quick) * _forgetting(rng.standard_normal(shape), fast)
        error += np.sqrt(1.0 - quick) * _forgetting(rng.standard_normal(shape), slow)
        share = np.array(self.together)[axes]
        for elbow, wrist in ((3, 5), (4, 6)):
            error[:, wrist] = share * error[:, elbow] + np.sqrt(1 - share**2) * error[:, wrist]
        return np.asarray(size * error + tremble * white)

    def _seen(self, count: int, rng: Generator) -> NDArray[np.bool_]:
        seen = np.ones((count, len(self.errors)), bool)
        for _ in range(rng.poisson(self.losses * count / RATE / 60.0)):
            first = int(rng.integers(count))
            rows = slice(first, first + round(rng.uniform(*self.hidden) * RATE))
            side = int(rng.integers(2))
            seen[rows, 5 + side] = False
            if rng.random() < 0.5:
                seen[rows, 3 + side] = False
        return seen


def _forgetting(white: Floats, seconds: Floats) -> Floats:
    """White noise (n, ...) as noise of variance 1 that is forgotten in `seconds` (...)."""
    keep = np.exp(-1.0 / (seconds * RATE))
    fresh = np.sqrt(1.0 - keep**2)
    found = np.empty_like(white)
    state = white[0] if len(white) else 0.0
    for k, row in enumerate(white):
        state = keep * state + fresh * row if k else row
        found[k] = state
    return found

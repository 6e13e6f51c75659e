"""The prior of `rt_engine.violin.pose_prior`, from takes of simulated violinists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rt_engine.models.pose_correction.seen import from_toe
from rt_engine.violin.pose_front import PLACES
from rt_engine.violin.pose_prior import Prior

__all__ = ["SHAPES", "fitted"]

Singles = npt.NDArray[np.float32]

BODIES, MOVES, MOMENTS = 15, 8, 6  # directions, and moments of 20 ms in the state
SHAPES = {
    "mean": (PLACES,), "bodies": (PLACES, BODIES), "moves": (PLACES, MOVES),
    "spread": (MOVES, MOVES), "process": (MOMENTS * MOVES, MOVES), "drive": (MOVES, MOVES),
}  # fmt: skip
WIDER = 1.1  # of the variance between bodies: some that come are unlike all that were seen
LOOSE = 1.5  # of what is new in a step: the process is of a higher order than this one
HELD = 1e-7  # m^2: as if the motion had been seen with an error so large


def fitted(motions: Sequence[Singles]) -> Prior:
    """The prior of motions, each (n, 13, 3) at 50 a second of another body.

    The process is a least-squares prediction of the next moment from the last ones.
    """
    flat = [from_toe(joints).reshape(len(joints), -1).astype(np.float64) for joints in motions]
    means = np.stack([x.mean(axis=0) for x in flat])
    mean = means.mean(axis=0)
    size, axes = np.linalg.eigh(WIDER * np.cov((means - mean).T))
    bodies = axes[:, -BODIES:] * np.sqrt(np.maximum(size[-BODIES:], 1e-9))
    away = [x - own for x, own in zip(flat, means, strict=True)]
    spread = np.cov(np.concatenate(away).T)
    moves = np.linalg.eigh(spread)[1][:, -MOVES:]
    process, drive = _process([x @ moves for x in away])
    return Prior(mean, bodies, moves, moves.T @ spread @ moves, process, drive)


def _process(
    motions: Sequence[npt.NDArray[np.float64]],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Weights (moments * k, k) of the last moments, and covariance (k, k) of what they miss."""
    past, following = [], []
    for x in motions:
        rows = len(x) - MOMENTS
        past.append(np.concatenate([x[MOMENTS - 1 - k :][:rows] for k in range(MOMENTS)], axis=1))
        following.append(x[MOMENTS:])
    before, after = np.concatenate(past), np.concatenate(following)
    held = before.T @ before + HELD * len(before) * np.eye(before.shape[1])
    process = np.linalg.solve(held, before.T @ after)
    return process, LOOSE * np.cov((after - before @ process).T)

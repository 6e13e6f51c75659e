"""Figures of merit: bins that differ, squared errors of the touch, and likelihoods.

Sources: RhythmicNet (Su, Liu and Shlizerman, NeurIPS 2021), section 4, "Rhythm2Drum Evaluation";
the number of statistically different bins is that of Richardson and Weiss, "On GANs and GMMs"
(NeurIPS 2018): k-means on training examples, and a two-proportion z-test for each cell.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from rt_engine.drums.bar import Bar

__all__ = ["BINS", "Bins", "SquaredErrors", "k_means", "squared_errors"]

Floats = NDArray[np.float32]
Hits = NDArray[np.bool_]

BINS = 50
LEVEL = 0.05
ROUNDS = 30  # of k-means at most


class Bins:
    """The cells of k-means over training examples of hits (n, steps, 9), and how full they are."""

    def __init__(self, training: Hits, seed: int = 0, bins: int = BINS) -> None:
        points = flat(training)
        self.centres = k_means(points, bins, np.random.default_rng(seed))
        self.shares = self._shares(points)
        self.number = len(points)

    def _shares(self, points: Floats) -> NDArray[np.float64]:
        cells = nearest(points, self.centres)
        found: NDArray[np.float64] = np.bincount(cells, minlength=len(self.centres)) / len(points)
        return found

    def different(self, hits: Hits) -> int:
        """Cells whose share of these examples differs from that of the training, at 5 %."""
        shares, number = self._shares(flat(hits)), len(hits)
        both = (self.shares * self.number + shares * number) / (self.number + number)
        error = np.sqrt(both * (1 - both) * (1 / self.number + 1 / number))
        z = np.abs(shares - self.shares) / np.maximum(error, 1e-12)
        return int((z > NormalDist().inv_cdf(1 - LEVEL / 2)).sum())

    def distance(self, hits: Hits) -> float:
        """Half the sum of the differences of the shares, 0 (the same) to 1."""
        return float(0.5 * np.abs(self._shares(flat(hits)) - self.shares).sum())


def flat(hits: Hits) -> Floats:
    """Examples as points."""
    return hits.reshape(len(hits), -1).astype(np.float32)


def nearest(points: Floats, centres: Floats) -> NDArray[np.int64]:
    """The number of the nearest centre of each point."""
    far = (centres**2).sum(axis=1) - 2.0 * points @ centres.T
    found: NDArray[np.int64] = far.argmin(axis=1)
    return found


def k_means(points: Floats, bins: int, rng: np.random.Generator) -> Floats:
    """Centres (bins, n) by Lloyd's rounds from a start by k-means++."""
    chosen = [points[rng.integers(len(points))]]
    far = ((points - chosen[0]) ** 2).sum(axis=1)
    while len(chosen) < bins:
        chances = far.astype(np.float64)
        at = rng.choice(len(points), p=chances / chances.sum())
        chosen.append(points[at])
        far = np.minimum(far, ((points - points[at]) ** 2).sum(axis=1))
    centres = np.stack(chosen)
    before = np.full(len(points), -1)
    for _ in range(ROUNDS):
        cells = nearest(points, centres)
        if (cells == before).all():
            break
        before = cells
        for cell in np.unique(cells):
            centres[cell] = points[cells == cell].mean(axis=0)
    return centres


class SquaredErrors(dict[str, float]):
    """Means by name: velocity and offset, over the strokes ("hits") and over all cells ("all")."""


def squared_errors(
    velocities: NDArray[np.float32], offsets: NDArray[np.float32], true: Bar
) -> SquaredErrors:
    """Of a touch that was found for the hits of `true`; it counts as 0 where nothing is struck."""
    hits = true.hits
    found = {"velocity": (velocities, true.velocities), "offset": (offsets, true.offsets)}
    errors = SquaredErrors()
    for name, (ours, theirs) in found.items():
        squares = np.where(hits, (ours.astype(np.float64) - theirs) ** 2, 0.0)
        errors[f"{name} MSE, hits"] = float(squares.sum() / max(hits.sum(), 1))
        errors[f"{name} MSE, all cells"] = float(squares.mean())
    return errors

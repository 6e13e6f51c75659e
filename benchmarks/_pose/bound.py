"""What can be known of a body from 3 s of noisy pictures: about the best linear estimate there is.

A prior of violinists (bodies and motion, Gaussian, fitted to the training takes) and the noise
(300 mm, white) are known here, the pictures with exchanged joints are told, and the whole window
is used. Were the prior exact, no linear estimate of a window would err less; more directions and
other scales of it change the result by half a per cent. What stays clearly below it has used the
sound, more than the window, or players that were seen before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.linalg import cho_solve_banded, cholesky_banded

from rt_engine.models.pose_correction.evaluate import Case
from rt_engine.models.pose_correction.mapnet import WINDOW
from rt_engine.models.pose_correction.seen import from_toe
from rt_engine.violin.pose_prior import Prior

__all__ = ["Smoother"]

NOISE = 0.3  # m
KNOWN = 1e-3  # of the usual spread of bodies, where the player's own mean pose is told

Array = np.ndarray[Any, np.dtype[np.float64]]


class Smoother:
    """The way of `evaluate`; motions: (n, 13, 3) each, that the prior was fitted to.

    known: whether the mean pose of each take is told, as if its player had been trained on.
    """

    def __init__(self, prior: Prior, motions: Sequence[Array], known: bool = False) -> None:
        self.prior, self.known = prior, known
        self.k = prior.moves.shape[1]
        flat = [from_toe(x).reshape(len(x), -1) @ prior.moves for x in motions]
        self._first = np.cov(np.concatenate([np.diff(x, axis=0) for x in flat]).T)
        self._motion = self._precision()
        self._kept: dict[bytes, tuple[Array, Array, Array, Array]] = {}  # by the pictures seen

    def __call__(self, tried: Sequence[Case]) -> list[Array]:
        """Places (windows, WINDOW, 13, 3) of each case."""
        self._kept.clear()
        return [self._windows(case) for case in tried]

    def _windows(self, case: Case) -> Array:
        view = case.view
        mean = self.prior.mean
        if self.known:
            mean = view.true.reshape(len(view.true), -1).mean(axis=0)
        there = (view.there[:, 0] > 0) & (view.exchanged == 0)
        x = view.x.reshape(len(view.x), -1).astype(np.float64) - mean
        cuts = [slice(start, start + WINDOW) for start in case.starts]
        found = [mean + self._window(x[at], there[at]) for at in cuts]
        return np.stack(found).reshape(len(cuts), WINDOW, 13, 3)

    def _window(self, x: Array, there: Array) -> Array:
        """Departures (WINDOW, 39) from the mean, of which x has the pictures that are there."""
        bodies, moves = self._bodies, self.prior.moves
        seen = np.where(there[:, None], x, 0.0) / NOISE**2
        factor, across, told, own = self._solved(there)
        moved = cho_solve_banded((factor, False), (seen @ moves).reshape(-1))
        body = np.linalg.solve(own, seen.sum(axis=0) @ bodies - across.T @ moved)
        moved = (moved - told @ body).reshape(WINDOW, self.k)
        return np.asarray(moved @ moves.T + bodies @ body)

    @property
    def _bodies(self) -> Array:
        return self.prior.bodies * (KNOWN if self.known else 1.0)

    def _solved(self, there: Array) -> tuple[Array, Array, Array, Array]:
        """What depends on no place: factor of the moves' system, and the body's share in it."""
        key = there.tobytes()
        if key not in self._kept:
            moves, bodies = self.prior.moves, self._bodies
            banded = self._motion.copy()
            banded[-self.k :] += _upper(there, moves.T @ moves / NOISE**2)
            factor = cholesky_banded(banded)
            across = np.kron(there[:, None], moves.T @ bodies) / NOISE**2
            told = cho_solve_banded((factor, False), across)
            own = np.eye(bodies.shape[1]) + there.sum() * bodies.T @ bodies / NOISE**2
            self._kept[key] = factor, across, told, own - across.T @ told
        return self._kept[key]

    def _precision(self) -> Array:
        """Of the moves of a window before anything is seen, upper bands."""
        prior, k = self.prior, self.k
        size = WINDOW * k
        whole = np.zeros((size, size))
        whole[:k, :k] = np.linalg.inv(prior.spread)
        step = np.hstack([-np.eye(k), np.eye(k)])
        slow = step.T @ np.linalg.inv(self._first + 1e-9 * np.eye(k)) @ step
        for t in range(prior.moments - 1):
            at = slice(t * k, (t + 2) * k)
            whole[at, at] += slow
        back = prior.process.T.reshape(k, prior.moments, k)[:, ::-1].reshape(k, -1)
        step = np.hstack([-back, np.eye(k)])
        known = step.T @ np.linalg.inv(prior.drive) @ step
        for t in range(WINDOW - prior.moments):
            at = slice(t * k, (t + prior.moments + 1) * k)
            whole[at, at] += known
        width = (prior.moments + 1) * k
        bands = np.zeros((width, size))
        for d in range(width):
            bands[width - 1 - d, d:] = np.diagonal(whole, d)
        return bands


def _upper(there: Array, block: Array) -> Array:
    """Upper bands of a matrix with `block` (k, k) on its diagonal wherever `there`."""
    k = len(block)
    rows = np.zeros((k, len(there) * k))
    for d in range(k):
        rows[k - 1 - d] = np.kron(there, np.concatenate([np.zeros(d), np.diagonal(block, d)]))
    return rows

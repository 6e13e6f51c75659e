"""What is known of a violinist before anything is seen, and a Kalman filter that goes by it.

A joint that trembles by 300 mm says little; thirteen that belong to one body say more. The prior
holds how bodies and postures differ from player to player, along a few directions, and how a
player moves, along a few others: a linear process whose last moments are all in the state. So the
estimate of a moment ago has used what was seen since. Everything is Gaussian and linear: with the
right prior no other linear estimate is better. Works on many bodies at once.

Source: Kalman 1960; the state with past moments, as in Anderson and Moore 1979, section 7.3.
"""

from __future__ import annotations

import base64
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Follower", "Prior", "packed", "unpacked"]

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Prior:
    """Places of joints, n numbers in metres from the left toe, of someone who plays.

    mean: (n,). bodies: (n, b), directions in which players differ, each as long as its standard
    deviation. moves: (n, k), orthonormal directions of motion; spread: (k, k), covariance of how
    far along them a player is. process: (moments * k, k), what follows from the last moments, the
    newest first, a step later; drive: (k, k), covariance of what is new in a step.
    """

    mean: Floats
    bodies: Floats
    moves: Floats
    spread: Floats
    process: Floats
    drive: Floats

    @property
    def moments(self) -> int:
        """How many moments the state holds."""
        return len(self.process) // self.moves.shape[1]


def packed(prior: Prior) -> dict[str, Any]:
    """As a model's card keeps it: the shapes, and all numbers (float64) in base64."""
    parts = [np.asarray(part, "<f8") for part in astuple(prior)]
    numbers = b"".join(part.tobytes() for part in parts)
    return {
        "shapes": [list(part.shape) for part in parts],
        "numbers": base64.b64encode(numbers).decode("ascii"),
    }


def unpacked(found: dict[str, Any]) -> Prior:
    """The reverse of `packed`. Raises ValueError where shapes and numbers do not fit together."""
    shapes = found["shapes"]
    numbers = np.frombuffer(base64.b64decode(found["numbers"]), "<f8")
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    if len(shapes) != 6 or len(numbers) != ends[-1]:
        raise ValueError(f"a prior of {len(shapes)} parts and {len(numbers)} numbers: needed is 6")
    parts = np.split(numbers, ends[:-1])
    return Prior(*(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)))


class Follower:
    """The Kalman filter of `rows` bodies, a step of the prior's process at a time.

    lag: how many steps ago the moment lies that `place` and `spread` speak of, below the prior's
    moments.
    """

    def __init__(self, prior: Prior, lag: int, rows: int = 1) -> None:
        self.prior, self.rows = prior, rows
        k, moments = prior.moves.shape[1], prior.moments
        self.k, self.size = k, moments * k + prior.bodies.shape[1]
        body = np.arange(moments * k, self.size)
        self.now = np.concatenate([np.arange(k), body])
        self.then = np.concatenate([np.arange(lag * k, (lag + 1) * k), body])
        self.seen_by = np.concatenate([prior.moves, prior.bodies], axis=1)  # (n, k + b)
        self._step = np.zeros((moments * k, self.size))
        self._step[:k, : moments * k] = prior.process.T
        self._step[k:, : (moments - 1) * k] = np.eye((moments - 1) * k)
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        moments, count = self.prior.moments, self.prior.moments * self.k
        start = np.eye(self.size)
        start[:count, :count] = np.kron(np.ones((moments, moments)), self.prior.spread)
        start[:count, :count] += 1e-6 * np.eye(count)
        self._cov = np.repeat(start[None], self.rows, axis=0)
        self._state = np.zeros((self.rows, self.size))

    def predict(self) -> None:
        """A step on."""
        count = len(self._step)
        self._state[:, :count] = self._state @ self._step.T
        moved = self._step @ self._cov
        self._cov[:, count:, :count] = moved[:, :, count:].transpose(0, 2, 1)
        self._cov[:, :count, count:] = moved[:, :, count:]
        self._cov[:, :count, :count] = moved @ self._step.T
        self._cov[:, : self.k, : self.k] += self.prior.drive

    def update(self, x: Singles, weight: Singles) -> None:
        """Places (rows, n) that were seen; weight: (rows, n), 1 over the variance, 0 if not."""
        seen = self.seen_by
        told = np.einsum("ni,rn,nj->rij", seen, weight, seen, optimize=True)
        missed = (x - self.prior.mean - self._state[:, self.now] @ seen.T) * weight @ seen
        across = self._cov[:, :, self.now]
        inner = across[:, self.now] @ told + np.eye(len(self.now))
        gain = np.linalg.solve(inner, across.transpose(0, 2, 1)).transpose(0, 2, 1)
        self._state += (gain @ missed[:, :, None])[:, :, 0]
        self._cov -= gain @ told @ across.transpose(0, 2, 1)

    def place(self, then: bool = True) -> Singles:
        """Places (rows, n) at the moment `lag` ago, or now."""
        part = self._state[:, self.then if then else self.now]
        return np.asarray(self.prior.mean + part @ self.seen_by.T, np.float32)

    def spread(self, then: bool = True) -> Singles:
        """Variance (rows, n) of `place`."""
        index = self.then if then else self.now
        part = self._cov[:, index[:, None], index]
        found = np.einsum("ni,rij,nj->rn", self.seen_by, part, self.seen_by, optimize=True)
        return np.asarray(np.maximum(found, 0.0), np.float32)

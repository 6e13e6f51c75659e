"""Batches for the streaming network: stretches of many bodies that went through the front."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from rt_engine.models.pose_correction import seen
from rt_engine.models.pose_correction.material import Drawn, Material, other, varied, violinist
from rt_engine.models.pose_correction.network import SOUND
from rt_engine.violin.pose_front import PLACES, SIZE, STALENESS, Front
from rt_engine.violin.pose_prior import Prior

__all__ = ["Batch", "Pool", "through_front"]

Singles = npt.NDArray[np.float32]

OTHERS = 0.15  # share of rows that are no violinist: what is calm is left alone, learnt or not
PAPER = 0.8  # share of violinists with the paper's noise; the others are seen by a webcam


class Batch(NamedTuple):
    """rows of a batch: front (rows, n, SIZE), sound (rows, n, 35), heard (rows, n, 1), and what is
    to come out: true places from the front's mean (rows, n, 39), and which joints are asked for
    (rows, n, 13), 0 or 1: those that were seen in the last 2 s.
    """

    front: Singles
    sound: Singles
    heard: Singles
    true: Singles
    asked: Singles


def through_front(
    views: list[seen.Seen], lookahead: int, prior: Prior | None
) -> tuple[Singles, Singles]:
    """Numbers (rows, n, SIZE) and means (rows, n, 39) of the front, of views of one length."""
    front = Front(lookahead, len(views), prior)
    x, there, age = (np.stack(part) for part in list(zip(*views, strict=True))[:3])
    numbers = np.empty((*x.shape[:2], SIZE), np.float32)
    means = np.empty((*x.shape[:2], PLACES), np.float32)
    for k in range(x.shape[1]):
        numbers[:, k] = front.step(x[:, k], there[:, k], age[:, k])
        means[:, k] = front.mean
    return numbers, means


def targets(views: list[seen.Seen], means: Singles, lookahead: int) -> Singles:
    """True places `lookahead` steps ago, from the means now: (rows, n, 39)."""
    true = np.stack([view.true for view in views]).reshape(means.shape)
    late = np.concatenate([np.repeat(true[:, :1], lookahead, axis=1), true], axis=1)
    return np.asarray(late[:, : true.shape[1]] - means, np.float32)


class Pool:
    """Draws stretches of `steps` for `rows` bodies, and cuts batches from them.

    Each stretch is used about `often` times before new ones are drawn.
    """

    def __init__(
        self, material: Material, lookahead: int, prior: Prior, rng: Generator,
        rows: int = 64, steps: int = 900, often: float = 8.0,
    ) -> None:  # fmt: skip
        self.material, self.lookahead, self.prior, self.rng = material, lookahead, prior, rng
        self.rows, self.steps, self.often = rows, steps, often
        self._left = 0
        self._whole: Batch | None = None

    def draw(self, rows: int, steps: int) -> Batch:
        """A batch of rows that begin anywhere in a stretch, mostly not at its start."""
        if self._left <= 0 or self._whole is None:
            self._whole = self._filled()
            self._left = round(self.often * self.rows * self.steps / (rows * steps))
        self._left -= 1
        bodies = self.rng.choice(self.rows, rows, replace=rows > self.rows)
        starts = self.rng.integers(self.steps - steps + 1, size=rows)
        starts[: rows // 8] = 0
        at = starts[:, None] + np.arange(steps)
        return Batch(*(part[bodies[:, None], at] for part in self._whole))

    def _filled(self) -> Batch:
        drawn, views = zip(*(self._row() for _ in range(self.rows)), strict=True)
        front, means = through_front(list(views), self.lookahead, self.prior)
        sound = np.stack([row.sound for row in drawn])
        heard = np.stack([row.heard for row in drawn])[..., None]
        true = targets(list(views), means, self.lookahead)
        asked = (front[..., STALENESS] < 1.0).astype(np.float32)
        return Batch(front, sound, heard, true, asked)

    def _row(self) -> tuple[Drawn, seen.Seen]:
        rng = self.rng
        if self.material.others and rng.random() < OTHERS:
            drawn = other(self.material, self.steps, rng, SOUND)
            return drawn, seen.webcam(varied(drawn.joints, rng, True), rng)
        drawn = violinist(self.material, self.steps, rng)
        if rng.random() < PAPER:
            stride = int(rng.choice(list(seen.STRIDES.values())))
            joints = varied(drawn.joints, rng, False)
            return drawn, seen.at_strides(joints, stride, rng, int(rng.integers(stride)))
        return drawn, seen.webcam(varied(drawn.joints, rng, True), rng)

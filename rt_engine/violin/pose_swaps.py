"""Joints that a detector has exchanged, found by where each joint is on the whole.

MAPdat's noise (Shrestha et al. 2022, section 4.3) exchanges joints for half a second to three
seconds, in a jitter that is larger than most bones: no single picture shows it. A hidden Markov
model adds up what the pictures say: its states are "none" and every pair that a detector takes
for each other, and its rates are the paper's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["PairSwaps"]

Singles = npt.NDArray[np.float32]

PER_MINUTE = 5.0  # exchanges, and how long one lasts on average, s
LASTING = 1.75
TEMPER = 0.5  # what a picture says counts half: its errors go on into the next
FARTHEST = 25.0  # squared distance over variance beyond which nothing more is learnt


class PairSwaps:
    """Follows `rows` bodies of `joints` joints at once, `rate` steps a second, by `pairs`.

    `exchanged` (rows,) is the probability that two joints are exchanged now.
    """

    def __init__(
        self, pairs: Sequence[tuple[int, int]], joints: int, rate: float, rows: int = 1
    ) -> None:
        self.pairs = np.array(pairs)
        count = len(self.pairs)
        begin = PER_MINUTE / 60.0 / rate
        end = 1.0 / (LASTING * rate)
        self._to, self._back, self._stay = begin / count, end, 1.0 - end
        self._none = 1.0 - begin
        self._orders = np.tile(np.arange(joints), (count + 1, 1))
        for k, (one, other) in enumerate(self.pairs):
            self._orders[k + 1, [one, other]] = other, one
        self._belief = np.zeros((rows, count + 1), np.float32)
        self._belief[:, 0] = 1.0

    @property
    def exchanged(self) -> Singles:
        """Probability (rows,) that some pair is exchanged."""
        found: Singles = 1.0 - self._belief[:, 0]
        return found

    def step(
        self, x: Singles, seen: Singles, mean: Singles, variance: Singles
    ) -> npt.NDArray[np.intp]:
        """The order (rows, joints) in which places `x` (rows, joints, 3) belong to the joints.

        seen: (rows, joints), 0 or 1. mean: as `x`, where the joints are on the whole; variance:
        (rows, joints), of one coordinate about it.
        """
        said = self._said(x, seen, mean, variance)
        before = self._belief
        now = np.empty_like(before)
        now[:, 1:] = before[:, 1:] * self._stay + before[:, :1] * self._to
        now[:, 0] = before[:, 0] * self._none + before[:, 1:].sum(axis=1) * self._back
        now[:, 1:] *= np.exp(np.clip(said, -30.0, 30.0))
        self._belief = now / now.sum(axis=1, keepdims=True)
        found: npt.NDArray[np.intp] = self._orders[self._belief.argmax(axis=1)]
        return found

    def _said(self, x: Singles, seen: Singles, mean: Singles, variance: Singles) -> Singles:
        """Logarithm (rows, pairs) of how much likelier each exchange is than none."""
        one, other = self.pairs.T
        away = np.square(x[:, :, None] - mean[:, None]).sum(axis=-1) / variance[:, None]
        away = np.minimum(away, FARTHEST)  # of the place of each joint from each joint's mean
        kept = away[:, one, one] + away[:, other, other]
        turned = away[:, one, other] + away[:, other, one]
        both = seen[:, one] * seen[:, other]
        said: Singles = 0.5 * TEMPER * both * (kept - turned)
        return said

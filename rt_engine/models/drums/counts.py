"""What counting alone knows of drums; the networks begin with it and learn the rest.

How often a word follows at its place of the bar, struck or not, and after the words played a bar,
half a bar, a beat and a step ago; and the mean touch of each drum at each place.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rt_engine.drums.bar import STEPS, Bar
from rt_engine.drums.kit import DRUMS
from rt_engine.drums.words import Words
from rt_engine.models.drums.rhythms import seen

__all__ = [
    "KINDS", "LAGS", "Counts", "Repeats", "counted", "lagged_touch", "log_odds", "mean_touch",
    "unknown",
]  # fmt: skip

LAGS = {1: 0.35, 4: 0.2, 8: 0.2, 16: 0.45}  # steps ago, and how much of what they say is taken:
# they say the same thing in part
KINDS = 4  # of a step of rhythm: 2 if every struck step is told, + 1 if it is struck
SMOOTH = 0.3  # counts added to every word
Floats = NDArray[np.float32]


class Counts(NamedTuple):
    """places: log chances of words (STEPS, KINDS, words). lags: what the word at each lag adds,
    (lags, words + 1, words); the last row: it is not known. velocities, offsets: (STEPS, 9).
    """

    places: Floats
    lags: Floats
    velocities: Floats
    offsets: Floats


def counted(bars: Bar, words: Words, seed: int = 0) -> Counts:
    """From training windows that begin with a bar."""
    true = words.of(bars.hits)
    told = seen(bars, np.random.default_rng(seed))
    kinds = (2 * told[..., 1] + told[..., 0]).astype(int)
    place = np.broadcast_to(np.arange(true.shape[1]) % STEPS, true.shape)
    return Counts(
        _places(true, kinds, place, len(words)),
        np.stack([_lag(true, lag, share, len(words)) for lag, share in LAGS.items()]),
        *_touch(bars, place),
    )


def unknown(words: int) -> Counts:
    """As before any counting, to be filled from a file."""
    drums = len(DRUMS)
    shapes = (STEPS, KINDS, words), (len(LAGS), words + 1, words), (STEPS, drums), (STEPS, drums)
    return Counts(*(np.full(shape, 0.5, np.float32) for shape in shapes))


def _places(
    true: NDArray[np.int64], kinds: NDArray[np.int64], place: NDArray[np.int64], words: int
) -> Floats:
    counts = np.zeros((STEPS, KINDS, words))
    np.add.at(counts, (place, kinds, true), 1.0)
    every = counts.sum(axis=0, keepdims=True)
    counts += SMOOTH + 20 * every / every.sum(axis=-1, keepdims=True)
    return np.log(counts / counts.sum(axis=-1, keepdims=True)).astype(np.float32)


def _lag(true: NDArray[np.int64], lag: int, share: float, words: int) -> Floats:
    """`share` of log P(word | word a lag ago) - log P(word)."""
    counts = np.zeros((words + 1, words))
    np.add.at(counts, (true[:, :-lag], true[:, lag:]), 1.0)
    alone = (counts.sum(axis=0) + SMOOTH) / (counts + SMOOTH).sum(axis=0).sum()
    joint = counts + 10.0 * alone
    told = joint / joint.sum(axis=1, keepdims=True)
    return (share * np.log(told / told[-1])).astype(np.float32)


def _touch(bars: Bar, place: NDArray[np.int64]) -> list[Floats]:
    """Mean velocities and offsets, towards the drum's own mean where there are few strokes."""
    means = []
    for values in (bars.velocities, bars.offsets):
        sums, numbers = np.zeros((2, STEPS, len(DRUMS)))
        np.add.at(sums, place, values)
        np.add.at(numbers, place, bars.hits)
        drum = sums.sum(axis=0) / np.maximum(numbers.sum(axis=0), 1.0)
        means.append(((sums + 10.0 * drum) / (numbers + 10.0)).astype(np.float32))
    return means


class Repeats(nn.Module):
    """The logits that counting gives, as weights that learn on."""

    def __init__(self, counts: Counts) -> None:
        super().__init__()
        self.words = counts.lags.shape[-1]
        self.places = nn.Parameter(torch.from_numpy(counts.places).flatten(0, 1).clone())
        self.lags = nn.ParameterList(torch.from_numpy(lag).clone() for lag in counts.lags)

    def forward(self, place: Tensor, kind: Tensor, before: Tensor) -> Tensor:
        """Logits (n, t, words); place, kind: (n, t).

        before: (n, t + 15), the words before each step and before those, `words` where unknown.
        """
        steps = place.shape[1]
        logits = nn.functional.embedding(place % STEPS * KINDS + kind, self.places)
        for lag, table in zip(LAGS, self.lags, strict=True):
            first = STEPS - lag
            ago = before[:, first : first + steps]
            logits = logits + nn.functional.embedding(ago, cast(Tensor, table))
        return logits


def log_odds(share: Tensor) -> Tensor:
    """log(p / (1 - p)) of shares 0..1, kept finite."""
    kept = share.clamp(0.03, 0.97)
    return torch.log(kept / (1.0 - kept))


def mean_touch(counts: Counts) -> nn.Parameter:
    """The mean velocities and offsets (STEPS, 18) before their last functions, to learn on."""
    loud, late = torch.from_numpy(counts.velocities), torch.from_numpy(counts.offsets)
    return nn.Parameter(torch.cat([log_odds(loud), before_tanh(late)], dim=-1))


def before_tanh(offsets: Tensor) -> Tensor:
    """The inverse of 0.5 tanh(x), kept finite."""
    return 0.5 * log_odds(0.5 + offsets)


def lagged_touch(past: Tensor, means: Tensor) -> Tensor:
    """How the touch of strokes (..., 27) differs from `means` (..., 18), before the last functions.

    0 where nothing was struck.
    """
    hits, velocities, offsets = past.chunk(3, dim=-1)
    touch = torch.cat([log_odds(velocities), before_tanh(offsets)], dim=-1)
    return torch.cat([hits, hits], dim=-1) * (touch - means)

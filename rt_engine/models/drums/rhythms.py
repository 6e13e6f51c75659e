"""What the models are told of a rhythm: exactly where drums were struck, or what a body shows.

The paper trains on the exact presence of hits. A body strikes fewer steps than the drums, the
loud ones first, and now and then one where there is nothing; so half of the examples are thinned
like that, and the model is told which half it is in.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rt_engine.drums.bar import Bar

__all__ = ["CHANNELS", "density_of", "exact", "intensity_of", "seen", "strengths"]

Floats = NDArray[np.float32]

CHANNELS = 2  # of a step of rhythm: struck or not; 1 if every struck step is told
FALSE = 0.03  # chance that a body strikes where nothing sounds
MOST = 0.8  # share of the struck steps that may be missing
NEAR = 16  # steps to each side over which density and intensity are taken


def exact(bars: Bar) -> Floats:
    """The rhythm as it was struck, (n, steps, CHANNELS)."""
    struck = bars.hits.any(axis=-1)
    return np.stack([struck, np.ones_like(struck)], axis=-1).astype(np.float32)


def seen(bars: Bar, rng: Generator, share: float = 0.5) -> Floats:
    """The rhythm for training, (n, steps, CHANNELS): in `share` of the rows what a body shows."""
    told = exact(bars)
    thin = rng.random(len(told)) < share
    told[..., 0] = np.where(thin[:, None], thinned(bars, rng), told[..., 0])
    told[thin, :, 1] = 0.0
    return told


def thinned(bars: Bar, rng: Generator) -> Floats:
    """1 where a body would strike, (n, steps): weak hits are missing more often than strong."""
    struck, loud = bars.hits.any(axis=-1), strengths(bars)
    missing = rng.uniform(0.0, MOST, (len(struck), 1)) * np.clip(1.6 - 1.2 * loud, 0.0, 1.2)
    kept = struck & (rng.random(struck.shape) >= missing)
    false = ~struck & (rng.random(struck.shape) < FALSE)
    return (kept | false).astype(np.float32)


def strengths(bars: Bar) -> Floats:
    """The velocity of the loudest drum of each step, (..., steps)."""
    loudest: Floats = bars.velocities.max(axis=-1)
    return loudest


def density_of(bars: Bar) -> Floats:
    """Share of the steps around each step that are struck, (n, steps)."""
    return _around(bars.hits.any(axis=-1).astype(np.float64))


def intensity_of(bars: Bar) -> Floats:
    """Mean velocity of the strokes around each step, (n, steps); 0 where there are none."""
    counts = _around(bars.hits.sum(axis=-1).astype(np.float64))
    sums = _around(bars.velocities.sum(axis=-1).astype(np.float64))
    return np.where(counts > 0, sums / np.maximum(counts, 1e-6), 0.0).astype(np.float32)


def _around(values: NDArray[np.float64]) -> Floats:
    """Means over the steps at most `NEAR` away, (n, steps)."""
    steps = values.shape[1]
    sums = np.concatenate([np.zeros((len(values), 1)), values.cumsum(axis=1)], axis=1)
    first = np.maximum(np.arange(steps) - NEAR, 0)
    last = np.minimum(np.arange(steps) + NEAR + 1, steps)
    return ((sums[:, last] - sums[:, first]) / (last - first)).astype(np.float32)

"""Drums that are easy to learn: kick and snare in turn, hi-hats between, some bars of rides."""

import numpy as np

from rt_engine.drums.bar import Bar
from rt_engine.models.drums.data import Take


def groove(seed, steps=128):
    """A take: the louder the seed is odd, the later the snare."""
    rng = np.random.default_rng(seed)
    hits = np.zeros((steps, 9), np.bool_)
    hits[0::8, 0] = hits[4::8, 1] = True
    hits[::2, 8 if seed % 3 == 0 else 2] = True
    hits[1::2, 2] = rng.random(steps // 2) < 0.1
    loud = 0.8 if seed % 2 else 0.3
    velocities = np.where(hits, loud + rng.normal(0, 0.03, hits.shape), 0).astype(np.float32)
    offsets = np.where(hits, 0.2 * (np.arange(9) == 1), 0).astype(np.float32)
    return Take(f"groove {seed}", 120.0, Bar(hits, velocities, offsets))


def grooves(first, last):
    return [groove(seed) for seed in range(first, last)]

"""Smooth motion as functions of time: strokes that land on a beat, sways, wandering, pauses.

A hand goes from place to place with the least jerk: T. Flash and N. Hogan, "The coordination of
arm movements" (J. Neuroscience 1985): x = 10 s^3 - 15 s^4 + 6 s^5. Its speed is lowest at the
places, so a place reached on a beat is a kinematic beat.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from rt_engine.motion.quaternion import Arrays, Floats

__all__ = ["between", "envelope", "landing", "strikes", "wander"]

LIFT = 2.5  # times the fall: how long a stroke is prepared at most
REACH = 0.35  # s between strokes in which a hand comes to its full height
APART = 0.06  # s between two gestures of one hand
WAVES = 24  # in a band of noise


def between(t: Arrays, knots: Arrays, values: Arrays, sharp: Arrays | float = 0.0) -> Floats:
    """Values (n,) or (n, d) at rising times (n,) joined with the least jerk, read at `t`.

    sharp: 0 to 1, of each of the n - 1 ways: how much it ends at full speed, as a blow does.
    """
    if len(knots) < 2:
        return np.repeat(values[:1], len(t), axis=0)
    at = np.clip(np.searchsorted(knots, t, side="right") - 1, 0, len(knots) - 2)
    s = np.clip((t - knots[at]) / np.maximum(knots[at + 1] - knots[at], 1e-6), 0.0, 1.0)
    blow = np.broadcast_to(sharp, len(knots) - 1)[at]
    share = (1.0 - blow) * s**3 * (10.0 - 15.0 * s + 6.0 * s**2) + blow * s**2
    share = share.reshape(-1, *[1] * (values.ndim - 1))
    found: Floats = values[at] + share * (values[at + 1] - values[at])
    return found


def strikes(t: Arrays, hits: Arrays, tops: Arrays, fall: float, sharp: float) -> Floats:
    """Height over the drum, 0 at the hits (n,): each is prepared, then falls within `fall` s.

    tops: (n,), how high the hand goes before each hit; lower where the hits are close.
    """
    if len(hits) < 2:
        return np.zeros(len(t))
    gap = np.diff(hits)
    lead = np.minimum(0.45 * gap, fall)
    top, rise = hits[1:] - lead, np.maximum(hits[:-1], hits[1:] - (1.0 + LIFT) * lead)
    high = tops[1:] * np.minimum(1.0, gap / REACH)
    knots = np.append(np.stack([hits[:-1], rise, top], axis=1).ravel(), hits[-1])
    zero = np.zeros(len(gap))
    heights = np.append(np.stack([zero, zero, high], axis=1).ravel(), 0.0)
    return between(t, knots, heights, np.tile([0.0, 0.0, sharp], len(gap)))


def landing(
    rng: Generator,
    events: Arrays,
    keep: float,
    jitter: float,
    lag: float,
    force: Arrays | float = 1.0,
) -> tuple[Floats, Floats]:
    """When the body answers events (n,), and how much: some it leaves out.

    keep: share of the events answered; jitter, lag: s; force: (n,), of each event, about 1.
    """
    kept = rng.random(len(events)) < keep
    times = events[kept] + lag + rng.normal(0.0, jitter, int(kept.sum()))
    noise = np.clip(rng.normal(1.0, rng.uniform(0.05, 0.35), len(times)), 0.2, 2.0)
    much = np.broadcast_to(force, len(events))[kept] * noise
    order = np.argsort(times)
    times, much = times[order], much[order]
    apart = np.diff(times, prepend=-np.inf) > APART
    return np.asarray(times[apart]), np.asarray(much[apart])


def wander(rng: Generator, t: Arrays, low: float, high: float, size: int) -> Floats:
    """Noise (n, size) between `low` and `high` Hz, of standard deviation 1."""
    turning = 2 * np.pi * rng.uniform(low, high, WAVES)
    angles = turning * t[:, None]
    weights = rng.normal(size=(2, WAVES, size)) / np.sqrt(WAVES)
    found: Floats = np.cos(angles) @ weights[0] + np.sin(angles) @ weights[1]
    return found


def envelope(rng: Generator, t: Arrays, pauses: float) -> Floats:
    """How much somebody moves along, (n,): it comes and goes, and stops `pauses` times a minute."""
    level: Floats = np.exp(rng.uniform(0.0, 0.5) * wander(rng, t, 0.01, 0.1, 1)[:, 0])
    for _ in range(rng.poisson(pauses * (t[-1] - t[0]) / 60.0)):
        start, length = rng.uniform(t[0], t[-1]), rng.uniform(1.0, 8.0)
        edges = start + np.array([0.0, 0.4, 0.4 + length, 0.8 + length])
        level *= between(t, edges, np.array([1.0, 0.0, 0.0, 1.0]))
    return level

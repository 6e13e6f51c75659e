"""Beats that somebody might move to: a tempo that drifts, and the phase in it."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from rt_engine.models.rhythm.players.music import MARGIN
from rt_engine.motion.quaternion import Arrays, Floats

__all__ = ["FASTEST", "SLOWEST", "felt", "grid", "phase"]

SLOWEST, FASTEST = 52.0, 195.0  # BPM
CENTRE, OCTAVES = 105.0, 0.42  # of the log-normal of tempi


def grid(rng: Generator, seconds: float) -> Floats:
    """Times of beats in s, from MARGIN before 0 to MARGIN after `seconds`; half of them steady."""
    bpm = CENTRE * 2.0 ** rng.normal(0.0, OCTAVES)
    period = 60.0 / min(max(bpm, SLOWEST), FASTEST)
    count = int((seconds + 2 * MARGIN) / period * 1.3) + 4
    change = np.zeros(count)
    if rng.random() < 0.5:
        steps = rng.normal(0.0, rng.uniform(0.002, 0.015), count)
        change = np.cumsum(steps - 0.05 * np.cumsum(steps) / np.arange(1, count + 1))
        change += rng.normal(0.0, 0.1) * np.linspace(0.0, 1.0, count)
    periods = period * np.exp(np.clip(change, -0.25, 0.25))
    times = np.cumsum(periods) - MARGIN - period * rng.uniform(0.0, 2.0)
    return np.asarray(times[times < seconds + MARGIN])


def felt(rng: Generator, beats: Arrays, jitter: float, lag: float) -> Floats:
    """The beats as a limb hits them: `lag` s late, and off by `jitter` s."""
    times = beats + lag + rng.normal(0.0, jitter, len(beats))
    return np.asarray(np.maximum.accumulate(times + 1e-4 * np.arange(len(times))))


def phase(t: Arrays, beats: Arrays) -> Floats:
    """Beats that have passed at times (n,), whole numbers on the beats; it goes on beyond them."""
    count = len(beats)
    early = np.arange(-8.0, 0.0) * (beats[1] - beats[0]) + beats[0]
    late = np.arange(1.0, 9.0) * (beats[-1] - beats[-2]) + beats[-1]
    knots = np.concatenate([early, beats, late])
    return smooth(t, knots, np.arange(-8.0, count + 8.0))


def smooth(t: Arrays, x: Arrays, y: Arrays) -> Floats:
    """A rising curve through points (n,) without corners, read at `t`: cubic, monotone.

    Source: F. Fritsch and R. Carlson, "Monotone piecewise cubic interpolation" (SIAM J. Numerical
    Analysis 1980), with harmonic means for slopes.
    """
    steps = np.diff(x)
    rises = np.diff(y) / steps
    inner = 2.0 / (1.0 / np.maximum(rises[1:], 1e-9) + 1.0 / np.maximum(rises[:-1], 1e-9))
    slopes = np.concatenate([rises[:1], inner, rises[-1:]])
    at = np.clip(np.searchsorted(x, t, side="right") - 1, 0, len(steps) - 1)
    s = np.clip((t - x[at]) / steps[at], 0.0, 1.0)
    begin, end = slopes[at] * steps[at], slopes[at + 1] * steps[at]
    found: Floats = (
        y[at] * (1 - s) ** 2 * (1 + 2 * s)
        + begin * s * (1 - s) ** 2
        + y[at + 1] * s**2 * (3 - 2 * s)
        + end * s**2 * (s - 1)
    )
    return found

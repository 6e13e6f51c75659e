"""From a belief over states to one place in the bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rt_engine.rhythm.filter import ForwardFilter
from rt_engine.rhythm.statespace import BarSpace, Floats

REACH = 0.12  # of a beat: how far from the likeliest phase states still speak for it
KIN = 0.1  # of a period: how far from the likeliest tempo


@dataclass(frozen=True)
class Estimate:
    """The place in the bar that a belief speaks for.

    phase: of the beat, may leave 0..1 by `REACH`. period: in frames. mass: probability of all
    states within `REACH` of the phase and `KIN` of the period, 0..1. rows: (rows,),
    probability, within that mass, of each beat of each meter.
    """

    phase: float
    period: float
    mass: float
    rows: Floats


def decode(belief: ForwardFilter) -> Estimate:
    """The mean of phase and tempo around the likeliest beat phase and tempo of a filter."""
    space = belief.space
    pooled = belief.rows.sum(axis=0)
    peak = int(pooled.argmax())
    near = kindred(space, int(space.tempo[peak]))
    away = space.phase[near] - space.phase[peak]
    wrapped = away - np.rint(away)
    inside = np.abs(wrapped) < REACH
    weights = pooled[near] * inside
    mass = float(weights.sum())
    return Estimate(
        phase=float(space.phase[peak] + weights @ wrapped / mass),
        period=float(weights @ space.periods[space.tempo[near]] / mass),
        mass=min(mass, 1.0),
        rows=_rows(belief, near, away, inside) / mass,
    )


def _rows(
    belief: ForwardFilter,
    near: slice,
    away: Floats,
    inside: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> Floats:
    """Mass of each row, states across a beat's boundary counted for the row of the peak."""
    part = belief.rows[:, near]
    parts = part @ np.stack([inside & (np.rint(away) == k) for k in (0, 1, -1)], axis=1)
    space = belief.space
    # A state almost one beat ahead of the peak lies in the row before it, and the reverse.
    return np.asarray(parts[:, 0] + parts[space.previous, 1] + parts[space.following, 2])


def kindred(space: BarSpace, tempo: int) -> slice:
    """The states of a row whose period lies within `KIN` of that of a tempo."""
    period = space.periods[tempo]
    low, high = np.searchsorted(space.periods, (period * (1.0 - KIN), period * (1.0 + KIN)))
    high = min(max(int(high), tempo + 1), len(space.periods))
    stop = space.width if high == len(space.periods) else int(space.offsets[high])
    return slice(int(space.offsets[low]), stop)

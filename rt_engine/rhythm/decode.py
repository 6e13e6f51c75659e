"""From a belief over states to one place in the bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rt_engine.rhythm.filter import ForwardFilter
from rt_engine.rhythm.statespace import BarSpace, Floats

REACH = 0.12  # of a beat: how far from the likeliest phase states still speak for it
KIN = 0.1  # of a period: how far from the likeliest tempo
LOYALTY = 5.0  # how much likelier another tempo must be than the one that is followed


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


def decode(belief: ForwardFilter, kept: float = 0.0) -> Estimate:
    """The mean of phase and tempo around the likeliest beat phase and tempo of a filter.

    kept: the period (frames) that is followed; its best place is left only for one that is
    `LOYALTY` times likelier, so that the level of the metre does not flicker. 0: none.
    """
    space = belief.space
    pooled = belief.rows.sum(axis=0)
    peak = _peak(space, pooled, kept)
    near, weights, wrapped = _around(space, pooled, peak)
    away = space.phase[near] - space.phase[peak]
    mass = float(weights.sum())
    return Estimate(
        phase=float(space.phase[peak] + weights @ wrapped / mass),
        period=float(weights @ space.periods[space.tempo[near]] / mass),
        mass=min(mass, 1.0),
        rows=_rows(belief, near, away, np.abs(wrapped) < REACH) / mass,
    )


def _peak(space: BarSpace, pooled: Floats, kept: float) -> int:
    """The state of a row that is decoded: the likeliest one, or the likeliest of the kept tempo."""
    peak = int(pooled.argmax())
    if not kept or abs(space.periods[space.tempo[peak]] - kept) <= KIN * kept:
        return peak
    own = kindred(space, int(np.abs(space.periods - kept).argmin()))
    rival = int(own.start + pooled[own].argmax())
    masses = [float(_around(space, pooled, state)[1].sum()) for state in (peak, rival)]
    return peak if masses[0] > LOYALTY * masses[1] else rival


def _around(space: BarSpace, pooled: Floats, peak: int) -> tuple[slice, Floats, Floats]:
    """States of like tempo, their weights (0 beyond `REACH`), their phases from the peak."""
    near = kindred(space, int(space.tempo[peak]))
    away = space.phase[near] - space.phase[peak]
    wrapped = away - np.rint(away)
    return near, pooled[near] * (np.abs(wrapped) < REACH), wrapped


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

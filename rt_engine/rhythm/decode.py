"""From a belief over states to one place in the bar."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

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


@dataclass(frozen=True)
class Neighbours:
    """States of like tempo around one of a row: all that does not depend on a belief.

    near: the states. away: their phases from the one, -0.5..0.5. inside: 1 within `REACH`,
    else 0. periods: in frames. beats: (n, 3), `inside` for those of the same beat, of the one
    before and of the one after.
    """

    near: slice
    away: Floats
    inside: Floats
    periods: Floats
    beats: Floats

    def weights(self, pooled: Floats) -> Floats:
        """What a belief, pooled over the rows, gives to the states, 0 beyond `REACH`."""
        return np.asarray(pooled[self.near] * self.inside)


@lru_cache(maxsize=256)
def neighbours(space: BarSpace, state: int) -> Neighbours:
    """The neighbours of a state of a row; a peak goes through the same ones in every beat."""
    near = kindred(space, int(space.tempo[state]))
    away = space.phase[near] - space.phase[state]
    turns = np.rint(away)
    inside = np.abs(away - turns) < REACH
    beats = np.stack([inside & (turns == k) for k in (0, 1, -1)], axis=1).astype(float)
    periods = space.periods[space.tempo[near]]
    return Neighbours(near, away - turns, inside.astype(float), periods, beats)


def decode(belief: ForwardFilter, kept: float = 0.0) -> Estimate:
    """The mean of phase and tempo around the likeliest beat phase and tempo of a filter.

    kept: the period (frames) that is followed; its best place is left only for one that is
    `LOYALTY` times likelier, so that the level of the metre does not flicker. 0: none.
    """
    space = belief.space
    pooled = belief.rows.sum(axis=0)
    peak = _peak(space, pooled, kept)
    around = neighbours(space, peak)
    weights = around.weights(pooled)
    mass = float(weights.sum())
    return Estimate(
        phase=float(space.phase[peak] + weights @ around.away / mass),
        period=float(weights @ around.periods / mass),
        mass=min(mass, 1.0),
        rows=_rows(belief, around) / mass,
    )


def _peak(space: BarSpace, pooled: Floats, kept: float) -> int:
    """The state of a row that is decoded: the likeliest one, or the likeliest of the kept tempo."""
    peak = int(pooled.argmax())
    if not kept or abs(space.periods[space.tempo[peak]] - kept) <= KIN * kept:
        return peak
    own = kindred(space, int(np.abs(space.periods - kept).argmin()))
    rival = int(own.start + pooled[own].argmax())
    masses = [neighbours(space, state).weights(pooled).sum() for state in (peak, rival)]
    return peak if masses[0] > LOYALTY * masses[1] else rival


def _rows(belief: ForwardFilter, around: Neighbours) -> Floats:
    """Mass of each row, states across a beat's boundary counted for the row of the peak."""
    parts = belief.rows[:, around.near] @ around.beats
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

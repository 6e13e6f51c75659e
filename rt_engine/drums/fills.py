"""Fills, count-ins and endings: bars that every drummer knows, of any metre."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from rt_engine.drums.bar import Bar, empty
from rt_engine.drums.metre import on_beats
from rt_engine.drums.patterns import CLOSED, CRASH, HIGH_TOM, KICK, LOW_TOM, MID_TOM, SNARE

__all__ = ["count_in", "crashed", "filled"]

WAY = (SNARE, HIGH_TOM, MID_TOM, LOW_TOM)  # round the kit


def filled(bar: Bar, start: int, per_beat: int, rng: Generator) -> Bar:
    """The bar with a fill from step `start` to its end: round the toms, louder and louder.

    Some of the weak sixteenths rest, so that no two fills are alike; beats keep the kick.
    """
    hits, velocities, offsets = bar.hits.copy(), bar.velocities.copy(), bar.offsets.copy()
    for array in (hits, velocities, offsets):
        array[start:] = 0
    length = len(bar) - start
    for k, at in enumerate(range(start, len(bar))):
        if at % 2 and rng.random() < 0.25:
            continue
        drum = WAY[k * len(WAY) // length]
        hits[at, drum], velocities[at, drum] = True, 0.6 + 0.35 * k / length
        if at % per_beat == 0:
            hits[at, KICK], velocities[at, KICK] = True, 0.8
    return Bar(hits, velocities, offsets)


def crashed(bar: Bar) -> Bar:
    """The bar with a crash and a kick on its first step, in place of the hi-hats there."""
    hits, velocities = bar.hits.copy(), bar.velocities.copy()
    hits[0, CLOSED], velocities[0, CLOSED] = False, 0.0
    hits[0, [KICK, CRASH]], velocities[0, [KICK, CRASH]] = True, 0.95
    return Bar(hits, velocities, bar.offsets.copy())


def count_in(steps: int, per_beat: int) -> Bar:
    """A bar of closed hi-hats on the beats, the first one louder."""
    bar = empty(steps)
    at = np.flatnonzero(on_beats(steps, per_beat))
    bar.hits[at, CLOSED] = True
    bar.velocities[at, CLOSED] = 0.7
    bar.velocities[0, CLOSED] = 0.9
    return bar

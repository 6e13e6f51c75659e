"""Conducting-like gestures of one arm or two, with the wrist's path drawn anew for each person.

On each beat lies an ictus: a low point, a turn or a stop. Between two the hand rebounds. Where
the ictus of each beat of the bar lies, how high the hand rebounds, how sharp it strikes and how
the way bends are drawn around the schoolbook's patterns of 2, 3, 4 and 6, not measured.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from rt_engine.models.motion_rhythm.dances import arm, besides, nod
from rt_engine.models.motion_rhythm.figure import REST, lean
from rt_engine.models.motion_rhythm.tempo import felt, phase
from rt_engine.models.rhythm.players.gestures import between, envelope
from rt_engine.motion.quaternion import Arrays, Floats

__all__ = ["conduct", "path"]

# Where the ictus of each beat lies across the body, from the conductor's middle outwards.
SIDES = {
    1: (0.0,),
    2: (0.0, 0.4),
    3: (0.0, 1.0, 0.4),
    4: (0.0, -0.8, 1.0, 0.3),
    6: (0.0, -0.4, -0.9, 0.6, 1.0, 0.3),
}
LIFTED = np.array([0.22, 0.35, 0.25])  # from the hanging wrist to where a hand conducts


def conduct(t: Arrays, beats: Arrays, rng: Generator, base: Floats = REST) -> Floats:
    """Joints (n, 17, 3) in m of somebody who conducts `beats` at times (n,)."""
    lag, jitter = rng.normal(0.0, 0.02), rng.uniform(0.003, 0.025)
    own = felt(rng, beats, jitter, lag)
    way = path(t, own, rng) * envelope(rng, t, rng.choice([0.0, 0.3, 1.0]))[:, None]
    places = np.repeat(base[None], len(t), axis=0) + besides(t, rng)
    side = int(rng.random() < 0.8)
    outward = 1.0 if side == 0 else -1.0
    lifted = LIFTED * [-outward, 1.0, 1.0] + rng.normal(0.0, 0.08, 3)
    places += arm(way * [outward, 1.0, 1.0] + lifted, side)
    if rng.random() < 0.45:
        other = way if rng.random() < 0.7 else path(t, own, rng)
        places += arm(other * [-outward, 1.0, 1.0] * rng.uniform(0.4, 1.0) + lifted, 1 - side)
    places += lean(0.15 * way * rng.uniform(0.0, 1.0))
    if rng.random() < 0.4:
        places += nod(t, own, rng)
    return places


def path(t: Arrays, beats: Arrays, rng: Generator) -> Floats:
    """The way of a hand (n, 3) in m, x outwards, y up, that marks the beats (k,)."""
    size = np.exp(rng.uniform(np.log(0.04), np.log(0.35)))
    if rng.random() < 0.25:
        return np.asarray(size * _smooth(t, beats, rng))
    meter = int(rng.choice(list(SIDES), p=[0.1, 0.25, 0.25, 0.3, 0.1]))
    knots, places = _pattern(beats, meter, rng)
    sharp = np.tile([0.0, rng.uniform(0.0, 1.0)], len(beats) - 1)[:-1]
    up = between(t, knots, places[:, 1], sharp)
    across = between(t, knots, places[:, 0])
    depth = rng.normal(0.0, 0.3) * up
    return np.asarray(size * np.stack([across, up, depth], axis=1))


def _pattern(beats: Arrays, meter: int, rng: Generator) -> tuple[Floats, Floats]:
    """When (2 k - 2,) and where (2 k - 2, 2) the hand is: at each ictus, at the top after it."""
    sides = np.array(SIDES[meter]) * rng.uniform(0.2, 1.2) + rng.normal(0, 0.15, meter)
    floors = rng.normal(0.0, rng.choice([0.05, 0.3]), meter)
    tops = 1.0 + rng.normal(0.0, 0.25, meter)
    tops[0] += rng.uniform(0.0, 0.6)
    here = (np.arange(len(beats) - 1) + int(rng.integers(meter))) % meter
    there = (here + 1) % meter
    bend = (sides[here] + sides[there]) / 2 + rng.normal(0.0, 0.08, len(here))
    high = floors[here] + tops[there] * np.exp(rng.normal(0.0, 0.1, len(here)))
    rebound = beats[:-1] + rng.uniform(0.35, 0.75) * np.diff(beats)
    ictus, top = np.stack([sides[here], floors[here]], 1), np.stack([bend, high], 1)
    knots = np.stack([beats[:-1], rebound], axis=1).ravel()
    return knots, np.stack([ictus, top], axis=1).reshape(-1, 2)


def _smooth(t: Arrays, beats: Arrays, rng: Generator) -> Floats:
    """A hand that draws round: arcs from side to side, eights, or mere up and down."""
    at = phase(t, beats)
    slow = float(rng.choice([0.5, 0.5, 0.25]))
    up = -np.cos(2 * np.pi * at + rng.uniform(-0.5, 0.5) * np.sin(2 * np.pi * at))
    across = rng.uniform(0.0, 1.5) * np.sin(2 * np.pi * slow * at + rng.choice([0.0, np.pi / 2]))
    return np.asarray(np.stack([across, 0.5 * up, 0.2 * rng.normal() * up], axis=1))

"""Procedural dances: a handful of movements locked to the beat, each with a wave of its own.

What counts as on the beat: the lowest point of a bounce, the end of a sway, the impact of a
strike, the arrival in a pose, the foot that lands. Limbs move at the beat, at half or double its
rate, or on a pattern of the bar. Amplitudes, lags and habits are drawn, not measured.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from rt_engine.models.motion_rhythm.figure import ARMS, HEAD, JOINTS, LEGS, REST, lean
from rt_engine.models.motion_rhythm.tempo import felt, phase
from rt_engine.models.rhythm.players.gestures import between, envelope, strikes, wander
from rt_engine.motion.quaternion import Arrays, Floats

__all__ = ["aimless", "arm", "beat_pattern", "besides", "dance", "wave"]

Movement = Callable[[Arrays, Arrays, Generator], Floats]

_ELBOW = (0.35, 0.65)  # share of a wrist's way that the elbow goes


def wave(t: Arrays, beats: Arrays, rng: Generator, rate: float) -> Floats:
    """From -1 on the beats to 1, (n,), `rate` times a beat; at 0.5 it turns on each beat.

    The way there is drawn: round, with a sharp bottom as of a ball, or skewed to one side.
    """
    turns = phase(t, beats) * rate
    turns = turns + rng.uniform(-0.6, 0.6) * np.sin(2 * np.pi * turns) / (2 * np.pi)
    round_ = -np.cos(2 * np.pi * turns)
    if rate < 1 or rng.random() < 0.5:
        return np.asarray(round_)
    return np.asarray(2.0 * np.abs(np.sin(np.pi * turns)) ** rng.uniform(0.7, 2.0) - 1.0)


def beat_pattern(beats: Arrays, rng: Generator) -> Floats:
    """When a rhythm that repeats sounds: all beats, every other one, or a drawn bar of eighths."""
    kind = rng.choice(["beats", "half", "double", "pattern"], p=[0.5, 0.2, 0.1, 0.2])
    if kind == "half":
        return np.asarray(beats[int(rng.integers(2)) :: 2])
    halves = np.interp(np.arange(2 * len(beats) - 1) / 2, np.arange(len(beats)), beats)
    if kind == "double":
        return halves
    if kind == "beats":
        return np.asarray(beats)
    on = rng.random(8) < np.tile([0.8, 0.35], 4)
    on[0] = True
    return np.asarray(halves[np.resize(on, len(halves))])


def bounce(t: Arrays, beats: Arrays, rng: Generator) -> Floats:
    """Knees give way; everything above them goes down on the beat."""
    up = rng.uniform(0.01, 0.09) * wave(t, beats, rng, float(rng.choice([1.0, 1.0, 1.0, 0.5, 2.0])))
    moved = np.zeros((len(t), JOINTS, 3))
    moved[:, :13, 1] = up[:, None]
    moved[:, 13:15, 1] = 0.5 * up[:, None]
    moved[:, 13:15, 2] = -0.8 * up[:, None]
    return moved


def sway(t: Arrays, beats: Arrays, rng: Generator) -> Floats:
    """From side to side, and a little up: hips alone, shoulders alone, or both."""
    swing = wave(t, beats, rng, float(rng.choice([0.5, 0.5, 0.25])))
    way = rng.normal(0.0, [0.08, 0.02, 0.04])
    moved = lean(swing[:, None] * way * rng.uniform(0.0, 1.5))
    moved += swing[:, None, None] * (way * rng.uniform(0.0, 1.0))
    moved[:, 15:] = 0.0
    return moved


def nod(t: Arrays, beats: Arrays, rng: Generator) -> Floats:
    """The head goes down and forward on the beat."""
    up = rng.uniform(0.01, 0.06) * wave(t, beats, rng, float(rng.choice([1.0, 1.0, 0.5])))
    moved = np.zeros((len(t), JOINTS, 3))
    moved[:, HEAD, 1] = up[:, None]
    moved[:, HEAD, 2] = -0.5 * up[:, None]
    return moved


def step(t: Arrays, beats: Arrays, rng: Generator) -> Floats:
    """Feet in turn are lifted, land on the beat elsewhere or at their place, and carry the body."""
    moved = np.zeros((len(t), JOINTS, 3))
    every = int(rng.choice([1, 1, 2]))
    lift, reach = rng.uniform(0.02, 0.3), rng.normal(0.0, [0.15, 0.0, 0.12])
    for side, leg in enumerate(LEGS):
        own = beats[side * every :: 2 * every]
        if len(own) < 2:
            continue
        up = strikes(t, own, np.full(len(own), lift), rng.uniform(0.1, 0.3), rng.uniform(0, 0.8))
        out = between(t, own, np.where(np.arange(len(own)) % 2, 1.0, 0.0))
        moved[:, leg[2], 1] += up
        moved[:, leg[1], 1] += 0.5 * up
        moved[:, leg[1], 2] += 0.6 * up
        moved[:, leg[2]] += out[:, None] * reach
        moved += 0.5 * out[:, None, None] * reach
    return moved


def hop(t: Arrays, beats: Arrays, rng: Generator) -> Floats:
    """Jumps: the feet land on the beats of a pattern."""
    landings = beat_pattern(beats, rng)
    high = np.full(len(landings), rng.uniform(0.04, 0.2))
    up = strikes(t, landings, high, rng.uniform(0.15, 0.25), rng.uniform(0.5, 1.0))
    moved = np.zeros((len(t), JOINTS, 3))
    moved[:, :, 1] = up[:, None]
    return moved


def twist(t: Arrays, beats: Arrays, rng: Generator) -> Floats:
    """Shoulders and arms turn about the spine."""
    angle = rng.uniform(0.1, 0.6) * wave(t, beats, rng, float(rng.choice([0.5, 0.5, 1.0])))
    moved = np.zeros((len(t), JOINTS, 3))
    above = [5, 6, 7, 8, 9, 10]
    moved[:, above, 2] = -np.sin(angle)[:, None] * REST[above, 0]
    moved[:, above, 0] = (np.cos(angle)[:, None] - 1.0) * REST[above, 0]
    return moved


def arm(way: Floats, side: int) -> Floats:
    """An arm whose wrist goes by `way` (n, 3); the elbow follows."""
    moved = np.zeros((len(way), JOINTS, 3))
    _, elbow, wrist = ARMS[side]
    moved[:, wrist] = way
    moved[:, elbow] = np.mean(_ELBOW) * way
    return moved


def poses(t: Arrays, beats: Arrays, rng: Generator) -> Floats:
    """Arms from pose to pose, together, mirrored or each for itself; arrivals on a pattern."""
    moved = np.zeros((len(t), JOINTS, 3))
    together = rng.random() < 0.6
    events = beat_pattern(beats, rng)
    figures = rng.normal(0.0, rng.uniform(0.08, 0.3), (int(rng.choice([2, 2, 4, 8])), 3))
    if rng.random() < 0.3:
        figures = figures[:1] * np.array([[1.0], [-1.0]])
    sharp = rng.uniform(0.0, 0.8)
    for side, mirror in enumerate((1.0, rng.choice([1.0, -1.0]))):
        if side and not together:
            if rng.random() < 0.5:
                break
            events = beat_pattern(beats, rng)
        places = np.resize(figures, (len(events), 3)) * [mirror, 1.0, 1.0]
        if len(events) > 1:
            arrive = _prepared(events, places, rng)
            moved += arm(between(t, *arrive, np.tile([0.0, sharp], len(events))[:-1]), side)
    return moved


def _prepared(events: Arrays, places: Arrays, rng: Generator) -> tuple[Floats, Floats]:
    """Knots and places of a hand that rests in each pose for a while, and arrives in time."""
    gaps = np.diff(events, append=events[-1] + 0.5)
    rest = events + gaps * rng.uniform(0.0, 0.6)
    knots = np.stack([events, rest], axis=1).ravel()
    return knots, np.repeat(places, 2, axis=0)


def beating(t: Arrays, beats: Arrays, rng: Generator) -> Floats:
    """Arms that strike, punch or clap: at the far end on the beats of a pattern."""
    moved = np.zeros((len(t), JOINTS, 3))
    way = rng.normal([0.0, 0.15, 0.0], 0.2)
    both = rng.random() < 0.6
    side = int(rng.integers(2))
    for k, mirror in ((side, 1.0), (1 - side, -1.0)):
        hits = beat_pattern(beats, rng)
        tops = np.exp(rng.normal(0.0, 0.2, len(hits)))
        up = strikes(t, hits, tops, rng.uniform(0.08, 0.35), rng.uniform(0.0, 1.0))
        moved += arm(up[:, None] * way * [mirror, 1.0, 1.0], k)
        if not both:
            break
    return moved


def circles(t: Arrays, beats: Arrays, rng: Generator) -> Floats:
    """Hands in ellipses, lowest on the beat, one turn in one, two or four beats."""
    rate = float(rng.choice([1.0, 0.5, 0.25]))
    size = rng.uniform(0.05, 0.3, 2)
    spin = rng.choice([-1.0, 1.0])
    turns = 2 * np.pi * phase(t, beats) * rate
    turns = turns + rng.uniform(-0.5, 0.5) * np.sin(turns)
    way = np.stack([spin * size[0] * np.sin(turns), -size[1] * np.cos(turns), 0 * turns], axis=1)
    moved = arm(way, 0)
    if rng.random() < 0.6:
        moved += arm(way * [rng.choice([-1.0, 1.0]), 1.0, 1.0], 1)
    return moved


MOVEMENTS: dict[str, tuple[Movement, float]] = {
    "bounce": (bounce, 0.55),
    "sway": (sway, 0.45),
    "nod": (nod, 0.3),
    "step": (step, 0.4),
    "hop": (hop, 0.08),
    "twist": (twist, 0.2),
    "poses": (poses, 0.45),
    "beating": (beating, 0.3),
    "circles": (circles, 0.15),
}
"""Movements by name, and how often a dance has each."""


def dance(t: Arrays, beats: Arrays, rng: Generator, base: Floats = REST) -> Floats:
    """Joints (n, 17, 3) in m of somebody who dances to `beats` at times (n,)."""
    jitter, lag = rng.uniform(0.004, 0.03), rng.normal(0.0, 0.02)
    names = [n for n, (_, share) in MOVEMENTS.items() if rng.random() < share]
    names = names or [str(rng.choice(["bounce", "poses", "beating", "sway"]))]
    places = np.repeat(base[None], len(t), axis=0)
    for name in names:
        own = felt(rng, beats, jitter, lag + rng.normal(0.0, 0.01))
        moved = MOVEMENTS[name][0](t, own, rng)
        places += moved * envelope(rng, t, rng.choice([0.0, 0.5, 1.5]))[:, None, None]
    return places + besides(t, rng)


def besides(t: Arrays, rng: Generator) -> Floats:
    """What nobody keeps still: drift, breath, restless hands, steps to elsewhere; (n, 17, 3)."""
    moved = lean(rng.uniform(0.005, 0.04) * wander(rng, t, 0.02, 0.4, 3))
    moved += rng.uniform(0.0, 0.15) * wander(rng, t, 0.01, 0.15, 3)[:, None] * [1.0, 0.05, 1.0]
    for side in (0, 1):
        moved += arm(rng.uniform(0.0, 0.04) * wander(rng, t, 0.1, 1.2, 3), side)
    for leg in LEGS:
        moved[:, leg[1]] += rng.uniform(0.0, 0.02) * wander(rng, t, 0.05, 0.6, 3)
    return moved


def aimless(t: Arrays, rng: Generator, base: Floats = REST) -> Floats:
    """Joints of somebody who moves without a beat: stands, talks with the hands, is restless."""
    places = np.repeat(base[None], len(t), axis=0) + besides(t, rng)
    much = float(rng.choice([0.0, 0.3, 1.0]))
    for side in (0, 1):
        gaps = np.exp(rng.normal(np.log(0.7), rng.uniform(0.5, 1.0), 200))
        knots = t[0] + np.cumsum(np.clip(gaps, 0.15, 5.0))
        knots = knots[knots < t[-1] + 5.0]
        goals = rng.normal(0.0, 0.15, (len(knots), 3))
        places += arm(much * between(t, knots, goals, rng.uniform(0.0, 0.8)), side)
        places += arm(0.1 * much * wander(rng, t, 0.2, 2.5, 3), side)
    places += lean(0.05 * much * wander(rng, t, 0.05, 1.2, 3))
    return places

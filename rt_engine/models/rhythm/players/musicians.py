"""Who plays how: each family of musicians turns music into a posture in time.

Places are in metres from the middle of the hips, angles in rad; amplitudes, lags and habits are
drawn for each person. None of this is measured: only the webcam's noise is (`webcam`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from rt_engine.models.rhythm.players.figure import Posture, posture_at_rest
from rt_engine.models.rhythm.players.gestures import between, envelope, landing, strikes, wander
from rt_engine.models.rhythm.players.music import Music, own_time
from rt_engine.motion.quaternion import Arrays, Floats

__all__ = ["FAMILIES", "MUSICIANS", "Musician"]

Musician = Callable[[Music, Arrays, Generator], Posture]


def violinist(music: Music, t: Arrays, rng: Generator) -> Posture:
    """The bow changes at note onsets, some notes slurred; the trunk sways over bars."""
    body = posture_at_rest(len(t), np.array([[0.32, 0.44, 0.36], [-0.1, 0.38, 0.4]]), 0.9)
    notes = _played(music, rng, 0.09)
    onsets = notes[:, 0]
    bow = np.array([-0.75, -0.45, 0.25]) + rng.normal(0, 0.1, 3)
    place = between(t, *_bowing(notes, rng))
    body.hands[:, 1] += place[:, None] * bow
    strings = rng.normal(0.0, 0.04, (len(onsets), 1)) * np.array([0.3, 1.0, 0.0])
    body.hands[:, 1] += between(t, onsets, strings)
    body.hands[:, 0] += between(t, music.every(2), rng.normal(0, 0.02, (len(music.every(2)), 3)))
    shake = np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * t) * rng.uniform(0.0, 0.006)
    body.hands[:, 0, 0] += shake * np.clip(wander(rng, t, 0.1, 0.5, 1)[:, 0], 0, 1)
    body.head += [0.2, 0.15, 0.4]
    body.bend[:, 1] = rng.uniform(0.0, 1.2) * (place - 0.2)
    _sway(body, music, t, rng, 1.0)
    return _moved(body, music, t, rng, nods=rng.choice([0.0, 0.5, 1.0]))


def pianist(music: Music, t: Arrays, rng: Generator) -> Posture:
    """Both hands strike on onsets and travel along the keys; sway over bars and phrases."""
    body = posture_at_rest(len(t), np.array([[0.22, 0.18, 0.42], [-0.22, 0.18, 0.42]]), 0.15)
    onsets, _, velocities = _played(music, rng, 0.04).T
    share, together = rng.uniform(0.3, 0.7), rng.uniform(0.1, 0.6)
    for side in (0, 1):
        mine = rng.random(len(onsets)) < (share if side else 1.0 - share) + together
        lag, force = rng.uniform(-0.02, 0.01), velocities[mine] / 80.0
        hits, force = landing(rng, onsets[mine], 1.0, 0.005, lag, force)
        tops = rng.uniform(0.015, 0.06) * force
        height = strikes(t, hits, tops, rng.uniform(0.08, 0.16), rng.uniform(0.3, 1.0))
        body.hands[:, side, 1] += height
        body.bend[:, side] = 3.0 * height * rng.uniform(0, 3)
        stops = music.every(int(rng.choice([1, 2, 4])))
        travel = rng.normal(0.0, rng.uniform(0.03, 0.12), len(stops))
        body.hands[:, side, 0] += between(t, stops - 0.05, travel)
    _sway(body, music, t, rng, 1.2)
    return _moved(body, music, t, rng, nods=rng.choice([0.0, 0.5, 1.0]))


def drummer(music: Music, t: Arrays, rng: Generator) -> Posture:
    """One hand on the hi-hat, one on the snare; fills, and a trunk that bounces."""
    body = posture_at_rest(len(t), np.array([[0.12, 0.16, 0.42], [-0.05, 0.26, 0.42]]), 0.3)
    ride = music.divided(int(rng.choice([1, 2, 2, 2, 4])))
    backbeat = music.on(2, 4) if music.meter() == 4 else music.on(2, 3)
    snare = backbeat if len(backbeat) > 3 else music.every(2)
    lead = int(rng.random() < 0.85)
    habits = {lead: (ride, rng.uniform(0.05, 0.2)), 1 - lead: (snare, rng.uniform(0.08, 0.35))}
    for side, (events, height) in habits.items():
        hits, force = landing(rng, events, rng.uniform(0.85, 1.0), rng.uniform(0, 0.015), 0.0)
        fall, sharp = rng.uniform(0.08, 0.16), rng.uniform(0.4, 1.0)
        up = strikes(t, hits, height * force, fall, sharp)
        body.hands[:, side] += up[:, None] * np.array([0.1, 1.0, -0.35])
        body.bend[:, side] = up * rng.uniform(0.5, 4.0)
    _bounce(body, music, t, rng, 0.5)
    return _moved(body, music, t, rng, nods=rng.choice([0.0, 1.0, 1.0]))


def dancer(music: Music, t: Arrays, rng: Generator) -> Posture:
    """Knees bend on the beat; arms go from pose to pose that are reached on beats."""
    arms = np.array([[0.3, 0.15, 0.25], [-0.3, 0.15, 0.25]])
    body = posture_at_rest(len(t), arms, 0.8)
    poses = music.every(int(rng.choice([1, 1, 2, 2, 4])))
    figure = rng.normal(0.0, rng.uniform(0.04, 0.22), (int(rng.choice([2, 2, 4, 8])), 2, 3))
    mirrored = rng.random() < 0.5
    if mirrored:
        figure[:, 1] = figure[:, 0] * [-1.0, 1.0, 1.0]
    kept, force = landing(rng, poses, rng.uniform(0.8, 1.0), _jitter(rng), _lag(rng))
    places = np.resize(figure, (len(kept), 2, 3)) * force[:, None, None]
    if len(kept):
        body.hands += between(t, kept, places) * envelope(rng, t, 1.0)[:, None, None]
    _bounce(body, music, t, rng, 1.0, arms=rng.uniform(0.0, 0.1))
    _sway(body, music, t, rng, 1.0)
    return _moved(body, music, t, rng, nods=rng.choice([0.0, 1.0]))


def conductor(music: Music, t: Arrays, rng: Generator) -> Posture:
    """The beat patterns of 2, 3 and 4: an ictus low, and to a side that tells the position."""
    body = posture_at_rest(len(t), np.array([[0.22, 0.25, 0.35], [-0.2, 0.3, 0.4]]), 0.5)
    sides = {2: [0.0, -0.1], 3: [0.0, -0.14, -0.05], 4: [0.0, 0.12, -0.14, -0.03]}
    pattern = np.array(sides.get(music.meter(), [0.0, -0.1]))
    beats, force = landing(rng, music.beats, 1.0, rng.uniform(0, 0.03), _lag(rng))
    nearest = np.abs(music.beats[:, None] - beats).argmin(axis=0)
    position = np.maximum(music.positions[nearest].astype(int) - 1, 0)
    tops = rng.uniform(0.08, 0.3) * force * np.where(position == 0, rng.uniform(1.0, 1.6), 1.0)
    height = strikes(t, beats, tops, rng.uniform(0.12, 0.35), rng.uniform(0.0, 0.8))
    across = between(t, beats, np.resize(pattern, 8)[position % len(pattern)])
    both = rng.random() < 0.5
    level = envelope(rng, t, 0.3)
    for side, sign, on in ((1, 1.0, 1.0), (0, -1.0, float(both))):
        body.hands[:, side, 1] += level * on * height
        body.hands[:, side, 0] += level * on * across * sign * rng.uniform(0.8, 1.6)
    _sway(body, music, t, rng, 0.5)
    return _moved(body, music, t, rng, nods=rng.choice([0.0, 0.5]))


def listener(music: Music, t: Arrays, rng: Generator) -> Posture:
    """Nods, taps a hand on the knee, or rocks; the hands rest."""
    body = posture_at_rest(len(t), np.array([[0.15, 0.08, 0.32], [-0.15, 0.08, 0.32]]), 0.2)
    what = rng.choice(["nod", "tap", "rock", "all"], p=[0.4, 0.2, 0.2, 0.2])
    if what in ("tap", "all"):
        side = int(rng.integers(2))
        taps, force = landing(rng, music.beats, rng.uniform(0.7, 1.0), _jitter(rng), _lag(rng))
        up = strikes(t, taps, rng.uniform(0.03, 0.1) * force, 0.15, rng.uniform(0.2, 1.0))
        up *= envelope(rng, t, 1.0)
        body.hands[:, side, 1] += up
        body.bend[:, side] = up * 4.0
    if what in ("rock", "all"):
        _sway(body, music, t, rng, 2.0, every=int(rng.choice([1, 2])))
        _bounce(body, music, t, rng, 0.5)
    return _moved(body, music, t, rng, nods=1.0 if what in ("nod", "all") else 0.0)


def stranger(music: Music, t: Arrays, rng: Generator) -> Posture:
    """Whose motion has nothing to do with the music: still, restless, or to another beat."""
    kind = rng.choice(["still", "restless", "other"], p=[0.35, 0.35, 0.3])
    if kind == "other":
        others = [dancer, drummer, listener, conductor, violinist, pianist]
        return others[rng.integers(len(others))](own_time(float(t[-1]), rng), t, rng)
    body = posture_at_rest(len(t), np.array([[0.18, 0.1, 0.3], [-0.18, 0.1, 0.3]]), 0.3)
    if kind == "restless":
        scale = rng.uniform(0.01, 0.1)
        body.hands += scale * wander(rng, t, 0.1, rng.uniform(0.6, 2.5), 6).reshape(-1, 2, 3)
        body.lean += 0.6 * scale * wander(rng, t, 0.05, 1.0, 3)
        body.head += 1.5 * scale * wander(rng, t, 0.05, 1.2, 3)
    return _moved(body, music, t, rng, nods=0.0)


def _played(music: Music, rng: Generator, apart: float) -> Floats:
    """Notes (n, 3) at least `apart` s apart; parts of beats where there are hardly any."""
    notes = music.onsets(apart)
    if len(notes) >= 8:
        return notes
    onsets = music.divided(int(rng.choice([1, 2])))
    return np.stack([onsets, np.diff(onsets, append=onsets[-1] + 0.4), 0 * onsets + 80.0], axis=1)


def _bowing(notes: Floats, rng: Generator) -> tuple[Floats, Floats]:
    """Times, and where on its 0.5 m the bow is then: it moves while a note lasts.

    Long and loud notes take more of it; some are slurred, the others change direction.
    """
    onsets, durations, velocities = notes.T
    onsets = onsets + rng.uniform(-0.03, 0.03) + rng.normal(0.0, 0.012, len(onsets))
    onsets = np.maximum.accumulate(onsets)
    gaps = np.diff(onsets, append=onsets[-1] + 0.5)
    lasts = np.clip(durations, 0.05, np.maximum(gaps, 0.05))
    ways = rng.uniform(0.15, 0.32) * np.sqrt(np.minimum(lasts, 2.0)) * (0.5 + velocities / 160.0)
    slurred = rng.random(len(onsets)) < rng.uniform(0.0, 0.5)
    place, direction, places = 0.1, 1.0, [0.1]
    for way, slur in zip(ways.tolist(), slurred.tolist(), strict=True):
        if not slur or not 0.0 <= place + direction * way <= 0.5:
            direction = -direction
        if not 0.0 <= place + direction * way <= 0.5:
            direction = 1.0 if place < 0.25 else -1.0
        place = min(max(place + direction * way, 0.0), 0.5)
        places.append(place)
    knots = np.stack([onsets, onsets + np.minimum(lasts, gaps)], axis=1).ravel()
    return knots, np.stack([places[:-1], places[1:]], axis=1).ravel()


def _jitter(rng: Generator) -> float:
    return float(rng.choice([0.01, 0.02, 0.03, 0.05]))


def _lag(rng: Generator) -> float:
    """How late (s) a body lands after the beat: most around it, some 80 ms behind."""
    return float(rng.uniform(-0.03, 0.08))


def _sway(
    body: Posture, music: Music, t: Arrays, rng: Generator, much: float, every: int = 0
) -> None:
    """The trunk leans from side to side, bar by bar or in phrases of four."""
    bars = every or music.meter() * int(rng.choice([1, 1, 2, 4]))
    turns, force = landing(rng, music.every(bars), 0.9, 0.1, rng.uniform(-0.2, 0.2))
    if len(turns) < 2:
        return
    sign = np.where(np.arange(len(turns)) % 2, 1.0, -1.0) * force
    amount = much * rng.normal(0.0, [0.03, 0.07, 0.07])
    swing = between(t, turns, sign) * envelope(rng, t, 0.5)
    body.lean += swing[:, None] * amount
    body.hips += swing[:, None] * np.array([amount[1] * 0.4, 0.0, 0.0])


def _bounce(
    body: Posture, music: Music, t: Arrays, rng: Generator, much: float, arms: float = 0.0
) -> None:
    """Down on the beat: hips, trunk, and arms by up to `arms` m."""
    hits, force = landing(rng, music.beats, rng.uniform(0.75, 1.0), _jitter(rng), _lag(rng))
    up = strikes(t, hits, force, rng.uniform(0.15, 0.35), rng.uniform(0.0, 0.5))
    up *= much * envelope(rng, t, 0.7)
    body.hips[:, 1] += rng.uniform(0.01, 0.07) * (up - 0.5 * much)
    body.lean[:, 0] -= rng.uniform(0.02, 0.12) * up
    body.hands[:, :, 1] += arms * up[:, None]


def _moved(body: Posture, music: Music, t: Arrays, rng: Generator, nods: float) -> Posture:
    """What everybody does besides: nods as much as `nods`, breath, glances, fidgeting, drift."""
    if nods:
        which = music.every(2) if rng.random() < 0.2 else music.beats
        hits, force = landing(rng, which, rng.uniform(0.7, 1.0), _jitter(rng), _lag(rng))
        up = strikes(t, hits, force, rng.uniform(0.15, 0.4), rng.uniform(0.0, 0.6))
        way = -1.0 if rng.random() < 0.9 else 1.0
        body.head[:, 0] += way * nods * rng.uniform(0.08, 0.4) * up * envelope(rng, t, 1.0)
    body.lean[:, 0] += 0.006 * np.sin(2 * np.pi * rng.uniform(0.2, 0.35) * t)
    body.lean += rng.uniform(0.005, 0.04) * wander(rng, t, 0.02, 0.25, 3)
    body.head += rng.uniform(0.01, 0.06) * wander(rng, t, 0.02, 0.5, 3)
    body.hands += rng.uniform(0.002, 0.012) * wander(rng, t, 0.05, 1.0, 6).reshape(-1, 2, 3)
    looks = np.sort(rng.uniform(t[0], t[-1], rng.poisson((t[-1] - t[0]) / 10.0) * 2))
    if len(looks) > 1:
        targets = rng.normal(0, 1, (len(looks), 3)) * [0.1, 0.05, 0.4]
        body.head += between(t, looks, targets - targets[0])
    _fidget(body, t, rng)
    return body


def _fidget(body: Posture, t: Arrays, rng: Generator) -> None:
    """Now and then a hand goes somewhere and comes back."""
    for _ in range(rng.poisson(0.5 * (t[-1] - t[0]) / 20.0)):
        start, length = rng.uniform(t[0], t[-1]), rng.uniform(0.6, 2.5)
        edges = start + length * np.array([0.0, 0.3, 0.7, 1.0])
        share = between(t, edges, np.array([0.0, 1.0, 1.0, 0.0]))[:, None]
        side, target = int(rng.integers(2)), rng.normal([0, 0.4, 0.3], 0.2)
        hand = body.hands[:, side]
        body.hands[:, side] = hand + share * (target - hand)


MUSICIANS: dict[str, tuple[Musician, float]] = {
    "violinist": (violinist, 0.2),
    "pianist": (pianist, 0.15),
    "drummer": (drummer, 0.13),
    "dancer": (dancer, 0.12),
    "conductor": (conductor, 0.08),
    "listener": (listener, 0.17),
    "stranger": (stranger, 0.15),
}
"""Families by name, and how often each is drawn."""

FAMILIES = tuple(MUSICIANS)

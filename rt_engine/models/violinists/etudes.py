"""Etudes: scales, arpeggios, runs, long notes and leaps, with the bowing written into them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rt_engine.violin.simulation import RATE, Note

__all__ = ["KINDS", "Etude", "etude"]

KINDS = ("scale", "arpeggio", "sixteenths", "long", "melody", "leaps")
TOUCHES = ("detached", "legato", "mixed", "spiccato", "martele")
KEPT = {"detached": 0.94, "legato": 1.0, "mixed": 0.97, "spiccato": 0.5, "martele": 0.7}
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 11)
BOTTOM, TOP = 55, 95
START = 0.5  # s before the first note


class Etude(NamedTuple):
    """Notes of one part, and how loud they are meant: (n,), 0 to 1, 50 a second."""

    kind: str
    touch: str
    bpm: float
    notes: tuple[Note, ...]
    level: NDArray[np.float64]


def etude(rng: Generator, seconds: float = 45.0) -> Etude:
    """An etude by chance, about `seconds` long; the same for the same state of `rng`."""
    kind = str(rng.choice(KINDS))
    touch = str(rng.choice(TOUCHES)) if kind != "long" else "legato"
    bpm = float(rng.uniform(60.0, 150.0))
    pitches = _pitches(kind, rng)
    starts, lengths = _rhythm(kind, touch, bpm, len(pitches), seconds, rng)
    count = len(starts)
    slurs = _slurs(touch, lengths, rng)
    level = _dynamics(rng, round((starts[-1] + lengths[-1] + 1.0) * RATE))
    notes = []
    for k in range(count):
        velocity = 40.0 + 75.0 * level[min(int(starts[k] * RATE), len(level) - 1)]
        follows = k + 1 < count and slurs[k + 1]
        kept = 1.0 if follows else KEPT[touch]
        end = starts[k] + kept * lengths[k]
        notes.append(Note(starts[k], end, float(pitches[k]), round(velocity), bool(slurs[k])))
    return Etude(kind, touch, bpm, tuple(notes), level)


def _pitches(kind: str, rng: Generator, count: int = 600) -> NDArray[np.int64]:
    steps = MAJOR if rng.random() < 0.6 else MINOR
    key = int(rng.integers(55, 67))
    ladder = np.array([p for p in range(BOTTOM, TOP + 1) if (p - key) % 12 in steps])
    if kind == "arpeggio":
        ladder = np.array([p for p in ladder if (p - key) % 12 in (steps[0], steps[2], steps[4])])
    high = int(rng.integers(len(ladder) // 2, len(ladder)))
    if kind in ("scale", "arpeggio"):
        wave = np.concatenate([np.arange(high), np.arange(high, 0, -1)])
        return np.asarray(np.resize(ladder[wave], count))
    spread = {"sixteenths": 2.0, "long": 3.0, "melody": 2.5, "leaps": 6.0}[kind]
    place, found = high / 2, []
    for _ in range(count):
        place += rng.normal(0.0, spread) - 0.1 * (place - high / 2)
        place = float(np.clip(place, 0, high))
        found.append(int(ladder[round(place)]))
    return np.array(found)


def _rhythm(
    kind: str, touch: str, bpm: float, count: int, seconds: float, rng: Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    beat = 60.0 / bpm
    values = {
        "sixteenths": [0.25], "scale": [0.5], "arpeggio": [1 / 3], "long": [2.0, 4.0],
        "melody": [0.5, 1.0, 1.5, 0.25], "leaps": [0.5, 1.0],
    }[kind]  # fmt: skip
    if kind in ("scale", "arpeggio") and rng.random() < 0.5:
        values = [float(rng.choice([0.25, 0.5, 1.0]))]
    if touch == "spiccato":
        values = [min(v, 0.5) for v in values]
    lengths = rng.choice(values, count) * beat
    lengths *= 1.0 + rng.normal(0.0, 0.01, count)
    rests = (rng.random(count) < 0.03) * rng.uniform(0.3, 1.2, count)
    starts = START + np.concatenate([[0.0], np.cumsum(lengths + rests)[:-1]])
    enough = max(2, int(np.searchsorted(starts + lengths, seconds - 1.0)))
    return starts[:enough], lengths[:enough]


def _slurs(touch: str, lengths: NDArray[np.float64], rng: Generator) -> list[bool]:
    """Which notes go on in the bow of the one before: groups of equal size, or now and then."""
    count = len(lengths)
    if touch == "legato":
        group = int(rng.choice([2, 3, 4, 6, 8]))
        bow = np.cumsum(lengths)
        slurs, since = [], 0.0
        for k in range(count):
            first = k % group == 0 or bow[k] - since > 3.0
            since = (bow[k - 1] if k else 0.0) if first else since
            slurs.append(not first)
        return slurs
    if touch == "mixed":
        pattern = [[0, 1], [0, 1, 0, 0], [0, 0, 0, 1], [0, 1, 1, 0], [0, 1, 1]][rng.integers(5)]
        return [bool(x) for x in np.resize(pattern, count)]
    return [False] * count


def _dynamics(rng: Generator, frames: int) -> NDArray[np.float64]:
    """Swells between levels that change every few seconds, 0 to 1."""
    knots = np.arange(0.0, frames / RATE + 6.0, rng.uniform(2.0, 5.0))
    levels = np.clip(rng.normal(0.55, 0.22, len(knots)), 0.08, 1.0)
    return np.asarray(np.interp(np.arange(frames) / RATE, knots, levels))

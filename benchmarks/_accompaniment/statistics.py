"""The measures of RhythmicNet's table 3, after Yang and Lerch, "On the evaluation of generative
models in music" (Neural Computing and Applications, 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.accompaniment.notes import BarNote
from rt_engine.drums.bar import STEPS_A_BEAT

__all__ = ["Passage", "broken", "lengths", "overlap", "pitch_classes", "values"]

Floats = NDArray[np.float64]
LONGEST = 16  # sixteenths, of a note


class Passage(NamedTuple):
    """Bars in a row: their notes, how long each bar is in beats, and the tempo in BPM."""

    bars: Sequence[Sequence[BarNote]]
    beats: Sequence[float]
    tempo: float


def values(passage: Passage) -> tuple[float, float, float]:
    """PC/bar (different pitches of a bar that sounds), PI (semitones from a note to the next), and
    IOI (s from an onset to the next, notes of one position counted once); NaN without notes.
    """
    counts = [len({n.pitch for n in bar}) for bar in passage.bars if bar]
    pitches, onsets, first = [], [], 0.0
    for bar, beats in zip(passage.bars, passage.beats, strict=True):
        for note in sorted(bar):
            pitches.append(note.pitch)
            onsets.append(first + note.start)
        first += beats
    steps = [abs(b - a) for a, b in pairwise(pitches)]
    gaps = np.diff(np.unique(np.round(onsets, 6))) * 60.0 / passage.tempo
    return mean(counts), mean(steps), mean(gaps)


def mean(numbers: Sequence[float] | Floats) -> float:
    return float(np.mean(numbers)) if len(numbers) else float("nan")


def pitch_classes(passage: Passage) -> Floats:
    """How often each pitch class is struck: (12,), its sum 1, or 0 without notes."""
    found = [n.pitch % 12 for bar in passage.bars for n in bar]
    return shares(found, 12)


def lengths(passage: Passage) -> Floats:
    """How often each note length occurs, in sixteenths: (16,), likewise."""
    found = [round(n.duration * STEPS_A_BEAT) - 1 for bar in passage.bars for n in bar]
    return shares([min(max(k, 0), LONGEST - 1) for k in found], LONGEST)


def shares(found: list[int], classes: int) -> Floats:
    counts = np.bincount(found, minlength=classes)[:classes].astype(float)
    return counts / max(counts.sum(), 1.0)


def overlap(one: Floats, two: Floats) -> float:
    """Overlapping area of two histograms: 0 to 1."""
    return float(np.minimum(one, two).sum())


def broken(passage: Passage) -> int:
    """Bars with a note that begins before the bar, rings beyond it, or has no length."""
    return sum(
        any(n.start < 0 or n.duration <= 0 or n.start + n.duration > beats + 1e-9 for n in bar)
        for bar, beats in zip(passage.bars, passage.beats, strict=True)
    )

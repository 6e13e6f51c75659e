"""Chords of a song from its notes, by templates.

For each stretch the pitch classes are weighed by how long they sound; the chord is that whose
tones hold most of the weight, the bass adding to its root. Source of the idea: Fujishima,
"Realtime chord recognition of musical sound" (ICMC 1999); weights are our own.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rt_engine.accompaniment.harmony import CHORDS, NO_CHORD, QUALITIES

__all__ = ["recognise"]

Floats = NDArray[np.float64]

BASS = 0.3  # what the lowest sounding pitch class adds to chords on it, as a share of the weight
RARE = {"": 0.0, "m": 0.0, "7": 0.05, "maj7": 0.05, "m7": 0.05, "dim": 0.06}  # cost of a quality
LEAST = 0.6  # share of the weight that a chord must explain


def _templates() -> tuple[Floats, Floats, NDArray[np.int64]]:
    inside = np.array([chord.tones for chord in CHORDS], float)
    cost = np.array([RARE[chord.quality] for chord in CHORDS])
    return inside, cost, np.array([chord.root for chord in CHORDS])


INSIDE, COST, ROOT = _templates()
SIZES = np.array([len(QUALITIES[chord.quality]) for chord in CHORDS])


def recognise(notes: Floats, edges: Floats) -> list[int]:
    """Index of `CHORDS` for every stretch between two edges, `NO_CHORD` where none fits.

    notes: (n, 3): start, end, MIDI pitch of all that is pitched, in the unit of the edges.
    """
    if not len(notes):
        return [NO_CHORD] * (len(edges) - 1)
    return [_chord(notes, a, b) for a, b in pairwise(edges.tolist())]


def _chord(notes: Floats, begin: float, end: float) -> int:
    sounding = np.minimum(notes[:, 1], end) - np.maximum(notes[:, 0], begin)
    there = sounding > 0.02 * (end - begin)
    if not there.any():
        return NO_CHORD
    pitches, lengths = notes[there, 2].astype(int), sounding[there] / (end - begin)
    sums = np.bincount(pitches % 12, np.sqrt(lengths), 12)
    weight = sums / sums.sum()
    if np.count_nonzero(weight > 0.05) < 2:
        return NO_CHORD
    low = pitches[pitches <= pitches.min() + 2]
    bass = np.bincount(low % 12, minlength=12) / len(low)
    explained = INSIDE @ weight
    missing = (INSIDE * (weight < 0.03)).sum(axis=1) / SIZES
    score = explained - 0.25 * missing + BASS * bass[ROOT] - COST
    best = int(np.argmax(score))
    return best if explained[best] >= LEAST else NO_CHORD

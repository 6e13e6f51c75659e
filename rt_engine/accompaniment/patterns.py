"""What each instrument plays by rule over a chord and a bar of drums, where no model writes.

The bass keeps to the kick, the piano to the beats and the snare, the guitar strums.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rt_engine.accompaniment.harmony import CHORDS, NO_CHORD, Chord
from rt_engine.accompaniment.notes import BarNote
from rt_engine.accompaniment.progression import Chords
from rt_engine.accompaniment.tokens import RANGES
from rt_engine.drums.bar import STEPS_A_BEAT, Bar

__all__ = ["closing", "pattern", "voicing"]

Steps = list[int]

KICK, SNARE = 0, 1  # of `drums.kit.DRUMS`
CENTRES = {"piano": 60, "guitar": 55, "bass": 36}  # around which a chord is laid
LOUD, SOFT = 84, 64


def pattern(drums: Bar, chords: Chords, instrument: str, density: float = 0.5) -> list[BarNote]:
    """The notes of a bar; density: 0..1. A half without a chord is silent."""
    steps = len(drums)
    half = (steps + 1) // 2
    struck = STRIKES[instrument](drums, density)
    ends = [*struck[1:], steps]
    notes = []
    for start, end in zip(struck, ends, strict=True):
        index = chords[0 if start < half else 1]
        if index == NO_CHORD:
            continue
        velocity = LOUD if start % STEPS_A_BEAT == 0 else SOFT
        for pitch in voicing(CHORDS[index], instrument):
            beats = start / STEPS_A_BEAT, (end - start) / STEPS_A_BEAT
            notes.append(BarNote(*beats, pitch, velocity))
    return notes


def voicing(chord: Chord, instrument: str) -> list[int]:
    """The pitches of a chord around the instrument's middle; of the bass the root alone."""
    centre = CENTRES[instrument]
    tones = [chord.root] if instrument == "bass" else np.flatnonzero(chord.tones).tolist()
    pitches = sorted(centre - 6 + (tone - (centre - 6)) % 12 for tone in tones)
    low, high = RANGES[instrument]
    assert low <= pitches[0] and pitches[-1] <= high
    return pitches


def closing(chords: Chords, instrument: str, beats: float) -> list[BarNote]:
    """A last long chord from the downbeat on: the first of a bar's, or nothing without one."""
    if chords[0] == NO_CHORD:
        return []
    chord = CHORDS[chords[0]]
    return [BarNote(0.0, beats, pitch, LOUD) for pitch in voicing(chord, instrument)]


def _bass(drums: Bar, density: float) -> Steps:
    kicks = _where(drums.hits[:, KICK])
    if density < 0.25 or not kicks:
        return [0]
    if density >= 0.75:
        kicks = sorted({*kicks, *range(0, len(drums), STEPS_A_BEAT)})
    return sorted({0, *kicks})


def _piano(drums: Bar, density: float) -> Steps:
    beats = list(range(0, len(drums), STEPS_A_BEAT))
    if density < 0.25:
        return [0]
    if density < 0.5:
        return beats[0::2]
    snares = _where(drums.hits[:, SNARE])
    return sorted({*beats[0::2], *snares} if density < 0.75 else {*beats, *snares})


def _guitar(drums: Bar, density: float) -> Steps:
    apart = 8 if density < 0.25 else 4 if density < 0.5 else 2
    steps = set(range(0, len(drums), apart))
    return sorted(steps | set(_where(drums.rhythm > 0)) if density >= 0.75 else steps)


def _where(hits: NDArray[np.bool_]) -> Steps:
    found: Steps = np.flatnonzero(hits).tolist()
    return found


STRIKES: dict[str, Callable[[Bar, float], Steps]] = {
    "bass": _bass,
    "piano": _piano,
    "guitar": _guitar,
}

"""How a drummer marks form: a fill before a phrase begins, a crash where it does."""

from __future__ import annotations

import numpy as np

from rt_engine.models.rhythm.material.scores import START, Floats, Part

Rng = np.random.Generator

MARKED = 0.75  # chance a band that its drummer marks phrases at all
CRASHED, FILLED = 0.8, 0.6  # chances a phrase, where he does
STRAY = 0.06  # chance a bar of a crash or a fill that marks nothing

CRASHES, KICK = (49, 57), 36
FALLING = (38, 38, 50, 48, 45, 43)  # from the snare down the toms


def marked(drums: Part, beats: Floats, phrases: Floats | None, rng: Rng) -> Part:
    """The drums with crashes and fills at the starts of phrases (s), and a few elsewhere.

    Pop drummers do so far more often than not, but the loops of a set know nothing of the song
    they are put under. Without phrases, or for a quarter of the bands, the part stays as it is.
    """
    if phrases is None or rng.random() > MARKED:
        return drums
    ones = np.flatnonzero(beats[:, 1] == 1)
    starts = {int(np.argmin(np.abs(beats[:, 0] - t))) for t in phrases}
    notes = drums.notes
    for one in ones.tolist():
        crash, fill = (CRASHED, FILLED) if one in starts else (STRAY, STRAY)
        if rng.random() < fill:
            notes = filled(notes, beats, one, rng)
        if rng.random() < crash:
            notes = np.vstack([notes, crashed(float(beats[one, 0]), rng)])
    return drums._replace(notes=notes[np.argsort(notes[:, START], kind="stable")])


def crashed(t: float, rng: Rng) -> Floats:
    """A cymbal and the kick at `t` s."""
    loud = rng.uniform(95, 127)
    return np.array([(t, t + 0.1, rng.choice(CRASHES), loud), (t, t + 0.1, KICK, loud)])


def filled(notes: Floats, beats: Floats, one: int, rng: Rng) -> Floats:
    """The notes with one or two beats before beat `one` replaced by a fall over the drums."""
    count = int(rng.integers(1, 3))
    if one < count:
        return notes
    begin, end = beats[one - count, 0], beats[one, 0]
    kept = notes[(notes[:, START] < begin - 0.02) | (notes[:, START] >= end - 0.02)]
    steps = count * int(rng.choice((2, 3, 4, 4)))
    places = begin + np.arange(steps) / steps * (end - begin)
    there = rng.random(steps) < 0.85
    pitches = np.array(FALLING)[np.arange(steps) * len(FALLING) // steps]
    loud = np.clip(np.linspace(70, 115, steps) + rng.normal(0, 8, steps), 1, 127)
    fall = np.column_stack([places, places + 0.1, pitches, loud])[there]
    return np.vstack([kept, fall])

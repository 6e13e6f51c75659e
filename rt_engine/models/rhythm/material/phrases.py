"""Phrases of POP909: bars counted by two listeners, put onto the beats of the performance."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from rt_engine.models.rhythm.material.scores import END, START, Floats

BAR = 4  # beats of a bar, where no downbeat says otherwise
LONG = 6  # beats from one downbeat to the next that are more than a bar
SHIFTS = (0, -1, 1, 2, -2)  # bars between the first downbeat and the listeners' first bar
AGREEMENT = 0.85  # of the bars, between phrases with melody and the melody itself


def phrase_starts(
    beats: Floats, melody: Floats, one: str, two: str
) -> tuple[Floats, Floats] | tuple[None, None]:
    """Starts of phrases in s by both listeners; None twice if the bars cannot be placed.

    beats: (k, 2); melody: notes. one, two: as in the files, `i4A4B8...`, a letter for the type
    (capitals have a melody) and a number of bars.

    The files say nothing of where their first bar lies. It is looked for around the first
    downbeat, as the place where the melody sounds in the phrases that are said to have one.
    """
    if (beats[:, 1] == 1).sum() < 2:
        return None, None
    starts, lead = bar_starts(beats[:, 1])
    bars = beats[starts, 0]
    sung = coverage(melody, bars)
    labels = with_melody(one)
    agreement = [_agreement(labels, sung, lead + shift) for shift in SHIFTS]
    best = int(np.argmax(agreement))
    if agreement[best] < AGREEMENT:
        return None, None
    first = lead + SHIFTS[best]
    return _starts(one, bars, first), _starts(two, bars, first)


def bar_starts(positions: Floats) -> tuple[NDArray[np.int_], int]:
    """Beats at which a bar begins, and how many of them lie before the first downbeat.

    positions: of the beats in their bar, 1 at downbeats. The listeners counted every bar as one,
    a bar of two beats between others too: on such bars their phrases begin where chords change
    (64 % of them, as of the downbeats themselves), on every fourth beat far less often (32 % of
    those that are no downbeat then).
    """
    ones = np.flatnonzero(positions == 1)
    starts = list(range(int(ones[0]) % BAR, int(ones[0]), BAR))
    lead = len(starts)
    for first, size in zip(ones.tolist(), [*np.diff(ones).tolist(), 0], strict=True):
        starts.append(first)
        while size >= LONG:
            first, size = first + BAR, size - BAR
            starts.append(first)
    return np.array(starts), lead


def parse(text: str) -> list[tuple[str, int]]:
    """Types of phrases and their bars."""
    return [(kind, int(bars)) for kind, bars in re.findall(r"([A-Za-z])(\d+)", text)]


def with_melody(text: str) -> NDArray[np.bool_]:
    """For every bar, whether its phrase has a melody: a capital, but X has none of its own."""
    kinds, bars = zip(*parse(text), strict=True)
    return np.asarray(np.repeat([kind.isupper() and kind != "X" for kind in kinds], bars))


def coverage(notes: Floats, bars: Floats) -> NDArray[np.bool_]:
    """For every bar but the last, whether notes sound in at least a quarter of it."""
    starts, ends = notes[:, START, None], notes[:, END, None]
    inside = np.minimum(ends, bars[1:]) - np.maximum(starts, bars[:-1])
    return np.asarray(np.maximum(inside, 0).sum(axis=0) > 0.25 * np.diff(bars))


def _agreement(labels: NDArray[np.bool_], sung: NDArray[np.bool_], first: int) -> float:
    places = first + np.arange(len(labels))
    inside = (places >= 0) & (places < len(sung))
    return float((labels[inside] == sung[places[inside]]).sum() / len(labels))


def _starts(text: str, bars: Floats, first: int) -> Floats:
    counts = [bars for _, bars in parse(text)]
    places = first + np.cumsum([0, *counts[:-1]])
    return np.asarray(bars[places[(places >= 0) & (places < len(bars))]])

"""Solo lines with dynamics and articulation that are known, because they were put there.

Dynamics. A line is cut into phrases of 2 to 4 bars (of 4 beats where bars are unknown). Every
phrase gets one of six levels (pp and less, p, mp, mf, f, ff and more) that differs from the one
before; in 4 of 10 changes the last quarter of the phrase swells or fades towards the next.
The level, a number from 0 to 5, becomes MIDI velocity (30 to 118), expression (CC 11, 58 to 127,
for instruments that sustain) and brightness: the sound is mixed with a copy through a low-pass
filter (-6 dB at 1.1 kHz) whose share falls from 0.75 at pp to 0 at ff, since many fonts have one
velocity layer only. The label of a frame is the level, rounded, from the first note on.

Articulation. Every phrase of 1 to 3 bars is legato (each note lasts until 0 to 60 ms after the
start of the next), neutral (0.7 to 0.9 of the way to it) or staccato (0.2 to 0.5 of it). The
label of a frame is the class of the note that started last, until the next one starts; in a rest
of the line (more than 0.5 s, longer than the note before it) it is -1, unknown.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.models.rhythm.material.acoustics import shaped
from rt_engine.models.rhythm.material.render import RATE
from rt_engine.models.rhythm.material.scores import (
    END,
    PITCH,
    START,
    VELOCITY,
    Floats,
    Part,
    Score,
)
from rt_engine.signal.rhythm_mel import FPS

Rng = np.random.Generator
Labels = NDArray[np.int8]

LEVELS, LEGATO, NEUTRAL, STACCATO = 6, 0, 1, 2
VELOCITIES = (30, 118)  # of pp and ff
EXPRESSIONS = (58, 127)
DARKNESS = (0.75, 0.0)  # share of the low-pass copy
CORNER = 1100.0  # Hz
STEP = 0.05  # s between values of expression
RATIOS = {NEUTRAL: (0.7, 0.9), STACCATO: (0.2, 0.5)}
OVERLAP = 0.06  # s, most of legato
REST = 0.5  # s

BOWED = (40, 40, 40, 41, 42)
OTHERS = (73, 71, 56, 68, 65, 66, 0, 0, 24, 60, 74, 57)
HELD_OUT = {"valid": (70, 58, 4, 75), "test": (69, 64, 72, 59, 6, 43)}  # never in training


class Line(NamedTuple):
    """A solo line as a score; levels: (m, 2) of time and level 0..5; labels a frame."""

    score: Score
    levels: Floats
    dynamics: Labels
    articulation: Labels


def expressive(score: Score, seconds: float, split: str, rng: Rng) -> Line:
    """The line of a score of one part, played with dynamics and articulation."""
    notes = single_line(score.parts[0].notes)
    notes = notes[(notes[:, START] >= 0) & (notes[:, START] < seconds - 0.1)]
    if len(notes) < 20:
        raise ValueError("too few notes")
    program = instrument(split, rng)
    notes = in_range(notes, program)
    levels = level_curve(phrase_edges(score.beats, seconds, (2, 4), rng), seconds, rng)
    classes = np.zeros(len(notes), int)
    edges = phrase_edges(score.beats, seconds, (1, 3), rng)
    for begin, end in pairwise(edges):
        inside = (notes[:, START] >= begin - 0.05) & (notes[:, START] < end - 0.05)
        classes[inside] = rng.integers(3)
    rests = line_rests(notes)
    notes[:, END] = articulated(notes, rests, classes, rng)
    at = np.interp(notes[:, START], *levels.T)
    loud = np.interp(at, (0, LEVELS - 1), VELOCITIES) + rng.normal(0, 3, len(notes))
    notes[:, VELOCITY] = np.clip(loud, 1, 127)
    part = Part(notes, program, False, swell(levels, seconds, program))
    return Line(
        score._replace(parts=(part,)),
        levels,
        dynamics_labels(levels, notes, seconds),
        articulation_labels(notes, rests, classes, seconds),
    )


def instrument(split: str, rng: Rng) -> int:
    """A program, bowed strings in half of the cases; some are kept for `valid` and `test`."""
    if split in HELD_OUT and rng.random() < 0.5:
        return int(rng.choice(HELD_OUT[split]))
    return int(rng.choice(BOWED if rng.random() < 0.55 else OTHERS))


def single_line(notes: Floats) -> Floats:
    """The highest of the notes that start together (within 40 ms), and none within 90 ms."""
    ordered = notes[np.lexsort((-notes[:, PITCH], notes[:, START]))]
    kept: list[int] = []
    for k, note in enumerate(ordered):
        if kept and note[START] - ordered[kept[-1], START] < 0.04:
            if note[PITCH] > ordered[kept[-1], PITCH]:
                kept[-1] = k
        elif not kept or note[START] - ordered[kept[-1], START] >= 0.09:
            kept.append(k)
    return np.asarray(ordered[kept])


RANGES = {41: (48, 84), 42: (36, 76), 43: (28, 60), 70: (34, 74), 57: (40, 74), 58: (30, 60)}


def in_range(notes: Floats, program: int) -> Floats:
    """The line moved by octaves into the range of the instrument, 55 to 96 where none is named."""
    low, high = RANGES.get(program, (55, 96))
    middle = np.median(notes[:, PITCH])
    moved = notes.copy()
    moved[:, PITCH] += 12 * np.rint(((low + high) / 2 - middle) / 12)
    return moved


def phrase_edges(beats: Floats, seconds: float, bars: tuple[int, int], rng: Rng) -> list[float]:
    """Times where phrases of so many bars begin, from 0 on, and the end."""
    ones = beats[beats[:, 1] == 1][:, 0]
    if len(ones) < 3:
        ones = beats[::4, 0]
    edges, k = [0.0], int(rng.integers(0, 2))
    while k < len(ones):
        if 0.8 < ones[k] < seconds and ones[k] - edges[-1] > 0.8:
            edges.append(float(ones[k]))
        k += int(rng.integers(bars[0], bars[1] + 1))
    return [*edges, seconds]


def level_curve(edges: list[float], seconds: float, rng: Rng) -> Floats:
    """Corners (m, 2) of the level over time: constant in a phrase, or swelling at its end."""
    rows: list[tuple[float, float]] = []
    now = int(rng.integers(LEVELS))
    for begin, end in pairwise(edges):
        after = int(rng.choice([k for k in range(LEVELS) if k != now]))
        turn = end - 0.25 * (end - begin) if rng.random() < 0.4 else end - 0.02
        rows += [(begin, now), (turn, now)]
        now = after
    return np.array([*rows, (seconds, rows[-1][1])])


def swell(levels: Floats, seconds: float, program: int) -> Floats:
    """Expression as controls (m, 3); constant and full where the sound decays by itself."""
    times = np.arange(0.0, seconds, STEP)
    values = np.interp(np.interp(times, *levels.T), (0, LEVELS - 1), EXPRESSIONS)
    if program < 16 or 24 <= program < 32:
        values[:] = EXPRESSIONS[1]
    return np.column_stack([times, np.full(len(times), 11), np.rint(values)])


def line_rests(notes: Floats) -> NDArray[np.bool_]:
    """For every note, whether the line rests after it."""
    gap = np.append(notes[1:, START], np.inf) - notes[:, END]
    return np.asarray((gap > REST) & (gap > notes[:, END] - notes[:, START]))


def articulated(
    notes: Floats, rests: NDArray[np.bool_], classes: NDArray[np.int_], rng: Rng
) -> Floats:
    """Ends of notes by their classes, in s."""
    room = note_spans(notes, rests) - notes[:, START]
    repeated = np.append(notes[1:, PITCH] == notes[:-1, PITCH], False)
    ratio = np.ones(len(notes))
    for kind, span in RATIOS.items():
        ratio = np.where(classes == kind, rng.uniform(*span, len(notes)), ratio)
    # a repeated note must end for the next to start
    overlap = np.where(repeated, -0.01, rng.uniform(0, OVERLAP, len(notes)))
    return np.asarray(notes[:, START] + ratio * room + np.where(classes == LEGATO, overlap, 0.0))


def note_spans(notes: Floats, rests: NDArray[np.bool_]) -> Floats:
    """Until when each note counts: the start of the next, or its own end before a rest."""
    return np.asarray(np.where(rests, notes[:, END], np.append(notes[1:, START], notes[-1, END])))


def dynamics_labels(levels: Floats, notes: Floats, seconds: float) -> Labels:
    """The rounded level of every frame, -1 before the first note and after the last."""
    times = np.arange(round(seconds * FPS)) / FPS
    labels = np.rint(np.interp(times, *levels.T)).astype(np.int8)
    labels[(times < notes[0, START]) | (times > notes[-1, END])] = -1
    return labels


def articulation_labels(
    notes: Floats, rests: NDArray[np.bool_], classes: NDArray[np.int_], seconds: float
) -> Labels:
    """The class of the note that every frame lies in, -1 in none."""
    times = np.arange(round(seconds * FPS)) / FPS
    latest = np.searchsorted(notes[:, START], times, side="right") - 1
    inside = latest >= 0
    # by now the ends are those that were played, so a rest after a staccato note counts from them
    until = np.where(rests, notes[:, END] + 0.02, np.append(notes[1:, START], notes[-1, END]))
    inside &= times < until[latest]
    return np.where(inside, classes[latest], -1).astype(np.int8)


def brightened(sound: Floats, levels: Floats) -> Floats:
    """Darker where the level is low: mixed with its copy through a low-pass filter."""
    dark = shaped(sound, lambda f: 1.0 / (1.0 + (f / CORNER) ** 2))
    at = np.interp(np.arange(len(sound)) / RATE, *levels.T)
    share = np.interp(at, (0, LEVELS - 1), DARKNESS)
    return np.asarray(share * dark + (1 - share) * sound)

"""Other instruments, drums and basses for a score: what makes a piano version sound like a band."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rt_engine.models.rhythm.material.scores import (
    END,
    PITCH,
    START,
    VELOCITY,
    Floats,
    Part,
    Score,
)

Rng = np.random.Generator

# Programs of General MIDI, counted from 0.
PIANOS = (0, 0, 0, 1, 2, 3, 4, 5)
MELODIES = (52, 53, 54, 85, 65, 66, 67, 64, 73, 80, 81, 82, 40, 56, 22, 27, 30, 75, 0, 11)
COMPING = (0, 1, 2, 4, 5, 24, 25, 26, 27, 28, 6, 11, 16, 18, 21)
SUSTAINED = (48, 49, 50, 51, 52, 88, 89, 90, 91, 94, 16, 18, 19, 61)
STRUMMED = (24, 25, 26, 27, 29, 30, 30, 29, 7)
BASSES = (32, 33, 33, 34, 35, 36, 37, 38, 39)
KITS = (0, 0, 0, 8, 16, 24, 25, 32, 40)
FAMILY = 8  # programs of one kind stand together in eights

KICK, SNARE, CLAP, HAT, OPEN_HAT, RIDE = 36, 38, 39, 42, 46, 51


def song_in_new_clothes(score: Score, rng: Rng) -> Score:
    """A piano song as the others of a band would play it, or some of them.

    score: melody first, then second melody and piano, as POP909's.
    """
    lead, *others = score.parts
    accompaniment = np.concatenate([part.notes for part in others] or [lead.notes])
    accompaniment = accompaniment[np.argsort(accompaniment[:, START])]
    parts = [played(lead, rng.choice(MELODIES), rng.uniform(0.8, 1.2))]
    if rng.random() < 0.85:
        comping = int(rng.choice(COMPING))
        parts += [played(part, comping, rng.uniform(0.6, 1.0)) for part in others]
    if rng.random() < 0.5:
        parts.append(pad(accompaniment, score.beats, int(rng.choice(SUSTAINED)), rng))
    if rng.random() < 0.5:
        parts.append(strum(accompaniment, score.beats, int(rng.choice(STRUMMED)), rng))
    if rng.random() < 0.8:
        parts.append(bass(accompaniment, score.beats, int(rng.choice(BASSES)), rng))
    return score._replace(parts=tuple(parts))


def played(part: Part, program: int, loudness: float = 1.0) -> Part:
    """The part on another instrument; its pedal is left out where nothing decays by itself."""
    notes = part.notes.copy()
    notes[:, VELOCITY] = np.clip(notes[:, VELOCITY] * loudness, 1, 127)
    controls = part.controls if program < 32 else part.controls[part.controls[:, 1] != 64]
    return part._replace(notes=notes, program=int(program), controls=controls)


def drums_under(beats: Floats, drums: Score, rng: Rng) -> Part:
    """A performance on the song's beats: bar on bar, its time stretched from beat to beat."""
    loop = drums.beats
    meter = int(loop[:, 1].max())
    bars = max(1, (len(loop) - 1) // meter)
    notes = np.concatenate([part.notes for part in drums.parts])
    place = np.interp(notes[:, START], loop[:, 0], np.arange(len(loop)))
    bar = int(rng.integers(bars))
    found = []
    for k in range(len(beats) - 1):
        time, position = beats[k]
        bar += int(position == 1)
        first = (bar % bars) * meter + (int(position) - 1 if position else k) % meter
        # a hit may fall a little before the beat it belongs to
        inside = notes[(place >= first - 0.1) & (place < first + 0.9)]
        offset = place[(place >= first - 0.1) & (place < first + 0.9)] - first
        starts = time + offset * (beats[k + 1, 0] - time)
        found.append(np.column_stack([starts, starts + 0.1, inside[:, PITCH:]]))
    result = np.concatenate(found)
    result[:, VELOCITY] = np.clip(result[:, VELOCITY] * rng.uniform(0.7, 1.3) + 10, 1, 127)
    return Part(result[np.argsort(result[:, START])], int(rng.choice(KITS)), True)


class Style(NamedTuple):
    """Drums by rule: their sounds, and what is played of what could be."""

    cymbal: int
    snare: int
    steps: int  # of the cymbal, a beat
    swing: float  # of a step, by which every second one is late
    floor: bool  # whether the kick plays every beat
    ghosts: float  # chance a beat of a soft snare
    pushes: float  # chance a beat of a kick between beats


def any_style(rng: Rng) -> Style:
    """One of many."""
    steps = int(rng.choice((1, 2, 2, 3, 4, 4)))
    return Style(
        cymbal=int(rng.choice((HAT, HAT, OPEN_HAT, RIDE, 70, 82))),
        snare=int(rng.choice((SNARE, SNARE, 37, CLAP, 40))),
        steps=steps,
        swing=float(rng.choice((0.0, 0.0, 0.0, 0.16, 0.33))) if steps in (2, 4) else 0.0,
        floor=bool(rng.random() < 0.4),
        ghosts=rng.uniform(0, 0.3),
        pushes=rng.uniform(0, 0.25),
    )


def beat_box(beats: Floats, rng: Rng) -> Part:
    """Drums by rule: kick and snare by the position in the bar, and cymbals in equal steps."""
    style = any_style(rng)
    meter = int(beats[:, 1].max()) or 4
    hits: list[tuple[float, int, float]] = []
    for (time, position), (after, _) in pairwise(beats):
        back = position % 2 == 0 if meter % 2 == 0 else position > 1
        hits += [
            (time + place * (after - time), pitch, loud)
            for place, pitch, loud in one_beat(style, bool(back), rng)
        ]
    notes = np.array([(t, t + 0.1, pitch, loud) for t, pitch, loud in hits])
    notes[:, VELOCITY] = np.clip(notes[:, VELOCITY] + rng.normal(0, 8, len(notes)), 1, 127)
    return Part(notes[np.argsort(notes[:, START])], int(rng.choice(KITS)), True)


def one_beat(style: Style, back: bool, rng: Rng) -> list[tuple[float, int, float]]:
    """Hits of a beat, the snare's or not: place in the beat from 0 to 1, drum, velocity."""
    hits: list[tuple[float, int, float]] = [
        ((k + style.swing * (k % 2)) / style.steps, style.cymbal, 90 - 30 * (k > 0))
        for k in range(style.steps)
    ]
    if back:
        hits.append((0.0, style.snare, 105))
    if style.floor or not back:
        hits.append((0.0, KICK, 110))
    if rng.random() < style.pushes:
        hits.append((0.5, KICK, 90))
    if rng.random() < style.ghosts:
        hits.append((0.75, style.snare, 45))
    return hits


def lowest(notes: Floats, spans: Floats) -> Floats:
    """In every span (n, 2) the lowest pitch that starts there; nan where none does."""
    result = np.full(len(spans), np.nan)
    for k, (begin, end) in enumerate(spans):
        inside = notes[(notes[:, START] >= begin - 0.05) & (notes[:, START] < end - 0.05)]
        if len(inside):
            result[k] = inside[:, PITCH].min()
    return result


def bass(notes: Floats, beats: Floats, program: int, rng: Rng) -> Part:
    """The lowest note of every second beat, in the bass's octave, in one of four patterns."""
    halves = beats[np.isin(beats[:, 1], (1, 3))][:, 0]
    spans = np.column_stack([halves[:-1], halves[1:]])
    pattern = int(rng.integers(4))
    rows = []
    for (begin, end), pitch in zip(spans, lowest(notes, spans), strict=True):
        if np.isnan(pitch):
            continue
        root = 28 + (pitch - 28) % 12 + (12 if rng.random() < 0.1 else 0)
        places = ((0.0,), (0.0, 0.5), (0.0, 0.25, 0.5, 0.75), (0.0, 0.375, 0.75))[pattern]
        for place, after in zip(places, (*places[1:], 1.0), strict=True):
            start = begin + place * (end - begin)
            length = 0.9 * (after - place) * (end - begin)
            rows.append((start, start + length, root, rng.normal(95, 7)))
    return Part(np.array(rows).reshape(-1, 4), program)


def chords(notes: Floats, spans: Floats) -> list[list[int]]:
    """In every span the classes of the pitches that start there, put around middle C."""
    result = []
    for begin, end in spans:
        inside = notes[(notes[:, START] >= begin - 0.05) & (notes[:, START] < end - 0.05)]
        classes = np.unique(inside[:, PITCH].astype(int) % 12)[:4]
        result.append([52 + (k - 52) % 12 for k in classes.tolist()])
    return result


def pad(notes: Floats, beats: Floats, program: int, rng: Rng) -> Part:
    """Sustained chords, a new one every bar or every half."""
    ones = beats[np.isin(beats[:, 1], (1,) if rng.random() < 0.5 else (1, 3))][:, 0]
    spans = np.column_stack([ones[:-1], ones[1:]])
    loud = rng.uniform(50, 85)
    rows = [
        (begin, end - 0.03, pitch, loud)
        for (begin, end), chord in zip(spans, chords(notes, spans), strict=True)
        for pitch in chord
    ]
    return Part(np.array(rows).reshape(-1, 4), program)


def strum(notes: Floats, beats: Floats, program: int, rng: Rng) -> Part:
    """Chords in one of three rhythms: on beats, on eighths, or off the beat, strings in turn."""
    spans = np.column_stack([beats[:-1, 0], beats[1:, 0]])
    places = ((0.0,), (0.0, 0.5), (0.0, 0.5), (0.5,), (0.0, 0.25, 0.5, 0.75))[int(rng.integers(5))]
    spread, loud = rng.uniform(0, 0.02), rng.uniform(60, 100)
    rows, chord = [], [52, 59, 64]
    for (begin, end), found in zip(spans, chords(notes, spans), strict=True):
        chord = found if len(found) >= 2 else chord
        for place in places:
            start = begin + place * (end - begin)
            stop = start + 0.85 * (end - begin) / len(places)
            accent = loud + 10 * (place == 0) + rng.normal(0, 5)
            rows += [(start + k * spread, stop, p, accent) for k, p in enumerate(chord)]
    return Part(np.array(rows).reshape(-1, 4), program)


def varied(score: Score, rng: Rng) -> Score:
    """Programs exchanged within their families, some parts left out, loudness of parts moved."""
    melodic = sum(not part.drums for part in score.parts)
    keep_drums = melodic == 0 or rng.random() < 0.85
    parts = []
    for part in score.parts:
        dropped = not keep_drums if part.drums else melodic > 2 and rng.random() < 0.12
        program = part.program
        if not part.drums and rng.random() < 0.5:
            program = program // FAMILY * FAMILY + int(rng.integers(FAMILY))
        if not dropped:
            parts.append(played(part, program, rng.uniform(0.75, 1.2)))
    return score._replace(parts=tuple(parts))


def humanised(score: Score, spread: float, rng: Rng) -> Score:
    """Every start moved by a normal deviation of `spread` s, velocities by one of 6."""
    parts = []
    for part in score.parts:
        notes = part.notes.copy()
        notes[:, : END + 1] += rng.normal(0, spread, (len(notes), 1)) if spread else 0.0
        notes[:, VELOCITY] = np.clip(notes[:, VELOCITY] + rng.normal(0, 6, len(notes)), 1, 127)
        parts.append(part._replace(notes=notes))
    return score._replace(parts=tuple(parts))


def pattern(meter: int, bpm: float, seconds: float, rng: Rng) -> Score:
    """Drums by rule at one tempo, for half of them with chords and a bass by rule."""
    times = np.arange(rng.uniform(0.05, 1.0), seconds + 5.0, 60.0 / bpm)
    beats = np.column_stack([times, np.arange(len(times)) % meter + 1])
    parts = [beat_box(beats, rng)]
    if rng.random() < 0.6:
        parts += backing(beats, rng)
    return Score(tuple(parts), beats)


def backing(beats: Floats, rng: Rng) -> list[Part]:
    """A bass and chords that change every bar or two, from four common progressions."""
    progressions = ((0, 9, 5, 7), (0, 7, 9, 5), (0, 5, 7, 0), (9, 5, 0, 7), (0, 0, 10, 5))
    degrees = progressions[int(rng.integers(len(progressions)))]
    key, hold = int(rng.integers(12)), int(rng.integers(1, 3))
    bar = np.cumsum(beats[:, 1] == 1)
    roots = np.array([48 + (key + degrees[k // hold % len(degrees)]) % 12 for k in bar])
    minor = (key + 9) % 12
    rows = [
        (time, time + 0.1, root + step, 80)
        for (time, _), root in zip(beats, roots, strict=True)
        for step in (0, 3 if root % 12 == minor else 4, 7)
    ]
    notes = np.array(rows)
    comping = strum(notes, beats, int(rng.choice(COMPING + STRUMMED)), rng)
    return [comping, bass(notes, beats, int(rng.choice(BASSES)), rng)]


def metronome(meter: int, bpm: float, seconds: float, rng: Rng) -> Score:
    """Clicks of one percussion sound; the first of the bar differs, or is louder, or does not."""
    times = np.arange(rng.uniform(0.05, 1.0), seconds, 60.0 / bpm)
    position = np.arange(len(times)) % meter + 1
    low, high = rng.choice((76, 77, 37, 42, 56, 75, 39, 60, 31, 33, 34), 2)
    kind = int(rng.integers(3))
    pitch = np.where((position == 1) & (kind == 0), high, low)
    loud = np.where((position == 1) & (kind == 1), 120.0, 90.0)
    notes = np.column_stack([times, times + 0.05, pitch, loud])
    known = position if kind < 2 else np.zeros(len(times))
    return Score((Part(notes, 0, True),), np.column_stack([times, known]))

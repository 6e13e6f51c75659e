"""Music as notes with known beats: what every source is read into, and every change is made to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import mido
import numpy as np
from mido.midifiles.meta import KeySignatureError
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRUM_CHANNEL = 9  # counted from 0
START, END, PITCH, VELOCITY = range(4)  # columns of notes
CONTROLS_KEPT = (7, 11, 64)  # volume, expression, sustain pedal


class Part(NamedTuple):
    """The notes of one instrument.

    notes: (n, 4): start and end in s, MIDI pitch, velocity. program: 0..127 of General MIDI.
    controls: (m, 3): time in s, controller, value.
    """

    notes: Floats
    program: int = 0
    drums: bool = False
    controls: Floats = np.empty((0, 3))
    name: str = ""


class Score(NamedTuple):
    """Parts, and beats (k, 2): time in s and position in the bar, 1 the downbeat, 0 unknown.

    phrases: starts of phrases in s, as one and as another listener hears them; None if unknown.
    """

    parts: tuple[Part, ...]
    beats: Floats
    phrases: Floats | None = None
    phrases2: Floats | None = None


class Midi(NamedTuple):
    """A MIDI file: its parts in s; `grid`: (j, 2) of places in quarters and their time in s.

    signatures: the time signatures named, without repetition.
    """

    parts: tuple[Part, ...]
    grid: Floats
    signatures: frozenset[tuple[int, int]]

    def times(self, quarters: Any) -> Floats:
        """Seconds of places given in quarters."""
        return np.asarray(np.interp(quarters, self.grid[:, 0], self.grid[:, 1]))

    def quarters(self, times: Any) -> Floats:
        """Places in quarters of times given in s."""
        return np.asarray(np.interp(times, self.grid[:, 1], self.grid[:, 0]))


def read_midi(path: Path) -> Midi:
    """The music of a file; ValueError for what cannot be read as one piece."""
    try:
        midi = mido.MidiFile(path, clip=True)
    except (OSError, EOFError, LookupError, KeySignatureError) as error:
        raise ValueError(f"{path.name}: {error}") from error
    if midi.type == 2 or midi.ticks_per_beat <= 0:
        raise ValueError(f"{path.name}: no common grid")
    events = _events(midi)
    grid = _grid(events, midi.ticks_per_beat)
    ticks = np.array([tick for tick, _, _ in events], float)
    seconds = np.interp(ticks / midi.ticks_per_beat, grid[:, 0], grid[:, 1])
    signatures = frozenset(
        (m.numerator, m.denominator) for _, _, m in events if m.type == "time_signature"
    )
    return Midi(_parts(midi, events, seconds), grid, signatures)


def _events(midi: Any) -> list[tuple[int, int, Any]]:
    """Every message as (tick, track, message), in order of time."""
    tracks = (
        zip(np.cumsum([m.time for m in track]).tolist(), [k] * len(track), track, strict=True)
        for k, track in enumerate(midi.tracks)
    )
    return sorted(chain.from_iterable(tracks), key=itemgetter(0))


def _grid(events: list[tuple[int, int, Any]], resolution: int) -> Floats:
    tempo, last, second = 500_000, 0, 0.0
    rows = [(0.0, 0.0)]
    for tick, _, message in events:
        if message.type == "set_tempo":
            second += mido.tick2second(tick - last, resolution, tempo)
            last, tempo = tick, message.tempo
            rows.append((tick / resolution, second))
    end = max(events[-1][0] if events else 0, last) + resolution
    rows.append((end / resolution, second + mido.tick2second(end - last, resolution, tempo)))
    return np.array(rows)


def _parts(midi: Any, events: list[tuple[int, int, Any]], seconds: Floats) -> tuple[Part, ...]:
    """One part for every track, channel and program that has notes."""
    notes: dict[tuple[int, int, int], list[tuple[float, float, int, int]]] = {}
    controls: dict[int, list[tuple[float, int, int]]] = {}
    timed = list(zip(seconds.tolist(), events, strict=True))
    for key, note in _notes(timed):
        notes.setdefault(key, []).append(note)
    for now, (_, _, m) in timed:
        if m.type == "control_change" and m.control in CONTROLS_KEPT:
            controls.setdefault(m.channel, []).append((now, m.control, m.value))
    return tuple(
        Part(
            np.array(sorted(rows), float),
            program,
            channel == DRUM_CHANNEL,
            np.array(controls.get(channel, np.empty((0, 3))), float),
            str(midi.tracks[track].name),
        )
        for (track, channel, program), rows in notes.items()
    )


def _notes(
    timed: list[tuple[float, tuple[int, int, Any]]],
) -> Iterator[tuple[tuple[int, int, int], tuple[float, float, int, int]]]:
    """Every note that ends, as (track, channel, program) and (start, end, pitch, velocity)."""
    programs = [0] * 16
    sounding: dict[tuple[int, int, int], tuple[float, int, int]] = {}
    for now, (_, track, m) in timed:
        if m.type == "program_change":
            programs[m.channel] = m.program
        elif m.type in ("note_on", "note_off"):
            key = (track, m.channel, m.note)
            if key in sounding:
                start, velocity, program = sounding.pop(key)
                yield (track, m.channel, program), (start, now, m.note, velocity)
            if m.type == "note_on" and m.velocity > 0:
                sounding[key] = (now, m.velocity, programs[m.channel])


def warped(score: Score, factor: float, shift: float = 0.0) -> Score:
    """Everything at times factor * t + shift."""

    def move(times: Floats) -> Floats:
        return np.asarray(factor * times + shift)

    parts = tuple(
        part._replace(
            notes=np.column_stack([move(part.notes[:, :2]), part.notes[:, 2:]]),
            controls=np.column_stack([move(part.controls[:, :1]), part.controls[:, 1:]]),
        )
        for part in score.parts
    )
    beats = np.column_stack([move(score.beats[:, 0]), score.beats[:, 1]])
    marks = [None if p is None else move(p) for p in (score.phrases, score.phrases2)]
    return Score(parts, beats, *marks)


def transposed(score: Score, steps: int) -> Score:
    """All parts but the drums by so many semitones; what leaves 0..127 moves by octaves."""
    parts = []
    for part in score.parts:
        notes = part.notes.copy()
        if not part.drums and len(notes):
            notes[:, PITCH] += steps
            notes[:, PITCH] += 12 * (notes[:, PITCH] < 0) - 12 * (notes[:, PITCH] > 127)
        parts.append(part._replace(notes=notes))
    return score._replace(parts=tuple(parts))


def onsets(parts: tuple[Part, ...]) -> Floats:
    """Starts of all notes, sorted, in s."""
    starts = [part.notes[:, START] for part in parts]
    return np.sort(np.concatenate(starts)) if starts else np.empty(0)

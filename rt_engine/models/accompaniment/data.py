"""Songs as bars: the drums, what an instrument plays over them, and the chords.

From the archive of General MIDI songs: those in 4/4 whose notes prove their grid (see
`rt_engine.models.rhythm.material.grids`), split by title.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from rt_engine.accompaniment.tokens import INSTRUMENTS, RANGES, STEPS, Written
from rt_engine.drums.bar import Bar, empty
from rt_engine.drums.kit import DRUMS, drum_of
from rt_engine.models.accompaniment.chords import recognise
from rt_engine.models.archives import SPLITS, kept, split_in
from rt_engine.models.rhythm.material.grids import song_beats
from rt_engine.models.rhythm.material.scores import PITCH, VELOCITY, Floats, Midi, Part, read_midi
from rt_engine.models.rhythm.material.sources import split_of

__all__ = ["ARCHIVE", "LICENCE", "Measure", "Take", "collect", "read_takes", "takes_of"]

ARCHIVE = "midi-archive"
LICENCE = "archive MIT, songs unclear (as Lakh)"
PROGRAMS = {"piano": range(8), "guitar": range(24, 32), "bass": range(32, 40)}
QUARTERS = 4  # a bar
SHORTEST = 8  # bars that a take must have
RESTS = 2  # silent bars in a row that a take may have
SIMULTANEOUS = 6  # notes that are kept of one position, the outer ones first


class Measure(NamedTuple):
    """A bar: its drums, the notes over them on the grid, the chords of its halves, the tempo."""

    drums: Bar
    notes: list[Written]
    chords: tuple[int, int]
    tempo: float  # BPM


class Take(NamedTuple):
    """Bars in a row of one instrument of a song."""

    title: str
    instrument: str
    bars: list[Measure]


class Song(NamedTuple):
    """All bars of a song, in quarters from the start of the first."""

    drums: list[Bar]
    parts: dict[str, Floats]  # (n, 4): start, end, pitch, velocity by instrument
    chords: list[tuple[int, int]]
    tempi: list[float]


def collect(data: Path, work: Path) -> Path:
    """Read every song of the archive once, into `work/takes.pickle`; the path of that file.

    Raises FileNotFoundError where the archive is missing.
    """
    return kept(work / "takes.pickle", data / f"{ARCHIVE}.tar.xz", read_archive)


def read_archive(folder: Path) -> dict[str, list[Take]]:
    """The takes of each split, by title."""
    takes: dict[str, list[Take]] = {split: [] for split in SPLITS}
    for file in sorted(folder.rglob("*.mid")):
        title = "".join(filter(str.isalpha, file.stem.lower()))
        try:
            takes[split_of(f"{ARCHIVE} {title}")] += takes_of(read_song(file), title)
        except ValueError:
            continue  # no grid, no single meter, no drums: of no use here
    return takes


def read_takes(path: Path, split: str) -> list[Take]:
    """The takes of "train", "valid" or "test" that `collect` wrote."""
    return split_in(path, split)


def read_song(path: Path) -> Song:
    """A song in 4/4 with drums; ValueError for what is none."""
    midi = read_midi(path)
    beats = song_beats(midi)
    if beats[:, 1].max() != QUARTERS or not any(part.drums for part in midi.parts):
        raise ValueError(f"{path.name}: not in 4/4, or no drums")
    first = float(midi.quarters(beats[0, 0]))
    count = len(beats) // QUARTERS
    pitched = [p for p in midi.parts if not p.drums]
    every = np.concatenate([in_quarters(midi, p, first) for p in pitched] or [np.empty((0, 4))])
    halves = recognise(every[:, :3], np.arange(2 * count + 1) * QUARTERS / 2)
    edges = midi.times(first + QUARTERS * np.arange(count + 1))
    return Song(
        drums_of([in_quarters(midi, p, first) for p in midi.parts if p.drums], count),
        {name: main_part(midi, pitched, name, first) for name in INSTRUMENTS},
        list(zip(halves[0::2], halves[1::2], strict=True)),
        (60.0 * QUARTERS / np.maximum(np.diff(edges), 1e-3)).tolist(),
    )


def in_quarters(midi: Midi, part: Part, first: float) -> Floats:
    """Notes (n, 4) with start and end in quarters after `first`."""
    places = midi.quarters(part.notes[:, :2]) - first
    return np.column_stack([places, part.notes[:, PITCH], part.notes[:, VELOCITY]])


def main_part(midi: Midi, parts: list[Part], name: str, first: float) -> Floats:
    """The notes of the part of an instrument that has most of them; (0, 4) without one."""
    own = [p for p in parts if p.program in PROGRAMS[name]]
    best = max(own, key=lambda p: len(p.notes), default=None)
    return np.empty((0, 4)) if best is None else in_quarters(midi, best, first)


def drums_of(parts: list[Floats], count: int) -> list[Bar]:
    """So many bars of what the drums play."""
    bars = [empty(STEPS) for _ in range(count)]
    for start, _, pitch, velocity in np.concatenate(parts).tolist():
        drum = drum_of(int(pitch))
        step, offset = snapped(4 * start)
        if drum is None or not 0 <= step < STEPS * count or velocity <= 0:
            continue
        bar, place = bars[step // STEPS], (step % STEPS, drum)
        bar.hits[place] = True
        bar.velocities[place] = max(velocity / 127, bar.velocities[place])
        bar.offsets[place] = offset
    assert bars[0].hits.shape[1] == len(DRUMS)
    return bars


def snapped(place: float) -> tuple[int, float]:
    """The nearest sixteenth, and how much later than it a place is, -0.5 to 0.5."""
    step = int(np.floor(place + 0.5))
    return step, place - step


def takes_of(song: Song, title: str) -> list[Take]:
    """Every stretch of the song in which an instrument plays over the drums."""
    takes = []
    for name, notes in song.parts.items():
        bars = written(notes, name, len(song.drums))
        rows = zip(song.drums, bars, song.chords, song.tempi, strict=True)
        measures = [Measure(*row) for row in rows]
        takes += [Take(title, name, run) for run in runs(measures)]
    return takes


def written(notes: Floats, name: str, count: int) -> list[list[Written]]:
    """Notes on the grid, bar by bar; those out of the instrument's range move by octaves."""
    low, high = RANGES[name]
    bars: list[list[Written]] = [[] for _ in range(count)]
    for start, end, number, velocity in notes.tolist():
        step, _ = snapped(4 * start)
        if not 0 <= step < STEPS * count or velocity <= 0:
            continue
        pitch = folded(int(number), low, high)
        duration = min(max(1, round(4 * (end - start))), STEPS - step % STEPS)
        bars[step // STEPS].append(Written(step % STEPS, duration, pitch, int(velocity)))
    return [thinned(bar) for bar in bars]


def folded(pitch: int, low: int, high: int) -> int:
    """The pitch moved by octaves into a range."""
    pitch += 12 * max(0, -((pitch - low) // 12))
    return pitch - 12 * max(0, -((high - pitch) // 12))


def thinned(notes: list[Written]) -> list[Written]:
    """At most `SIMULTANEOUS` notes a position: the lowest and the highest ones stay."""
    kept = []
    for start in sorted({note.start for note in notes}):
        chord = sorted({n.pitch: n for n in notes if n.start == start}.values(), key=pitch_of)
        low = (SIMULTANEOUS + 1) // 2
        over = len(chord) > SIMULTANEOUS
        kept += chord[:low] + chord[low - SIMULTANEOUS :] if over else chord
    return kept


def pitch_of(note: Written) -> int:
    """The pitch, to sort by."""
    return note.pitch


def runs(bars: list[Measure]) -> list[list[Measure]]:
    """Stretches of bars with notes over drums, with few rests between; short ones are left out."""
    found: list[list[Measure]] = []
    last = -RESTS - 2
    for k, bar in enumerate(bars):
        if not bar.notes or not bar.drums.hits.any():
            continue
        if k - last <= RESTS + 1 and found:
            found[-1] += bars[last + 1 : k + 1]
        else:
            found.append([bar])
        last = k
    return [run for run in found if len(run) >= SHORTEST]


def hours(takes: list[Take]) -> float:
    """Duration of the bars in hours."""
    return sum(240.0 / bar.tempo for take in takes for bar in take.bars) / 3600

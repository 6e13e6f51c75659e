"""Real recordings of solo violin with aligned notes, and what the bow may have done.

The recordings tell when each note sounds and how loud; nothing tells which way the bow went. The
bow turns where the level dips between two notes, and slurs where it goes on: a plan that the
sound allows, not what the violinist did.
"""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.random import Generator
from numpy.typing import NDArray

from rt_engine.violin.simulation import RATE, Note
from rt_engine.violin.simulation.smoothing import smooth

__all__ = ["LICENCE", "Cut", "Recording", "cuts", "level_of", "loudness", "recordings", "slurred"]

LICENCE = "CC-BY-3.0"
TEST = ("bwv1003_mov3",)  # held out; of the others the last fifth is for validation
LAST = 0.2
LENGTH = 45.0  # s of a cut
JOINED = 0.06  # s; a longer gap is no slur
DIP, SPREAD = 4.0, 1.0  # dB that the level falls between notes where a turn is as likely as not
BOWFUL = 1.6  # s, the longest slur
TOGETHER = 8  # notes in one slur at most
DB = 24.0  # dB from soft (0) to loud (1)

Floats = NDArray[np.float64]


class Recording(NamedTuple):
    """A movement: its name, sound file, and notes with their times in the file."""

    name: str
    violinist: str
    sound: Path
    notes: tuple[Note, ...]


class Cut(NamedTuple):
    """Part of a movement, s."""

    recording: Recording
    start: float
    end: float
    part: str

    @property
    def name(self) -> str:
        return f"{self.recording.name}_{round(self.start):03d}"

    @property
    def notes(self) -> tuple[Note, ...]:
        """Its notes, times from the start of the cut."""
        inside = [n for n in self.recording.notes if self.start <= n.start < self.end - 0.1]
        return tuple(
            n._replace(start=n.start - self.start, end=min(n.end, self.end) - self.start)
            for n in inside
        )

    def sound(self, rate: int) -> Floats:
        """Its sound (n,), one channel, at `rate` samples a second."""
        with soundfile.SoundFile(self.recording.sound) as file:
            own = file.samplerate
            file.seek(round(self.start * own))
            heard = file.read(round((self.end - self.start) * own), always_2d=True).mean(axis=1)
        t = np.arange(round((self.end - self.start) * rate)) / rate
        return np.asarray(np.interp(t, np.arange(len(heard)) / own, heard))


def recordings(folder: Path) -> list[Recording]:
    """The movements of `folder` that have sound and an alignment; FileNotFoundError if none."""
    found = []
    with (folder / "info.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        name = row["filename"]
        sound = folder / (name + Path(row["source_filename"]).suffix)
        if sound.exists() and (folder / f"{name}.alignment.csv").exists():
            notes = _notes(folder, name, _seconds(row["start"]))
            found.append(Recording(name, row["violinist_name"], sound, notes))
    if not found:
        raise FileNotFoundError(f"{folder}: no recording with an alignment")
    return found


def _seconds(clock: str) -> float:
    hours, minutes, seconds = map(float, clock.split(":"))
    return 3600 * hours + 60 * minutes + seconds


def _notes(folder: Path, name: str, offset: float) -> tuple[Note, ...]:
    times = np.loadtxt(folder / f"{name}.alignment.csv", delimiter=",", skiprows=1)
    score = np.loadtxt(folder / f"{name}.notes.csv", delimiter=",", skiprows=1)
    rows = zip(times + offset, score, strict=True)
    return tuple(Note(float(a), float(max(b, a + 0.02)), float(s[2])) for (a, b), s in rows)


def cuts(recording: Recording) -> list[Cut]:
    """Parts of a movement, of about `LENGTH` s and of equal length, each with its split."""
    first, last = recording.notes[0].start - 0.3, max(n.end for n in recording.notes) + 0.5
    first = max(first, 0.0)
    test = recording.name.endswith(TEST)
    border = last if test else last - LAST * (last - first)
    return [
        *_pieces(recording, first, border, "test" if test else "train"),
        *([] if test else _pieces(recording, border, last, "valid")),
    ]


def _pieces(recording: Recording, first: float, last: float, part: str) -> list[Cut]:
    count = max(1, round((last - first) / LENGTH))
    edges = np.linspace(first, last, count + 1)
    return [Cut(recording, float(a), float(b), part) for a, b in pairwise(edges)]


def level_of(sound: Floats, rate: int, frames: int) -> Floats:
    """Level (frames,) in dB, 50 a second: the root mean square of 30 ms."""
    square = np.concatenate([[0.0], np.cumsum(np.asarray(sound, np.float64) ** 2)])
    centres = np.arange(frames) * rate / RATE
    low = np.clip((centres - 0.015 * rate).astype(int), 0, len(sound))
    high = np.clip((centres + 0.015 * rate).astype(int), 0, len(sound))
    mean = (square[high] - square[low]) / np.maximum(high - low, 1)
    return np.asarray(10 * np.log10(np.maximum(mean, 1e-10)))


def loudness(level: Floats) -> Floats:
    """0 soft to 1 loud (n,), from dB at 50 a second: against the median of what sounds."""
    calm = smooth(np.maximum(level, np.percentile(level, 95) - 2 * DB), 0.06)
    return np.asarray(np.clip(0.5 + (calm - np.median(calm)) / DB, 0.0, 1.0))


def slurred(notes: tuple[Note, ...], level: Floats, rng: Generator) -> tuple[Note, ...]:
    """Notes of one part with slurs where the level (dB at 50 a second) does not dip."""
    border = rng.normal(DIP, SPREAD)
    found, count, since = list(notes[:1]), 1, notes[0].start if notes else 0.0
    for before, note in pairwise(notes):
        at = round(note.start * RATE)
        near = level[max(at - 3, 0) : at + 3]
        around = level[max(at - 10, 0) : at + 10]
        dip = float(around.max() - near.min()) if len(near) else 0.0
        joined = note.start - before.end < JOINED and note.pitch != before.pitch
        keeps = joined and dip < border and count < TOGETHER and note.end - since < BOWFUL
        count, since = (count + 1, since) if keeps else (1, note.start)
        found.append(note._replace(slurred=keeps))
    return tuple(found)

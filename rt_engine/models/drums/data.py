"""The Groove MIDI Dataset on the grid of sixteenths, in its own split.

Sources: J. Gillick et al., "Learning to groove with inverse sequence transformations" (ICML
2019): hits, velocities and offsets. Drummers played to a click, so the grid follows from the
tempo that the set's `info.csv` tells.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.drums.bar import STEPS, STEPS_A_BEAT, Bar, empty
from rt_engine.drums.kit import drum_of
from rt_engine.drums.words import Words
from rt_engine.models.archives import SPLITS, kept, split_in
from rt_engine.models.rhythm.material.scores import PITCH, START, VELOCITY, read_midi

__all__ = [
    "ARCHIVE", "LICENCE", "NAME", "WINDOW", "Take", "collect", "hours", "on_grid", "read_takes",
    "vocabulary", "windows",
]  # fmt: skip

NAME = "Groove MIDI Dataset 1.0.0"
ARCHIVE = "groove-midi"
LICENCE = "CC BY 4.0"
WINDOW = 2 * STEPS
THEIRS = {"validation": "valid"}  # splits that the set calls otherwise


class Take(NamedTuple):
    """A performance in 4/4 from its first bar on, in whole bars; tempo in BPM."""

    name: str
    tempo: float
    steps: Bar


def collect(data: Path, work: Path) -> Path:
    """Read every performance once, into `work/groove.pickle`; the path of that file.

    Raises FileNotFoundError where the archive is missing.
    """
    return kept(work / "groove.pickle", data / f"{ARCHIVE}.tar.xz", read_archive)


def read_archive(folder: Path) -> dict[str, list[Take]]:
    """The takes of each split, as the set has it."""
    takes: dict[str, list[Take]] = {split: [] for split in SPLITS}
    with (folder / "groove" / "info.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["time_signature"] == "4-4":
                split = THEIRS.get(row["split"], row["split"])
                takes[split].append(read_take(folder / "groove", row))
    return takes


def read_takes(path: Path, split: str) -> list[Take]:
    """The takes of "train", "valid" or "test" that `collect` wrote."""
    return split_in(path, split)


def read_take(folder: Path, row: dict[str, str]) -> Take:
    """A row of `info.csv` with its file."""
    tempo = float(row["bpm"])
    parts = [part.notes for part in read_midi(folder / row["midi_filename"]).parts if part.drums]
    notes = np.concatenate([np.empty((0, 4)), *parts])
    return Take(row["id"], tempo, on_grid(notes, tempo))


def on_grid(notes: NDArray[np.float64], tempo: float) -> Bar:
    """Notes (n, 4) in s as whole bars; of strokes that share a step and a drum the loudest."""
    places = notes[:, START] * tempo / 60 * STEPS_A_BEAT
    steps = np.floor(places + 0.5).astype(int)
    last = int(steps.max(initial=0)) + 1
    bar = empty(-(-last // STEPS) * STEPS)
    for k in np.argsort(notes[:, VELOCITY], kind="stable"):
        drum = drum_of(int(notes[k, PITCH]))
        if drum is not None and notes[k, VELOCITY] > 0:
            at = steps[k], drum
            bar.hits[at], bar.velocities[at] = True, notes[k, VELOCITY] / 127
            bar.offsets[at] = min(places[k] - steps[k], 0.499)
    return bar


def vocabulary(takes: list[Take]) -> Words:
    """The combinations of drums that occur in `takes`, the most frequent first."""
    bits = 1 << np.arange(9)
    masks, counts = np.unique(
        np.concatenate([take.steps.hits @ bits for take in takes]), return_counts=True
    )
    order = np.argsort(-counts, kind="stable")
    return Words(masks[order].tolist())


def windows(takes: list[Take], length: int = WINDOW, hop: int = STEPS) -> Bar:
    """Every stretch of `length` steps that is not silent: a Bar of arrays (n, length, 9)."""
    cuts = [
        (take.steps, slice(start, start + length))
        for take in takes
        for start in range(0, len(take.steps) - length + 1, hop)
        if take.steps.hits[start : start + length].any()
    ]
    return Bar(
        np.stack([bar.hits[cut] for bar, cut in cuts]),
        np.stack([bar.velocities[cut] for bar, cut in cuts]),
        np.stack([bar.offsets[cut] for bar, cut in cuts]),
    )


def hours(takes: list[Take]) -> float:
    """Duration of the bars in hours."""
    return sum(len(take.steps) * 60 / STEPS_A_BEAT / take.tempo for take in takes) / 3600

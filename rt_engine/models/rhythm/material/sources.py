"""The sets of MIDI with known beats, read into scores, and split by piece.

The split is by group (song, piece, title, or Groove's own), fixed by a checksum of the group's
name, so that what is held out stays held out whatever seed, amount or set is drawn.
"""

from __future__ import annotations

import csv
import tarfile
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.models.rhythm.material.grids import song_beats
from rt_engine.models.rhythm.material.phrases import phrase_starts
from rt_engine.models.rhythm.material.scores import PITCH, Floats, Part, Score, read_midi

ARCHIVES = ("pop909", "asap", "groove-midi", "midi-archive")
LICENCES = {
    "pop909": "MIT",
    "asap": "CC BY-NC-SA 4.0",
    "groove": "CC BY 4.0",
    "midi-archive": "archive MIT, songs unclear (as Lakh)",
    "patterns": "own",
    "negatives": "own",
}
# Roland TD-11 to General MIDI, as the set's own documentation gives it: edges of the hi-hat,
# closed and open, and the rim of the third tom; the other numbers are in both.
ROLAND = {22: 42, 26: 46, 58: 43}
SHARES = {"train": 80, "valid": 8, "test": 12}  # per cent of the groups


class Piece(NamedTuple):
    """A file that may become excerpts; `read` gives its score, ValueError if it does not suit."""

    source: str
    group: str
    split: str
    path: Path
    read: Callable[[Path], Score]


def unpack(data: Path, folder: Path) -> Path:
    """Unpack the archives of MIDI once; the folder. FileNotFoundError if one is missing."""
    for name in ARCHIVES:
        done = folder / f"{name}.done"
        if not done.exists():
            with tarfile.open(data / f"{name}.tar.xz") as archive:
                archive.extractall(folder / name, filter="data")
            done.touch()
    return folder


def split_of(group: str) -> str:
    """The split of a group of pieces, the same for ever."""
    place, edge = zlib.crc32(group.encode()) % 100, 0
    for split, share in SHARES.items():
        edge += share
        if place < edge:
            return split
    raise AssertionError("shares add up to 100")


# POP909: pop songs as melody, second melody and piano, following the time of the recordings.


def pop909(folder: Path) -> list[Piece]:
    """Every song of POP909."""
    paths = sorted((folder / "pop909" / "pop909").glob("[0-9]*/[0-9]*.mid"))
    return [_piece("pop909", path.stem, path, read_pop909) for path in paths]


def read_pop909(path: Path) -> Score:
    """A song, its beats, and the phrases that two people heard in it."""
    midi = read_midi(path)
    table = np.loadtxt(path.with_name("beat_midi.txt"), ndmin=2)
    beats = np.column_stack([table[:, 0], positions(table[:, 2] > 0)])
    labels = path.parents[1] / "phrases" / path.stem
    one, two = (labels / f"human_label{k}.txt" for k in (1, 2))
    melody = next((part for part in midi.parts if part.name == "MELODY"), None)
    marks: tuple[Floats | None, Floats | None] = (None, None)
    if melody is not None and one.exists() and two.exists():
        marks = phrase_starts(beats, melody.notes, one.read_text(), two.read_text())
    return Score(midi.parts, beats, *marks)


def positions(downbeats: NDArray[np.bool_]) -> Floats:
    """Positions in the bar, counted from each downbeat; before the first, towards it.

    A bar longer or shorter than usual by an odd number of beats is an error of the labels more
    often than of the song; its positions are 0, unknown.
    """
    ones = np.flatnonzero(downbeats)
    if len(ones) < 2:
        return np.zeros(len(downbeats))
    lengths = np.diff(ones)
    meter = Counter(lengths.tolist()).most_common(1)[0][0]
    result = np.zeros(len(downbeats))
    for first, length in zip(ones, [*lengths, meter], strict=True):
        bar = np.arange(first, min(first + length, len(result)))
        known = length % meter == 0 or 2 * length == meter or 2 * length == 3 * meter
        result[bar] = (bar - first) % meter + 1 if known else 0
    before = np.arange(ones[0])
    result[before] = (before - ones[0]) % meter + 1
    return result


# ASAP: human performances of classical piano pieces.


def asap(folder: Path) -> list[Piece]:
    """Every performance of ASAP that has annotations; a group is a piece."""
    with (folder / "asap" / "metadata.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        _piece("asap", f"{row['composer']} {row['title']}", path, read_asap)
        for row in rows
        if (path := folder / "asap" / row["midi_performance"]).exists()
    ]


def read_asap(path: Path) -> Score:
    """A performance; beats as annotated, a bar's position counted from its downbeat."""
    rows = [
        line.split("\t")
        for line in path.with_name(f"{path.stem}_annotations.txt").read_text().splitlines()
        if line.strip()
    ]
    times = np.array([float(row[0]) for row in rows])
    kinds = [row[2].split(",")[0] for row in rows]
    downbeats = np.flatnonzero([kind == "db" for kind in kinds])
    if len(downbeats) < 4 or kinds.count("bR") > 0.02 * len(kinds):
        raise ValueError(f"{path.name}: no regular beats")
    since = np.arange(len(times)) - np.repeat([0, *downbeats], np.diff([0, *downbeats, len(times)]))
    place = np.where(np.arange(len(times)) < downbeats[0], 0, since + 1)
    return Score(read_midi(path).parts, np.column_stack([times, place]))


# The archive of General MIDI songs.


def archive(folder: Path) -> list[Piece]:
    """Every song of the archive; a group is a title, its digits left out."""
    paths = sorted((folder / "midi-archive").rglob("*.mid"))
    return [
        _piece("midi-archive", "".join(filter(str.isalpha, p.stem.lower())), p, read_song)
        for p in paths
    ]


def read_song(path: Path) -> Score:
    """A song whose notes prove that its grid is the music's."""
    midi = read_midi(path)
    return Score(midi.parts, song_beats(midi))


# Groove MIDI: drummers who played to a click.


def groove(folder: Path) -> list[Piece]:
    """The beats (not the fills) of Groove MIDI in its own split."""
    with (folder / "groove-midi" / "groove" / "info.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["beat_type"] == "beat"]
    names = {"train": "train", "validation": "valid", "test": "test"}
    return [
        Piece("groove", row["id"], names[row["split"]], path, read_groove)
        for row in rows
        if row["time_signature"] in ("4-4", "3-4", "6-8")
        and (path := folder / "groove-midi" / "groove" / row["midi_filename"]).exists()
    ]


@cache
def read_groove(path: Path) -> Score:
    """A drummer's performance on the grid of the click, from its first bar on."""
    midi = read_midi(path)
    step, meter = {"3-4": (1.0, 3), "6-8": (1.5, 2)}.get(path.stem.split("_")[-1], (1.0, 4))
    drums = tuple(part for part in midi.parts if part.drums)
    if not drums or len(drums[0].notes) < 8:
        raise ValueError(f"{path.name}: no drums")
    last = float(midi.quarters(drums[0].notes[-1, 0]))
    places = np.arange(0.0, last + 0.5 * step, step)
    if len(places) < 2 * meter:
        raise ValueError(f"{path.name}: less than two bars")
    beats = np.column_stack([midi.times(places), np.arange(len(places)) % meter + 1])
    return Score(tuple(Part(to_general_midi(p.notes), 0, True) for p in drums), beats)


def to_general_midi(notes: Floats) -> Floats:
    """Hits of the electronic kit that Groove was played on, by the numbers of General MIDI."""
    result = notes.copy()
    for kit, general in ROLAND.items():
        result[notes[:, PITCH] == kit, PITCH] = general
    return result


def _piece(source: str, group: str, path: Path, read: Callable[[Path], Score]) -> Piece:
    return Piece(source, group, split_of(f"{source} {group}"), path, read)

"""MOSA on the disk, for whoever has it: motion capture of musicians, with beats and expression.

Folders are instrument/piece/performer/trial, files begin with piece_performer_trial_: motion.csv
(120 a second, mm, 30 markers of the body and up to 4 of the instrument, each x, y, z with z up),
audio.wav, and annotation/annotations/*.csv, whose places are positions in the score;
align_notetime.csv says when each note of the score sounded.

Of the 22 markers of the upper body come the 13 joints of `JointVelocity` and the hips; what is
not marked is put beside its neighbour (ears between front and back of the head, the nose between
the two in front, the little finger's knuckle across from the index finger's as at the wrist).

Source: Y.-F. Huang et al., MOSA (2024), sections III and IV; the set's own description.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rt_engine.kinds import ARTICULATIONS, DYNAMICS
from rt_engine.motion import landmarks as lm
from rt_engine.motion.joint_velocity import FPS, SIZE, JointVelocity
from rt_engine.motion.quaternion import Arrays, Floats

__all__ = [
    "MARKERS",
    "Performance",
    "landmarks_of",
    "motion_of",
    "read_markers",
    "read_performance",
]

RATE = 120  # Hz
MARKERS = (
    *("RFHD", "LFHD", "RBHD", "LBHD", "C7", "T10", "CLAV", "STRN", "RSHO", "RELB", "RWRA"),
    *("RWRB", "RFIN", "LSHO", "LELB", "LWRA", "LWRB", "LFIN", "RASI", "LASI", "RPSI", "LPSI"),
)
"""The markers of the upper body, in the order of the columns."""
LOUDNESS = {"ppp": 0, "fff": len(DYNAMICS) - 1} | {name: k for k, name in enumerate(DYNAMICS)}
Marks = npt.NDArray[np.int8]


class Performance(NamedTuple):
    """A performance as the store wants it; times are those of its sound."""

    audio: Path
    motion: npt.NDArray[np.float16]  # (frames, 39)
    beats: npt.NDArray[np.float32]  # (k, 2): s, position in the bar from 1
    phrases: npt.NDArray[np.float32]  # (p,) s
    dynamics: Marks  # (frames,): index of DYNAMICS, -1 where none is written
    articulation: Marks  # (frames,): index of ARTICULATIONS


def read_performance(folder: Path) -> Performance:
    """The trial in `folder`; OSError where a file is missing, ValueError where it has no form."""
    name = "_".join(folder.parts[-3:])
    notes = _read(folder, name, "align_notetime")
    markers = read_markers(folder / f"{name}_motion.csv")
    motion = motion_of(markers)
    score = _Score(notes)
    beats = np.array([float(row["beat"]) for row in _read(folder, name, "beat")])
    downs = np.array([float(row["downbeat"]) for row in _read(folder, name, "downbeat")])
    phrases = [float(row["onset"]) for row in _read(folder, name, "phrase_section")]
    marks = _read(folder, name, "expression")
    return Performance(
        folder / f"{name}_audio.wav",
        motion,
        np.stack([score.times(beats), _positions(beats, downs)], axis=1).astype(np.float32),
        score.times(np.array(phrases)).astype(np.float32),
        score.marked(marks, LOUDNESS, -1, len(motion)),
        score.marked(
            marks, {"legato": 0, "staccato": 2}, ARTICULATIONS.index("neutral"), len(motion)
        ),
    )


def read_markers(path: Path) -> Floats:
    """Places (n, 22, 3) of the markers of the upper body, in mm, NaN where one is missing."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row[: 3 * len(MARKERS)] for row in csv.reader(file)][1:]
    if not rows or min(map(len, rows)) < 3 * len(MARKERS):
        raise ValueError(f"{path}: {3 * len(MARKERS)} columns of markers are needed in each row")
    values = np.array([[float(value or "nan") for value in row] for row in rows])
    return values.reshape(len(rows), len(MARKERS), 3)


def motion_of(markers: Arrays) -> npt.NDArray[np.float16]:
    """Joint velocities (frames, 39), 50 a second; zeros where there are none."""
    t = np.arange(len(markers)) / RATE
    rows = JointVelocity().offline(t, *landmarks_of(markers))
    motion = np.zeros((int(len(markers) / RATE * FPS), SIZE), np.float16)
    at = np.round(rows.times * FPS).astype(int)
    motion[at[at < len(motion)]] = rows.values[at < len(motion)]
    return motion


def landmarks_of(markers: Arrays) -> tuple[Floats, Floats]:
    """Landmarks (n, 33, 3) in m, body frame up to a turn, and visibility (n, 33).

    A gap is bridged by a straight line, and what is in it counts as not seen.
    """
    there = np.isfinite(markers).all(axis=2)
    places = _bridged(markers)[..., [0, 2, 1]] * [0.001, 0.001, -0.001]
    world, visibility = np.zeros((len(markers), 33, 3)), np.zeros((len(markers), 33))

    def put(landmark: int, *names: str) -> None:
        columns = [MARKERS.index(name) for name in names]
        world[:, landmark] = places[:, columns].mean(axis=1)
        visibility[:, landmark] = there[:, columns].all(axis=1)

    put(lm.NOSE, "RFHD", "LFHD")
    for k, side in enumerate("LR"):
        put(lm.EARS[k], f"{side}FHD", f"{side}BHD")
        put(lm.SHOULDERS[k], f"{side}SHO")
        put(lm.ELBOWS[k], f"{side}ELB")
        put(lm.WRISTS[k], f"{side}WRA", f"{side}WRB")
        put(lm.INDEXES[k], f"{side}FIN")
        put(lm.PINKIES[k], f"{side}FIN")
        thumb, little = (MARKERS.index(f"{side}WR{x}") for x in "AB")
        world[:, lm.PINKIES[k]] += places[:, little] - places[:, thumb]
        put(lm.HIPS[k], f"{side}ASI", f"{side}PSI")
    return world, visibility


class _Score:
    """When the places of a score sounded."""

    def __init__(self, notes: list[dict[str, str]]) -> None:
        places = np.array([[float(n["score_position"]), float(n["onset"])] for n in notes])
        order = np.lexsort(places.T[::-1])  # a chord begins with its first note
        self._places, first = np.unique(places[order, 0], return_index=True)
        self._onsets = places[order, 1][first]

    def times(self, places: Arrays) -> Floats:
        """Seconds; between notes in proportion, before and after them at their mean tempo."""
        found: Floats = np.interp(places, self._places, self._onsets)
        if len(self._places) > 1:
            pace = np.ptp(self._onsets) / np.ptp(self._places)
            found += pace * np.minimum(places - self._places[0], 0.0)
            found += pace * np.maximum(places - self._places[-1], 0.0)
        return found

    def marked(
        self, marks: list[dict[str, str]], classes: Mapping[str, int], other: int, frames: int
    ) -> Marks:
        """Frames (n,) with the class of the mark they lie under; later marks win."""
        found = np.full(frames, other, np.int8)
        for mark in marks:
            if mark["expression"] in classes:
                ends = np.array([float(mark["onset"]), float(mark["offset"])])
                start, stop = np.round(np.maximum(self.times(ends), 0.0) * FPS).astype(int)
                found[start:stop] = classes[mark["expression"]]
        return found


def _read(folder: Path, name: str, kind: str) -> list[dict[str, str]]:
    path = folder / "annotation" / "annotations" / f"{name}_{kind}.csv"
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def _positions(beats: Floats, downs: Floats) -> Floats:
    """Positions in the bar (k,) from 1; an upbeat counts as in the first whole bar."""
    at = np.searchsorted(beats, downs - 1e-6)
    bar = np.searchsorted(at, np.arange(len(beats)), side="right") - 1
    meter = int(at[1] - at[0]) if len(at) > 1 else 0
    found = np.arange(len(beats)) - at[np.maximum(bar, 0)] + 1
    return np.where(bar < 0, np.maximum(found + meter, 0), found).astype(np.float64)


def _bridged(markers: Arrays) -> Floats:
    flat = markers.reshape(len(markers), -1).astype(np.float64)
    frames = np.arange(len(flat))
    for column in flat.T:
        known = np.isfinite(column)
        column[:] = np.interp(frames, frames[known], column[known]) if known.any() else 0.0
    return flat.reshape(markers.shape)

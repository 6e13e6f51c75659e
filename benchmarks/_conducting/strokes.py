"""Metres told apart by the path of one hand, from nothing but recordings of real strokes.

The recordings are only evaluated with: no number of the generator was chosen by them. Two ways:

- `nearest`: a bar, resampled to `POINTS` places even in time and freed of its place and size, has
  the metre of most of the `NEIGHBOURS` real bars that are nearest to it.
- `repeats`: strokes of a window of `WINDOW` beats are compared with those 2, 3 and 4 beats later;
  the metre is where they repeat best, and the shorter of 2 and 4 unless 4 is better by `MARGIN`,
  which is chosen on the recordings.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Recognizer", "Take", "left_out", "real_takes"]

METRES = (2, 3, 4)
POINTS, NEIGHBOURS = 24, 5
STROKE, WINDOW = 8, 8  # places a stroke; beats a window, at least
MARGINS = np.arange(0.0, 0.41, 0.02)

Floats = npt.NDArray[np.float64]


class Take(NamedTuple):
    """A hand from the front, x to the conductor's right and y down; and frames of the beats."""

    name: str
    metre: int
    path: Floats  # (n, 2)
    beats: Floats  # (k,) frames


def real_takes(folder: Path) -> list[Take]:
    """The recordings, whose beats were marked by a key press."""
    found = []
    for file in sorted(folder.glob("conducting_*.csv")):
        with file.open() as lines:
            rows = list(csv.DictReader(lines))
        path = np.array([[float(row["x_norm"]), float(row["y_norm"])] for row in rows])
        beats = np.flatnonzero([row["beat"] != "0" for row in rows]).astype(float)
        found.append(Take(file.stem, int(rows[0]["time_sig"][0]), path, beats))
    return found


class Recognizer:
    """Both ways, from real takes alone."""

    def __init__(self, takes: list[Take]) -> None:
        bars = [(bar, take.metre) for take in takes for bar in _bars(take, take.metre, 1)]
        self._bars = np.array([bar for bar, _ in bars])
        self._metres = np.array([metre for _, metre in bars])
        rows = [(row, take.metre) for take in takes for row in _distances(take)]
        scores = [np.mean([_shortest(row, m) == metre for row, metre in rows]) for m in MARGINS]
        self.margin = float(MARGINS[int(np.argmax(scores))])

    def nearest(self, take: Take) -> list[int]:
        """The metre of each bar of a take whose first beat is a downbeat."""
        found = []
        for bar in _bars(take, take.metre, take.metre):
            away = np.linalg.norm(self._bars - bar, axis=1)
            near = self._metres[np.argsort(away)[:NEIGHBOURS]]
            found.append(int(Counter(near.tolist()).most_common(1)[0][0]))
        return found

    def repeats(self, take: Take) -> list[int]:
        """The metre around each beat of a take."""
        return [_shortest(row, self.margin) for row in _distances(take)]


def left_out(takes: list[Take]) -> Iterator[tuple[Take, Recognizer]]:
    """Each take, and what was made of all others."""
    for number, take in enumerate(takes):
        yield take, Recognizer(takes[:number] + takes[number + 1 :])


def _bars(take: Take, length: int, step: int) -> Floats:
    """Bars that begin on every `step`-th beat, (bars, 2 * POINTS)."""
    frames = np.arange(len(take.path))
    found = []
    for first in range(0, len(take.beats) - length, step):
        at = np.linspace(take.beats[first], take.beats[first + length], POINTS)
        bar = np.stack([np.interp(at, frames, axis) for axis in take.path.T], axis=1)
        found.append(((bar - bar.mean(0)) / (bar.std(0) + 1e-6)).ravel())
    return np.array(found).reshape(-1, 2 * POINTS)


def _distances(take: Take) -> Floats:
    """How unlike strokes 2, 3 and 4 beats apart are, in windows from each beat on."""
    frames = np.arange(len(take.path))
    path = (take.path - take.path.mean(0)) / take.path.std(0)
    pairs = zip(take.beats[:-1], take.beats[1:], strict=True)
    at = np.array([np.linspace(a, b, STROKE, endpoint=False) for a, b in pairs])
    strokes = np.stack([np.interp(at, frames, axis) for axis in path.T], axis=2)
    flat = strokes.reshape(len(strokes), -1)
    most = max(METRES)
    found = []
    for first in range(len(flat) - WINDOW + 1):
        window = flat[first : first + max(WINDOW, most + 2)]
        apart = [np.linalg.norm(window[k:] - window[:-k], axis=1).mean() for k in METRES]
        whole = np.linalg.norm(window[:, None] - window[None], axis=-1)
        found.append(np.array(apart) / whole[np.triu_indices(len(window), 1)].mean())
    return np.array(found).reshape(-1, len(METRES))


def _shortest(row: Floats, margin: float) -> int:
    two, three, four = row
    short = (two, 2) if two < four + margin else (four, 4)
    return short[1] if short[0] <= three else 3

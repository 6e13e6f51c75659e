"""Stored excerpts of rendered music, and scores of what was said of them."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import mir_eval
import numpy as np
from numpy.typing import NDArray

from _rhythm.live import FPS, Array, Heard

SKIP = 5.0  # s at the start that are not scored
NEAR = 0.7  # s, tolerance of phrases, as in MOSA


class Excerpt(NamedTuple):
    """A file of the store: streams by name, and what is known; see its writer for the fields."""

    name: str
    source: str
    streams: dict[str, NDArray[np.float32]]
    known: dict[str, NDArray[Any]]

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.streams["mel"]) / FPS


def excerpts(folder: Path, most: int = 0) -> Iterator[Excerpt]:
    """The excerpts of a folder by name, or `most` of them, evenly spread."""
    paths = sorted(folder.glob("*.npz"))
    if 0 < most < len(paths):
        paths = [paths[k] for k in np.linspace(0, len(paths) - 1, most).astype(int)]
    for path in paths:
        with np.load(path) as found:
            known = dict(found)
        streams = {
            name: rows.astype(np.float32)
            for name in ("mel", "motion", "video")
            if len(rows := known.pop(name))
        }
        yield Excerpt(path.stem, json.loads(str(known.pop("meta")))["source"], streams, known)


def script(path: Path) -> ModuleType:
    """The field's own scoring script as a module."""
    spec = importlib.util.spec_from_file_location("score_beats", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def beat_scores(score: ModuleType, pairs: Sequence[tuple[Excerpt, Heard]]) -> dict[str, float]:
    """Means over excerpts with known beats, in the columns of the field's script."""
    found = []
    for excerpt, heard in pairs:
        true = excerpt.known["beats"]
        if len(true) < 4 or true[-1, 0] < SKIP:
            continue
        rows = np.column_stack([true, np.full(len(true), np.nan)]).astype(np.float64)
        said = heard.beats[heard.beats[:, 2] <= excerpt.seconds]
        found.append(score.score_piece(rows, said, SKIP, excerpt.seconds))
    return dict(score.summarise("", found)) if found else {}


def phrase_f(true: Array, said: Array) -> float:
    """F-measure (%) of phrase starts within `NEAR`, those of the first `SKIP` s left out."""
    true, said = (np.asarray(x, np.float64)[np.asarray(x) >= SKIP] for x in (true, said))
    if not len(true) or not len(said):
        return 0.0
    return 100.0 * float(mir_eval.onset.f_measure(true, np.sort(said), window=NEAR)[0])


def confusion(true: Iterable[NDArray[Any]], said: Iterable[NDArray[Any]], size: int) -> Array:
    """Counts (size, size) of frames: true class in rows, said in columns."""
    matrix = np.zeros((size, size))
    for one, two in zip(true, said, strict=True):
        known = one >= 0
        np.add.at(matrix, (one[known].astype(int), two[known].astype(int)), 1)
    return matrix


def loudness(excerpt: Excerpt) -> Array:
    """What a listener to loudness alone has: the mean of the bands, over half a second."""
    level = excerpt.streams["mel"].mean(axis=1).astype(np.float64)
    smooth = 1.0 - np.exp(-1.0 / (0.5 * FPS))
    for k in range(1, len(level)):
        level[k] = level[k - 1] + smooth * (level[k] - level[k - 1])
    return level

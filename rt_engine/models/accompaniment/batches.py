"""Takes as windows of tokens, drawn for training or laid end to end for scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rt_engine.accompaniment import tokens as tk
from rt_engine.accompaniment.drums import NUMBERS, numbers_of
from rt_engine.accompaniment.harmony import CHORDS, NO_CHORD, home_of, transposed
from rt_engine.models.accompaniment.data import Measure, Take, folded

__all__ = [
    "IGNORED",
    "LENGTH",
    "Batch",
    "Sampler",
    "batch_of",
    "encoded",
    "homeward",
    "window_of",
    "windows",
]

LENGTH = 384  # tokens of a window
BARS = 16  # at most, of a window
OPEN = 0.5  # share of the windows whose bars do not tell their density
SHIFTS = range(-5, 7)  # semitones
IGNORED = -100  # targets that are given and need not be foretold

Ints = NDArray[np.int64]


class Window(NamedTuple):
    """Bars in a row: token, time in sixteenths and bar of each token, and the drums of the bars."""

    token: Ints
    time: Ints
    bar: Ints
    drums: NDArray[np.float32]  # (bars, NUMBERS)


class Batch(NamedTuple):
    """Windows side by side: (rows, t) each, drums (rows, bars, NUMBERS)."""

    token: Tensor
    time: Tensor
    bar: Tensor
    drums: Tensor
    target: Tensor  # the token after each; IGNORED where it is given, or padding

    @property
    def inputs(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What the network takes."""
        return self.token, self.time, self.bar, self.drums


def encoded(bar: Measure, instrument: str, shift: int = 0, density: int = tk.ANY_DENSITY) -> Any:
    """The tokens of a bar and their places in it, in sixteenths."""
    low, high = tk.RANGES[instrument]
    notes = [n._replace(pitch=folded(n.pitch + shift, low, high)) for n in bar.notes]
    chords = transposed(bar.chords[0], shift), transposed(bar.chords[1], shift)
    tokens = tk.encode(tk.Head(instrument, bar.tempo, density, chords), notes)
    place, places = 0, []
    for token in tokens:
        place = token - tk.POSITION.first if token in tk.POSITION else place
        places.append(place)
    return tokens, places


def window_of(
    take: Take, first: int, shift: int = 0, told: bool = False, length: int = LENGTH
) -> Window:
    """Up to `BARS` bars of a take from the bar `first`, at most `length` tokens and one more."""
    token: list[int] = []
    time: list[int] = []
    bar: list[int] = []
    drums = []
    for k, measure in enumerate(take.bars[first : first + BARS]):
        density = tk.density_of(measure.notes) if told else tk.ANY_DENSITY
        tokens, places = encoded(measure, take.instrument, shift, density)
        token += tokens
        time += [tk.STEPS * k + place for place in places]
        bar += [k] * len(tokens)
        drums.append(numbers_of(measure.drums))
        if len(token) > length:
            break
    cut = slice(0, length + 1)
    columns = [np.array(x[cut], np.int64) for x in (token, time, bar)]
    return Window(columns[0], columns[1], columns[2], np.stack(drums))


def batch_of(windows: list[Window]) -> Batch:
    """Windows side by side, the shorter ones filled up."""
    length = max(len(w.token) for w in windows) - 1
    bars = max(len(w.drums) for w in windows)
    rows = {name: np.zeros((len(windows), length), np.int64) for name in ("token", "time", "bar")}
    target = np.full((len(windows), length), IGNORED, np.int64)
    drums = np.zeros((len(windows), bars, NUMBERS), np.float32)
    for k, w in enumerate(windows):
        n = len(w.token) - 1
        for name in rows:
            rows[name][k, :n] = getattr(w, name)[:-1]
        target[k, :n] = np.where(w.token[1:] >= tk.CHORD.first, w.token[1:], IGNORED)
        drums[k, : len(w.drums)] = w.drums
    token, time, bar = (torch.from_numpy(rows[name]) for name in ("token", "time", "bar"))
    return Batch(token, time.float(), bar, torch.from_numpy(drums), torch.from_numpy(target))


def homeward(take: Take) -> int:
    """Semitones that bring the chords of a take to the key without signs, as the writer does."""
    weights = np.zeros(12)
    for chord in (c for bar in take.bars for c in bar.chords if c != NO_CHORD):
        weights += CHORDS[chord].tones
    return home_of(weights)


class Sampler:
    """Draws batches: every instrument alike, takes by their length.

    home: all of them brought to one key, as the writer does; else in any key that fits.
    """

    def __init__(self, takes: list[Take], seed: int, rows: int = 8, home: bool = True) -> None:
        self.rng, self.rows, self.home = np.random.default_rng(seed), rows, home
        names = sorted({take.instrument for take in takes})
        self.takes = [[t for t in takes if t.instrument == name] for name in names]
        lengths = [np.array([len(t.bars) for t in own], float) for own in self.takes]
        self.shares = [length / length.sum() for length in lengths]

    def draw(self) -> Batch:
        """The next batch."""
        return batch_of([self._window() for _ in range(self.rows)])

    def _window(self) -> Window:
        rng = self.rng
        kind = int(rng.integers(len(self.takes)))
        take = self.takes[kind][int(rng.choice(len(self.takes[kind]), p=self.shares[kind]))]
        first = int(rng.integers(max(1, len(take.bars) - BARS // 2)))
        told = bool(rng.random() > OPEN)
        if self.home:
            return window_of(take, first, homeward(take), told)
        pitches = [n.pitch for bar in take.bars[first : first + BARS] for n in bar.notes]
        low, high = tk.RANGES[take.instrument]
        above, below = max(pitches, default=low), min(pitches, default=high)
        fits = [s for s in SHIFTS if below + s >= low and above + s <= high] or [0]
        return window_of(take, first, int(rng.choice(fits)), told)


def windows(takes: list[Take], limit: int, home: bool = True) -> Iterator[list[Window]]:
    """Windows for scores, some rows at a time: the takes laid end to end, none twice.

    home: as of `Sampler`; else in the keys of the songs.
    """
    rows = [
        window_of(take, k, homeward(take) if home else 0, length=limit)
        for take in takes
        for k in range(0, len(take.bars), BARS)
    ]
    rows.sort(key=lambda w: len(w.token))
    for k in range(0, len(rows), 8):
        yield rows[k : k + 8]

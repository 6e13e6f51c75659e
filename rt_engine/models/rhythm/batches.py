"""Batches of excerpts: cut, joined, played faster or slower, with streams that come and go."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rt_engine.models.rhythm.augment import vary
from rt_engine.models.rhythm.store import Excerpt
from rt_engine.models.rhythm.streams import FPS, INPUTS, PLACES, STREAMS

Floats = NDArray[np.float32]

PHRASE = 25  # frames from the start of a phrase on that count as inside its boundary
ALONE = 0.4  # share of the performances with a body that are only listened to
GENTLE = 0.25  # strength of the augmentation where dynamics, a matter of colour, are known
SHORTEST = 100  # frames: a shorter rest of a row is not worth another excerpt


@dataclass(frozen=True)
class Batch:
    """Inputs (batch, time, n) and what is known, (batch, time) each.

    beat, downbeat, phrase are 0 or 1, the first two in single frames; their `_known` tell where
    the labels say anything (for `bar_known`, at beats). dynamics, articulation, place (of
    `PLACES` in the bar): -1 unknown.
    """

    mel: Tensor
    motion: Tensor
    video: Tensor
    present: Tensor
    beat: Tensor
    downbeat: Tensor
    phrase: Tensor
    beat_known: Tensor
    bar_known: Tensor
    phrase_known: Tensor
    dynamics: Tensor
    articulation: Tensor
    place: Tensor

    @property
    def inputs(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What the network takes, in its order."""
        return self.mel, self.motion, self.video, self.present


LABELS = [f.name for f in fields(Batch)][4:]
GRADES = ("dynamics", "articulation")  # that an excerpt holds
CLASSES = (*GRADES, "place")
LONGEST = 12  # beats: a bar of more is a gap in the labels


class Mix(NamedTuple):
    """How excerpts are changed on their way into a batch.

    lengths: (frames, rows) of a batch, one of which is drawn. tempo: octaves, the deviation of the
    speed. whole: share of rows that start at an excerpt's start. lag: frames by which motion and
    video may come late, as from a camera. delay: frames by which events are told later than they
    are. favoured: a kind that is drawn twice as often, the only one with dynamics.
    """

    lengths: tuple[tuple[int, int], ...] = ((600, 20), (1500, 8))
    tempo: float = 0.12
    whole: float = 0.3
    lag: tuple[int, int] = (-1, 7)
    delay: int = 1
    favoured: str = "expression"
    augment: bool = True


class Sampler:
    """Draws batches from excerpts, for ever, and the same ones from the same seed."""

    def __init__(self, excerpts: list[Excerpt], seed: int = 0, mix: Mix | None = None) -> None:
        self.excerpts, self.mix = excerpts, mix or Mix()
        self.rng = np.random.default_rng(seed)
        self.torch_rng = torch.Generator().manual_seed(seed)

    def draw(self) -> Batch:
        """The next batch."""
        frames, rows = self.mix.lengths[self.rng.integers(len(self.mix.lengths))]
        batch = stack([self._row(frames) for _ in range(rows)])
        if self.mix.augment:
            graded = (batch.dynamics >= 0).any(dim=1, keepdim=True)
            strength = torch.where(graded, GENTLE, 1.0)
            batch.mel.copy_(vary(batch.mel, self.torch_rng, strength))
        batch.mel.mul_(batch.present[..., :1])
        return batch

    def _row(self, frames: int) -> dict[str, Floats]:
        row = empty(frames)
        filled = 0
        while frames - filled >= SHORTEST:
            filled += self._place(self._pick(), row, filled, frames)
        return row

    def _pick(self) -> Excerpt:
        """One of the excerpts, those of a favoured kind twice as likely."""
        while True:
            excerpt = self.excerpts[self.rng.integers(len(self.excerpts))]
            if excerpt.kind == self.mix.favoured or self.rng.random() < 0.5:
                return excerpt

    def _place(self, excerpt: Excerpt, row: dict[str, Floats], at: int, frames: int) -> int:
        """Write as much of an excerpt as there is room for; the number of frames."""
        speed = float(2.0 ** (self.mix.tempo * np.clip(self.rng.standard_normal(), -2, 2)))
        longest = int((len(excerpt) - 1) / speed)
        count = min(frames - at, longest)
        spare = len(excerpt) - 1 - count * speed
        start = 0.0 if self.rng.random() < self.mix.whole else float(self.rng.random() * spare)
        place = start + speed * np.arange(count)
        piece = cut(excerpt, place, speed, self.mix.delay)
        self._bodies(excerpt, place, piece)
        for name, values in piece.items():
            row[name][at : at + count] = values
        return count

    def _bodies(self, excerpt: Excerpt, place: Floats, piece: dict[str, Floats]) -> None:
        """Add motion and video, late, and let streams come and go."""
        has = [bool(len(getattr(excerpt, name))) for name in STREAMS]
        piece["present"] = self._presence(has, len(place))
        late = np.rint(place - self.rng.uniform(*self.mix.lag))
        for k in (1, 2):
            if has[k]:
                rows = resample(getattr(excerpt, STREAMS[k]), late)
                piece["present"][:, k] *= seen(rows)
                piece[STREAMS[k]] = rows * piece["present"][:, k : k + 1]

    def _presence(self, has: list[bool], count: int) -> Floats:
        """Which streams are there, (count, 3): a random set, and a hole in one of them."""
        there = np.array(has, bool)
        if there.sum() > 1 and self.rng.random() < ALONE:
            there = np.array([True, False, False])
        elif there.sum() > 1:
            kept = there & (self.rng.random(3) < (0.6, 0.75, 0.7))
            there = kept if kept.any() else there
        present = np.tile(there.astype(np.float32), (count, 1))
        if there.sum() > 1 and self.rng.random() < 0.4:
            size = int(self.rng.integers(FPS, 10 * FPS))
            start = int(self.rng.integers(max(1, count - size // 2)))
            present[start : start + size, self.rng.choice(np.flatnonzero(there))] = 0.0
        return present


def empty(frames: int) -> dict[str, Floats]:
    """A row of a batch in which nothing is there and nothing known."""
    row = {name: np.zeros((frames, size), np.float32) for name, size in INPUTS.items()}
    row |= {name: np.zeros(frames, np.float32) for name in LABELS}
    for name in CLASSES:
        row[name][:] = -1
    return row


def cut(excerpt: Excerpt, place: Floats, speed: float = 1.0, delay: int = 0) -> dict[str, Floats]:
    """Sound and labels of an excerpt at frames `place` (n,), `speed` of them a frame."""
    count = len(place)
    piece = {"mel": resample(excerpt.mel, place)}
    where = np.rint((excerpt.beats[:, 0] * FPS - place[0]) / speed).astype(int) + delay
    inside = (where >= 0) & (where < count)
    where, position = where[inside], excerpt.beats[inside, 1]
    piece["beat"] = marks(where, count)
    piece["downbeat"] = marks(where[position == 1], count)
    piece["beat_known"] = np.full(count, excerpt.beats_known, np.float32)
    named = np.zeros(count, np.float32)
    for k in (-1, 0, 1):
        named = np.maximum(named, marks(where[position > 0] + k, count))
    piece["bar_known"] = named
    piece["phrase"] = spans(excerpt.phrases, place[0], speed, count, delay)
    piece["phrase_known"] = np.full(count, excerpt.phrases_known, np.float32)
    piece["place"] = places(excerpt.beats, (place - speed * delay) / FPS)
    nearest = np.rint(place).astype(int)
    for name in GRADES:
        piece[name] = getattr(excerpt, name)[nearest].astype(np.float32)
    return piece


def marks(where: NDArray[np.int_], count: int) -> Floats:
    """1 at each of the frames inside 0..count, else 0."""
    row = np.zeros(count, np.float32)
    row[where[(where >= 0) & (where < count)]] = 1.0
    return row


def spans(times: Floats, start: float, speed: float, count: int, delay: int) -> Floats:
    """1 for `PHRASE` frames from each time (s) on."""
    row = np.zeros(count, np.float32)
    for first in np.rint((times * FPS - start) / speed).astype(int) + delay:
        row[max(first, 0) : max(first + PHRASE, 0)] = 1.0
    return row


def places(beats: Floats, times: Floats) -> Floats:
    """Which of `PLACES` in its bar each time (s) is; -1 outside the bars of `beats` (k, 2)."""
    firsts = np.flatnonzero(beats[:, 1] == 1)
    if len(firsts) < 2:
        return np.full(len(times), -1, np.float32)
    sizes = np.diff(firsts)
    number = np.repeat(np.arange(len(sizes)), sizes)
    inside = (np.arange(len(number)) - np.repeat(firsts[:-1] - firsts[0], sizes)) / sizes[number]
    at = beats[firsts[0] : firsts[-1] + 1, 0]
    bars = np.interp(times, at, [*(number + inside), len(sizes)], -1.0, -1.0)
    whole = np.floor(bars).astype(int)
    known = (whole >= 0) & (whole < len(sizes))
    known[known] = sizes[whole[known]] <= LONGEST
    return np.where(known, np.floor((bars - whole) * PLACES), -1.0).astype(np.float32)


def resample(rows: NDArray[np.float16], place: Floats) -> Floats:
    """Rows (n, size) at places between them, on straight lines; the ends are held."""
    below = np.clip(np.floor(place).astype(int), 0, len(rows) - 1)
    if np.all(place == np.rint(place)):
        return np.asarray(rows[below], np.float32)
    above = np.minimum(below + 1, len(rows) - 1)
    part = np.clip(place - below, 0.0, 1.0).astype(np.float32)[:, None]
    low = rows[below].astype(np.float32)
    return np.asarray(low + part * (rows[above].astype(np.float32) - low))


def seen(rows: NDArray[np.floating[Any]]) -> Floats:
    """1 where a body is in sight: a row (of motion or video) of nothing but zeros means none."""
    return rows.any(axis=1).astype(np.float32)


def stack(rows: list[dict[str, Floats]]) -> Batch:
    """Rows of one length as a batch."""
    data = {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]}
    return Batch(**{n: x.long() if n in CLASSES else x for n, x in data.items()})


def whole(excerpt: Excerpt, use: tuple[str, ...] = STREAMS) -> Batch:
    """An excerpt as it is, as a batch of one row; streams that are not in `use` are absent."""
    row = empty(len(excerpt))
    row |= cut(excerpt, np.arange(len(excerpt), dtype=np.float32))
    for k, name in enumerate(STREAMS):
        rows = getattr(excerpt, name)
        if name in use and len(rows):
            row[name] = rows.astype(np.float32)
            row["present"][:, k] = seen(rows) if k else 1.0
        else:
            row[name][:] = 0.0
    return stack([row])

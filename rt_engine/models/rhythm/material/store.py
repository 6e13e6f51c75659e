"""The store of excerpts: drawn in an order that is balanced at every moment, by two processes."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rt_engine.models.rhythm.material import sources
from rt_engine.models.rhythm.material.excerpts import add_motion, make, name_of, write
from rt_engine.models.rhythm.material.render import fonts
from rt_engine.models.rhythm.material.takes import KINDS, SECONDS, Library

SPLITS = {"train": 0.84, "valid": 0.07, "test": 0.09}
AHEAD = 8  # jobs given to each process at once


class Job(NamedTuple):
    """Excerpt `number` of a kind, of a split."""

    split: str
    kind: str
    number: int

    @property
    def file(self) -> str:
        """Where it lies in the store."""
        return f"{name_of(*self)}.npz"


class Summary(NamedTuple):
    """What a store holds: hours by split, and by split and kind; its size; what was not made."""

    hours: float
    by_split: dict[str, float]
    by_kind: dict[str, float]
    bytes: int
    unsuitable: int
    full: bool  # whether the disk budget ended the drawing


def collect(
    data: Path, work: Path, hours: float, disk_gb: float = 2.0, seed: int = 0, workers: int = 2
) -> Summary:
    """Draw excerpts of 40 s into work/{train,valid,test} until there are `hours` of them.

    data: the folder with the archives of MIDI and `soundfonts/`. What is there is not made
    again, so a broken run goes on where it was, and more hours can be asked for later. It stops
    short when the store has `disk_gb` gigabytes. seed: of all draws; not of the split, which is
    fixed. FileNotFoundError where the data, a font or fluidsynth is missing.
    """
    midi = sources.unpack(data, work / "midi")
    for split in SPLITS:
        fonts(data / "soundfonts", split)
        (work / split).mkdir(parents=True, exist_ok=True)
    progress = Progress(work, round(hours * 3600 / SECONDS), disk_gb * 1e9)
    missing = (job for job in jobs(seed) if not progress.has(job))
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        work_through(
            lambda: pool.submit(work_on, next(missing), data, midi, work, seed),
            progress,
            workers * AHEAD,
        )
    return summary(work, progress)


def work_through(submit: Callable[[], Future[int]], progress: Progress, ahead: int) -> None:
    """Submit jobs, `ahead` of them at once, until the progress is enough."""
    pending: set[Future[int]] = set()
    while not progress.done:
        pending.update(submit() for _ in range(ahead - len(pending)))
        ready, pending = wait(pending, return_when=FIRST_COMPLETED)
        for future in ready:
            progress.count(future.result())
    for future in pending:
        future.cancel()


def jobs(seed: int) -> Iterator[Job]:
    """Jobs for ever: every stretch of them has the kinds and splits in their shares."""
    rng = np.random.default_rng([seed, 7])
    numbers: Counter[tuple[str, str]] = Counter()
    due = {(s, k): 0.0 for s in SPLITS for k in KINDS}
    for key in due:
        due[key] = rng.random()
    while True:
        for (split, kind), credit in due.items():
            due[split, kind] = credit + SPLITS[split] * KINDS[kind]
        key = max(due, key=lambda pair: due[pair])
        due[key] -= 1.0
        yield Job(*key, numbers[key])
        numbers[key] += 1


def work_on(job: Job, data: Path, midi: Path, work: Path, seed: int) -> int:
    """Make and write an excerpt; its bytes, or 0 where its piece does not suit."""
    try:
        content = make(
            job.kind,
            job.number,
            job.split,
            library(midi, job.split),
            fonts(data / "soundfonts", job.split),
            seed,
        )
    except ValueError:
        return 0
    write(work / job.file, content)
    return (work / job.file).stat().st_size


def add_bodies(data: Path, work: Path, seed: int = 0, workers: int = 2) -> int:
    """Give motion to excerpts of a store that was made without; how many got it.

    Each gets what `collect` with the same seed would have given it; what has motion is left
    alone, so a broken run goes on where it was.
    """
    midi = sources.unpack(data, work / "midi")
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        given = [pool.submit(embody, path, midi, seed) for path in excerpts(work)]
        return sum(future.result() for future in given)


def embody(path: Path, midi: Path, seed: int) -> bool:
    """`add_motion` with the pieces of the excerpt's split."""
    return add_motion(path, library(midi, path.parent.name), seed)


@cache
def library(midi: Path, split: str) -> Library:
    """The pieces of a split."""
    found = (sources.pop909(midi), sources.asap(midi), sources.archive(midi), sources.groove(midi))
    return Library(*([piece for piece in pieces if piece.split == split] for pieces in found))


class Progress:
    """Counts what is there against what is wanted, and says so on one line."""

    def __init__(self, work: Path, wanted: int, most_bytes: float) -> None:
        there = list(excerpts(work))
        self._there = {f"{path.parent.name}/{path.name}" for path in there}
        self.found = len(there)
        self.bytes = sum(path.stat().st_size for path in there)
        self.wanted, self.most_bytes, self.unsuitable = wanted, most_bytes, 0
        self._first, self._began = self.found, time.monotonic()

    def has(self, job: Job) -> bool:
        """Whether the excerpt was there from the start."""
        return job.file in self._there

    @property
    def full(self) -> bool:
        """Whether one more excerpt may leave the disk budget."""
        typical = self.bytes / max(self.found, 1)
        return self.bytes + typical > self.most_bytes

    @property
    def done(self) -> bool:
        """Whether nothing more is to be drawn."""
        return self.found >= self.wanted or self.full

    def count(self, size: int) -> None:
        """Take the size of an excerpt, 0 for none."""
        if size:
            self.found, self.bytes = self.found + 1, self.bytes + size
        else:
            self.unsuitable += 1
        rate = (self.found - self._first) / max(time.monotonic() - self._began, 1e-3)
        left = (self.wanted - self.found) / max(rate, 1e-3)
        print(
            f"\rexcerpts {self.found} of {self.wanted}, {rate:.1f} a second, "
            f"{self.bytes / 1e6:.0f} MB, {left / 60:.1f} min left ",
            end="\n" if self.done else "",
            file=sys.stderr,
            flush=True,
        )


def excerpts(work: Path) -> Iterator[Path]:
    """Files of the store, in order."""
    for split in SPLITS:
        yield from sorted(path for path in (work / split).glob("*.npz") if path.name[0] != ".")


def summary(work: Path, progress: Progress) -> Summary:
    """Count a store by the names of its files."""
    hour = SECONDS / 3600
    files = list(excerpts(work))
    splits = Counter(path.parent.name for path in files)
    kinds = Counter(f"{path.parent.name} {path.stem.rsplit('-', 1)[0]}" for path in files)
    return Summary(
        len(files) * hour,
        {key: count * hour for key, count in splits.items()},
        {key: count * hour for key, count in sorted(kinds.items())},
        progress.bytes,
        progress.unsuitable,
        progress.full,
    )

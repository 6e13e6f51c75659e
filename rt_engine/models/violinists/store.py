"""The store of takes: made job by job, in any number of processes, and gone on with."""

from __future__ import annotations

import multiprocessing
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rt_engine.models.violinists import bach, etudes
from rt_engine.models.violinists.sound import coloured, rendered
from rt_engine.models.violinists.takes import PARTS, Take, write
from rt_engine.violin.features import PerformanceFeatures
from rt_engine.violin.simulation import RATE, Motion, Player, drawn, play
from rt_engine.violin.simulation.motion import single

__all__ = ["SOUND", "Job", "Performance", "hear", "jobs", "make", "perform"]

SOUND = 48_000  # samples a second, those of the live microphone
SHARES = {"train": 0.78, "valid": 0.08, "test": 0.14}
SECONDS = 45.0
BACH = 0.25  # share of the takes that are real recordings
WINDOW = 1024  # samples: half of the features' window, to the centre of their first row


class Job(NamedTuple):
    """Take `number` of a part: of a real recording (`cut`), or an etude."""

    part: str
    number: int
    cut: bach.Cut | None = None

    @property
    def name(self) -> str:
        """Of its file."""
        source = self.cut.name if self.cut else "etude"
        return f"{source}_{self.part}{self.number:04d}"


class Performance(NamedTuple):
    """What a job makes: sound (n,) float32 at SOUND samples a second, motion, and its story."""

    sound: NDArray[np.float32]
    motion: Motion
    meta: dict[str, str]


def make(
    data: Path,
    folder: Path,
    hours: float,
    workers: int = 1,
    seed: int = 0,
    told: Callable[[str], None] = print,
) -> int:
    """Fill folder/{train,valid,test} with about `hours` of takes; how many were made now.

    data: the folder with `violin/bach` and `soundfonts`. What is there is not made again, so a
    broken run goes on, and more hours can be asked for later. FileNotFoundError where the data,
    a font or fluidsynth is missing.
    """
    wanted = list(jobs(data, hours, seed))
    for part in PARTS:
        (folder / part).mkdir(parents=True, exist_ok=True)
    missing = [job for job in wanted if not (folder / job.part / f"{job.name}.npz").exists()]
    work = partial(work_on, data=data, folder=folder, seed=seed)
    for done, name in enumerate(_through(work, missing, workers), 1):
        told(f"{done}/{len(missing)} {name}")
    return len(missing)


def _through(work: Callable[[Job], str], missing: list[Job], workers: int) -> Iterator[str]:
    """The names of what was made, as it is; in this process where one worker is enough."""
    if workers == 1:
        yield from map(work, missing)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, missing)


def work_on(job: Job, data: Path, folder: Path, seed: int) -> str:
    """Make and write one take; its name."""
    played = perform(job, data, seed)
    features = hear(played.sound, SOUND, len(played.motion.t))
    bow = played.motion.bow
    track = np.stack([bow.direction, bow.speed, bow.position], axis=1).astype(np.float32)
    motion = played.motion
    take = Take(job.name, features, motion.joints, motion.turns, track, motion.notes, played.meta)
    write(folder / job.part / f"{job.name}.npz", take)
    return job.name


def jobs(data: Path, hours: float, seed: int = 0) -> Iterator[Job]:
    """What is to be made, parts and kinds mixed, so that a beginning has some of everything."""
    whole = list(chain.from_iterable(map(bach.cuts, bach.recordings(data / "violin" / "bach"))))
    lines = []
    for part, share in SHARES.items():
        count = max(1, round(hours * 3600 / SECONDS * share))
        own = [cut for cut in whole if cut.part == part]
        real = max(len(own), round(BACH * count))
        lines.append([Job(part, k, own[k % len(own)]) for k in range(real)])
        lines.append([Job(part, k) for k in range(max(1, count - real))])
    longest = max(map(len, lines))
    spread = [_spread(line, longest) for line in lines]
    for row in zip_longest(*spread):
        yield from (job for job in row if job)


def _spread(line: list[Job], longest: int) -> list[Job | None]:
    """A line stretched over `longest` places."""
    places = np.linspace(0, longest - 1, len(line)).round().astype(int)
    found: list[Job | None] = [None] * longest
    for place, job in zip(places, line, strict=True):
        found[place] = job
    return found


def perform(job: Job, data: Path, seed: int = 0) -> Performance:
    """Sound and motion of a job: the same for the same seed. The body is of this take alone."""
    rng = np.random.default_rng([seed, zlib.crc32(job.name.encode())])
    player = drawn(rng)
    if job.cut:
        sound, motion, story = _recorded(job.cut, player, rng)
    else:
        sound, motion, story = _rendered(job, data, player, rng)
    meta = {**story, "part": job.part, "body": f"{job.name}"}
    return Performance(coloured(sound, SOUND, rng), motion, meta)


def _recorded(
    cut: bach.Cut, player: Player, rng: Generator
) -> tuple[NDArray[np.float64], Motion, dict[str, str]]:
    sound = cut.sound(SOUND)
    frames = len(sound) * RATE // SOUND
    level = bach.level_of(sound, SOUND, frames)
    notes = bach.slurred(single(cut.notes), level, rng)
    motion = play(notes, player, rng, bach.loudness(level))
    story = {"kind": "bach", "piece": cut.recording.name, "violinist": cut.recording.violinist}
    return sound, motion, {**story, "sound": "recording", "licence": bach.LICENCE}


def _rendered(
    job: Job, data: Path, player: Player, rng: Generator
) -> tuple[NDArray[np.float64], Motion, dict[str, str]]:
    piece = etudes.etude(rng, SECONDS)
    motion = play(piece.notes, player, rng, piece.level)
    sound, font = rendered(motion, data / "soundfonts", job.part, SOUND, rng)
    story = {"kind": "etude", "piece": job.name, "style": f"{piece.kind} {piece.touch}"}
    return sound, motion, {**story, "sound": font, "licence": "made here"}


def hear(sound: NDArray[np.float32], rate: int, frames: int) -> NDArray[np.float32]:
    """Features (frames, 35) of a sound, row k at k / 50 s."""
    features = PerformanceFeatures(rate)
    tail = np.zeros(features.latency + features.hop * 4, np.float32)
    rows = features.process(np.concatenate([np.zeros(WINDOW, np.float32), sound, tail]))
    at = np.rint((features.times - WINDOW) / features.hop).astype(int)
    found = np.zeros((frames, features.dims), np.float32)
    good = (at >= 0) & (at < frames)
    found[at[good]] = rows[good]
    return found

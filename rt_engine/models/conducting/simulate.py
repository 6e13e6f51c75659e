"""Pairs of music and motion: excerpts whose beats are known, and a pattern conductor's motion.

Every excerpt gets a conductor of its own, drawn around one of the styles. Where dynamics were
rendered they drive the motion; elsewhere the loudness that can be heard does, around a level of
that conductor's choice. Nothing here is a real performer.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.conducting.controls import controls, meters_of
from rt_engine.conducting.performance import Played, perform
from rt_engine.conducting.style import STYLES, drawn
from rt_engine.models.rhythm.store import Excerpt, read_excerpt
from rt_engine.models.rhythm.streams import FPS

Floats = NDArray[np.float32]
Rng = np.random.Generator

DETACHED = np.array([0.08, 0.4, 0.9])  # of the classes legato, neutral, staccato
SLOW = 1.5  # s over which loudness and labels are smoothed
SWING = 0.17  # of the level, for one standard deviation of what is heard
FEWEST = 12  # beats of an excerpt that is conducted


class Pair(NamedTuple):
    """An excerpt and its conductor, 50 frames a second.

    mel: (n, 80). joints: (n, 13, 3) m, body frame. beats: (k, 3), s, position, beats a bar.
    level, detached: (n,), 0 to 1. licence, source: of the music.
    """

    name: str
    mel: Floats
    joints: Floats
    beats: NDArray[np.float64]
    level: Floats
    detached: Floats
    excerpt: Excerpt

    @property
    def controls(self) -> Floats:
        """What the live generator is told, (n, controls.SIZE)."""
        times = np.arange(len(self.mel)) / FPS
        return controls(times, self.beats, self.level, self.detached)


def suits(excerpt: Excerpt) -> bool:
    """Whether there is something to conduct: enough beats, with their places in the bar."""
    return len(excerpt.beats) >= FEWEST and bool(meters_of(excerpt.beats[:, 1]).all())


def embody(excerpt: Excerpt, seed: int = 0) -> Pair:
    """Conduct an excerpt; the same for the same seed. ValueError where it does not suit."""
    if not suits(excerpt):
        raise ValueError(f"{excerpt.name}: {len(excerpt.beats)} beats, or no bars; not conducted")
    rng = np.random.default_rng([seed, zlib.crc32(excerpt.name.encode())])
    level, detached = expression(excerpt, rng)
    beats = np.column_stack([excerpt.beats, meters_of(excerpt.beats[:, 1])]).astype(np.float64)
    names = sorted(STYLES)
    style = drawn(rng, STYLES[names[int(rng.integers(len(names)))]])
    at = np.clip(np.rint(beats[:, 0] * FPS).astype(int), 0, len(excerpt) - 1)
    score = [
        Played(t, int(place), int(meter), float(level[k]), float(detached[k]))
        for (t, place, meter), k in zip(beats.tolist(), at, strict=True)
    ]
    motion = perform(score, style, int(rng.integers(2**31)), FPS, len(excerpt) / FPS)
    mel = excerpt.mel.astype(np.float32)
    return Pair(excerpt.name, mel, motion.joints, beats, level, detached, excerpt)


def expression(excerpt: Excerpt, rng: Rng) -> tuple[Floats, Floats]:
    """Level and detachment (n,), 0 to 1, as the conductor shows them."""
    count = len(excerpt)
    middle, touch = rng.uniform(0.3, 0.75), rng.uniform(0.05, 0.95)
    if (excerpt.dynamics >= 0).all():
        level = (excerpt.dynamics + 0.5) / 6.0
    else:
        loud = smoothed(excerpt.mel.astype(np.float64).mean(axis=1))
        level = middle + SWING * (loud - loud.mean()) / max(float(loud.std()), 1e-6)
    if (excerpt.articulation >= 0).all():
        detached = DETACHED[excerpt.articulation]
    else:
        detached = np.full(count, touch)
    rows = [np.clip(smoothed(x), 0.0, 1.0).astype(np.float32) for x in (level, detached)]
    return rows[0], rows[1]


def smoothed(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The mean over `SLOW` s around each frame; the ends are held."""
    half = round(SLOW * FPS / 2)
    padded = np.pad(np.asarray(values, np.float64), half, mode="edge")
    sums = np.cumsum(np.concatenate([[0.0], padded]))
    return np.asarray((sums[2 * half + 1 :] - sums[: -2 * half - 1]) / (2 * half + 1))


def collect(store: Path, work: Path, part: str, limit: int, seed: int = 0) -> list[Pair]:
    """`limit` pairs from the excerpts of STORE/part, evenly spread; made once, kept in WORK/part.

    FileNotFoundError where the store has no excerpts there.
    """
    paths = sorted(path for path in (store / part).glob("*.npz") if path.name[0] != ".")
    if not paths:
        raise FileNotFoundError(f"{store / part}: no excerpts (*.npz); rt-engine train rhythm")
    (work / part).mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(len(paths)).permutation(len(paths))
    pairs: list[Pair] = []
    for k in order:
        if len(pairs) == limit:
            break
        excerpt = read_excerpt(paths[k])
        if suits(excerpt):
            pairs.append(_kept(excerpt, work / part / f"{excerpt.name}.npz", seed))
    return pairs


def _kept(excerpt: Excerpt, path: Path, seed: int) -> Pair:
    """The pair in a file, which is written first where it is absent."""
    if not path.exists():
        pair = embody(excerpt, seed)
        part = path.with_name(f".{path.stem}.{os.getpid()}.npz")
        np.savez(
            part, joints=pair.joints, beats=pair.beats, level=pair.level, detached=pair.detached
        )
        part.replace(path)
        return pair
    with np.load(path, allow_pickle=False) as found:
        joints, beats, level, detached = (
            found[name] for name in ("joints", "beats", "level", "detached")
        )
    mel = excerpt.mel.astype(np.float32)
    return Pair(excerpt.name, mel, joints, beats, level, detached, excerpt)

"""Excerpts of simulated motion with their beats, made by kind and kept in one file a part.

Kinds: "retimed" (CMU's takes), "dance", "conductor", "wrist" (one hand of either, alone) and
"aimless" (no beat). A take of CMU or a drawn person is in one part only.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rt_engine.models.motion_rhythm import cmu
from rt_engine.models.motion_rhythm.conductors import conduct
from rt_engine.models.motion_rhythm.dances import aimless, dance
from rt_engine.models.motion_rhythm.figure import REST
from rt_engine.models.motion_rhythm.picture import Seen, detected, one_wrist
from rt_engine.models.motion_rhythm.tempo import grid
from rt_engine.models.rhythm.players.webcam import exposures
from rt_engine.models.training import say
from rt_engine.motion.dance import FPS, SIZE, DanceMotion
from rt_engine.motion.quaternion import Floats

__all__ = ["FRAMES", "KINDS", "PARTS", "SECONDS", "Excerpt", "collect", "frames", "load", "made"]

SECONDS = 20
FRAMES = SECONDS * FPS
KINDS = {"retimed": 0.28, "dance": 0.3, "conductor": 0.14, "wrist": 0.18, "aimless": 0.1}
PARTS = {"train": 1.0, "valid": 0.06, "test": 0.1}  # of the number of excerpts that is asked for
BENT = 0.3  # share of dances that begin in a posture of CMU's


@dataclass
class Excerpt:
    """20 s: frames (600, 85) float16 as `motion.Dance` gives them, and beats (k,) in s.

    Frame k belongs to the time k / 30 s; one of zeros only means that nobody was seen.
    """

    name: str
    kind: str
    frames: npt.NDArray[np.float16]
    beats: Floats


def made(kind: str, name: str, takes: list[cmu.Take], seed: int) -> Excerpt:
    """One excerpt of a kind, drawn by its name and the seed alone."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    t = exposures(rng, float(SECONDS))
    beats = np.zeros(0) if kind == "aimless" else grid(rng, float(SECONDS))
    source = str(rng.choice(["conductor", "conductor", "dance"])) if kind == "wrist" else kind
    if source == "retimed":
        places = cmu.retimed(takes[int(rng.integers(len(takes)))], t, beats, rng)
    elif source == "conductor":
        places = conduct(t, beats, rng)
    elif source == "dance":
        places = dance(t, beats, rng, _posture(takes, rng))
    else:
        places = aimless(t, rng, _posture(takes, rng))
    seen = detected(places, t, rng)
    alone = kind == "wrist" or (kind == "aimless" and rng.random() < 0.3)
    values = frames(one_wrist(seen, rng) if alone else seen, FRAMES)
    return Excerpt(name, kind, values, beats[(beats >= 0) & (beats < SECONDS)])


def _posture(takes: list[cmu.Take], rng: np.random.Generator) -> Floats:
    """Where a body is before it moves: upright, or as somebody of CMU's was for a moment."""
    if not takes or rng.random() > BENT:
        return REST
    places = takes[int(rng.integers(len(takes)))].places
    found = places[int(rng.integers(len(places)))]
    return np.asarray(found - found[[11, 12]].mean(axis=0))


def frames(seen: Seen, count: int) -> npt.NDArray[np.float16]:
    """What was seen, through the code that runs live: (count, 85), zeros where there is nothing."""
    stream, values = DanceMotion(), np.zeros((count, SIZE), np.float16)
    for t, places, confidence in zip(seen.t.tolist(), seen.places, seen.confidence, strict=True):
        rows = stream.step(t, places, confidence)
        at = np.rint(rows.times * FPS).astype(int)
        inside = (at >= 0) & (at < count)
        values[at[inside]] = rows.values[inside]
    return values


def collect(data: Path, work: Path, number: int, seed: int) -> None:
    """Make the files of all parts that are not there: `number` excerpts to train with."""
    work.mkdir(parents=True, exist_ok=True)
    parts = cmu.splits(cmu.read(data / cmu.FILE))
    for part, share in PARTS.items():
        count, path = max(int(number * share), len(KINDS)), work / f"{part}.npz"
        if path.exists() and len(load(path)) == count:
            continue
        found = [
            made(kind, f"{part} {k} {kind}", parts[part], seed)
            for k, kind in enumerate(_told(count, np.random.default_rng([seed, count])))
        ]
        save(found, path)
        say(f"{part}: {count} excerpts, {count * SECONDS / 3600:.1f} h", end="\n")


def _told(count: int, rng: np.random.Generator) -> list[str]:
    """Kinds of `count` excerpts, each with its share, in a drawn order."""
    ends = np.rint(np.cumsum(list(KINDS.values())) * count).astype(int)
    kinds = np.repeat(list(KINDS), np.diff(ends, prepend=0))
    return [str(kind) for kind in rng.permutation(kinds)]


def save(excerpts: list[Excerpt], path: Path) -> None:
    """Write excerpts into one file, whole or not at all."""
    part = path.with_suffix(".part.npz")
    most = max(len(e.beats) for e in excerpts)
    beats = np.full((len(excerpts), most), np.nan)
    for row, excerpt in zip(beats, excerpts, strict=True):
        row[: len(excerpt.beats)] = excerpt.beats
    np.savez(
        part, names=[e.name for e in excerpts], kinds=[e.kind for e in excerpts],
        frames=np.stack([e.frames for e in excerpts]), beats=beats,
    )  # fmt: skip
    part.replace(path)


def load(path: Path) -> list[Excerpt]:
    """The excerpts of a file; FileNotFoundError where it is not there."""
    with np.load(path) as archive:
        names, kinds = archive["names"].tolist(), archive["kinds"].tolist()
        values, beats = archive["frames"], archive["beats"]
    rows = zip(names, kinds, values, beats, strict=True)
    return [Excerpt(n, k, f, b[np.isfinite(b)]) for n, k, f, b in rows]

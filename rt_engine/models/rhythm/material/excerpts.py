"""One excerpt of the store: a take, rendered, recorded, seen through the front end, and written.

NAME.npz holds mel float16 (T, 80), frame k at k / 50 s; beats float32 (k, 2): s, and position in
the bar, 0 unknown; phrases and phrases2 float32 (p,): s, and `phrases_known`; dynamics and
articulation int8 (T,), -1 unknown; motion float16 (T, 39) and video float16 (T, 7), or (0, 39)
and (0, 7); meta: a JSON string with source, group, piece, kind, fonts, font_licences, licence
and augmentation.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rt_engine.models.rhythm.material import acoustics
from rt_engine.models.rhythm.material.expression import brightened
from rt_engine.models.rhythm.material.motion import Body, body
from rt_engine.models.rhythm.material.render import FONT_LICENCES, RATE, Font, choose, render
from rt_engine.models.rhythm.material.scores import Floats, Score
from rt_engine.models.rhythm.material.sources import LICENCES
from rt_engine.models.rhythm.material.takes import SECONDS, Library, Take, draw
from rt_engine.signal import RhythmMel
from rt_engine.signal.rhythm_mel import FPS

Rng = np.random.Generator
FRAMES = round(SECONDS * FPS)
TAIL = 0.1  # s rendered beyond the end, for the last windows


def make(
    kind: str, number: int, split: str, library: Library, fonts: Sequence[Font], seed: int
) -> dict[str, Any]:
    """The arrays of excerpt `number` of a kind; ValueError where its piece does not suit."""
    take, rng = begin(kind, number, split, library, seed)
    sound, names = heard(take, fonts, rng)
    if np.abs(sound).max() < 1e-4 and len(take.score.beats):
        raise ValueError("silent")
    meta = {
        "source": take.source,
        "kind": kind,
        "group": take.group,
        "piece": take.piece,
        "fonts": names[0],
        "licence": licence(kind, take.source),
        "font_licences": font_licences(names[0]),
        "augmentation": names[1:],
    }
    beats = take.score.beats.astype(np.float32).astype(np.float64)  # as they will be stored
    moving = body(kind, name_of(split, kind, number), beats, take.score.parts, seed)
    return arrays(take, sound, moving) | {"meta": json.dumps(meta)}


def name_of(split: str, kind: str, number: int) -> str:
    """The name of an excerpt, which is also the place of its file in the store."""
    return f"{split}/{kind}-{number:05d}"


def begin(kind: str, number: int, split: str, library: Library, seed: int) -> tuple[Take, Rng]:
    """The take of an excerpt, and the generator that its sound is drawn from next."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{split} {kind}".encode()), number])
    return draw(kind, number, library, split, rng), rng


def licence(kind: str, source: str) -> str:
    """The licence of the music."""
    under = f"; drums of Groove: {LICENCES['groove']}" if kind == "band" else ""
    return LICENCES[source] + under


def font_licences(names: str) -> str:
    """The licences of fonts joined by "+"."""
    return ", ".join(FONT_LICENCES.get(name, "public domain") for name in names.split("+") if name)


def heard(take: Take, fonts: Sequence[Font], rng: Rng) -> tuple[Floats, list[str]]:
    """The sound of a take; the names of its fonts and of what was done to it."""
    sound, used, wet = take.sound, "", rng.random() < 0.5
    if sound is None:
        used, files = choose(fonts, take.score.parts, rng)
        sound = render(take.score.parts, SECONDS + TAIL, files, wet)
    if take.levels is not None:
        sound = brightened(acoustics.normalised(sound), take.levels)
    sound, names = acoustics.recorded(sound, rng, gentle=take.levels is not None)
    if take.sound is None:
        sound = acoustics.level(sound, rng) + 2e-5 * rng.standard_normal(len(sound))
    return sound, [used, *(["reverberation"] if wet else []), *names]


def arrays(take: Take, sound: Floats, moving: Body) -> dict[str, Any]:
    """What is stored of a take and its sound."""
    mel = RhythmMel(RATE).offline(np.pad(sound, (0, RATE)).astype(np.float32))[:FRAMES]
    phrases = [take.score.phrases, take.score.phrases2]
    marks = [np.empty(0) if p is None else p for p in phrases]
    unknown = np.full(FRAMES, -1, np.int8)
    return {
        "mel": mel.astype(np.float16),
        "beats": take.score.beats.astype(np.float32).reshape(-1, 2),
        "phrases": marks[0].astype(np.float32),
        "phrases2": marks[1].astype(np.float32),
        "phrases_known": take.score.phrases is not None,
        "dynamics": unknown if take.dynamics is None else take.dynamics,
        "articulation": unknown if take.articulation is None else take.articulation,
        **moving._asdict(),
    }


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a file at once: it is there whole, or not at all."""
    part = path.with_name(f".{path.stem}.{os.getpid()}.npz")
    try:
        np.savez_compressed(part, **content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def add_motion(path: Path, library: Library, seed: int) -> bool:
    """Give an excerpt that was stored without motion the body that it would have; whether it did.

    The notes are drawn again; where they are not those of the file, the body has its beats alone.
    """
    with np.load(path) as content:
        if len(content["motion"]):
            return False
        stored = dict(content)
    split, (kind, number) = path.parent.name, path.stem.rsplit("-", 1)
    try:
        score = begin(kind, int(number), split, library, seed)[0].score
    except ValueError:
        score = Score((), np.empty((0, 2)))
    beats = stored["beats"].astype(np.float64)
    same = score.beats.shape == beats.shape and np.allclose(score.beats, beats, atol=1e-4)
    name = name_of(split, kind, int(number))
    moving = body(kind, name, beats, score.parts if same else (), seed)
    if len(moving.motion):
        write(path, stored | moving._asdict())
    return len(moving.motion) > 0

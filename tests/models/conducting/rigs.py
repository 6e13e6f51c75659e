"""Small music and motion for the tests of conducting."""

import json
from pathlib import Path

import numpy as np

from rt_engine.models.conducting.sets import Take
from rt_engine.models.conducting.simulate import embody
from rt_engine.models.rhythm.store import Excerpt, write_excerpt

GOLDEN = Path(__file__).parents[4] / "shared" / "golden"


def excerpt(name="made", seconds=16, meter=4, period=0.5, graded=True, seed=0):
    """Clicks that can be seen in the mel spectrum, with their places in the bar."""
    frames = 50 * seconds
    rng = np.random.default_rng(seed)
    beats = np.arange(0.4, seconds - 0.2, period)
    mel = 0.2 * rng.random((frames, 80))
    for k, t in enumerate(beats):
        at = round(50 * t)
        mel[at : at + 3] += 2.0 if k % meter == 0 else 1.0
    none = np.empty(0, np.float32)
    half = np.where(np.arange(frames) < frames // 2, 0, 5).astype(np.int8)
    return Excerpt(
        name=name, mel=mel.astype(np.float16),
        motion=np.empty((0, 39), np.float16), video=np.empty((0, 7), np.float16),
        beats=np.column_stack([beats, np.arange(len(beats)) % meter + 1]).astype(np.float32),
        phrases=none, phrases2=none, phrases_known=False,
        dynamics=half if graded else np.full(frames, -1, np.int8),
        articulation=np.full(frames, 2 if graded else -1, np.int8),
        meta={"source": "made", "licence": "own", "kind": "pattern", "fonts": ""},
    )  # fmt: skip


def pairs(count=2, **settings):
    return [embody(excerpt(f"made-{k}", seed=k, **settings), seed=k) for k in range(count)]


def store(folder, counts=(("train", 3), ("valid", 1), ("test", 1)), **settings):
    """A store of excerpts on the disk."""
    for part, count in counts:
        (folder / part).mkdir(parents=True, exist_ok=True)
        for k in range(count):
            made = excerpt(f"{part}-{k}", seed=k, **settings)
            write_excerpt(folder / part / f"{made.name}.npz", made)
    return folder


def swinging(seconds=20, bpm=100, size=0.05, seed=0):
    """A motion (n, 13, 2) whose right hand swings with the beat, its elbow less."""
    rng = np.random.default_rng(seed)
    t = np.arange(30 * seconds) / 30
    motion = np.tile(0.5 + 0.1 * rng.standard_normal((13, 2)), (len(t), 1, 1))
    beat = 2 * np.pi * bpm / 60 * t
    for joint, share in ((10, 1.0), (8, 0.4), (9, 0.3)):
        motion[:, joint, 1] += size * share * np.cos(beat)
        motion[:, joint, 0] += size * share * np.sin(beat / 2)
    return motion.astype(np.float32)


def take(seconds=24, bands=16, seed=0, bpm=100):
    rng = np.random.default_rng(seed)
    beats = np.arange(0.3, seconds, 60 / bpm)
    mel = 0.2 * rng.random((90 * seconds, bands))
    for t in beats:
        mel[round(90 * t) : round(90 * t) + 4] += 0.6
    return Take(f"take-{seed}", mel.astype(np.float32), swinging(seconds, bpm, seed=seed), beats)


def meta(path):
    return json.loads(Path(path).read_text())

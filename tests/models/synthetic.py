"""Excerpts with beats that one can hear, made of numbers."""

from itertools import count
from pathlib import Path

import numpy as np

from rt_engine.models.rhythm.store import Excerpt, write_excerpt


def excerpt(seed: int, frames: int = 2000, bodies: bool = True) -> Excerpt:
    rng = np.random.default_rng(seed)
    period = rng.uniform(0.35, 0.8)
    times = np.arange(rng.uniform(0, period), frames / 50 - 0.05, period)
    positions = (np.arange(len(times)) + rng.integers(4)) % 4 + 1
    envelope = {1: np.zeros(frames), 0: np.zeros(frames)}
    for t, position in zip(times, positions, strict=True):
        k = round(t * 50)
        fall = np.exp(-np.arange(frames - k) / 4)
        envelope[int(position == 1)][k:] += fall
    low, high = np.linspace(1, 0, 80), np.linspace(0, 1, 80)
    x = envelope[1][:, None] * low + envelope[0][:, None] * high
    mel = np.log1p(10 * (x + 0.05 * rng.random((frames, 80)))).astype(np.float16)
    sway = 0.5 + 0.3 * np.gradient(envelope[0] + envelope[1])[:, None]
    motion = sway + 0.02 * rng.standard_normal((frames, 39))
    video = sway + 0.02 * rng.standard_normal((frames, 7))
    labels = np.arange(frames) // 200
    return Excerpt(
        name=f"made{seed:03d}",
        mel=mel,
        motion=motion.astype(np.float16) if bodies else np.zeros((0, 39), np.float16),
        video=video.astype(np.float16) if bodies else np.zeros((0, 7), np.float16),
        beats=np.stack([times, positions], axis=1).astype(np.float32),
        phrases=times[positions == 1][::4].astype(np.float32),
        phrases2=np.zeros(0, np.float32),
        phrases_known=True,
        dynamics=(labels % 6).astype(np.int8),
        articulation=(labels % 3).astype(np.int8),
        meta={"source": "made", "group": str(seed), "licence": "none", "fonts": ""},
    )


def store(folder: Path, train: int = 4, valid: int = 2, frames: int = 2000) -> Path:
    for part, number, first in (("train", train, 0), ("valid", valid, 500), ("test", valid, 900)):
        (folder / part).mkdir(parents=True)
        for k in range(number):
            made = excerpt(first + k, frames, bodies=k % 2 == 0)
            write_excerpt(folder / part / f"{made.name}.npz", made)
    return folder


def steps_take(monkeypatch, seconds: float) -> None:
    """Let every step of a training take so long, whatever the machine does meanwhile."""
    ticks = count()
    monkeypatch.setattr("rt_engine.models.training.time.monotonic", lambda: seconds * next(ticks))

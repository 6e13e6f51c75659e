"""What M2S-Net, M2S-GAN and their rivals learn from: ConductorMotion100, or simulated pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rt_engine.conducting.performance import pictured
from rt_engine.models.conducting.music import BANDS, MEL_RATE, MOTION_RATE
from rt_engine.models.conducting.simulate import Pair
from rt_engine.models.rhythm.streams import FPS
from rt_engine.signal.conductor_mel import resized

Floats = NDArray[np.float32]

FEW = 40  # bands of simulated pairs: half of those of their mel spectrum
LOUDEST = 5.0  # about the highest value of their mel spectrum
STEP = MEL_RATE // MOTION_RATE


@dataclass(frozen=True)
class Take:
    """A passage of music and the motion to it.

    mel: (3 n, bands), 90 rows a second, 0 to 1. motion: (n, 13, 2), 30 a second, units of the
    picture. beats: (k,) s, where they are known.
    """

    name: str
    mel: Floats
    motion: Floats
    beats: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    @property
    def saw(self) -> Floats:
        """A sawtooth (n, 1) that rises from 0 at a beat to 1 at the next; 0 without beats."""
        t = np.arange(len(self.motion)) / MOTION_RATE
        rows = np.zeros((len(t), 1), np.float32)
        if len(self.beats) > 1:
            k = np.searchsorted(self.beats, t, side="right") - 1
            inside = (k >= 0) & (k < len(self.beats) - 1)
            at = np.clip(k, 0, len(self.beats) - 2)
            rows[:, 0] = inside * (t - self.beats[at]) / (self.beats[at + 1] - self.beats[at])
        return rows


class Batch(NamedTuple):
    """Tensors (batch, time, ...) of passages of one length; see `Take`."""

    mel: Tensor
    saw: Tensor
    motion: Tensor


def read_conductor_motion(folder: Path) -> list[Take]:
    """Every sample of ConductorMotion100 under a folder: `mel.npy` with `motion.npy` beside it.

    The arrays stay on the disk until they are used. FileNotFoundError where there is none,
    ValueError, which names the file, where shapes do not fit.
    """
    paths = sorted(folder.rglob("mel.npy"))
    if not paths:
        raise FileNotFoundError(f"{folder}: no sample of ConductorMotion100 (mel.npy) is there")
    return [read_sample(path.parent, folder) for path in paths]


def read_sample(folder: Path, root: Path | None = None) -> Take:
    """One sample: mel (5400, 128) and motion (1800, 13, 2) for 60 s; another length may do."""
    mel, motion = (_mapped(folder / f"{name}.npy") for name in ("mel", "motion"))
    if mel.ndim != 2 or mel.shape[1] != BANDS:
        raise ValueError(f"{folder / 'mel.npy'}: shape {mel.shape}, needed is (3 n, {BANDS})")
    if motion.shape != (len(mel) // STEP, 13, 2) or len(mel) % STEP:
        wanted = f"({len(mel) / STEP:g}, 13, 2) beside {len(mel)} rows of mel"
        raise ValueError(f"{folder / 'motion.npy'}: shape {motion.shape}, needed is {wanted}")
    return Take(str(folder.relative_to(root)) if root else folder.name, mel, motion)


def _mapped(path: Path) -> Floats:
    """An array that is read from the disk piece by piece; ValueError where it is none."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: is not there")
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"{path}: is no array ({error})") from None


def of_pair(pair: Pair) -> Take:
    """A simulated pair at the rates of the paper; 40 bands, the mean of two neighbours each.

    Pairs of bands, because the whole spectrum takes twice the time for the same lesson.
    """
    seconds = len(pair.mel) // FPS
    mel = pair.mel[: seconds * FPS].reshape(seconds * FPS, FEW, -1).mean(axis=2) / LOUDEST
    picture = pictured(pair.joints[: seconds * FPS])
    return Take(
        pair.name, resized(mel, seconds * MEL_RATE), at_thirty(picture), pair.beats[:, 0].copy()
    )


def at_thirty(motion: NDArray[np.floating[Any]]) -> Floats:
    """Motion (n, ...) of 50 frames a second at 30, on straight lines; frame 0 stays frame 0."""
    x = np.asarray(motion)
    place = np.arange(int(len(x) * MOTION_RATE / FPS)) * FPS / MOTION_RATE
    below = np.minimum(place.astype(int), len(x) - 2)
    part = (place - below).reshape(-1, *[1] * (x.ndim - 1))
    return np.asarray(x[below] * (1 - part) + x[below + 1] * part, np.float32)


def passages(
    takes: Sequence[Take], seconds: int, rows: int, rng: np.random.Generator
) -> tuple[Batch, list[tuple[int, int]]]:
    """A batch of passages, each from a take of its own draw, and their (take, start in frames)."""
    drawn = []
    for _ in range(rows):
        k = int(rng.integers(len(takes)))
        spare = len(takes[k].motion) - seconds * MOTION_RATE
        if spare < 0:
            raise ValueError(f"{takes[k].name}: shorter than {seconds} s")
        drawn.append((k, int(rng.integers(spare + 1))))
    return stack([cut(takes[k], start, seconds) for k, start in drawn]), drawn


def cut(take: Take, start: int, seconds: int) -> tuple[Floats, Floats, Floats]:
    """Mel, sawtooth and motion of a passage that begins at frame `start` of the motion."""
    stop = start + seconds * MOTION_RATE
    mel = np.asarray(take.mel[STEP * start : STEP * stop], np.float32)
    return mel, take.saw[start:stop], np.asarray(take.motion[start:stop], np.float32)


def stack(rows: Sequence[tuple[Floats, Floats, Floats]]) -> Batch:
    """Passages of one length as a batch."""
    return Batch(*(torch.from_numpy(np.stack(x)) for x in zip(*rows, strict=True)))

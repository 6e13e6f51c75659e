"""Who performs in the benchmark of conducting models: the live model, and the published one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from rt_engine.conducting.controls import NOISE as NOISES
from rt_engine.conducting.controls import SIZE, Noise, controls, meters_of
from rt_engine.inference.session import Session
from rt_engine.models.conducting.evaluate import seen
from rt_engine.models.conducting.m2s import NOISE, M2SGan
from rt_engine.models.conducting.music import MEL_RATE
from rt_engine.signal import RhythmMel
from rt_engine.signal.conductor_mel import conductor_mel

FPS = 50
Floats = NDArray[np.float32]


class Live:
    """The exported model, fed as a graph feeds it; `joints` at 50 a second, `picture` at 30."""

    def __init__(self, model: str) -> None:
        self.session = Session(model, "cpu")

    def joints(self, mel: Floats, told: Floats, seed: int) -> Floats:
        """(n, 13, 3) m from mel (n, 80) and controls (n, 20), with the noise of a seed."""
        self.session.reset()
        noise = Noise(np.random.default_rng(seed)).rows(np.arange(len(mel)) / FPS)
        rows: Any = self.session.run({"mel": mel, "controls": told, "noise": noise})["joints"]
        return np.asarray(rows.reshape(len(mel), 13, 3), np.float32)

    def cost(self, frames: int = 2000) -> float:
        """Processor seconds of a frame, fed one by one as live."""
        rng = np.random.default_rng(0)
        rows = rng.random((frames, 80), np.float32)
        told, noise = np.zeros(SIZE, np.float32), np.zeros(NOISES, np.float32)
        begin = time.process_time()
        for row in rows:
            self.session.step({"mel": row, "controls": told, "noise": noise})
        return (time.process_time() - begin) / frames

    def of_pair(self, pair: Any, seed: int) -> Floats:
        """The picture of a performance of a simulated pair's music."""
        return seen(self.joints(pair.mel, pair.controls, seed))

    def of_sound(self, sound: Floats, rate: int, beats: NDArray[np.float64], seed: int) -> Floats:
        """The same of a recording; beats (k, 2): s, position in the bar."""
        mel = RhythmMel(rate).offline(sound)
        rows = np.column_stack([beats, meters_of(beats[:, 1])])
        told = controls(np.arange(len(mel)) / FPS, rows, level=0.5, detached=0.4)
        return seen(self.joints(mel, told, seed))


def published(gan: M2SGan, sound: Floats, rate: int, seed: int) -> Floats:
    """What the published M2S-GAN makes of a recording, (n, 13, 2) at 30 a second."""
    mel = conductor_mel(sound, rate)
    seconds = len(mel) // MEL_RATE
    noise = torch.randn(1, seconds, NOISE, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        made = gan(torch.from_numpy(mel[: seconds * MEL_RATE])[None], noise)
    return np.asarray(made[0].numpy())


def recording(path: Path) -> tuple[Floats, int]:
    """Sound (n,) of one channel, and its rate."""
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return np.ascontiguousarray(sound.mean(axis=1)), int(rate)

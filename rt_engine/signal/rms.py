"""Root mean square of a stream."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rt_engine.signal.extractor import Extractor
from rt_engine.signal.framing import Start


class Rms(Extractor[np.float32]):
    """Root mean square of each frame, full scale = 1: float32 (frames, 1).

    Equals `librosa.feature.rms`. `to_dbfs` gives it in decibels.
    """

    dims = 1

    def __init__(
        self, rate: float, size: int = 2048, hop: int = 441, start: Start = "centred"
    ) -> None:
        super().__init__(rate, size, hop, start)

    def analyse(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        squares = np.square(frames, dtype=np.float64)
        level = np.sqrt(squares.mean(axis=1, keepdims=True))
        return np.asarray(level, np.float32)

    def analyse_offline(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        norm = np.linalg.norm(frames.astype(np.float64), axis=1, keepdims=True)
        return np.asarray(norm / np.sqrt(self.size), np.float32)


def to_dbfs(level: NDArray[np.float32], floor: float = -100.0) -> NDArray[np.float32]:
    """Levels as decibels relative to full scale, never below floor. A full sine is -3 dBFS."""
    return np.asarray(20.0 * np.log10(np.maximum(level, 10.0 ** (floor / 20.0))), np.float32)

"""Chroma energy normalised statistics (CENS): chroma without the details of loudness and attack."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rt_engine.signal.chroma import Chroma, normalise
from rt_engine.signal.filterbank import Floats

STEPS = (0.4, 0.2, 0.1, 0.05)  # share of the energy from which a class counts one quarter more


class Cens:
    """Quantised and smoothed chroma of a stream: float32 (frames, 12), C first, of length 1.

    rate: samples a second. size, hop: of the frames, in samples. width: frames of the Hann window
    that smooths, odd; half of it is lookahead: a row leaves `width // 2` frames after its own.
    Before the stream all is silence. a4: tuning, Hz.

    Source: Mueller and Ewert 2011, "Chroma toolbox", section 3.3; the steps of
    `librosa.feature.chroma_cens` after its chroma.
    """

    dims = 12

    def __init__(
        self, rate: float, size: int = 4096, hop: int = 882, width: int = 41, a4: float = 440.0
    ) -> None:
        if width < 1 or width % 2 == 0:
            raise ValueError(f"width {width} must be odd: the window has a frame in its middle")
        self.chroma = Chroma(rate, size, hop, a4=a4, norm="sum")
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1, width + 1) / (width + 1))
        self.window = window / window.sum()
        self.reset()

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.chroma.frame_rate

    @property
    def latency(self) -> int:
        """Samples from the centre of a frame to the moment its row can leave."""
        return self.chroma.latency + self.ahead * self.chroma.hop

    @property
    def ahead(self) -> int:
        """Frames of lookahead."""
        return len(self.window) // 2

    @property
    def times(self) -> NDArray[np.int64]:
        """Sample numbers of the centres of the frames that the last `process` returned."""
        return self._times

    def reset(self) -> None:
        """Forget the stream: the next sample is sample 0 again."""
        self.chroma.reset()
        self._past: deque[Floats] = deque(maxlen=len(self.window))
        self._past.extend(np.zeros((self.ahead, self.dims)))
        self._times = np.zeros(0, np.int64)

    def process(self, samples: ArrayLike) -> NDArray[np.float32]:
        """Take a block, shape (n,); return the rows it completes, shape (frames, 12)."""
        rows = []
        times = []
        quantised = quantise(self.chroma.process(samples))
        for centre, row in zip(self.chroma.times.tolist(), quantised, strict=True):
            self._past.append(row)
            if len(self._past) == len(self.window):
                rows.append(self.window @ np.array(self._past))
                times.append(centre - self.ahead * self.chroma.hop)
        self._times = np.array(times, np.int64)
        smooth = np.array(rows) if rows else np.empty((0, self.dims))
        return normalise(smooth, "euclidean").astype(np.float32)

    def offline(self, signal: ArrayLike) -> NDArray[np.float32]:
        """Every row of a whole signal, shape (frames, 12); leaves the stream's state alone."""
        quantised = quantise(self.chroma.offline(signal))
        padded = np.concatenate((np.zeros((self.ahead, self.dims)), quantised))
        if len(padded) < len(self.window):
            return np.empty((0, self.dims), np.float32)
        columns = [np.convolve(column, self.window, "valid") for column in padded.T]
        return normalise(np.stack(columns, axis=1), "euclidean").astype(np.float32)


def quantise(chroma: NDArray[np.float32]) -> Floats:
    """Energy shares (n, 12) as 0 to 1 in quarters, one quarter for each step that is passed."""
    return np.asarray(0.25 * sum((chroma > step).astype(np.float64) for step in STEPS))

"""What is heard a hundred times a second: pitch, level, rise of the spectrum, brightness."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.signal import OnsetStrength, Pitch, Rms, Spectrum, to_dbfs

__all__ = ["FPS", "Ears", "Moment"]

FPS = 100
LOWEST, HIGHEST = 180.0, 2800.0  # Hz: just below the open G, and F7
WINDOW = 0.023  # s; the nearest power of two samples is taken


class Moment(NamedTuple):
    """One frame of sound."""

    t: float  # s from the start of the stream, the centre of the frame
    hz: float  # 0 where there is silence
    periodic: float  # 0 (noise) to 1
    level: float  # dBFS, at least -100
    rise: float  # of the spectrum against 20 ms before, whatever the level
    centroid: float  # Hz, of the power spectrum


class Ears:
    """Blocks of sound in, moments out; the same for any cut of the stream.

    rate: samples a second, at least 16000. Every frame stands in one window of about 23 ms.
    """

    def __init__(self, rate: int) -> None:
        if rate < 16_000:
            raise ValueError(f"{rate} samples a second are too few for a violin: at least 16000")
        self.rate = rate
        self.size = 2 ** round(np.log2(rate * WINDOW))
        hop = round(rate / FPS)
        high = min(HIGHEST, rate / 4)
        self.pitch = Pitch(rate, self.size, hop, LOWEST, high, 0.15, start="whole", multiples=4)
        self.rise = OnsetStrength(rate, self.size, hop)
        self.rms = Rms(rate, self.size, hop, start="whole")
        self.spectrum = Spectrum(rate, self.size, hop, power=2, start="whole")
        self._bins = np.arange(self.size // 2 + 1) * rate / self.size

    @property
    def latency(self) -> float:
        """Seconds from a moment to the time when it is told."""
        return self.rms.latency / self.rate

    def reset(self) -> None:
        """Forget the stream: the next sample is at 0 s again."""
        for part in (self.pitch, self.rise, self.rms, self.spectrum):
            part.reset()

    def process(self, samples: NDArray[np.float32]) -> list[Moment]:
        """Take a block, shape (n,); the moments that it completes."""
        pitch = self.pitch.process(samples)
        level = to_dbfs(self.rms.process(samples))[:, 0]
        rise = self.rise.process(samples)[:, -1]
        centroid = self._centroid(self.spectrum.process(samples))
        columns = (self.rms.times / self.rate, pitch[:, 0], pitch[:, 1], level, rise, centroid)
        return [Moment(*map(float, row)) for row in zip(*columns, strict=True)]

    def _centroid(self, power: NDArray[np.float32]) -> NDArray[np.float64]:
        wide = power.astype(np.float64)
        # Row by row: a product of matrices may round differently for other numbers of rows.
        top = np.array([float(np.sum(row * self._bins)) for row in wide])
        total = np.array([float(np.sum(row)) for row in wide])
        return np.divide(top, total, out=np.zeros_like(top), where=total > 0)

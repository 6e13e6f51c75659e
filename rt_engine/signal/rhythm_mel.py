"""The mel spectrum that the learned rhythm models hear: 50 frames a second, free of level."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rt_engine.signal.filterbank import Floats, hz_to_mel, mel_to_hz, triangles
from rt_engine.signal.mel import LogBands, compress
from rt_engine.signal.stft import bin_frequencies, make_window

FPS = 50  # frames a second
BANDS = 80
LOW, HIGH = 30.0, 10000.0  # Hz, outer edges of the bands
WINDOW = 1024 / 22050  # s

MEMORY = 4.0  # s in which the running level falls to 1/e
GAIN = 10.0  # inside ln(1 + GAIN x), where a typical band has x = 1
FLOOR = 1.1e-5  # mean band magnitude of white noise of -85 dB RMS relative to full scale


class RhythmMel(LogBands):
    """Log-mel spectrum relative to the stream's own running level: float32 (frames, 80).

    Magnitudes of a Hann window of 46.4 ms in 80 triangles of peak 1 (Slaney's scale, 30 Hz to
    10 kHz; bands above half the rate are 0), divided by the running level, x, then
    ln(1 + 10 x). The level is the mean over the bands, averaged over the past with a memory of
    4 s, and corrected while the past is short. Frames of silence, quieter than hiss of -85 dB,
    are no part of it, so 30 dB less at the input gives the same frames.

    Frame k is centred at k / 50 s: at sample k * hop, exactly 20 ms at rates divisible by 50
    and within half a sample of it at others (`frame_rate` says). rate: samples a second.
    """

    FPS, BANDS = FPS, BANDS

    def __init__(self, rate: float) -> None:
        size, hop = round(rate * WINDOW), round(rate / FPS)
        window = make_window("hann", size)
        super().__init__(
            rate, size, hop, rhythm_filters(rate, size), 1, "none", window=window / window.sum()
        )
        self.reset()

    def reset(self) -> None:
        """Forget the stream: the next sample is sample 0 again."""
        super().reset()
        self._level = RunningLevel(self.frame_rate)

    def analyse(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        return relative(super().analyse(frames), self._level)

    def offline(self, signal: ArrayLike) -> NDArray[np.float32]:
        """Every row of a whole signal, shape (frames, 80); leaves the stream's state alone."""
        return relative(super().offline(signal), RunningLevel(self.frame_rate))


class RunningLevel:
    """Mean of what was loud enough, weighted by exp(-age / 4 s); never below `FLOOR`."""

    def __init__(self, frame_rate: float) -> None:
        self._decay = float(np.exp(-1.0 / (MEMORY * frame_rate)))
        self._sum = self._weight = 0.0

    def update(self, loudness: float) -> float:
        """Take the mean band magnitude of the next frame; the level with it."""
        if loudness > FLOOR:
            self._sum = self._sum * self._decay + loudness
            self._weight = self._weight * self._decay + 1.0
        return max(FLOOR, self._sum / self._weight) if self._weight else FLOOR


def relative(bands: NDArray[np.float32], level: RunningLevel) -> NDArray[np.float32]:
    """Bands (n, 80), one frame after the other, as ln(1 + 10 x) of their share of the level."""
    loudness = np.add.reduce(bands, axis=1, dtype=np.float64) / BANDS
    levels = np.array([level.update(value) for value in loudness.tolist()])
    return compress(bands / levels[:, None], "ln", GAIN).astype(np.float32)


def rhythm_filters(rate: float, size: int) -> Floats:
    """The 80 triangles over the bins of a frame, (80, size // 2 + 1), the same at every rate."""
    corners = mel_to_hz(np.linspace(hz_to_mel(LOW), hz_to_mel(HIGH), BANDS + 2))
    return triangles(corners, bin_frequencies(rate, size))

"""Short-time Fourier transform of a stream."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rt_engine.signal.extractor import Extractor
from rt_engine.signal.framing import Start

# Coefficients of the cosine-sum windows (Harris 1978, "On the use of windows", section V).
COSINE_SUMS = {
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "rectangular": (1.0,),
}

Window = Literal["hann", "hamming", "blackman", "rectangular"] | ArrayLike


class Stft(Extractor[np.complex64]):
    """Complex spectrum of each windowed frame: complex64 (frames, size // 2 + 1).

    The phase counts from the first sample of the frame. Equals `librosa.stft` with zero padding.
    """

    dtype = np.complex64

    def __init__(
        self,
        rate: float,
        size: int,
        hop: int,
        window: Window = "hann",
        start: Start = "centred",
    ) -> None:
        super().__init__(rate, size, hop, start)
        self.window = make_window(window, size)
        self.dims = size // 2 + 1

    def analyse(self, frames: NDArray[np.float32]) -> NDArray[np.complex64]:
        return np.fft.rfft(frames * self.window).astype(np.complex64)


class Spectrum(Extractor[np.float32]):
    """Magnitude (power 1) or power (power 2) spectrum: float32 (frames, size // 2 + 1)."""

    def __init__(
        self,
        rate: float,
        size: int,
        hop: int,
        window: Window = "hann",
        power: Literal[1, 2] = 1,
        start: Start = "centred",
    ) -> None:
        super().__init__(rate, size, hop, start)
        self.window = make_window(window, size)
        self.power = power
        self.dims = size // 2 + 1

    def analyse(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        return spectrum(frames, self.window, self.power).astype(np.float32)

    def analyse_offline(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        magnitude = np.abs(np.fft.rfft(frames * self.window))
        return np.power(magnitude, self.power).astype(np.float32)


def spectrum(
    frames: NDArray[np.float32], window: NDArray[np.float64], power: Literal[1, 2]
) -> NDArray[np.float64]:
    """Magnitude (power 1) or power (power 2) of frames (n, size): float64 (n, size // 2 + 1)."""
    bins = np.fft.rfft(frames * window)
    energy = np.asarray(np.square(bins.real) + np.square(bins.imag))
    # The root of the squares, since np.abs may round differently at the ends of an array.
    if power == 1:
        np.sqrt(energy, out=energy)
    return energy


def make_window(window: Window, size: int) -> NDArray[np.float64]:
    """A periodic window by name, or one's own of shape (size,)."""
    if isinstance(window, str):
        return cosine_window(window, size)
    own = np.asarray(window, np.float64)
    if own.shape != (size,):
        raise ValueError(f"window of shape {own.shape}: frames of {size} samples need ({size},)")
    return own


def cosine_window(name: str, size: int) -> NDArray[np.float64]:
    """The periodic window of a name in `COSINE_SUMS`, with its peak at sample size / 2."""
    if name not in COSINE_SUMS:
        raise ValueError(f"window {name!r} is unknown; there are {', '.join(COSINE_SUMS)}")
    angle = 2 * np.pi * np.arange(size) / size
    terms = [(-1) ** k * a * np.cos(k * angle) for k, a in enumerate(COSINE_SUMS[name])]
    return np.asarray(np.sum(terms, axis=0), np.float64)


def bin_frequencies(rate: float, size: int) -> NDArray[np.float64]:
    """Centre frequencies of the bins of a frame of `size` samples, Hz, shape (size // 2 + 1,)."""
    return np.arange(size // 2 + 1) * (rate / size)

"""Chroma of a stream: energy by pitch class."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rt_engine.signal.extractor import Extractor
from rt_engine.signal.filterbank import Floats, each_row
from rt_engine.signal.framing import Start
from rt_engine.signal.stft import Window, bin_frequencies, make_window, spectrum

Norm = Literal["none", "sum", "euclidean", "max"]

SILENCE = 1e-30  # chroma energy below this stays as it is: there is nothing to normalise


def chroma_filters(
    rate: float,
    size: int,
    classes: int = 12,
    a4: float = 440.0,
    centre_octave: float = 5.0,
    octave_width: float = 2.0,
) -> Floats:
    """Weights of the bins for each pitch class, C first, shape (classes, size // 2 + 1).

    Each bin is a Gaussian over pitch classes, as wide as the bin, of Euclidean length 1, under a
    Gaussian over octaves (octave 0 begins three semitones below C1). a4: tuning in Hz.
    Source: Ellis 2007, "Chroma feature analysis and synthesis"; equals `librosa.filters.chroma`.
    """
    hz = bin_frequencies(rate, size)[1:]
    hz = np.append(hz, hz[-1] + rate / size)  # one more, to know how wide the last bin is
    pitch = classes * np.log2(hz / (a4 / 16.0))
    pitch = np.insert(pitch, 0, pitch[0] - 1.5 * classes)  # 0 Hz: far below the first bin
    width = np.maximum(np.diff(pitch), 1.0)
    pitch = pitch[:-1]
    half = np.round(classes / 2)
    distance = (pitch - np.arange(classes)[:, None] + half) % classes - half
    weights = np.exp(-0.5 * (2.0 * distance / width) ** 2)
    weights = weights / np.linalg.norm(weights, axis=0)
    weights *= np.exp(-0.5 * ((pitch / classes - centre_octave) / octave_width) ** 2)
    return np.roll(weights, -3 * (classes // 12), axis=0)  # from A first to C first


def normalise(rows: Floats, norm: Norm) -> Floats:
    """Rows of energies divided by their sum, Euclidean length or maximum; silence stays."""
    if norm == "none":
        return rows
    if norm == "sum":
        length = rows.sum(axis=1, keepdims=True)
    elif norm == "euclidean":
        length = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    elif norm == "max":
        length = rows.max(axis=1, keepdims=True)
    else:
        raise ValueError(f"norm {norm!r} is unknown; choose 'none', 'sum', 'euclidean' or 'max'")
    return np.asarray(rows / np.where(length > SILENCE, length, 1.0))


class Chroma(Extractor[np.float32]):
    """Power by pitch class, C first: float32 (frames, classes).

    norm: what each row is divided by; see `normalise`. a4: tuning in Hz. Equals
    `librosa.feature.chroma_stft` with its tuning given.
    """

    def __init__(
        self,
        rate: float,
        size: int = 4096,
        hop: int = 441,
        classes: int = 12,
        a4: float = 440.0,
        norm: Norm = "max",
        window: Window = "hann",
        start: Start = "centred",
    ) -> None:
        super().__init__(rate, size, hop, start)
        self.filters = chroma_filters(rate, size, classes, a4)
        self.window = make_window(window, size)
        self.norm = norm
        self.dims = classes
        normalise(np.ones((1, classes)), norm)  # an unknown name is told here, not in the stream

    def analyse(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        power = spectrum(frames, self.window, 2)
        return normalise(each_row(self.filters, power), self.norm).astype(np.float32)

    def analyse_offline(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        power = np.abs(np.fft.rfft(frames * self.window)) ** 2
        return normalise(power @ self.filters.T, self.norm).astype(np.float32)

"""Mel-frequency cepstral coefficients of a stream."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rt_engine.signal.extractor import Extractor
from rt_engine.signal.filterbank import Floats, each_row
from rt_engine.signal.mel import LogMel


def dct_matrix(coefficients: int, bands: int) -> Floats:
    """First rows of the orthonormal DCT-II, shape (coefficients, bands).

    Source: Ahmed, Natarajan, Rao 1974, "Discrete cosine transform"; equals
    `scipy.fft.dct(type=2, norm="ortho")`.
    """
    order = np.arange(coefficients)[:, None]
    matrix = np.cos(np.pi * order * (np.arange(bands) + 0.5) / bands) * np.sqrt(2.0 / bands)
    matrix[0] /= np.sqrt(2.0)
    return np.asarray(matrix)


def dct(bands: NDArray[np.floating[Any]], coefficients: int) -> Floats:
    """Orthonormal DCT-II of each row, (n, bands) to (n, coefficients); no state."""
    return each_row(dct_matrix(coefficients, bands.shape[1]), np.asarray(bands, np.float64))


class Mfcc(Extractor[np.float32]):
    """Mel-frequency cepstral coefficients: float32 (frames, coefficients).

    The orthonormal DCT-II of a log-mel spectrum in dB, which `LogMel` makes from mel_settings
    (bands, low, high, scale, window, ...). Equals `librosa.feature.mfcc` of the same log-mel;
    the 80 dB clip below the loudest frame of a whole file is left out, since it needs the future.
    """

    def __init__(
        self,
        rate: float,
        size: int = 2048,
        hop: int = 441,
        coefficients: int = 20,
        **mel_settings: Any,
    ) -> None:
        self.mel = LogMel(rate, size, hop, **mel_settings)
        if not 1 <= coefficients <= self.mel.dims:
            raise ValueError(
                f"coefficients {coefficients} must lie in 1..{self.mel.dims}, the number of bands"
            )
        super().__init__(rate, size, hop, mel_settings.get("start", "centred"))
        self.matrix = dct_matrix(coefficients, self.mel.dims)
        self.dims = coefficients

    def analyse(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        bands = self.mel.analyse(frames).astype(np.float64)
        return each_row(self.matrix, bands).astype(np.float32)

    def analyse_offline(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        return (self.mel.analyse_offline(frames) @ self.matrix.T).astype(np.float32)

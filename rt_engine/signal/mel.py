"""Log-mel spectra and other logarithmic band energies of a stream."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rt_engine.signal.extractor import Extractor
from rt_engine.signal.filterbank import Filterbank, Floats, Scale, mel_filters
from rt_engine.signal.framing import Start
from rt_engine.signal.stft import Window, make_window, spectrum

Log = Literal["none", "ln", "log10", "db"]

FLOOR = 1e-10  # power below which `db` stays at -100 dB, as librosa.power_to_db's amin


def compress(bands: Floats, log: Log, gain: float = 1.0, power: Literal[1, 2] = 2) -> Floats:
    """Logarithm of band energies; power 1 where they are magnitudes.

    "none": as they are. "ln": ln(1 + gain x). "log10": log10(1 + gain x).
    "db": decibels relative to 1 / gain, never below -100 dB, the same for magnitude and power.
    """
    result = np.asarray(bands * gain)
    if log == "none":
        return result
    if log == "ln":
        return np.asarray(np.log1p(result))
    if log == "log10":
        return np.asarray(np.log10(1.0 + result))
    if log == "db":
        result = np.log10(np.maximum(result, FLOOR ** (power / 2)))
        return np.asarray(result * (20.0 / power))
    raise ValueError(f"log {log!r} is unknown; choose 'none', 'ln', 'log10' or 'db'")


class LogBands(Extractor[np.float32]):
    """Logarithm of the spectrum summed by any filterbank: float32 (frames, bands).

    filters: (bands, size // 2 + 1), as of `mel_filters` or `log_filters`.
    power: 1 sums magnitudes, 2 sums powers. log, gain: see `compress`.
    """

    def __init__(
        self,
        rate: float,
        size: int,
        hop: int,
        filters: ArrayLike,
        power: Literal[1, 2] = 2,
        log: Log = "db",
        gain: float = 1.0,
        window: Window = "hann",
        start: Start = "centred",
    ) -> None:
        super().__init__(rate, size, hop, start)
        self.filterbank = Filterbank(filters)
        if self.filterbank.filters.shape[1:] != (size // 2 + 1,):
            raise ValueError(
                f"filters of shape {self.filterbank.filters.shape}: frames of {size} samples "
                f"need (bands, {size // 2 + 1})"
            )
        compress(np.zeros(1), log, gain, power)  # an unknown name is told here, not in the stream
        self.window = make_window(window, size)
        self.power, self.log, self.gain = power, log, gain
        self.dims = len(self.filterbank)

    def analyse(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        bands = self.filterbank.apply(spectrum(frames, self.window, self.power))
        return compress(bands, self.log, self.gain, self.power).astype(np.float32)

    def analyse_offline(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        magnitude = np.abs(np.fft.rfft(frames * self.window))
        bands = self.filterbank.apply_offline(np.power(magnitude, self.power))
        return compress(bands, self.log, self.gain, self.power).astype(np.float32)


class LogMel(LogBands):
    """Log-mel spectrum: float32 (frames, bands).

    bands, low, high (Hz), scale, area: see `mel_filters`. Any further argument: see `LogBands`.
    `LogMel(22050, 1024, 441, low=30, high=11000, power=1, log="ln", gain=1000)` is the usual
    input of beat and onset networks.
    """

    def __init__(
        self,
        rate: float,
        size: int = 2048,
        hop: int = 441,
        bands: int = 128,
        low: float = 0.0,
        high: float | None = None,
        scale: Scale = "slaney",
        area: bool = True,
        **settings: Any,
    ) -> None:
        filters = mel_filters(rate, size, bands, low, high, scale, area)
        super().__init__(rate, size, hop, filters, **settings)

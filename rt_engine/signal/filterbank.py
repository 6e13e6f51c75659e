"""Filterbanks over the bins of a spectrum: mel and logarithmic, triangular."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rt_engine.signal.stft import bin_frequencies

Floats = NDArray[np.float64]
Scale = Literal["slaney", "htk"]

# Slaney 1998, "Auditory Toolbox" (version 2, mfcc.m): linear below 1 kHz, 200/3 Hz a mel;
# logarithmic above, 27 steps for a factor of 6.4.
SLANEY_LINEAR = 200.0 / 3.0
SLANEY_CORNER = 1000.0
SLANEY_STEP = np.log(6.4) / 27.0


def hz_to_mel(frequency: ArrayLike, scale: Scale = "slaney") -> Floats:
    """Frequencies in Hz on the mel scale."""
    hz = np.asarray(frequency, np.float64)
    if scale == "htk":  # The HTK Book 3.4, section 5.4
        return np.asarray(2595.0 * np.log10(1.0 + hz / 700.0))
    above = np.log(np.maximum(hz, SLANEY_CORNER) / SLANEY_CORNER) / SLANEY_STEP
    return np.asarray(np.minimum(hz, SLANEY_CORNER) / SLANEY_LINEAR + above)


def mel_to_hz(mel: ArrayLike, scale: Scale = "slaney") -> Floats:
    """Mel values as frequencies in Hz."""
    mels = np.asarray(mel, np.float64)
    if scale == "htk":
        return np.asarray(700.0 * (10.0 ** (mels / 2595.0) - 1.0))
    corner = SLANEY_CORNER / SLANEY_LINEAR
    above = np.exp(SLANEY_STEP * np.maximum(mels - corner, 0.0))
    return np.asarray(np.minimum(mels, corner) * SLANEY_LINEAR * above)


def mel_filters(
    rate: float,
    size: int,
    bands: int = 128,
    low: float = 0.0,
    high: float | None = None,
    scale: Scale = "slaney",
    area: bool = True,
) -> Floats:
    """Triangular mel filters, shape (bands, size // 2 + 1); equals `librosa.filters.mel`.

    low, high: Hz, outer edges of the first and the last band; high None is rate / 2.
    area: every triangle has area 1 over Hz (Slaney); else peak 1 (HTK).
    A band narrower than a bin may be empty; choose fewer bands or a larger size.
    """
    top = check_range(rate, low, high)
    if scale not in ("slaney", "htk"):
        raise ValueError(f"scale {scale!r} is unknown; choose 'slaney' or 'htk'")
    edges = mel_to_hz(np.linspace(hz_to_mel(low, scale), hz_to_mel(top, scale), bands + 2), scale)
    filters = triangles(edges, bin_frequencies(rate, size))
    return filters * (2.0 / (edges[2:] - edges[:-2]))[:, None] if area else filters


def log_filters(
    rate: float,
    size: int,
    bands_per_octave: int = 12,
    low: float = 30.0,
    high: float | None = 17000.0,
    reference: float = 440.0,
    area: bool = False,
) -> Floats:
    """Triangular filters at equal steps of pitch, shape (bands, size // 2 + 1).

    Corners lie on the bins next to reference * 2 ** (k / bands_per_octave) within low..high Hz;
    where several fall on one bin they become one, so that low bands are one bin wide.
    Peak 1, or with `area` weights that sum to 1. Source: Boeck and Widmer 2013, "Maximum filter
    vibrato suppression for onset detection".
    """
    top = check_range(rate, low, high)
    steps = bands_per_octave * np.log2(np.array([low, top]) / reference)
    first, last = int(np.ceil(steps[0] - 1e-9)), int(np.floor(steps[1] + 1e-9))
    centres = reference * 2.0 ** (np.arange(first, last + 1) / bands_per_octave)
    corners = np.unique(np.minimum(np.rint(centres * size / rate), size // 2))
    if len(corners) < 3:
        raise ValueError(f"{low}..{top} Hz holds no band; widen it or take a larger size")
    filters = triangles(corners, np.arange(size // 2 + 1, dtype=np.float64))
    return filters / filters.sum(axis=1, keepdims=True) if area else filters


def check_range(rate: float, low: float, high: float | None) -> float:
    """The upper edge in Hz; ValueError unless 0 <= low < high <= rate / 2."""
    top = rate / 2 if high is None else high
    if not 0 <= low < top <= rate / 2:
        raise ValueError(
            f"low {low} and high {top} Hz must rise within 0..{rate / 2} at {rate} samples a second"
        )
    return top


def triangles(corners: Floats, positions: Floats) -> Floats:
    """Triangles from corner k to k + 2 with peak 1 at k + 1, seen at positions."""
    below, peak, above = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising = (positions - below) / (peak - below)
    falling = (above - positions) / (above - peak)
    return np.maximum(0.0, np.minimum(rising, falling))


class Filterbank:
    """Weighted sums over the bins of spectra, skipping the zeros of the filters.

    filters: (bands, bins). Band by band and bin by bin, so that a row of the result depends on
    its own spectrum alone; a matrix product rounds differently for other numbers of rows. For
    one spectrum and 128 mel bands it is also three times as fast.
    """

    def __init__(self, filters: ArrayLike) -> None:
        self.filters = np.asarray(filters, np.float64)
        spans = [_span(row) for row in self.filters]
        self._bins = np.concatenate([np.arange(begin, end) for begin, end in spans])
        self._weights = np.concatenate(
            [row[begin:end] for row, (begin, end) in zip(self.filters, spans, strict=True)]
        )
        lengths = [end - begin for begin, end in spans]
        self._starts = np.concatenate(([0], np.cumsum(lengths[:-1]))).astype(np.intp)

    def __len__(self) -> int:
        return len(self.filters)

    def apply(self, spectra: Floats) -> Floats:
        """Bands (n, bands) of spectra (n, bins)."""
        weighted = np.take(spectra, self._bins, axis=1)
        weighted *= self._weights
        return np.add.reduceat(weighted, self._starts, axis=1)

    def apply_offline(self, spectra: Floats) -> Floats:
        """As `apply`, by matrix product: equal to rounding."""
        return np.asarray(spectra @ self.filters.T)


def _span(row: Floats) -> tuple[int, int]:
    """First and last+1 bin that a filter weighs; one bin of weight 0 for an empty filter."""
    used = np.flatnonzero(row)
    return (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 1)


def each_row(matrix: Floats, rows: Floats) -> Floats:
    """A dense matrix (m, k) times every row of (n, k), shape (n, m).

    By einsum, which sums along each row alone, as `Filterbank.apply` does, and starts no thread.
    """
    return np.asarray(np.einsum("mk,nk->nm", matrix, rows))

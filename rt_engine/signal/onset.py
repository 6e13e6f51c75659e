"""Onset strength of a stream: how much the spectrum rises, in bands of frequency."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rt_engine.signal.filterbank import Floats, log_filters
from rt_engine.signal.mel import LogBands

# Hz. Kick and bass; toms and the body of a snare; the snare's noise and voices; cymbals.
EDGES = (150.0, 500.0, 2500.0)

HOPS_A_SECOND = 100
WINDOW = 0.046  # s; the nearest power of two samples is taken


class OnsetStrength:
    """Spectral flux against a maximum-filtered past, float32 (frames, dims), level-invariant.

    Each row holds the mean rise of the logarithmic bands below `edges[0]`, between the edges,
    above `edges[-1]`, and last over all of them: `dims = len(edges) + 2`.

    rate: samples a second. size, hop: of the frames, in samples; by default the power of two
    nearest to 46 ms and 10 ms. edges: Hz, rising. lag: frames between the spectra compared.
    max_size: width in bands of the maximum over the past spectrum, which keeps vibrato quiet.
    gain: inside log10(1 + gain * magnitude / level). memory: seconds in which the level, the
    largest recent band magnitude, falls to 1/e; 30 dB less at the input changes nothing.

    Source: Boeck and Widmer 2013, "Maximum filter vibrato suppression for onset detection",
    sections 2.2 and 2.3; the level is our addition.
    """

    def __init__(
        self,
        rate: float,
        size: int | None = None,
        hop: int | None = None,
        edges: Sequence[float] = EDGES,
        lag: int = 2,
        max_size: int = 3,
        gain: float = 100.0,
        memory: float = 10.0,
    ) -> None:
        if lag < 1 or max_size < 1 or max_size % 2 == 0:
            raise ValueError(f"lag {lag} must be at least 1 and max_size {max_size} odd")
        size = size or 2 ** round(np.log2(rate * WINDOW))
        hop = hop or round(rate / HOPS_A_SECOND)
        filters = log_filters(rate, size, high=min(10000.0, rate / 2), area=True)
        self.bands = LogBands(rate, size, hop, filters, power=1, log="none", start="whole")
        self.lag, self.reach, self.gain = lag, max_size // 2, gain
        self.decay = float(np.exp(-hop / rate / memory))
        splits = [0, *band_splits(filters, rate / size, edges), len(filters)]
        self._parts = [*(slice(a, b) for a, b in pairwise(splits)), slice(None)]
        self.dims = len(edges) + 2
        self.reset()

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.bands.frame_rate

    @property
    def latency(self) -> int:
        """Samples from the centre of a frame to the moment its row can leave."""
        return self.bands.latency

    @property
    def times(self) -> NDArray[np.int64]:
        """Sample numbers of the centres of the frames that the last `process` returned."""
        return self.bands.times

    def reset(self) -> None:
        """Forget the stream: the next sample is sample 0 again."""
        self.bands.reset()
        self._level = 0.0
        self._past = np.full((self.lag, self.bands.dims), np.inf)  # over which nothing rises

    def process(self, samples: ArrayLike) -> NDArray[np.float32]:
        """Take a block, shape (n,); return the rows it completes, shape (frames, dims)."""
        spectra = self.bands.process(samples).astype(np.float64)
        if not len(spectra):
            return np.zeros((0, self.dims), np.float32)
        logs = self._compress(spectra, self._follow(spectra))
        past = np.concatenate((self._past, widest(logs, self.reach)))
        self._past = past[-self.lag :]
        return self._pool(np.maximum(logs - past[: -self.lag], 0.0)).astype(np.float32)

    def _follow(self, spectra: Floats) -> Floats:
        """The level at each frame, shape (frames, 1)."""
        levels = np.zeros((len(spectra), 1))
        for k, peak in enumerate(spectra.max(axis=1).tolist()):
            self._level = levels[k] = max(peak, self._level * self.decay)
        return levels

    def _compress(self, spectrum: Floats, level: float | Floats) -> Floats:
        relative = spectrum / np.maximum(level, np.finfo(float).tiny)
        return np.asarray(np.log10(1.0 + self.gain * relative))

    def _pool(self, rise: Floats) -> Floats:
        """Means of (..., bands) between the edges, and over all: (..., dims)."""
        return np.stack([rise[..., part].mean(axis=-1) for part in self._parts], axis=-1)

    def offline(self, signal: ArrayLike) -> NDArray[np.float32]:
        """Every row of a whole signal, shape (frames, dims); leaves the stream's state alone."""
        spectra = self.bands.offline(signal).astype(np.float64)
        levels = np.zeros((len(spectra), 1))
        for k, peak in enumerate(spectra.max(axis=1, initial=0.0)):
            levels[k] = max(peak, levels[k - 1, 0] * self.decay if k else 0.0)
        logs = self._compress(spectra, levels)
        rise = np.zeros_like(logs)
        past = widest(logs, self.reach)[: -self.lag]
        rise[self.lag :] = np.maximum(logs[self.lag :] - past, 0.0)
        return self._pool(rise).astype(np.float32)


def widest(bands: Floats, reach: int) -> Floats:
    """Maximum of each band and its `reach` neighbours on both sides, along the last axis."""
    wide = bands.copy()
    for step in range(1, reach + 1):
        np.maximum(wide[..., step:], bands[..., :-step], out=wide[..., step:])
        np.maximum(wide[..., :-step], bands[..., step:], out=wide[..., :-step])
    return wide


def band_splits(filters: Floats, bin_width: float, edges: Sequence[float]) -> list[int]:
    """Where the edges (Hz) cut the rows of a filterbank, by the frequency of their peaks."""
    peaks = filters.argmax(axis=1) * bin_width
    splits = [int(k) for k in np.searchsorted(peaks, edges)]
    if any(a >= b for a, b in zip([0, *splits], [*splits, len(peaks)], strict=True)):
        raise ValueError(
            f"edges {tuple(edges)} Hz must rise and leave a band on every side; "
            f"the bands lie from {peaks[0]:.0f} to {peaks[-1]:.0f} Hz"
        )
    return splits

"""Onset strength from the mel spectrum that the learned rhythm models hear."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rt_engine.signal.filterbank import hz_to_mel, mel_to_hz
from rt_engine.signal.onset import EDGES
from rt_engine.signal.rhythm_mel import BANDS, HIGH, LOW


class MelOnset:
    """Rise of each band against the loudest of its neighbours a frame before, in four ranges.

    Rows of `RhythmMel` in; out the mean rise of the bands below 150, 500, 2500 Hz, above, and
    last over all of them: the columns of `OnsetStrength`, at half its frame rate and without a
    second spectrum.

    Source: Boeck and Widmer 2013, "Maximum filter vibrato suppression for onset detection",
    sections 2.2 and 2.3, over mel bands.
    """

    dims = len(EDGES) + 2

    def __init__(self) -> None:
        centres = mel_to_hz(np.linspace(hz_to_mel(LOW), hz_to_mel(HIGH), BANDS + 2))[1:-1]
        ranges = np.searchsorted(EDGES, centres, side="right")
        self._means = np.array([ranges == k for k in range(self.dims - 1)] + [ranges >= 0], float)
        self._means /= self._means.sum(axis=1, keepdims=True)
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._last: NDArray[np.float64] | None = None

    def step(self, row: ArrayLike) -> NDArray[np.float32]:
        """Take a row (80,); its onset strength, (5,). The first one of a stream has none."""
        now = np.asarray(row, np.float64)
        past, self._last = self._last, now
        if past is None:
            return np.zeros(self.dims, np.float32)
        padded = np.concatenate((past[:1], past, past[-1:]))
        loudest = np.maximum(np.maximum(padded[:-2], padded[2:]), past)
        return np.asarray(self._means @ np.maximum(now - loudest, 0.0), np.float32)

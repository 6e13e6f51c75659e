"""Fundamental frequency of a stream of one voice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rt_engine.signal.extractor import Extractor
from rt_engine.signal.filterbank import Floats
from rt_engine.signal.framing import Start

ROUNDING = 1e-12  # of the FFT, as a part of the power; a difference below it is none


class Pitch(Extractor[np.float32]):
    """Pitch by YIN: float32 (frames, 2), the frequency in Hz and the confidence, 0 to 1.

    low, high: range searched, Hz; a frame must hold two periods of low.
    threshold: the first lag whose aperiodicity falls below it is the period; where none does, the
    lag of the least aperiodicity. Confidence is 1 - aperiodicity: above 1 - threshold is surely
    voiced; noise lies near 0. Silence gives 0 Hz with confidence 0.
    multiples: the period is read off at its largest multiple up to this one that the longest lag
    allows, which divides the error of high notes by as much.

    Source: de Cheveigne and Kawahara 2002, "YIN, a fundamental frequency estimator", steps 2 to 5.
    Unlike there the difference function uses every pair of samples in the frame, so that for any
    lag it is centred where the frame is (as McLeod and Wyvill 2005, "A smarter way to find
    pitch"): the time of a row is right within a glide or vibrato.
    """

    dims = 2

    def __init__(
        self,
        rate: float,
        size: int = 2048,
        hop: int = 441,
        low: float = 55.0,
        high: float = 1760.0,
        threshold: float = 0.1,
        start: Start = "centred",
        multiples: int = 1,
    ) -> None:
        super().__init__(rate, size, hop, start)
        self.threshold, self.multiples = threshold, multiples
        if not 0 < low < high <= rate / 4:
            raise ValueError(
                f"low {low} and high {high} Hz must rise within 0..{rate / 4}, "
                f"a quarter of {rate} samples a second"
            )
        self.min_lag = int(rate / high)
        self.max_lag = int(np.ceil(rate / low))
        if size < 2 * self.max_lag + 2:
            raise ValueError(
                f"size {size} is too short for {low} Hz at {rate} samples a second: "
                f"take at least {2 * self.max_lag + 2}, or a higher low"
            )

    def analyse(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        difference = difference_function(frames, self.max_lag + 1)
        aperiodicity = normalised_difference(difference)
        lag = self.find_period(aperiodicity)
        shift = vertex(difference, lag)
        depth = interpolate(aperiodicity, lag, shift)
        sounding = difference.any(axis=1)
        period = refine_period(difference, lag + shift, self.multiples)
        frequency = np.where(sounding, self.rate / period, 0.0)
        confidence = np.where(sounding, 1.0 - np.clip(depth, 0.0, 1.0), 0.0)
        return np.stack((frequency, confidence), axis=1, dtype=np.float32)

    def find_period(self, aperiodicity: Floats) -> NDArray[np.intp]:
        """The lag (n,) of the first dip below the threshold, else of the deepest dip."""
        before, here, after = (
            aperiodicity[:, self.min_lag + k : self.max_lag + 1 + k] for k in (-1, 0, 1)
        )
        dips = (here < self.threshold) & (here <= before) & (here < after)
        first, deepest = dips.argmax(axis=1), here.argmin(axis=1)
        return self.min_lag + np.where(dips.any(axis=1), first, deepest)


def difference_function(frames: NDArray[np.float32], max_lag: int) -> Floats:
    """Mean of (x[j] - x[j + lag])^2 over a frame, (n, size) to (n, max_lag + 1).

    Mean over the size - lag pairs that a frame holds (YIN, equation 6, with that window); the
    products come from the autocorrelation by FFT, padded so that it does not wrap.
    """
    size = frames.shape[1]
    samples = frames.astype(np.float64)
    length = 1 << (size + max_lag).bit_length()
    spectra = np.fft.rfft(samples, length)
    power = np.square(spectra.real) + np.square(spectra.imag)
    products = np.fft.irfft(power, length)[:, : max_lag + 1]
    energy = np.zeros((len(frames), size + 1))
    np.cumsum(np.square(samples), axis=1, out=energy[:, 1:])
    total = energy[:, -1:]
    heads, tails = energy[:, : size - max_lag - 1 : -1], total - energy[:, : max_lag + 1]
    pairs = size - np.arange(max_lag + 1)
    difference = np.asarray((heads + tails - 2.0 * products) / pairs)
    difference[difference < ROUNDING * total / size] = 0.0
    return difference


def normalised_difference(difference: Floats) -> Floats:
    """Each value over the mean of those at lags 1 to its own (YIN, equation 8); 1 in silence."""
    total = np.cumsum(difference[:, 1:], axis=1)
    lags = np.arange(1, difference.shape[1])
    result = np.ones_like(difference)
    np.divide(difference[:, 1:] * lags, total, out=result[:, 1:], where=total > 0)
    return result


def vertex(curve: Floats, index: NDArray[np.intp]) -> Floats:
    """Offset (n,) from index to the lowest point of the parabola through it and its neighbours."""
    rows = np.arange(len(curve))
    before, here, after = (curve[rows, index + k] for k in (-1, 0, 1))
    bend = before - 2.0 * here + after
    offset = np.divide(before - after, 2.0 * bend, out=np.zeros_like(bend), where=bend > 0)
    return np.asarray(np.clip(offset, -1.0, 1.0))


def refine_period(difference: Floats, period: Floats, multiples: int) -> Floats:
    """Periods (n,) read off at 2, 4, ... up to `multiples` times themselves, while lags last."""
    rows, last = np.arange(len(difference)), difference.shape[1] - 2
    times = 2
    while times <= multiples:
        near = np.rint(period * times).astype(np.intp)
        fits = near + 1 <= last
        around = np.minimum(near, last - 1)[:, None] + np.arange(-1, 2)
        dip = around[rows, difference[rows[:, None], around].argmin(axis=1)]
        finer = (dip + vertex(difference, dip)) / times
        # A true period moves by rounding alone; elsewhere the lag was chosen for other reasons.
        period = np.where(fits & (np.abs(finer - period) < 1.0 / times), finer, period)
        times *= 2
    return period


def interpolate(curve: Floats, index: NDArray[np.intp], offset: Floats) -> Floats:
    """Value (n,) at index + offset of the parabola through index and its neighbours."""
    rows = np.arange(len(curve))
    before, here, after = (curve[rows, index + k] for k in (-1, 0, 1))
    slope, bend = (after - before) / 2.0, before - 2.0 * here + after
    return np.asarray(here + offset * (slope + offset * bend / 2.0))

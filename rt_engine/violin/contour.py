"""The pitch within one note: its middle, how steady it is, and its vibrato."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.kinds import Measured

__all__ = ["Vibrato", "middle", "vibrato"]

Floats = NDArray[np.float64]

RATES = (3.5, 9.0)  # Hz: where vibrato is looked for; players lie in 4 to 8
SHORTEST = 0.3  # s of pitch below which no vibrato is told
LEAST = 5.0  # cents: less is no vibrato


class Vibrato(NamedTuple):
    """Rate in Hz and extent in cents, from the middle to either side."""

    rate: Measured
    extent: Measured


NONE = Vibrato(Measured(), Measured())


def middle(cents: Floats) -> tuple[float, float]:
    """Median of a contour, and the median distance from it, in the unit that is given."""
    centre = float(np.median(cents))
    return centre, float(np.median(np.abs(cents - centre)))


def vibrato(seconds: Floats, cents: Floats) -> Vibrato:
    """The sine over a straight line that fits a contour best; all zero where it is too short.

    seconds, cents: shape (n,), n at least 1; gaps are allowed. The reliability is the part of the
    variance that the sine explains, less where there are fewer than two cycles. A straight note
    gives extent 0, reliably.
    """
    span = float(seconds[-1] - seconds[0])
    if span < SHORTEST or len(seconds) < 12:
        return NONE
    t = seconds - seconds[0] - span / 2
    coarse = np.arange(RATES[0], RATES[1] + 1e-9, 0.25)
    errors = [_fit(t, cents, rate)[0] for rate in coarse]
    rate = _refine(t, cents, float(coarse[int(np.argmin(errors))]))
    error, extent = _fit(t, cents, rate)
    line = np.polyval(np.polyfit(t, cents, 1), t)
    spread = float(np.sum((cents - line) ** 2))
    if extent < LEAST:
        steady = 1.0 if math.sqrt(spread / len(t)) < 2 * LEAST else 0.0
        return Vibrato(Measured(), Measured(0.0, steady))
    explained = max(0.0, 1.0 - error / spread) if spread else 0.0
    sure = explained * min(1.0, span * rate / 2)
    return Vibrato(Measured(rate, sure), Measured(extent, sure))


def _fit(t: Floats, cents: Floats, rate: float) -> tuple[float, float]:
    """Squared error and amplitude of line and sine by least squares."""
    phase = 2 * np.pi * rate * t
    basis = np.stack((np.ones_like(t), t, np.sin(phase), np.cos(phase)), axis=1)
    found = np.linalg.lstsq(basis, cents, rcond=None)[0]
    return float(np.sum((cents - basis @ found) ** 2)), float(np.hypot(found[2], found[3]))


def _refine(t: Floats, cents: Floats, rate: float) -> float:
    """The rate of the least error near `rate`, to a hundredth of a hertz."""
    step = 0.125
    while step > 0.005:
        around = [max(rate + k * step, RATES[0] / 2) for k in (-1, 0, 1)]
        rate = min(around, key=lambda near: _fit(t, cents, near)[0])
        step /= 2
    return rate

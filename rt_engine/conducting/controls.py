"""What a learned conductor is told of the music: one row of numbers a frame.

Beats that are predicted, the place in the bar, the metre, the tempo, dynamics and articulation.
The same function serves training and live graphs, so both mean the same by it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = [
    "CONTENT",
    "METERS",
    "MOMENT",
    "NOISE",
    "SIZE",
    "STYLE",
    "Noise",
    "controls",
    "meters_of",
]

CONTENT = "conductor controls"
NOISE_CONTENT, JOINTS_CONTENT = "conductor noise", "conductor joints"
METERS = (2, 3, 4, 5, 6)  # beats a bar that have a column of their own
WAVES = (1, 2, 3)  # harmonics of the beat's phase
FOUR = 4  # in which beats are counted whose bar is unknown
PERIOD = 0.5  # s: a tempo of 120, which is 0 in the column of tempo
STYLE = 8  # numbers of noise that choose one way of conducting, and stay
MOMENT = 4  # more of them that change by the second: what is never twice the same
NOISE = STYLE + MOMENT
SIZE = 2 * len(WAVES) + 2 + len(METERS) + 1 + 2 + 4

Floats = npt.NDArray[np.float32]


def controls(
    times: npt.ArrayLike,
    beats: npt.ArrayLike,
    level: npt.ArrayLike | None = None,
    detached: npt.ArrayLike | None = None,
) -> Floats:
    """Rows (n, SIZE) at `times` (n,) s, from beats (k, 3): s, position in the bar, beats a bar.

    Columns: sine and cosine of the beat's phase and of its harmonics, of the phase of the bar,
    the metre (one of METERS, or another), log2 of the period against 0.5 s, 1 while beats are
    known; level and detachment, -1 to 1, each with 1 where it is known.
    Before the first beat and after the last one only the last four columns are not 0. Where the
    bar is unknown, or of one beat, beats are counted in four, from the first row of `beats` on.
    level, detached: 0 to 1, one value or one a frame; None where unknown.
    """
    t = np.atleast_1d(np.asarray(times, np.float64))
    known = np.asarray(beats, np.float64).reshape(-1, 3)
    rows = np.zeros((len(t), SIZE), np.float32)
    if len(known) > 1:
        _beat_columns(t, known, rows)
    for at, values in ((SIZE - 4, level), (SIZE - 2, detached)):
        if values is not None:
            rows[:, at] = 2.0 * np.asarray(values, np.float32) - 1.0
            rows[:, at + 1] = 1.0
    return rows


class Noise:
    """The noise of one performance: `STYLE` numbers that stay, `MOMENT` that change smoothly.

    All are normal, mean 0 and variance 1; those that change have a new value every second, and
    go from one to the next as half a cosine. The same rng gives the same performance.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.style = rng.standard_normal(STYLE)
        self._values = [rng.standard_normal(MOMENT)]

    def at(self, t: float) -> Floats:
        """The noise (NOISE,) at `t` s from the start, 0 or later."""
        second = int(t)
        while len(self._values) < second + 2:
            self._values.append(self._rng.standard_normal(MOMENT))
        share = 0.5 - 0.5 * np.cos(np.pi * (t - second))
        moment = (1.0 - share) * self._values[second] + share * self._values[second + 1]
        return np.asarray(np.concatenate([self.style, moment]), np.float32)

    def rows(self, times: npt.ArrayLike) -> Floats:
        """The noise (n, NOISE) at times (n,)."""
        return np.stack([self.at(float(t)) for t in np.atleast_1d(np.asarray(times))])


def _beat_columns(t: npt.NDArray[np.float64], beats: npt.NDArray[np.float64], rows: Floats) -> None:
    """Write what beats tell into the rows between the first and the last of them."""
    start, position, meter = beats.T
    last = np.searchsorted(start, t, side="right") - 1
    inside = (last >= 0) & (last < len(start) - 1)
    k = np.clip(last, 0, len(start) - 2)
    period = start[k + 1] - start[k]
    phase = (t - start[k]) / period
    angles = [2 * np.pi * wave * phase for wave in WAVES]
    columns = [f(angle) for angle in angles for f in (np.sin, np.cos)]
    placed = (position[k] > 0) & (meter[k] > 1)
    place, count = np.where(placed, position[k] - 1, k % FOUR), np.where(placed, meter[k], FOUR)
    bar = 2 * np.pi * (place + phase) / count
    columns += [np.sin(bar), np.cos(bar)]
    columns += [count == number for number in METERS]
    columns += [~np.isin(count, METERS), np.log2(period / PERIOD), inside]
    rows[:, : len(columns)] = np.stack(columns, axis=1) * inside[:, None]


def meters_of(positions: npt.ArrayLike) -> npt.NDArray[np.int_]:
    """Beats in the bar of each beat, (k,), from their positions (k,), 1 the first, 0 unknown.

    A bar that is cut off counts as the whole one next to it, unless it is longer.
    """
    place = np.asarray(positions, int)
    found = np.zeros(len(place), int)
    first = np.flatnonzero(place == 1)
    for begin, end in pairwise(first.tolist()):
        found[begin:end] = end - begin
    if len(first) > 1:
        found[: first[0]] = max(found[first[0]], place[: first[0]].max(initial=0))
        found[first[-1] :] = max(found[first[-2]], place[first[-1] :].max(initial=0))
    return np.where(place > 0, found, 0)

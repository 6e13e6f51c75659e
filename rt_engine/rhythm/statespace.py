"""The states of a bar pointer: where in the bar, and how fast.

Source of the whole module: Krebs, Boeck and Widmer 2015, "An efficient state-space model for
joint tempo and meter tracking", ISMIR, section 3. A tempo of n frames a beat has n positions in
a beat, so that the pointer moves one position a frame and tempo changes at beats only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

MARGIN = 0.03  # of the period: the space reaches so far over both ends of the range
WEAR = 2.0  # s
SLOWEST = 20.0  # BPM: the states, and the time that a frame takes, grow with the longest beat
TEMPO_CHANGE = 80.0  # lambda of the paper: larger follows tempo less, is steadier


class BarSpace:
    """Bar-pointer states of several meters at one frame rate.

    A row is one beat of one meter (`rows` = sum of the meters); all rows look alike and hold,
    tempo after tempo, the positions in that beat: state = row * width + offset[tempo] + position.

    frame_rate: observations a second. bpm: slowest and fastest tempo. meters: beats a bar.
    change: lambda of the tempo distribution at a beat, exp(-lambda * |n' / n - 1|).

    Attributes: `periods` (tempi,) frames a beat, whole numbers; `width`, states a row; `size`,
    all states; `offsets` (tempi,); `previous` (rows,), the row that leads into each row;
    `following`, its inverse; `starts`, the row of the downbeat; `meter` and `beat` (rows,),
    beats a bar and beat of the bar from 0;
    `transition` (tempi, tempi); of the states of a row, (width,) each: `tempo`, `position` in
    frames and `phase`, position / period in 0..1.
    """

    def __init__(
        self,
        frame_rate: float,
        bpm: tuple[float, float] = (60.0, 200.0),
        meters: Sequence[int] = (4,),
        change: float = TEMPO_CHANGE,
    ) -> None:
        check(frame_rate, bpm, meters)
        self.frame_rate, self.bpm, self.meters = float(frame_rate), bpm, tuple(meters)
        fastest, slowest = (60.0 * frame_rate / tempo for tempo in (bpm[1], bpm[0]))
        low, high = math.floor(fastest / (1.0 + MARGIN)), math.ceil(slowest * (1.0 + MARGIN))
        self.periods = np.arange(low, high + 1)
        self.width = int(self.periods.sum())
        self.offsets: Ints = np.cumsum(self.periods) - self.periods
        self._rows()
        self.size = self.rows * self.width
        self.tempo: Ints = np.repeat(np.arange(len(self.periods)), self.periods)
        self.position: Ints = np.arange(self.width) - self.offsets[self.tempo]
        self.phase: Floats = self.position / self.periods[self.tempo]
        self.transition = tempo_transition(self.periods, change)

    def _rows(self) -> None:
        self.rows = sum(self.meters)
        self.meter: Ints = np.repeat(self.meters, self.meters)
        self.beat: Ints = np.concatenate([np.arange(meter) for meter in self.meters])
        self.starts: Ints = np.arange(self.rows) - self.beat
        self.previous: Ints = self.starts + (self.beat - 1) % self.meter
        self.following: Ints = self.starts + (self.beat + 1) % self.meter

    @property
    def first(self) -> Ints:
        """State of the first position of each beat, (rows, tempi)."""
        return np.arange(self.rows)[:, None] * self.width + self.offsets

    @property
    def last(self) -> Ints:
        """State of the last position of each beat, (rows, tempi)."""
        return self.first + self.periods - 1

    def tempo_prior(self, bpm: float, octaves: float) -> Floats:
        """Probabilities (tempi,) of a log-normal around `bpm`, `octaves` its deviation.

        Per tempo of equal steps of period, hence with the weight 1 / period.
        """
        weights = np.maximum(self._bell(bpm, octaves), 1e-12) / self.periods
        return np.asarray(weights / weights.sum())

    def endurance(self, bpm: float, octaves: float) -> Floats:
        """Weight (tempi,) of each beat at a tempo, by which unusual tempi wear off.

        The bell of `tempo_prior` once every `WEAR` s: 1 at its top, less at its sides.
        """
        seconds = self.periods / self.frame_rate
        return np.asarray(np.maximum(self._bell(bpm, octaves), 1e-12) ** (seconds / WEAR))

    def _bell(self, bpm: float, octaves: float) -> Floats:
        """A log-normal's density (tempi,), its largest value here set to 1."""
        distance = np.abs(np.log2(60.0 * self.frame_rate / self.periods / bpm)) / octaves
        return np.asarray(np.exp(-0.5 * (distance**2 - distance.min() ** 2)))

    def spread(self, tempi: Floats) -> Floats:
        """Belief (size,) that knows the tempo's distribution (tempi,) and nothing of the phase."""
        row = (tempi / self.periods)[self.tempo]
        return np.tile(row / row.sum() / self.rows, self.rows)

    def around(
        self, period: float, phase: float, row: int | None, width: float = 0.04, kin: float = 0.03
    ) -> Floats:
        """Belief (size,) that a place is known: a bell around a period (frames) and a phase.

        width: deviation in beats; kin: of the period, relative. row: the beat of the bar; None:
        every row alike.
        """
        tempi = np.exp(-0.5 * (np.log(self.periods / period) / kin) ** 2)
        tempi += 1e-12 * (np.abs(self.periods - period) == np.abs(self.periods - period).min())
        away = self.phase - phase + np.zeros((self.rows, 1))
        if row is None:
            away -= np.rint(away)
        else:
            meter = int(self.meter[row])
            away += (self.beat - self.beat[row])[:, None]
            away -= meter * np.rint(away / meter)
            away[self.starts != self.starts[row]] = np.inf
        belief = tempi[self.tempo] * np.exp(-0.5 * (away / width) ** 2)
        return np.asarray(belief / belief.sum()).reshape(-1)


def tempo_transition(periods: NDArray[np.int_], change: float) -> Floats:
    """Probability of each next tempo, (tempi, tempi), rows sum to 1: equation 10 of the paper."""
    ratio = periods[None, :] / periods[:, None]
    weights = np.exp(-change * np.abs(ratio - 1.0))
    weights[weights < np.finfo(float).eps] = 0.0
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def check(frame_rate: float, bpm: tuple[float, float], meters: Sequence[int]) -> None:
    """ValueError, with what is allowed, for a space that cannot be."""
    low, high = bpm
    if not SLOWEST <= low <= high < math.inf:
        raise ValueError(f"tempo range {low}..{high} BPM: needs {SLOWEST:g} <= lowest <= highest")
    if 60.0 * frame_rate / high < 4:
        raise ValueError(f"{high} BPM is under 4 frames a beat at {frame_rate} frames a second")
    if not meters or any(meter < 1 for meter in meters) or len(set(meters)) < len(meters):
        raise ValueError(f"meters {list(meters)}: needs different numbers of beats, 1 or more")

"""What a frame of features says about the place in the bar: activations to likelihoods.

A handful of numbers is quicker in plain Python than in arrays.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike

from rt_engine.rhythm.statespace import TEMPO_CHANGE, BarSpace, Floats, Ints

REGION = 1 / 16  # of a beat: an event counts as on time within this much after its place


class Observation(ABC):
    """A model of what is heard at each place of the bar; may keep a memory of the stream.

    A place is a label; every state of a `BarSpace` carries one.
    """

    dims: int
    """Numbers in an activation."""

    activity: float
    """How much the last second had to say, 0 (silence) to 1."""

    strength: float
    """The last activation as one number for a display, 0 to 1."""

    early: float
    """Beats that the phase of a filter runs ahead of what is heard."""

    late: float
    """Seconds that the activation comes after what is heard."""

    calibration: tuple[float, float, float]
    """Log odds that a beat lies within 70 ms of a true one: weights of the log odds of the mass
    that agrees, of the advantage over random places (nats a second), and of 1."""

    change: float = TEMPO_CHANGE
    """Lambda of the change of tempo at a beat, see `BarSpace`."""

    def shift(self, period: float) -> float:
        """Seconds from where a filter sees a beat of a period (s) to where it is."""
        return self.early * period - self.late

    @abstractmethod
    def labels(self, space: BarSpace) -> Ints:
        """The label of each state, (space.size,)."""

    @abstractmethod
    def likelihood(self, activation: ArrayLike) -> Floats:
        """P(activation | label) up to a common factor, (labels,); activation: (dims,)."""

    @abstractmethod
    def reset(self) -> None:
        """Forget the stream."""

    def check(self, activation: ArrayLike) -> Floats:
        """The activation as float64; ValueError for a wrong shape."""
        row = np.asarray(activation, np.float64)
        if row.shape != (self.dims,):
            raise ValueError(f"activation of shape {row.shape}: ({self.dims},) is needed")
        return row


class ActivationObservation(Observation):
    """Learned probabilities: of a beat (dims 1), or of beat and downbeat (dims 2).

    The second kind counts a downbeat in `activation[1]` and every other beat in `activation[0]`,
    as networks with the classes beat, downbeat and none do.

    floor: no probability counts for less, for a network errs. trust: exponent of the likelihood
    of beat against none; below 1, since neighbouring frames do not say independent things.
    downbeats: exponent of the share of the downbeat in the beat.

    Source: Boeck, Krebs and Widmer 2014, "A multi-model approach to beat tracking considering
    heterogeneous music styles", section 2.3, and for downbeats 2016, "Joint beat and downbeat
    tracking with recurrent neural networks", section 2.2; floor and exponents are our addition.
    """

    early = 0.0245
    late = 0.0
    calibration = (0.11, 0.50, -1.82)  # logistic regression on rendered music, noise and tones

    def __init__(
        self,
        frame_rate: float,
        dims: int = 2,
        floor: float = 1e-3,
        trust: float = 1.0,
        downbeats: float = 1.0,
    ) -> None:
        if dims not in (1, 2):
            raise ValueError(f"{dims} activations: 1 (beat) or 2 (beat, downbeat) are understood")
        self.dims, self.floor, self.trust, self.downbeats = dims, floor, trust, downbeats
        self._fall = float(np.exp(-1.0 / (QUICK * frame_rate)))
        self.reset()

    def reset(self) -> None:
        self.activity = self.strength = self._peak = 0.0

    def labels(self, space: BarSpace) -> Ints:
        """0: beat, 1: downbeat (dims 2), last: between beats."""
        region = np.maximum(REGION, FRAMES / space.periods)[space.tempo]
        on_beat = np.tile(space.phase < region, space.rows)
        downbeat = np.repeat(space.beat == 0, space.width)
        kind = np.where(downbeat, self.dims - 1, 0)
        return np.where(on_beat, kind, self.dims).astype(np.intp)

    def likelihood(self, activation: ArrayLike) -> Floats:
        row = [min(max(value, 1e-6), 1.0) for value in self.check(activation).tolist()]
        self.strength = max(row)
        self._peak = max(self.strength, self._peak * self._fall)
        self.activity = min(1.0, self._peak / SURE)
        beat = min(max(sum(row), self.floor), 1.0 - self.floor)
        shares = [value**self.downbeats for value in row]
        whole = sum(shares)
        likely = [beat * max(share / whole, LEAST) for share in shares]
        likely.append((1.0 - beat) * REGION / (1.0 - REGION))
        return np.array([value**self.trust for value in likely])


class OnsetObservation(Observation):
    """Onset strength in bands, as of `signal.OnsetStrength`: low, low-mid, mid, high, all.

    Each band is divided by its own running mean, so that level and mix do not matter, and
    x = log(1 + band). A label's likelihood is exp(weights[label] @ x + bias[label]):
    a log-linear classifier of the place in the bar, with the shares of the places taken out.

    Labels: the four beats of a bar (kick on one and three, snare on two and four, in most music
    with drums), the half of a beat, its quarters, and everything between.

    memory: seconds of the running mean. floor: onset strength under which a mean is taken for
    silence. trust: exponent below 1, since neighbouring frames do not say independent things.
    """

    dims = 5
    early = 0.0245  # about half of `REGION`, measured on clicks
    late = 0.0
    calibration = (0.27, 0.49, -1.45)  # logistic regression on rendered songs, drums and noise
    FOURS = (0, 1, 2, 3)
    HALF, QUARTERS, BETWEEN = 4, 5, 6

    def __init__(
        self,
        frame_rate: float,
        memory: float = 6.0,
        floor: float = 1e-3,
    ) -> None:
        self.floor = floor
        self._slow = 1.0 / (memory * frame_rate)
        self._quick = 1.0 / (QUICK * frame_rate)
        self.reset()

    def reset(self) -> None:
        self.activity = self.strength = 0.0
        self._mean = [0.0] * self.dims
        self._recent = 0.0
        self._weight = self._recent_weight = 0.0

    def labels(self, space: BarSpace) -> Ints:
        """Place in the bar of each state, after the tables of this class."""
        row = np.full(space.width, self.BETWEEN, np.intp)
        row[near(space.phase, 0.5)] = self.HALF
        row[near(space.phase, 0.25) | near(space.phase, 0.75)] = self.QUARTERS
        labels = np.tile(row, (space.rows, 1))
        labels[:, near(space.phase, 0.0)] = self._beats(space)[:, None]
        return labels.reshape(-1)

    def _beats(self, space: BarSpace) -> Ints:
        """Label of each row; in a bar that is no multiple of four all but one sound like two."""
        like_four = space.beat % 4
        other = np.minimum(space.beat, 1)
        return np.where((space.meter % 4 == 0) | (space.meter == 2), like_four, other)

    def likelihood(self, activation: ArrayLike) -> Floats:
        row = self.check(activation).tolist()
        self._listen(row)
        scales = [max(mean / self._weight, self.floor) for mean in self._mean]
        heard = [math.log1p(value / scale) for value, scale in zip(row, scales, strict=True)]
        self.strength = min(1.0, heard[-1] / LOUD)
        scores = WEIGHTS @ np.array(heard) + BIAS
        scores *= self.activity
        return np.asarray(np.exp(scores - scores.max()))

    def _listen(self, row: list[float]) -> None:
        """Update the means, and how lively the last second was against the last ones."""
        slow = self._slow
        self._mean = [mean + slow * (new - mean) for mean, new in zip(self._mean, row, strict=True)]
        self._weight += self._slow * (1.0 - self._weight)
        self._recent += self._quick * (row[-1] - self._recent)
        self._recent_weight += self._quick * (1.0 - self._recent_weight)
        usual = max(self._mean[-1] / self._weight, self.floor)
        now = self._recent / self._recent_weight
        self.activity = min(1.0, now / (LIVELY * usual))


QUICK = 0.5  # s: how long a pause may be before it counts as silence
LIVELY = 0.3  # of the usual onset strength: less than this has less to say
FRAMES = 1.5  # but at least so many: fast beats would have no second frame
LEAST = 0.02  # share of beat or downbeat that cannot be excluded
SURE = 0.2  # a probability of a beat, once a second, that is no silence
LOUD = 3.0  # log(1 + onset strength / mean) of a full display

# Fitted so that over 2 s the true beats win against half, double, offbeat, shifted and triplet
# readings of the same sound (conditional logistic regression), on 64 General MIDI songs, 20
# performances of Groove MIDI and 14 songs of POP909, all rendered by us, and 11 click tracks.
# Rows: beats 1, 2, 3, 4, half, quarters, between; columns: low, low-mid, mid, high, all.
WEIGHTS = np.array(
    [
        [0.28, -0.32, -0.43, 0.07, 1.34],
        [-0.45, -0.05, -0.62, 0.50, 1.48],
        [0.25, -0.51, -0.66, 0.37, 1.24],
        [-0.24, -0.17, -0.63, 0.45, 1.51],
        [-0.08, -0.29, -0.63, 0.22, 1.19],
        [-0.13, -0.26, -0.47, 0.08, 1.06],
        [0.07, -0.03, -0.22, 0.17, 0.31],
    ]
)
BIAS = np.array([-0.73, -0.79, -0.51, -0.80, -0.22, -0.14, -0.15])


def near(phase: Floats, place: float) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether phases lie within `REGION` after a place in the beat."""
    return (phase >= place) & (phase < place + REGION)

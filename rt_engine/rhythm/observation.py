"""What a frame of features says about the place in the bar: activations to likelihoods."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from rt_engine.rhythm.statespace import BarSpace, Floats, Ints

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

    Source: Boeck, Krebs and Widmer 2014, "A multi-model approach to beat tracking considering
    heterogeneous music styles", section 2.3, and for downbeats 2016, "Joint beat and downbeat
    tracking with recurrent neural networks", section 2.2.
    """

    def __init__(self, frame_rate: float, dims: int = 2, floor: float = 1e-3) -> None:
        if dims not in (1, 2):
            raise ValueError(f"{dims} activations: 1 (beat) or 2 (beat, downbeat) are understood")
        self.dims, self.floor = dims, floor
        self._fall = float(np.exp(-1.0 / (QUICK * frame_rate)))
        self.reset()

    def reset(self) -> None:
        self.activity = self.strength = self._peak = 0.0

    def labels(self, space: BarSpace) -> Ints:
        """0: beat, 1: downbeat (dims 2), last: between beats."""
        on_beat = np.tile(space.phase < REGION, space.rows)
        downbeat = np.repeat(space.beat == 0, space.width)
        kind = np.where(downbeat, self.dims - 1, 0)
        return np.where(on_beat, kind, self.dims).astype(np.intp)

    def likelihood(self, activation: ArrayLike) -> Floats:
        row = np.clip(self.check(activation), self.floor, 1.0 - self.floor)
        rest = max(1.0 - float(row.sum()), self.floor) * REGION / (1.0 - REGION)
        self.strength = float(row.max())
        self._peak = max(self.strength, self._peak * self._fall)
        self.activity = min(1.0, self._peak / SURE)
        return np.append(row, rest)


class OnsetObservation(Observation):
    """Onset strength in bands, as of `signal.OnsetStrength`: low, low-mid, mid, high, all.

    Each band is divided by its own running mean, so that level and mix do not matter, and
    x = log(1 + band). A label's likelihood is exp(weights[label] @ x + bias[label]):
    a log-linear classifier of the place in the bar, with the shares of the places taken out.

    Labels: the four beats of a bar (kick on one and three, snare on two and four, in most music
    with drums), the half of a beat, its quarters, and everything between.

    memory: seconds of the running mean. floor: onset strength under which a mean is taken for
    silence. weights: (7, 6), the labels by the bands and the bias; by default those of
    `onset_weights.json`, which `rt_engine.models.onset_observation` fits.
    """

    dims = 5
    FOURS = (0, 1, 2, 3)
    HALF, QUARTERS, BETWEEN = 4, 5, 6

    def __init__(
        self,
        frame_rate: float,
        memory: float = 6.0,
        floor: float = 1e-3,
        weights: Floats | None = None,
    ) -> None:
        self.floor = floor
        self.weights = load_weights() if weights is None else weights
        self._slow = 1.0 / (memory * frame_rate)
        self._quick = 1.0 / (QUICK * frame_rate)
        self.reset()

    def reset(self) -> None:
        self.activity = self.strength = 0.0
        self._mean = np.zeros(self.dims)
        self._recent = 0.0
        self._weight = self._recent_weight = 0.0

    def labels(self, space: BarSpace) -> Ints:
        """Place in the bar of each state, after the tables of this class."""
        return self.places(self._beats(space)[:, None], space.phase).reshape(-1)

    @classmethod
    def places(cls, beat: Ints, phase: Floats) -> Ints:
        """The label of each beat of four (0..3) and phase in it (0..1), broadcast together."""
        beat, phase = np.broadcast_arrays(beat, phase)
        on = [near(phase, 0.0), near(phase, 0.5), near(phase, 0.25) | near(phase, 0.75)]
        return np.asarray(np.select(on, [beat, cls.HALF, cls.QUARTERS], cls.BETWEEN), np.intp)

    def _beats(self, space: BarSpace) -> Ints:
        """Label of each row; in a bar that is no multiple of four all but one sound like two."""
        like_four = space.beat % 4
        other = np.minimum(space.beat, 1)
        return np.where((space.meter % 4 == 0) | (space.meter == 2), like_four, other)

    def likelihood(self, activation: ArrayLike) -> Floats:
        scores = self.weights @ self.hear(activation)
        return np.asarray(np.exp(scores - scores.max()))

    def hear(self, activation: ArrayLike) -> Floats:
        """Take a frame; x and 1, (6,), by which weights and bias are multiplied.

        Both are scaled by the activity: where little is to be heard, all places are alike.
        """
        row = self.check(activation)
        self._listen(row)
        scale = np.maximum(self._mean / self._weight, self.floor)
        heard = np.log1p(row / scale)
        self.strength = float(min(1.0, heard[-1] / LOUD))
        return np.append(heard, 1.0) * self.activity

    def _listen(self, row: Floats) -> None:
        """Update the means, and how lively the last second was against the last ones."""
        self._mean += self._slow * (row - self._mean)
        self._weight += self._slow * (1.0 - self._weight)
        self._recent += self._quick * (row[-1] - self._recent)
        self._recent_weight += self._quick * (1.0 - self._recent_weight)
        usual = max(self._mean[-1] / self._weight, self.floor)
        now = self._recent / self._recent_weight
        self.activity = float(min(1.0, now / (LIVELY * usual)))


QUICK = 0.5  # s: how long a pause may be before it counts as silence
LIVELY = 0.3  # of the usual onset strength: less than this has less to say
SURE = 0.2  # a probability of a beat, once a second, that is no silence
LOUD = 3.0  # log(1 + onset strength / mean) of a full display

FITTED = Path(__file__).with_name("onset_weights.json")  # its card: exported_models/


def load_weights(path: Path = FITTED) -> Floats:
    """Weights and, last column, biases of the labels of `OnsetObservation`, (7, 6).

    ValueError for a file of another shape.
    """
    fitted = json.loads(path.read_text(encoding="utf-8"))
    weights = np.column_stack([fitted["weights"], fitted["bias"]]).astype(np.float64)
    expected = (OnsetObservation.BETWEEN + 1, OnsetObservation.dims + 1)
    if weights.shape != expected:
        raise ValueError(f"{path.name}: weights and bias of shape {weights.shape}, not {expected}")
    return weights


def near(phase: Floats, place: float) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether phases lie within `REGION` after a place in the beat."""
    return (phase >= place) & (phase < place + REGION)

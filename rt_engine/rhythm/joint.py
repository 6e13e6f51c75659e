"""A network and the accents of the same sound, heard together."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from rt_engine.rhythm.observation import ActivationObservation, Observation, OnsetObservation
from rt_engine.rhythm.statespace import BarSpace, Floats, Ints


class JointObservation(Observation):
    """Learned probabilities of beat and downbeat, and onset strength in bands beside them.

    Two opinions, one product: where the network is unsure, the accents that it was given too
    decide by what is known of drums and basses; where there are none, the network does.

    activation: 2 learned probabilities, then 5 of onset strength, NaN where they are missing.
    learned, accents: exponents of the two likelihoods; downbeats: of the share of the downbeat,
    see `ActivationObservation`. Chosen on rendered music that the network had not seen, with
    real mixes in view.
    """

    calibration = (0.08, 0.45, -1.40)  # logistic regression on rendered music, noise and tones

    def __init__(
        self,
        frame_rate: float,
        learned: float = 0.6,
        accents: float = 1.5,
        downbeats: float = 2.0,
    ) -> None:
        self.learned, self.accents = learned, accents
        self._net = ActivationObservation(frame_rate, downbeats=downbeats)
        self._onset = OnsetObservation(frame_rate)
        self.dims = self._net.dims + self._onset.dims
        self.early, self.late = self._net.early, self._net.late
        self.reset()

    def reset(self) -> None:
        self._net.reset()
        self._onset.reset()
        self.activity = self.strength = 0.0

    def labels(self, space: BarSpace) -> Ints:
        """Pairs of both: the label of the accents, times 3, plus that of the network."""
        return self._onset.labels(space) * (self._net.dims + 1) + self._net.labels(space)

    def likelihood(self, activation: ArrayLike) -> Floats:
        row = self.check(activation)
        learned = self._net.likelihood(row[:2]) ** self.learned
        self.activity, self.strength = self._net.activity, self._net.strength
        if not math.isfinite(row[2:].sum()):
            return np.tile(learned, OnsetObservation.BETWEEN + 1)
        accents = self._onset.likelihood(row[2:]) ** self.accents
        self.activity = self._onset.activity
        return (accents[:, None] * learned).reshape(-1)

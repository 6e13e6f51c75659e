"""Learned probabilities of the place in the bar, beside whatever else is heard."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from rt_engine.rhythm.observation import Observation
from rt_engine.rhythm.statespace import BarSpace, Floats, Ints


class PlacedObservation(Observation):
    """Another observation, and what a network says in every frame of how far its bar has gone.

    Beats are told at beats only; between them a network that counts still knows something, of the
    tempo's level and of the first of the bar most of all.

    activation: that of the other observation, then `places` probabilities, one for each part of a
    bar in turn, NaN where they are missing. trust: their exponent, small, since neighbouring
    frames say nearly the same; floor: no probability counts for less. Chosen on rendered music
    that the network had not seen.

    Source: Bourlard and Morgan 1994, "Connectionist Speech Recognition", chapter 7: a network's
    probabilities over its classes' shares, which are equal here, are likelihoods up to a factor.
    """

    def __init__(
        self, other: Observation, places: int, trust: float = 0.035, floor: float = 0.005
    ) -> None:
        self.other, self.places, self.trust, self.floor = other, places, trust, floor
        self.dims = other.dims + places
        self.early, self.late = other.early, other.late
        self.calibration, self.change = other.calibration, other.change
        self.activity, self.strength = other.activity, other.strength

    def reset(self) -> None:
        self.other.reset()
        self._look()

    def labels(self, space: BarSpace) -> Ints:
        """Pairs of both: the label of the other, times `places`, plus the part of the bar."""
        bars = (space.beat[:, None] + space.phase) / space.meter[:, None]
        parts = np.minimum((bars * self.places).astype(np.intp), self.places - 1)
        return np.asarray(self.other.labels(space) * self.places + parts.reshape(-1))

    def likelihood(self, activation: ArrayLike) -> Floats:
        row = self.check(activation)
        heard = self.other.likelihood(row[: self.other.dims])
        self._look()
        told = row[self.other.dims :]
        if not math.isfinite(told.sum()):
            return np.repeat(heard, self.places)
        parts = np.maximum(told, self.floor) ** self.trust
        return (heard[:, None] * parts).reshape(-1)

    def _look(self) -> None:
        self.activity, self.strength = self.other.activity, self.other.strength

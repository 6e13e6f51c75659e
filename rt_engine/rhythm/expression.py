"""Classes of a network, frame by frame, as one steady class and a value without steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rt_engine.rhythm.statespace import Floats


@dataclass(frozen=True)
class Grade:
    """A class of an ordered scale: its index, the value 0..1 on the whole scale, confidence."""

    index: int
    value: float
    confidence: float


class Grader:
    """Smooths the probabilities of ordered classes, and changes the class only for a clear one.

    frame_rate: frames a second. smooth: s in which old frames fall to 1/e. margin: probability
    by which another class must lead before it takes over.
    """

    def __init__(self, frame_rate: float, smooth: float = 0.5, margin: float = 0.1) -> None:
        self.frame_rate, self.smooth, self.margin = frame_rate, smooth, margin
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._mean: Floats | None = None
        self._index = 0

    def step(self, probabilities: ArrayLike) -> Grade:
        """Take the probabilities of the classes, (classes,), which sum to 1."""
        row = np.asarray(probabilities, np.float64)
        if self._mean is None:
            self._mean, self._index = row.copy(), int(row.argmax())
        self._mean += (1.0 - np.exp(-1.0 / (self.smooth * self.frame_rate))) * (row - self._mean)
        best = int(self._mean.argmax())
        if self._mean[best] > self._mean[self._index] + self.margin:
            self._index = best
        scale = np.linspace(0.0, 1.0, len(row))
        value = float(self._mean @ scale / self._mean.sum())
        return Grade(self._index, value, float(self._mean[self._index]))

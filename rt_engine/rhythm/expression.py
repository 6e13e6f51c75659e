"""Classes of a network, frame by frame, as one steady class and a value without steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rt_engine.rhythm.statespace import Floats

TRUST = 0.3  # exponent of a frame's probabilities: neighbouring ones do not say independent things
LEAST = 0.02  # no class is excluded by a frame


@dataclass(frozen=True)
class Grade:
    """A class of an ordered scale: its index, the value 0..1 on the whole scale, confidence."""

    index: int
    value: float
    confidence: float


class Grader:
    """The class of a scale that is played, from the probabilities of each frame.

    An exact forward filter over the classes, which change once every `hold` s or so: it waits
    less for a clear change than a mean over frames does, and flickers less for an unclear one.
    The value and the confidence are those of the mean over frames.

    frame_rate: frames a second. smooth: s in which old frames fall to 1/e in the mean. hold: s
    that a class usually lasts.
    """

    def __init__(self, frame_rate: float, smooth: float = 0.5, hold: float = 3.0) -> None:
        self.frame_rate, self.smooth, self.hold = frame_rate, smooth, hold
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._mean: Floats | None = None
        self._belief: Floats = np.ones(1)

    def step(self, probabilities: ArrayLike) -> Grade:
        """Take the probabilities of the classes, (classes,), which sum to 1."""
        row = np.asarray(probabilities, np.float64)
        if self._mean is None:
            self._mean, self._belief = row.copy(), np.full(len(row), 1.0 / len(row))
        self._mean += (1.0 - np.exp(-1.0 / (self.smooth * self.frame_rate))) * (row - self._mean)
        index = self._believe(row)
        value = float(self._mean @ np.linspace(0.0, 1.0, len(row)) / self._mean.sum())
        return Grade(index, value, float(self._mean[index]))

    def _believe(self, row: Floats) -> int:
        """Move the belief on by a frame; the likeliest class."""
        leave = 1.0 / (self.hold * self.frame_rate)
        belief = self._belief
        belief = (1.0 - leave) * belief + leave * (1.0 - belief) / max(len(row) - 1, 1)
        belief = belief * np.maximum(row, LEAST) ** TRUST
        self._belief = belief / belief.sum()
        return int(self._belief.argmax())

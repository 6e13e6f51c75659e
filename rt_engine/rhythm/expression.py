"""Classes of a network, frame by frame, as one steady class and a value without steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

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
        self.frame_rate = frame_rate
        self.tune(smooth, hold)
        self.reset()

    def tune(self, smooth: float, hold: float) -> None:
        """Change what the class says of them, from the next frame on."""
        self._gain = 1.0 - math.exp(-1.0 / (smooth * self.frame_rate))
        self._leave = 1.0 / (hold * self.frame_rate)

    def reset(self) -> None:
        """Forget the stream."""
        self._mean: list[float] = []
        self._belief: list[float] = []

    def step(self, probabilities: ArrayLike) -> Grade:
        """Take the probabilities of the classes, (classes,), which sum to 1."""
        row: list[float] = np.asarray(probabilities, np.float64).tolist()
        if not self._mean:
            self._mean, self._belief = row, [1.0 / len(row)] * len(row)
        gain = self._gain
        self._mean = [mean + gain * (new - mean) for mean, new in zip(self._mean, row, strict=True)]
        index = self._believe(row)
        place = sum(k * mean for k, mean in enumerate(self._mean))
        value = place / max(len(row) - 1, 1) / sum(self._mean)
        return Grade(index, value, self._mean[index])

    def _believe(self, row: list[float]) -> int:
        """Move the belief on by a frame; the likeliest class."""
        come = self._leave / max(len(row) - 1, 1)
        stay = 1.0 - self._leave - come
        belief = [
            (come + stay * before) * max(new, LEAST) ** TRUST
            for before, new in zip(self._belief, row, strict=True)
        ]
        whole = sum(belief)
        self._belief = [value / whole for value in belief]
        return max(range(len(belief)), key=belief.__getitem__)

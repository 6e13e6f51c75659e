"""Strokes at their due times: the tremble of a hand, and never the same drum twice at once."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from numpy.random import Generator

from rt_engine.drums.bar import Bar
from rt_engine.drums.patterns import CLOSED, OPEN, RIDE

__all__ = ["Stroke", "Strokes"]

SHORT, LONG = 0.03, 0.1  # s that a note lasts
APART = 0.045  # s between two strokes of a drum, at least; less only where the steps are shorter
TREMBLE = 0.006  # s, deviation of the time of a stroke at full humanise
UNEVEN = 0.08  # deviation of its velocity
TIME = (CLOSED, OPEN, RIDE)
KEPT = 64  # strokes that are remembered


@dataclass(frozen=True)
class Stroke:
    """A drum struck at `t` (s): its number, velocity 0..1, and how long the note lasts, in s."""

    t: float
    drum: int
    velocity: float
    length: float


class Strokes:
    """Makes strokes, and remembers the latest ones."""

    def __init__(self) -> None:
        self._recent: deque[Stroke] = deque(maxlen=KEPT)

    def near(self, t: float, within: float) -> bool:
        """Whether a drum that is more than time-keeping is struck within so many s of `t`."""
        return any(abs(s.t - t) < within and s.drum not in TIME for s in self._recent)

    def of_step(
        self, bar: Bar, at: int, t: float, length: float, humanise: float, rng: Generator
    ) -> list[Stroke]:
        """The strokes of step `at` of a bar, due at `t` (s) but for its offsets; a step is
        `length` s long. A note ends before the next step, so that hi-hats choke each other.
        """
        found = []
        for drum in bar.hits[at].nonzero()[0].tolist():
            moved = float(bar.offsets[at, drum]) * length
            velocity = float(bar.velocities[at, drum])
            if humanise:
                shake, other = rng.normal(size=2).clip(-2, 2)
                moved += humanise * TREMBLE * shake
                velocity *= 1 + humanise * UNEVEN * other
            found += self.single(t + moved, drum, velocity, length)
        return found

    def single(self, t: float, drum: int, velocity: float, step: float) -> list[Stroke]:
        """A stroke at `t` (s) where steps are `step` s long; none if the drum was just struck."""
        least = min(APART, 0.45 * step)
        if any(s.drum == drum and abs(s.t - t) < least for s in self._recent):
            return []
        length = min(max(0.5 * step, SHORT), LONG)
        self._recent.append(Stroke(t, drum, min(max(velocity, 0.01), 1.0), length))
        return [self._recent[-1]]

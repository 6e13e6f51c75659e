"""How strokes are made now: their size and shape, from what is heard and what is asked for."""

from __future__ import annotations

import numpy as np

from rt_engine.conducting.schedule import AUTO, Due
from rt_engine.conducting.strokes import Strike
from rt_engine.conducting.style import ARTICULATIONS, Shape, Style, shape_of

__all__ = ["Manner"]

BRISK = 0.6  # s a stroke, under which strokes become smaller
LOUD, CLEAR = 0.7, 0.3  # level and detachment from which on strokes are marcato
SMALLEST = 0.35  # of a stroke's size, however soft it is


class Manner:
    """Level and detachment, 0 to 1, as heard; `size` (a factor) and `articulation` as asked for.

    articulation: a name of `ARTICULATIONS`, or "auto": as heard. seed: of how strokes miss the
    pattern, each in its own way.
    """

    def __init__(self, seed: int) -> None:
        self.size, self.articulation = 1.0, AUTO
        self.level, self.detached = 0.5, 0.3
        self._seed = seed

    def stroke(self, due: Due, serial: int, span: float, style: Style) -> Strike:
        """The stroke that is due, the `serial`-th of all, `span` s before the one behind it."""
        shape = self._shape()
        loudness = max(SMALLEST, 1.0 + 0.9 * style.contrast * (self.level - 0.5))
        size = style.size * self.size * shape.size * loudness
        size *= min(1.0, max(span / BRISK, 0.3)) ** 0.6
        rng = np.random.default_rng((self._seed, serial))
        ictus, top = (rng.normal(0.0, style.wander, (2, 3)) * (1.0, 0.5, 1.0)).tolist()
        return Strike(due.t, serial, due.number, due.metre, size, shape, (ictus, top))

    def _shape(self) -> Shape:
        if self.articulation != AUTO:
            return ARTICULATIONS[self.articulation]
        loud = min(max(5 * (self.level - LOUD), 0.0), 1.0)
        return shape_of(self.detached, loud * min(max(3 * (self.detached - CLEAR), 0.0), 1.0))

"""The exact forward filter over bar-pointer states, a few vector operations a frame."""

from __future__ import annotations

import numpy as np

from rt_engine.rhythm.statespace import BarSpace, Floats, Ints

ROOM = 512  # frames until the sliding beliefs are copied back to the end of their buffer
RESTART = 1e-8  # probability, a frame, that the music starts anew at a beat, in any tempo


class ForwardFilter:
    """P(state | everything heard so far), frame by frame.

    With probability 1 - restart the pointer moves on as in `BarSpace`; with `restart` it lands on
    the first position of any beat, its tempo from `tempi`. So no state is ever impossible.

    The beliefs lie in a longer buffer, and the move by one position is a shift of the view's
    start by one: only the first positions of the beats are written anew.

    labels: (space.size,), which entry of a likelihood a state takes. tempi: (tempi,), the
    distribution over tempi at the start and at restarts. endurance: (tempi,), a further
    likelihood of every beat that ends, by its tempo; 1 where it is not given.

    Source: Rabiner 1989, "A tutorial on hidden Markov models", section III A, normalised a frame.
    """

    def __init__(
        self,
        space: BarSpace,
        labels: Ints,
        tempi: Floats,
        restart: float = RESTART,
        endurance: Floats | None = None,
    ) -> None:
        self.space, self.tempi, self.restart = space, tempi, restart
        self.endurance = np.ones(len(tempi)) if endurance is None else endurance
        self._labels = np.ascontiguousarray(labels, np.intp)
        self._first, self._last = space.first, space.last
        self._buffer = np.zeros(space.size + ROOM)
        self._scratch = np.empty(space.size)
        self.set_belief(space.spread(tempi))

    def set_belief(self, belief: Floats) -> None:
        """Take over a distribution over all states, (size,); it need not sum to 1."""
        self._start = ROOM
        self.evidence = 0.0
        self.belief[:] = belief / belief.sum()

    @property
    def belief(self) -> Floats:
        """P(state | past), (size,); a view, valid until the next `step`."""
        return self._buffer[self._start : self._start + self.space.size]

    @property
    def rows(self) -> Floats:
        """The belief as (rows, width); a view, valid until the next `step`."""
        return self.belief.reshape(self.space.rows, self.space.width)

    def step(self, likelihood: Floats) -> None:
        """Move by one frame, then weigh by the likelihood of what is heard, (labels,).

        `evidence` becomes the natural logarithm of P(what is heard | past).
        """
        arriving = (self.belief[self._last] * self.endurance) @ self.space.transition
        restarts = self.restart / (1.0 - self.restart) / self.space.rows * self.tempi
        self._slide()
        belief = self.belief
        belief[self._first] = arriving[self.space.previous] + restarts
        np.take(likelihood, self._labels, out=self._scratch, mode="clip")
        belief *= self._scratch
        total = belief.sum()
        belief *= 1.0 / total
        self.evidence = float(np.log(total * (1.0 - self.restart)))

    def _slide(self) -> None:
        if self._start == 0:
            self._buffer[ROOM:] = self._buffer[: self.space.size].copy()
            self._start = ROOM
        self._start -= 1

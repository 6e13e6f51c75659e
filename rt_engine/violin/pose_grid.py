"""Pictures and sound on one even grid of time, each step once and in order.

Landmarks come at uneven times and a little late; rows of sound come evenly and later. A step is
ready when both have reached it. One that falls silent is waited for so long, then the other goes
on alone.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["STEP", "Grid", "Step"]

T = TypeVar("T")

STEP = 20_000_000  # ns
PATIENCE = 40  # steps that one stream may lie behind the other: the sound has 0.26 s of its own
LONGEST = 50  # steps without a picture that are gone through; a longer pause is jumped over


class Step(NamedTuple, Generic[T]):
    """A step of the grid: its number, what was seen (with s from the step), and what was heard."""

    number: int
    seen: T | None
    age: float
    heard: npt.NDArray[np.float32] | None


class Grid(Generic[T]):
    """Takes pictures (`see`) and, if `listens`, rows of sound (`hear`); both give ready steps.

    Of two pictures that belong to one step the first counts. `deaf` and `blind` say that sound
    or pictures are waited for no longer.
    """

    def __init__(self, listens: bool) -> None:
        self.listens = listens
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._next: int | None = None
        self._pictures: deque[tuple[int, float, T]] = deque()
        self._rows: deque[tuple[int, npt.NDArray[np.float32]]] = deque()
        self._seen = self._heard = -(10**18)  # the newest steps
        self.deaf = self.blind = False

    def see(self, t: int, picture: T) -> list[Step[T]]:
        """A picture at `t` ns."""
        number = (t + STEP // 2) // STEP
        if number <= self._seen or (self._next is not None and number < self._next):
            return []
        self._pictures.append((number, (t - number * STEP) / 1e9, picture))
        self._seen = number
        if self._next is None:
            self._next, self._heard = number, max(self._heard, number - 1)
        return self._ready()

    def hear(self, t: int, row: npt.NDArray[np.float32]) -> list[Step[T]]:
        """A row of sound at `t` ns."""
        number = (t + STEP // 2) // STEP
        self._heard = max(self._heard, number)
        self._rows.append((number, row))
        return self._ready() if self._next is not None else []

    def _ready(self) -> list[Step[T]]:
        assert self._next is not None
        self.deaf = self.listens and self._seen - self._heard > PATIENCE
        self.blind = self.listens and self._heard - self._seen > PATIENCE
        if self.deaf or not self.listens:
            until = self._seen
        else:
            until = self._heard if self.blind else min(self._seen, self._heard)
        if not self._pictures:
            self._next = max(self._next, until - LONGEST)
        elif self._pictures[0][0] - self._next > LONGEST:
            self._next = min(self._pictures[0][0], until + 1)
        return [self._step() for _ in range(self._next, until + 1)]

    def _step(self) -> Step[T]:
        assert self._next is not None
        number = self._next
        self._next = number + 1
        seen, age = None, 0.0
        if self._pictures and self._pictures[0][0] == number:
            _, age, seen = self._pictures.popleft()
        while len(self._rows) > 1 and self._rows[1][0] <= number:
            self._rows.popleft()
        there = bool(self._rows) and number - 1 <= self._rows[0][0] <= number
        return Step(number, seen, age, self._rows[0][1] if there else None)

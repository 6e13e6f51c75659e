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
NEVER = -(10**18)  # a step before all others
LONGEST = 50  # steps without a picture that are gone through; a longer pause is jumped over


class Step(NamedTuple, Generic[T]):
    """A step of the grid: its number, what was seen (with s from the step), and what was heard."""

    number: int
    seen: T | None
    age: float
    heard: npt.NDArray[np.float32] | None


class Grid(Generic[T]):
    """Takes pictures (`see`) and, if `listens`, rows of sound (`hear`); both give ready steps.

    Of two pictures that belong to one step the first counts. A picture without the person
    (`miss`) is waited for no more than one with; before the first one nothing is ready. `deaf`
    says that sound is waited for no longer, `blind` that the person is not seen any more.
    """

    def __init__(self, listens: bool) -> None:
        self.listens = listens
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._rows: deque[tuple[int, npt.NDArray[np.float32]]] = deque()
        self._heard = NEVER  # the newest step
        self.deaf = self.blind = False
        self.begin()

    def begin(self) -> None:
        """Forget what was seen, not what was heard: another person comes."""
        self._next: int | None = None
        self._pictures: deque[tuple[int, float, T]] = deque()
        self._seen = self._looked = NEVER  # the newest steps, with the person and with any picture

    def see(self, t: int, picture: T) -> list[Step[T]]:
        """A picture at `t` ns."""
        number = (t + STEP // 2) // STEP
        if number <= self._seen or (self._next is not None and number < self._next):
            return []
        self._pictures.append((number, (t - number * STEP) / 1e9, picture))
        self._seen, self._looked = number, max(self._looked, number)
        if self._next is None:
            self._next = number
            self._heard = number - 1 if self._heard == NEVER else self._heard
        return self._ready()

    def miss(self, t: int) -> list[Step[T]]:
        """A picture at `t` ns that the person is not in."""
        self._looked = max(self._looked, (t + STEP // 2) // STEP)
        return self._ready() if self._next is not None else []

    def hear(self, t: int, row: npt.NDArray[np.float32]) -> list[Step[T]]:
        """A row of sound at `t` ns."""
        number = (t + STEP // 2) // STEP
        self._heard = max(self._heard, number)
        self._rows.append((number, row))
        if self._next is not None:
            return self._ready()
        while self._rows[0][0] < self._heard - PATIENCE:
            self._rows.popleft()
        return []

    def _until(self) -> int:
        """The newest step that is waited for no longer."""
        if self.deaf or not self.listens:
            return self._looked
        if self._heard - self._looked > PATIENCE:
            return self._heard
        return min(self._looked, self._heard)

    def _ready(self) -> list[Step[T]]:
        assert self._next is not None
        self.deaf = self.listens and self._looked - self._heard > PATIENCE
        self.blind = max(self._looked, self._heard) - self._seen > PATIENCE
        until = self._until()
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

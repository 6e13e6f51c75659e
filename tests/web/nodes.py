"""Nodes for the tests of the page."""

from __future__ import annotations

from rt_engine.core import SECOND, Output, Source
from rt_engine.kinds import Beat, Beats

__all__ = ["Pulse"]


class Pulse(Source):
    """A beat every `every` s, told `ahead` s before it is due."""

    beats = Output(Beats)
    every: float = 0.1
    ahead: float = 0.05

    def reset(self) -> None:
        self.i = 0
        self.due: int | None = None

    def read(self) -> bool:
        if self.due is None:
            self.due = self.clock.now()
        self.due += round(self.every * SECOND)
        if not self.clock.wait_until(self.due - round(self.ahead * SECOND)):
            return False
        self.beats.emit(self.due, Beat(self.i, self.i % 4 + 1, 4, 60 / self.every, self.every, 1.0))
        self.i += 1
        return True

"""When the notes of written bars sound: from the beats, beat by beat, so that tempo glides.

Times are engine time in ns; places are counted in beats, and a beat of the tracker is known by
its number.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from rt_engine.accompaniment.notes import BarNote
from rt_engine.core import SECOND

__all__ = ["AHEAD", "Anchor", "Due", "Schedule"]

AHEAD = 2.0  # beats that are given out ahead of the newest beat
STALE = 4  # periods without a beat after which the beats are not counted on any more
EPSILON = 1e-9


class Anchor(NamedTuple):
    """The newest beat: its time and period in ns, and its number in the tracker's count."""

    t: int
    period: int
    number: int

    def time_of(self, place: float) -> int:
        """When a place, counted in beats, will be."""
        return self.t + round((place - self.number) * self.period)


class Due(NamedTuple):
    """A note with its due time; duration in s."""

    t: int
    duration: float
    pitch: int
    velocity: int


class Schedule:
    """Keeps the notes of the coming bars, and gives them out a few beats before they are due.

    Attributes: `end`, the place where the last bar ends, None where nothing is planned.
    """

    def __init__(self) -> None:
        self.anchor: Anchor | None = None
        self.clear()

    def clear(self) -> None:
        """Forget all that is planned."""
        self.planned: list[BarNote] = []
        self.given = -math.inf  # place up to which notes were given out
        self.end: float | None = None

    def beat(self, t: int, period: int, number: int) -> list[Due]:
        """A beat, heard or predicted; the notes that are due next. Numbers begun anew: forget."""
        if self.anchor and number < self.anchor.number:
            self.clear()
        self.anchor = Anchor(t, period, number)
        return self._ready(self.anchor)

    def bar(self, t: int, period: int, notes: list[BarNote], beats: float) -> list[Due]:
        """A bar of so many beats whose first step is at `t`; the notes that are due next.

        Without beats to count on, all of its notes at once, at the bar's own tempo.
        """
        anchor = self.anchor
        if anchor is None or t - anchor.t > STALE * anchor.period + beats * period:
            alone = Anchor(t, period, 0)
            return [_due(alone, note) for note in notes]
        first = anchor.number + math.floor((t - anchor.t) / anchor.period + 0.5)
        moved = [note._replace(start=first + note.start) for note in notes]
        if self.end is not None and first < self.end:  # told anew: what was given out stays
            self.planned = [note for note in self.planned if note.start < first]
            moved = [note for note in moved if note.start >= self.given]
        self.planned = sorted(self.planned + moved)
        self.end = first + beats
        return self._ready(anchor)

    def ended(self) -> bool:
        """Whether the newest beat is where the last bar ends, and no other has come."""
        return (
            self.end is not None
            and self.anchor is not None
            and self.anchor.number >= self.end - 0.5
        )

    def _ready(self, anchor: Anchor) -> list[Due]:
        self.given = anchor.number + AHEAD - EPSILON
        ready = [note for note in self.planned if note.start < self.given]
        self.planned = self.planned[len(ready) :]
        return [_due(anchor, note) for note in ready]


def _due(anchor: Anchor, note: BarNote) -> Due:
    begin, end = anchor.time_of(note.start), anchor.time_of(note.start + note.duration)
    return Due(begin, (end - begin) / SECOND, note.pitch, note.velocity)

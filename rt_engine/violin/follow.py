"""Where in a score a player is: a hidden Markov model over its events, told note by note."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.violin.score import Event

__all__ = ["Follower", "Place"]

Floats = NDArray[np.float64]

# Probabilities of what a heard note is, against the last one.
STAY = 0.12  # the same event again: a note found twice, or a repeated stroke
NEXT = 0.76
SKIPS = (0.07, 0.03, 0.01)  # one, two or three events that were not found
JUMP = 1e-4  # anywhere: the player begins again
# How well a pitch fits the notes of an event.
SPREAD = 0.6  # semitones; intonation, and what a median misses
OCTAVE = 0.05  # of an octave error of the pitch tracker
OTHER = 0.01  # of any pitch: a wrong note
UNHEARD = 0.3  # of a note without pitch, everywhere alike
PACE = 0.5  # standard deviation of the logarithm of a time between starts over what is expected
REGRESSION = 9  # places that make the tempo of the moment


class Place(NamedTuple):
    """Where the player is after a note."""

    event: Event
    number: int  # of the event, from 0
    confidence: float  # 0 to 1: probability of the event
    late: float  # s from where the tempo of the last notes has it, 0 where unknown
    bpm: float  # quarters a minute of the last notes, 0 where unknown
    steady: float  # 0 to 1: how well the last notes fit one tempo


class Follower:
    """The forward algorithm over the events of a score.

    Each heard note moves the belief: on by one mostly, by more where notes were missed, not at
    all where one was found twice, and anywhere with a small probability. The time since the last
    note weighs the moves, once a tempo is known.
    """

    def __init__(self, events: list[Event]) -> None:
        if not events:
            raise ValueError("a score without notes cannot be followed")
        self.events = events
        self._quarters = np.array([event.quarter for event in events])
        width = max(len(event.pitches) for event in events)
        rows = [[*e.pitches] + [-99] * (width - len(e.pitches)) for e in events]
        self._pitches = np.array(rows, float)
        self.reset()

    def reset(self) -> None:
        """Forget what was heard: the player stands before the score."""
        self._belief: Floats | None = None
        self._last = 0.0
        self._trail: deque[tuple[float, float]] = deque(maxlen=REGRESSION)

    def hear(self, t: float, pitch: float | None) -> Place:
        """Take a note that began at `t` s, with its MIDI number, None where it has no pitch."""
        prior = self._start() if self._belief is None else self._move(self._belief, t)
        posterior = prior * self._fits(pitch)
        self._belief = posterior / posterior.sum()
        self._last = t
        index = int(np.argmax(self._belief))
        return self._place(index, t)

    def _start(self) -> Floats:
        """Probably the first note, perhaps any."""
        belief = np.full(len(self.events), 0.3 / len(self.events))
        belief[0] += 0.7
        return belief

    def _move(self, belief: Floats, t: float) -> Floats:
        """The belief before the note is heard."""
        gap, moved = t - self._last, np.full(len(belief), JUMP * belief.sum() / len(belief))
        moved += STAY * belief * self._paced(0.0, gap)
        for by, share in enumerate((NEXT, *SKIPS), start=1):
            if by < len(belief):
                steps = self._quarters[by:] - self._quarters[:-by]
                moved[by:] += share * belief[:-by] * self._paced(steps, gap)
        return moved

    def _paced(self, steps: Floats | float, gap: float) -> Floats | float:
        """How well `gap` s fits `steps` quarters, relative to the best; 1 without a tempo."""
        period = self._period()
        if period <= 0:
            return 1.0
        expected = np.maximum(np.asarray(steps) * period, 0.08)
        off = np.log(max(gap, 0.02) / expected) / PACE
        return np.asarray(np.exp(-0.5 * np.square(off)) + 0.02)

    def _fits(self, pitch: float | None) -> Floats:
        if pitch is None:
            return np.full(len(self.events), UNHEARD)
        off = pitch - self._pitches
        exact = np.exp(-0.5 * np.square(off / SPREAD))
        octave = OCTAVE * np.exp(-0.5 * np.square((np.abs(off) - 12) / SPREAD))
        return np.asarray(np.maximum(exact, octave).max(axis=1) + OTHER)

    def _period(self) -> float:
        """Seconds a quarter over the last places, 0 where unknown."""
        line = self._line()
        return line[0] if line else 0.0

    def _line(self) -> tuple[float, float] | None:
        """Slope (s a quarter) and start of time over quarters; None where there are too few."""
        if len(self._trail) < 3:
            return None
        quarters, times = np.array(self._trail).T
        if np.ptp(quarters) < 1e-6:
            return None
        slope, start = np.polyfit(quarters, times, 1)
        return (float(slope), float(start)) if slope > 0 else None

    def _place(self, index: int, t: float) -> Place:
        assert self._belief is not None
        event, sure = self.events[index], float(self._belief[index])
        line, late, steady = self._line(), 0.0, 0.0
        if line and len(self._trail) >= 5:
            late = t - (line[1] + line[0] * event.quarter)
            quarters, times = np.array(self._trail).T
            rest = np.median(np.abs(times - line[1] - line[0] * quarters))
            steady = float(max(0.0, 1 - rest / 0.1)) * float(abs(late) < 0.25)
        self._remember(event.quarter, t, sure)
        bpm = 60 / line[0] if line else 0.0
        return Place(event, index, sure, late, bpm, steady)

    def _remember(self, quarter: float, t: float, sure: float) -> None:
        """Keep a sure place for the tempo; a jump forgets those before it."""
        if sure < 0.5 or (self._trail and self._trail[-1][0] == quarter):
            return
        if self._trail and not 0 < quarter - self._trail[-1][0] < 8:
            self._trail.clear()
        self._trail.append((quarter, t))

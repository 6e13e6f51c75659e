"""Where notes begin and end, from the moments of `rt_engine.violin.ears`."""

from __future__ import annotations

import math
from collections import deque
from itertools import takewhile
from statistics import median
from typing import NamedTuple

import numpy as np

from rt_engine.violin.ears import FPS, Moment

__all__ = ["Segment", "Segmenter"]

AHEAD = 6  # frames that a start is decided after it
BEHIND = 12  # frames that are looked back at
NEAR = 4  # frames on both sides over which a rise must be the largest
# s from the moment that is found to the start: a rise is against 20 ms before, and a window hears
# the first sound after silence before its middle does.
SHIFT = {"rise": -0.01, "step": -0.005, "silence": 0.008}
SOON = 4  # frames after a start by which it must sound
GAP = 6  # frames from a start to the next
RISE = 0.016  # by which a rise passes the mean around it
STEP = 0.6  # semitones between two notes that no rise parts
# Semitones of a step that is no new note unless the spectrum rises near: in a double stop the
# pitch moves to the other string, or to a multiple of the period, while nothing begins.
WIDE = 11.5
STEADY = 0.35  # semitones within which the pitch lies on either side of such a step
LEAP = 0.4  # semitones from a frame to the next: more than any vibrato
DIP = 1.5  # dB by which the level dips between two notes of one pitch
FADE = 15.0  # dB down from the middle: the note ends there, and what comes says nothing
SURE = 0.8  # periodicity from which a pitch counts
QUIET = -60.0  # dBFS below which nothing sounds
RANGE = 40.0  # dB below the recent loudest where a note ends
FORGET = 0.02  # dB by which the recent loudest sinks a frame
REST = 5  # quiet frames that end a note
LONGEST = 20 * FPS  # frames after which a note is cut


class Segment(NamedTuple):
    """A note as found: its moments, and those around its start."""

    moments: list[Moment]
    before: list[Moment]  # the last ones before the start, up to `BEHIND`
    start: float  # s


class Segmenter:
    """Cuts a stream of moments into notes.

    A note starts where the spectrum rises most, or where a steady pitch gives way to another
    one, from an octave on only if the spectrum rises near; it ends where the next starts or the
    sound falls `RANGE` dB below the recent loudest. `started` is the start, in s, that the last
    `step` told, and how much the spectrum rose there; else None.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._window: deque[Moment] = deque(maxlen=BEHIND + 1 + AHEAD)
        self._note: list[Moment] | None = None
        self._before: list[Moment] = []
        self._start = 0.0
        self._peak = QUIET
        self._since = GAP
        self._quiet = 0
        self.started: tuple[float, float] | None = None

    def step(self, moment: Moment) -> Segment | None:
        """Take the next moment; the note that ended, if one did."""
        self.started = None
        self._window.append(moment)
        self._peak = max(moment.level, self._peak - FORGET)
        if len(self._window) < BEHIND + 1 + AHEAD:
            return None
        self._since += 1
        now = self._window[BEHIND]
        why = self._starts() if self._since >= GAP else ""
        if why:
            return self._begin(now, now.t + SHIFT[why])
        return self._go_on(now)

    def finish(self) -> Segment | None:
        """The note that still sounds when the stream ends."""
        return self._end()

    def _begin(self, now: Moment, start: float) -> Segment | None:
        ended = self._end()
        self._note, self._start = [now], start
        self._before = list(self._window)[:BEHIND]
        self._since, self._quiet, self.started = 0, 0, (start, now.rise)
        return ended

    def _go_on(self, now: Moment) -> Segment | None:
        if self._note is None:
            return None
        self._note.append(now)
        self._quiet = 0 if self._sounds(now) else self._quiet + 1
        if self._quiet >= REST:
            del self._note[-REST:]
            return self._end()
        return self._end() if len(self._note) >= LONGEST else None

    def _end(self) -> Segment | None:
        note, self._note = self._note, None
        return Segment(note, self._before, self._start) if note else None

    def _sounds(self, moment: Moment) -> bool:
        return moment.level > self._floor()

    def _floor(self) -> float:
        return max(QUIET, self._peak - RANGE)

    def _starts(self) -> str:
        """Why a note starts in the middle of the window, a key of `SHIFT`; "" where none does."""
        window = list(self._window)
        if not any(self._sounds(moment) for moment in window[BEHIND : BEHIND + SOON]):
            return ""
        # Silence has a spectrum too, which rises and falls by chance.
        floor = self._floor()
        rises = [moment.rise if moment.level > floor else 0.0 for moment in window]
        largest = max(rises[BEHIND - NEAR : BEHIND + NEAR + 1])
        near = largest > sum(rises) / len(rises) + RISE
        risen = near and rises[BEHIND] == largest
        if self._note is None:
            return "silence" if self._emerges(window) else "rise" if risen else ""
        step = _step(window)
        stepped = step > STEP and (near or step < WIDE)
        if (risen or stepped) and not _goes_on(window):
            return "rise" if risen else "step"
        return ""

    def _emerges(self, window: list[Moment]) -> bool:
        """Whether sound begins in the middle, out of quiet, and stays."""
        quiet = not any(self._sounds(moment) for moment in window[BEHIND - SOON : BEHIND])
        return quiet and all(self._sounds(m) for m in window[BEHIND : BEHIND + SOON])


def _step(window: list[Moment]) -> float:
    """Semitones by which a steady pitch before the middle gives way there to another; or 0."""
    past, coming = window[BEHIND - AHEAD : BEHIND - 1], window[BEHIND + 1 :]
    if not all(m.hz and m.periodic > SURE for m in (*past, *coming)):
        return 0.0
    old, new = ([12 * math.log2(m.hz) for m in side] for side in (past, coming))
    if max(max(old) - min(old), max(new) - min(new)) >= STEADY:
        return 0.0
    return abs(median(new) - median(old))


def _goes_on(window: list[Moment]) -> bool:
    """Whether pitch and level flow on through the middle: vibrato or a swell, no new note."""
    ends = window[BEHIND].level - FADE
    coming = takewhile(lambda moment: moment.level > ends, window[BEHIND : BEHIND + AHEAD + 1])
    near = [*window[BEHIND - AHEAD : BEHIND], *coming]
    if min(moment.periodic for moment in near) <= SURE:
        return False
    pitches = np.log2([moment.hz for moment in near])
    if 12 * np.abs(np.diff(pitches)).max() > LEAP:
        return False
    levels = [moment.level for moment in near]
    lowest = int(np.argmin(levels))
    return min(max(levels[: lowest + 1]), max(levels[lowest:])) - levels[lowest] < DIP

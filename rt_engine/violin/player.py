"""A player as heard: sound in, notes with their figures out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.kinds import PlayedNote
from rt_engine.violin.ears import FPS, Ears, Moment
from rt_engine.violin.notes import measure
from rt_engine.violin.pulse import Click, OwnPulse, Timing
from rt_engine.violin.segments import AHEAD, SURE, Segment, Segmenter
from rt_engine.violin.tuning import Drift, Tuning

__all__ = ["Heard", "Listener"]

SHORTEST = 4  # frames below which a note is a scratch
LOST = 5 * FPS  # frames of sound over which a violin must be heard
VIOLIN = 0.15  # part of them that must have a pitch
STILL = 10 * FPS  # frames without sound after which nothing is heard any more
QUIET = -60.0  # dBFS below which there is no sound


class Heard(NamedTuple):
    """What one moment brought."""

    moment: Moment
    started: tuple[float, float] | None  # start of a note in s, a little ago, and its strength
    ended: tuple[float, PlayedNote] | None  # its start in s, and the note


class Listener:
    """Notes of one player, from sound alone; the same for any cut of the stream.

    rate: samples a second. tuning: where notes ought to be. follow: whether the tuning of the
    whole playing is taken off each deviation, or the reference holds. `click` may be given beats;
    then timing is against them, else against the player's own pulse. `violin`: whether what
    sounds has had a pitch lately. `sound`: whether anything sounded in the last 10 s.
    """

    def __init__(self, rate: int, tuning: Tuning, follow: bool = True) -> None:
        self.ears, self.segmenter = Ears(rate), Segmenter()
        self.tuning, self.follow = tuning, follow
        self.drift, self.click, self.own = Drift(), Click(), OwnPulse()
        self.clicked = False
        self.reset()

    @property
    def latency(self) -> float:
        """Seconds from the moment at which a start is found to the time when it is told."""
        return self.ears.latency + AHEAD / FPS

    def reset(self) -> None:
        """Forget the stream: the next sample is at 0 s again."""
        for part in (self.ears, self.segmenter, self.drift, self.click, self.own):
            part.reset()
        self._index = 0
        self._sounding = self._pitched = 0
        self._still = 0
        self.violin = self.sound = True

    def process(self, samples: NDArray[np.float32]) -> list[Heard]:
        """Take a block, shape (n,)."""
        return [self._hear(moment) for moment in self.ears.process(samples)]

    def finish(self) -> tuple[float, PlayedNote] | None:
        """The note that still sounds at the end of the stream."""
        return self._note(self.segmenter.finish())

    def _hear(self, moment: Moment) -> Heard:
        self._recognise(moment)
        ended = self._note(self.segmenter.step(moment))
        return Heard(moment, self.segmenter.started, ended)

    def _note(self, segment: Segment | None) -> tuple[float, PlayedNote] | None:
        if segment is None or len(segment.moments) < SHORTEST:
            return None
        start = segment.start
        timing = self._timing(start)
        note = measure(segment, self._index, timing, self.tuning, self.drift, self.follow)
        self._index += 1
        return start, note

    def _timing(self, start: float) -> Timing:
        return self.click.place(start) if self.clicked else self.own.hear(start)

    def _recognise(self, moment: Moment) -> None:
        """Keep count of what sounds and has a pitch; the count halves when it is full."""
        self._still = self._still + 1 if moment.level < QUIET else 0
        self.sound = self._still < STILL
        if self._still:
            return
        self._sounding += 1
        self._pitched += moment.periodic > SURE
        if self._sounding >= LOST:
            self.violin = self._pitched > VIOLIN * self._sounding
            self._sounding, self._pitched = self._sounding // 2, self._pitched // 2

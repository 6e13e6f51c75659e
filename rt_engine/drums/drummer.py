"""The live drummer: beats, accents and presence of a body in, strokes at their due times out.

A pure state machine that knows no clock: whoever calls it says what time it is. All times in s.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

from numpy.random import Generator

from rt_engine.drums.answer import Answer
from rt_engine.drums.bar import Bar
from rt_engine.drums.body import LEAST, Presence
from rt_engine.drums.controls import SWING, Settings
from rt_engine.drums.grid import Grid, Mark, Step
from rt_engine.drums.groove import Announcement, Groove
from rt_engine.drums.patterns import CRASH, KICK
from rt_engine.drums.stepping import Steps
from rt_engine.drums.strokes import Stroke, Strokes

__all__ = ["Drummer", "Event"]

PATIENCE = 8  # beats that the groove goes on without being told of one
LATE = 0.06  # s: a step later than this is left out: out of time is worse than absent
WAIT = 0.02  # s before a beat is due at which the grid stops waiting for it
REACH = 0.015  # s that a stroke needs to get out in time
LOUDER = 0.6  # by how much a body at its most plays louder than one at rest
DEAF = 1.65  # by how much less following raises the strength, and the beats since the last answer,
# that an accent needs: at the usual 0.7 those of half the strength, half a beat apart
FREE = 0.125  # s, the length of a step where there is no grid

Event = Stroke | Announcement
State = Literal["idle", "count", "play", "end"]


class Drummer:
    """Plays bar after bar on the announced beats, and answers the accents of a body.

    Every method that takes `now` (s) returns what is to be played from then on. rng: all that is
    random. expects: whether bars come in by `written`; where one is missing a pattern is played
    and `late` counts it. steps: writes bars in 4/4 step by step instead; they are announced as
    they were a bar ago. ticks: whether `tempo` or `motion` come several times a second; steps then
    leave `ahead` of their time, else with the beats. `dropped` counts the steps that came too late
    to be played; `wanted` is what `start` and `stop` change.
    """

    def __init__(
        self,
        settings: Settings,
        rng: Generator,
        expects: bool = False,
        steps: Steps | None = None,
        ticks: bool = True,
    ) -> None:
        self.settings = settings
        self.state: State = "idle"
        self.dropped = 0
        self.wanted, self._ticks = True, ticks
        self._left = self._ending = 0  # bars until the count-in or the groove ends, and of how many
        self._alone = 0  # beats that nobody announced, in a row
        self._grid, self._body = Grid(), Presence()
        self._groove = Groove(settings, rng, expects, steps)
        self._strokes, self._answer = Strokes(), Answer()

    @property
    def late(self) -> int:
        """Bars that had to be patterns because the written ones were missing."""
        return self._groove.chooser.late

    @property
    def failure(self) -> str:
        """Why steps are not written one by one any more; empty where all is well."""
        return self._groove.stepper.failure

    def configure(self, settings: Settings) -> None:
        """Other settings, from now on."""
        self.settings = settings
        self._groove.configure(settings)

    # What comes in.

    def beat(self, t: float, position: int, meter: int, period: float, now: float) -> list[Event]:
        """A beat is due at `t` (s); see `Grid.beat`."""
        self._body.playing, self._alone = True, 0
        mark = self._grid.beat(t, position, meter, period)
        events = self._prepare(mark)
        if self.state == "idle" and mark.place == 0 and self._active(now):
            events += self._enter(mark)
        return events + self.tick(now)

    def tempo(self, playing: bool, now: float) -> list[Event]:
        """Whether the tracker follows somebody; several times a second."""
        self._body.playing = playing
        return self.tick(now)

    def motion(self, t: float, speed: float, now: float) -> list[Event]:
        """The quantity of motion at `t` (s), in m/s."""
        self._body.motion(t, speed, self.settings.still)
        return self.tick(now)

    def written(self, t: float, bar: Bar) -> None:
        """Take a bar that was written for the downbeat at `t` (s)."""
        self._groove.chooser.written(t, bar)

    def accent(self, t: float, strength: float, now: float) -> list[Event]:
        """The body struck at `t` (s), with `strength` 0..1."""
        if self.settings.mode == "free":
            return self._strike(now, strength, FREE) if self.wanted else []
        near = self._grid.nearest(t)
        if near is not None:
            steps = near.mark.meter * near.mark.steps
            self._groove.rhythm.accent(near.at, steps, strength)
        return self.tick(now) + self._respond(t, strength, now)

    def fill(self) -> None:
        """A fill from the next step to the end of the bar, and a crash after it."""
        step = self._grid.coming
        if self.state == "play" and step is not None:
            self._groove.fill(step)

    def start(self) -> None:
        """Play from the next downbeat on, if somebody is there."""
        self.wanted = True

    def stop(self) -> None:
        """End on the next downbeat, and wait for `start`."""
        self.wanted = False
        if self.state in ("play", "count"):
            self._leave(0)

    def panic(self) -> None:
        """Silence at once, until `start`."""
        self.wanted = False
        self._end()

    def count_in(self) -> None:
        """Count in anew, from the next downbeat on."""
        self.wanted = True
        if self.state in ("play", "end"):
            self.state, self._left = "count", max(self.settings.count, 1)
            self._groove.next = None
            self._groove.thin(1.0)

    # What goes out.

    def tick(self, now: float) -> list[Event]:
        """Go on to time `now`."""
        if self.settings.mode == "free" and self.state != "idle":
            self._end()
        if self.state == "idle":
            return []
        self._attend(now)
        events: list[Event] = []
        while self._grid.end <= now + WAIT:
            self._alone += 1
            events += self._prepare(self._grid.coast())
        for step in self._grid.due(now + self._horizon()):
            events += self._play(step, now)
        return events

    def _active(self, now: float) -> bool:
        there = self._body.there(now, self.settings.patience)
        return self.wanted and there and self.settings.mode == "grid"

    def _attend(self, now: float) -> None:
        """Begin to end when nobody is there any more; go on when somebody is again."""
        active = self._active(now) and self._alone < PATIENCE
        if self.state == "play" and not active:
            self._leave(self.settings.ending)
        elif self.state == "end" and active:
            self.state = "play"
            self._groove.thin(1.0)

    def _horizon(self) -> float:
        """How far ahead steps are given out; all that is known where only beats come in."""
        return self.settings.ahead if self._ticks else math.inf

    def _enter(self, mark: Mark) -> list[Event]:
        """Begin with the beat `mark`."""
        self._grid.begin()
        self.state, self._left = "count", self.settings.count
        return [] if self._left else [self._groove.choose(mark.t, mark)]

    def _leave(self, bars: int) -> None:
        self.state, self._left, self._ending = "end", bars, bars
        self._groove.thin(self._share())

    def _share(self) -> float:
        """The share of the strokes that is left while the groove ends."""
        return (self._left + 1) / (self._ending + 2)

    def _end(self) -> None:
        self.state, self._alone = "idle", 0
        self._grid.clear()
        self._groove.clear()

    def _prepare(self, mark: Mark) -> list[Event]:
        """Choose the coming bar on the last beat of this one, and announce it."""
        counted = self.state == "count" and not self._left and self._groove.bar is not None
        goes_on = self.state == "play" or counted or (self.state == "end" and self._left > 0)
        if mark.place != mark.meter - 1 or not goes_on:
            return []
        return [self._groove.choose(mark.t + mark.period, mark)]

    def _play(self, step: Step, now: float) -> list[Event]:
        """The strokes of a step, and what becomes of the bar that it begins."""
        events: list[Event] = []
        if self._groove.turns(step):
            if self.state == "end" and not self._left:
                return self._last(step)
            events += self._turn(step)
        strokes = self._groove.play(step, self._strokes)
        if step.t < now - LATE:
            self.dropped += 1
            return events
        return events + [self._loud(stroke) for stroke in strokes]

    def _turn(self, step: Step) -> list[Event]:
        """Begin a bar: of the count-in, of the groove, or a thinner one."""
        if self.state == "count" and self._left:
            self._left -= 1
            self._groove.count_in(step)
            return []
        if self.state == "count":
            self.state = "play"
        if self.state == "end":
            self._left -= 1
            self._groove.thin(self._share())
        return list(self._groove.begin(step))

    def _last(self, step: Step) -> list[Event]:
        """The stroke that ends it all."""
        drums = [drum for drum in (KICK, CRASH) if drum not in self.settings.mute]
        self._end()
        return [s for drum in drums for s in self._strokes.single(step.t, drum, 1, step.length)]

    def _loud(self, stroke: Stroke) -> Stroke:
        """As loud as the body moves much."""
        factor = 1 + self.settings.follow * LOUDER * (self._body.level - 0.5)
        return replace(stroke, velocity=min(max(stroke.velocity * factor, 0.01), 1.0))

    def _respond(self, t: float, strength: float, now: float) -> list[Event]:
        """Answer an accent on the next step, unless the groove struck with it already.

        At full `follow` all are answered, at less only the stronger ones, further apart.
        """
        step, deaf = self._grid.next_step(max(now + REACH, t)), DEAF * (1 - self.settings.follow)
        weak = strength < max(deaf, LEAST)
        if weak or step is None or self.state not in ("play", "end"):
            return []
        if self._answer.burst(t, strength, step.mark.period):
            self.fill()
        if self._strokes.near(t, step.length / 2):
            return []
        if not self._answer.turn(t, deaf * step.mark.period):
            return []
        swung = step.at % 2 * self.settings.swing * step.length * SWING
        return self._strike(step.t + swung, strength, step.length)

    def _strike(self, t: float, strength: float, length: float) -> list[Event]:
        loud = (0.4 + 0.6 * strength) * (0.5 + self.settings.intensity)
        drums = self._answer.drums(t, strength)
        return [
            self._loud(stroke)
            for drum in drums
            if drum not in self.settings.mute
            for stroke in self._strokes.single(t, drum, loud, length)
        ]

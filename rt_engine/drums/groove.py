"""The bar that is played and the one after it: chosen, announced, shaped by the controls."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.random import Generator

from rt_engine.drums.bar import STEPS, Bar
from rt_engine.drums.body import BodyRhythm
from rt_engine.drums.choice import Chooser, Chosen, announced
from rt_engine.drums.controls import Settings, shaped
from rt_engine.drums.fills import count_in
from rt_engine.drums.grid import Mark, Step
from rt_engine.drums.patterns import CRASH, KICK
from rt_engine.drums.stepping import Stepper, Steps
from rt_engine.drums.strokes import Stroke, Strokes

__all__ = ["Announcement", "Groove"]


@dataclass(frozen=True)
class Announcement:
    """A bar that is going to be played from `t` (s) on; `bar` is in sixteenths of the beats."""

    t: float
    index: int
    period: float  # s a beat
    bar: Bar
    source: str


class Groove:
    """Bars one after the other. expects, steps: see `Drummer`."""

    def __init__(
        self, settings: Settings, rng: Generator, expects: bool, steps: Steps | None
    ) -> None:
        self.settings, self._rng = settings, rng
        self.chooser, self.rhythm = Chooser(rng, expects), BodyRhythm()
        self.stepper = Stepper(steps)
        self.clear()

    def clear(self) -> None:
        """Forget the bars."""
        self.bar: Chosen | None = None
        self.next: Chosen | None = None
        self._began = -math.inf
        self._keep = 1.0
        self._shaped: Bar | None = None

    def configure(self, settings: Settings) -> None:
        """Other settings, from now on."""
        self.settings, self._shaped = settings, None

    def thin(self, keep: float) -> None:
        """Play only so large a share of the strokes, 0..1."""
        self._keep, self._shaped = keep, None

    def choose(self, t: float, mark: Mark) -> Announcement:
        """Choose and announce the bar for the downbeat at `t` (s), in the metre of `mark`."""
        steps = mark.meter * mark.steps
        if self.stepper.works and (heard := self.stepper.heard):
            self.chooser.written(t, heard)
        rhythm = self.rhythm.rhythm(steps, mark.steps, self.settings.follow)
        length = mark.meter * mark.period
        self.next = self.chooser.choose(t, length, rhythm, mark.steps, self.settings)
        bar = announced(self._shape(self.next, mark), steps)
        return Announcement(t, self.chooser.bars - 1, mark.period, bar, self.next.source)

    def turns(self, step: Step) -> bool:
        """Whether a new bar begins with this step, also where its first one was left out."""
        again = step.mark.place == 0 and step.t > self._began + step.mark.period
        return step.at == 0 or again

    def begin(self, step: Step) -> list[Announcement]:
        """Go over to the next bar; one that nobody has chosen yet is announced only now."""
        told = [] if self.next else [self.choose(step.t, step.mark)]
        self._take(self.next, step)
        self.next = None
        self.rhythm.bar()
        return told

    def count_in(self, step: Step) -> None:
        """Go over to a bar of count-in."""
        mark = step.mark
        self._take(Chosen(count_in(mark.meter * mark.steps, mark.steps), "count"), step)

    def fill(self, step: Step) -> None:
        """Fill from `step`, the next to be played, to the end of its bar."""
        if step.at == 0 and self.next:
            self.next = self.chooser.fill(self.next, 0, _per_beat(self.next.bar, step.mark))
        elif self.bar:
            parts = _parts(self.bar.bar, step.mark)
            per_beat = _per_beat(self.bar.bar, step.mark)
            self.bar = self.chooser.fill(self.bar, step.at * parts, per_beat)
            self._shaped = None

    def play(self, step: Step, strokes: Strokes) -> list[Stroke]:
        """The strokes of a step; at double time two steps of the bar lie in it."""
        if self.bar is None:
            return []
        bar = self._by_step(step, self.bar) or self._whole(step, self.bar)
        parts = _parts(bar, step.mark)
        length = step.length / parts
        found: list[Stroke] = []
        for part in range(parts):
            at = (step.at * parts + part) % len(bar)
            when = step.t + part * length
            humanise = self.settings.humanise
            found += strokes.of_step(bar, at, when, length, humanise, self._rng)
        return found

    def _whole(self, step: Step, chosen: Chosen) -> Bar:
        if self._shaped is None:
            self._shaped = self._shape(chosen, step.mark)
        return self._shaped

    def _by_step(self, step: Step, chosen: Chosen) -> Bar | None:
        """What the step is written as just now, where steps are written one by one."""
        fits = step.mark.meter * step.mark.steps == len(chosen.bar) == STEPS
        if not self.stepper.works or not fits or chosen.source not in ("model", "pattern"):
            return None
        rhythm = self.rhythm.rhythm(STEPS, step.mark.steps, self.settings.follow)
        bar = self.stepper.step(step.at, rhythm, self.settings, self._keep, self._rng)
        if bar is not None and step.at == 0 and chosen.bar.hits[0, CRASH]:  # after a fill
            bar.hits[0, [KICK, CRASH]] = True
            bar.velocities[0, [KICK, CRASH]] = chosen.bar.velocities[0, [KICK, CRASH]]
            bar.hits[0, list(self.settings.mute)] = False
        return bar

    def _take(self, chosen: Chosen | None, step: Step) -> None:
        self.bar, self._began, self._shaped = chosen, step.t, None

    def _shape(self, chosen: Chosen, mark: Mark) -> Bar:
        return shaped(chosen.bar, _per_beat(chosen.bar, mark), self.settings, self._keep)


def _parts(bar: Bar, mark: Mark) -> int:
    """Steps of the bar in a sixteenth: 2 at double time."""
    return max(1, len(bar) // (mark.meter * mark.steps))


def _per_beat(bar: Bar, mark: Mark) -> int:
    return mark.steps * _parts(bar, mark)

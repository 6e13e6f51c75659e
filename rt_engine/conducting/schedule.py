"""When strokes are due: the beats of others, or a tempo of one's own that they pull at."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from rt_engine.conducting.metres import METRES, Metre, metre_of

__all__ = ["AUTO", "Due", "Schedule"]

AUTO = "auto"
EASE = 0.5  # of the way to its own tempo that a leading conductor goes with each pulse
APART = 0.45  # of a period: what comes sooner after a stroke is that stroke, told anew
KEPT = 2  # pulses that stay known behind the newest


class Pulse(NamedTuple):
    """A count of the bar and its time."""

    t: float  # s
    place: int  # in the bar, from 0


class Due(NamedTuple):
    """A stroke of the pattern and its time."""

    t: float  # s
    number: int  # of the stroke in the metre, from 0
    metre: Metre


class Schedule:
    """Pulses that are known, and those that follow at even distances; their places in the bar.

    metre: a name of `METRES`, or "auto": that of the beats that are heard.
    """

    def __init__(self, metre: str = AUTO) -> None:
        self.fixed = metre != AUTO
        self.metre = METRES[metre] if self.fixed else METRES["4/4"]
        self.elasticity = 1.0  # how far heard beats are followed; 1 entirely, 0 not at all
        self.own = 0.0  # s a pulse, that are aimed at where elasticity is below 1
        self.period = 0.5  # s
        self._coming: Metre | None = None  # from the next first beat on
        self._pulses: list[Pulse] = []  # that are known, in order

    @property
    def known(self) -> bool:
        """Whether any pulse is known."""
        return bool(self._pulses)

    def ask(self, metre: str) -> None:
        """Another metre, from the next first beat on; "auto" from the next beat heard."""
        self.fixed, self._coming = metre != AUTO, None
        if self.fixed and self.known:
            self._coming = METRES[metre]
        elif self.fixed:
            self.metre = METRES[metre]

    def set(self, t: float, place: int, period: float) -> None:
        """Pulse number `place` of a bar, from 0, is at `t` s; the next one `period` s later."""
        self.period, place = period, self._wrapped(place)
        if place == 0 and self._coming:
            self.metre, self._coming = self._coming, None
        self._pulses = [Pulse(t, place)]

    def hear(self, t: float, position: int, meter: int, period: float) -> None:
        """A beat is at `t` s; `position` in the bar and `meter` as in `kinds.Beat`."""
        if self.elasticity >= 1.0 or not self._pulses:
            self._follow(t, position, meter, period)
            return
        last = self._pulses[-1]
        steps = round((t - last.t) / self.period)
        error = t - (last.t + steps * self.period)
        self.set(t - error * (1 - self.elasticity), last.place + steps, self.period)
        self.period += self.elasticity * (period - self.period)

    def first(self, t: float) -> None:
        """The pulse nearest to `t` s is the first of its bar."""
        near = min(self._pulses, key=lambda pulse: abs(pulse.t - t), default=None)
        if near is not None:
            away = near.place + round((t - near.t) / self.period)
            self._pulses = [Pulse(at, self._wrapped(n - away)) for at, n in self._pulses]

    def advance(self, t: float) -> None:
        """Time has come to `t` s: what lies before is settled."""
        while self._pulses and self._pulses[-1].t + self.period <= t:
            at, place = self._pulses[-1]
            place = self._wrapped(place + 1)
            if place == 0 and self._coming:
                self.metre, self._coming = self._coming, None
            self._pulses = [Pulse(at + self.period, place)]
            if self.own and self.elasticity < 1.0:
                self.period += EASE * (1 - self.elasticity) * (self.own - self.period)

    def coming(self, after: float) -> Iterator[Due]:
        """Strokes later than `after` s, for ever."""
        metre = self.metre
        for pulse, free in self._every(after):
            if free and self._coming and pulse.place == 0:
                metre = self._coming
            place = pulse.place % metre.pulses
            number = metre.stroke(place)
            if number is not None and pulse.t > after:
                yield Due(pulse.t, number, metre)

    def span(self, due: Due) -> float:
        """Seconds from a stroke to the next one of its metre."""
        return due.metre.span(due.number) * self.period

    def _every(self, after: float) -> Iterator[tuple[Pulse, bool]]:
        """Pulses from about `after` s on, and whether each is behind all that are known."""
        first = self._pulses[0]
        for back in range(max(0, ceil((first.t - after) / self.period)), 0, -1):
            yield Pulse(first.t - back * self.period, self._wrapped(first.place - back)), False
        for a, b in pairwise(self._pulses):
            steps = max(1, round((b.t - a.t) / self.period))
            for step in range(steps):
                t = a.t + (b.t - a.t) * step / steps
                yield Pulse(t, self._wrapped(b.place - steps + step)), False
        pulse, pulses = self._pulses[-1], self.metre.pulses
        yield pulse, False
        while True:
            place = (pulse.place + 1) % pulses
            if place == 0 and self._coming:
                pulses = self._coming.pulses
            pulse = Pulse(pulse.t + self.period, place)
            yield pulse, True

    def _wrapped(self, place: int) -> int:
        return place % self.metre.pulses

    def _follow(self, t: float, position: int, meter: int, period: float) -> None:
        if meter and not self.fixed and meter != self.metre.pulses:
            self.metre, self._coming, self._pulses = metre_of(meter), None, self._pulses[-1:]
        strokes = self.metre.strokes
        if position and meter == self.metre.pulses:
            place = position - 1
        elif position and meter == len(strokes):
            place = strokes[position - 1].pulse
            period /= self.metre.span(position - 1)
        else:
            place = self._counted(t, period)
        before, metre = self._pulses, self.metre
        self.set(t, place, period)
        if metre is self.metre:
            kept = [pulse for pulse in before if pulse.t < t - APART * period]
            self._pulses = [*kept[-KEPT:], *self._pulses]

    def _counted(self, t: float, period: float) -> int:
        """The place of a beat at `t` s by counting from those before."""
        near = min(self._pulses, key=lambda pulse: abs(pulse.t - t), default=None)
        return near.place + round((t - near.t) / period) if near else 0

"""The announced grid: beats in, sixteenths out, in time and in order, whatever the tracker does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rt_engine.drums.metre import COMMON, steps_a_beat

__all__ = ["Grid", "Mark", "Step"]

NEAR, FAR = 0.5, 1.6  # periods from a beat to the next between which the tempo glides
KEPT = 32  # beats that are remembered
APART = 0.02  # s: the least time from a step to the next


@dataclass(frozen=True)
class Mark:
    """A beat: its time in s, its place in the bar (0 is the downbeat) and what follows from it.

    real: whether it was announced; else the grid goes on by itself at the last tempo.
    """

    t: float
    place: int
    meter: int
    period: float  # s
    real: bool = True

    @property
    def steps(self) -> int:
        """Sixteenths of this beat."""
        return steps_a_beat(self.meter)


@dataclass(frozen=True)
class Step:
    """A sixteenth: number `at` in its bar, due at `t` (s), `length` s long."""

    t: float
    length: float
    at: int
    mark: Mark


class Grid:
    """Beats as they are announced, and the steps between them.

    The time from a beat to the next is divided evenly as soon as the next is known; until then
    its period counts. A beat far too early cuts the one before it short; where one is missing,
    the grid fills the hole.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all beats."""
        self.marks: list[Mark] = []
        self._at = self._step = 0  # what `due` gives next
        self._last = -math.inf  # the latest step that was given

    @property
    def end(self) -> float:
        """Time in s at which the beat after the last one is expected."""
        return self.marks[-1].t + self.marks[-1].period

    @property
    def coming(self) -> Step | None:
        """The step that `due` gives next; None without any beat."""
        if not self.marks:
            return None
        done = self._step >= self.marks[self._at].steps and self._at + 1 < len(self.marks)
        return self._step_of(self._at + done, 0 if done else self._step)

    def begin(self) -> None:
        """Let `due` start with the last beat."""
        self._at, self._step, self._last = len(self.marks) - 1, 0, -math.inf

    def beat(self, t: float, position: int, meter: int, period: float) -> Mark:
        """Take the beat due at `t` (s): `position` in the bar from 1, or 0 where it is unknown;
        `meter` beats a bar, 0 unknown; `period` s to the next.
        """
        last = self.marks[-1] if self.marks else None
        meter = meter or (last.meter if last else COMMON)
        place = (position - 1) % meter if position else self._following(meter)
        mark = Mark(t, place, meter, period)
        if last is None:
            self.marks.append(mark)
        elif t - last.t < NEAR * last.period:
            self._too_early(last, mark, counted=not position)
        else:
            self._bridge(t)
            if not position:
                mark = replace(mark, place=self._following(meter))
            self.marks.append(mark)
        self._forget()
        return self.marks[-1]

    def coast(self) -> Mark:
        """Go on by one beat that nobody announced."""
        last = self.marks[-1]
        self.marks.append(Mark(self.end, (last.place + 1) % last.meter, last.meter, last.period,
                               real=False))  # fmt: skip
        self._forget()
        return self.marks[-1]

    def due(self, until: float) -> Iterator[Step]:
        """The steps due until time `until` (s) that were not given before, each once."""
        while self._at < len(self.marks):
            mark = self.marks[self._at]
            step = self._step_of(self._at, self._step)
            if self._step >= mark.steps or self._overtaken(step):
                if self._at + 1 == len(self.marks):
                    return
                self._at, self._step = self._at + 1, 0
                continue
            if step.t > until:
                return
            self._step += 1
            if step.t >= self._last + APART:
                self._last = step.t
                yield step

    def next_step(self, t: float) -> Step | None:
        """The first step at or after `t` (s), as far as the beats are known, or beyond at the last
        tempo; None without any beat.
        """
        index = self._running(t)
        if index is None:
            return None
        length = self._length(index)
        number = math.ceil((t - self.marks[index].t) / length - 1e-9)
        if number >= self.marks[index].steps and index + 1 < len(self.marks):
            return self._step_of(index + 1, 0)
        return self._step_of(index, max(number, 0))

    def nearest(self, t: float) -> Step | None:
        """The step nearest to `t` (s); None where no beat was known then."""
        index = self._running(t)
        if index is None or t < self.marks[0].t - self._length(0) / 2:
            return None
        number = round((t - self.marks[index].t) / self._length(index))
        if number >= self.marks[index].steps and index + 1 < len(self.marks):
            return self._step_of(index + 1, 0)
        return self._step_of(index, max(number, 0))

    def _following(self, meter: int) -> int:
        return (self.marks[-1].place + 1) % meter if self.marks else 0

    def _too_early(self, last: Mark, mark: Mark, counted: bool) -> None:
        """A beat right after, or before, the last one: told anew, or the tracker has jumped."""
        begun = self._at == len(self.marks) - 1 and self._step > 0
        same = not last.real or not begun
        if counted and same:
            mark = replace(mark, place=last.place)
        if same:
            self.marks[-1] = mark
            self._at = min(self._at, len(self.marks) - 1)
            while (
                len(self.marks) > 1
                and self.marks[-2].t >= mark.t
                and self._at < len(self.marks) - 1
            ):
                del self.marks[-2]
        else:
            self.marks.append(mark)

    def _bridge(self, t: float) -> None:
        """Fill a hole before a beat at `t` evenly with beats of our own."""
        last = self.marks[-1]
        if t - last.t <= FAR * last.period:
            return
        number = round((t - last.t) / last.period)
        self.marks[-1] = replace(last, period=(t - last.t) / number)
        for _ in range(number - 1):
            self.coast()

    def _overtaken(self, step: Step) -> bool:
        """Whether the next beat comes before this step, or soon enough to take its place."""
        following = self._at + 1
        if following == len(self.marks) or self._step == 0:
            return False
        return step.t > self.marks[following].t - step.length / 2

    def _running(self, t: float) -> int | None:
        """Index of the last beat at or before `t`, of the first one for an earlier `t`."""
        for index in range(len(self.marks) - 1, -1, -1):
            if self.marks[index].t <= t + 1e-9:
                return index
        return 0 if self.marks else None

    def _length(self, index: int) -> float:
        """Length in s of the steps of a beat."""
        mark, span = self.marks[index], self.marks[index].period
        if index + 1 < len(self.marks):
            found = self.marks[index + 1].t - mark.t
            span = found if NEAR * mark.period <= found <= FAR * mark.period else span
        return span / mark.steps

    def _step_of(self, index: int, number: int) -> Step:
        mark, length = self.marks[index], self._length(index)
        at = (mark.place * mark.steps + number) % (mark.meter * mark.steps)
        return Step(mark.t + number * length, length, at, mark)

    def _forget(self) -> None:
        while len(self.marks) > KEPT:
            del self.marks[0]
            self._at = max(self._at - 1, 0)

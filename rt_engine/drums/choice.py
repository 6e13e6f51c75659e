"""Which bar comes next: written elsewhere, repeated, a fill, or a pattern of our own."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from rt_engine.drums.bar import STEPS, Bar, Floats, empty
from rt_engine.drums.controls import Settings, stretched
from rt_engine.drums.fills import crashed, filled
from rt_engine.drums.patterns import PatternWriter

__all__ = ["Chooser", "Chosen", "announced"]

WAITING = 4  # written bars that are kept


@dataclass(frozen=True)
class Chosen:
    """A bar to be played. source: "model", "pattern", "fill" or "lock"."""

    bar: Bar
    source: str


class Chooser:
    """Chooses bar after bar; `late` counts those for which a written one was missing.

    `expects`: whether somebody writes bars for us.
    """

    def __init__(self, rng: Generator, expects: bool) -> None:
        self.expects, self.late, self.bars = expects, 0, 0
        self._rng, self._pattern = rng, PatternWriter()
        self._written: deque[tuple[float, Bar]] = deque(maxlen=WAITING)
        self._rhythm: Floats | None = None
        self._last = Chosen(empty(0), "pattern")  # as written, at its own tempo
        self._parts: list[Bar] = []  # what is left of it at half time
        self._crash = False

    def written(self, t: float, bar: Bar) -> None:
        """Take a bar that was written for the downbeat at `t` (s)."""
        self._written.append((t, bar))

    def choose(
        self, t: float, length: float, rhythm: Floats, per_beat: int, settings: Settings
    ) -> Chosen:
        """The bar for the downbeat at `t` (s), `length` s long, of len(rhythm) steps."""
        self.bars += 1
        found = self._newest(t, length, len(rhythm))
        if self._parts:
            chosen = replace(self._last, bar=self._parts.pop(0))
        else:
            self._last = self._anew(found, rhythm, per_beat, settings)
            first, *self._parts = stretched(self._last.bar, settings.feel)
            chosen = replace(self._last, bar=first)
        return self._decorated(chosen, per_beat, settings)

    def fill(self, chosen: Chosen, start: int, per_beat: int) -> Chosen:
        """The bar with a fill from step `start` on; a crash begins the next one."""
        self._crash = True
        return Chosen(filled(chosen.bar, start, per_beat, self._rng), "fill")

    def _anew(self, found: Bar | None, rhythm: Floats, per_beat: int, settings: Settings) -> Chosen:
        """The bar locked, the one written, the last one again, or a pattern."""
        last = self._last if len(self._last.bar) == len(rhythm) else None
        if last and settings.lock:
            return Chosen(last.bar, "lock")
        missing = self.expects and found is None and len(rhythm) == STEPS
        self.late += missing and self.bars > 1  # nobody can have written the first one
        stays, self._rhythm = self._stays(rhythm), rhythm
        source = "pattern" if found is None else "model"
        if last and stays and last.source == source and self._rng.random() >= settings.variation:
            return last
        if found is not None:
            return Chosen(found, "model")
        self._pattern.per_beat = per_beat
        past = last.bar if last else None
        return Chosen(self._pattern.write(rhythm, past, settings.variation, self._rng), "pattern")

    def _newest(self, t: float, length: float, steps: int) -> Bar | None:
        """The written bar for the downbeat at `t`, taken out; None where there is none."""
        found = None
        while self._written and self._written[0][0] < t + length / 2:
            due, bar = self._written.popleft()
            found = bar if due > t - length / 2 and len(bar) == steps else found
        return found

    def _stays(self, rhythm: Floats) -> bool:
        """Whether the body keeps its rhythm."""
        old = self._rhythm
        return old is not None and len(old) == len(rhythm) and not ((old > 0) ^ (rhythm > 0)).any()

    def _decorated(self, chosen: Chosen, per_beat: int, settings: Settings) -> Chosen:
        """With the crash after a fill, and the fill of every N bars."""
        if self._crash:
            self._crash = False
            chosen = Chosen(crashed(chosen.bar), chosen.source)
        if settings.fill_every and self.bars % settings.fill_every == 0 and not settings.lock:
            return self.fill(chosen, len(chosen.bar) * 3 // 4, per_beat)
        return chosen


def announced(bar: Bar, steps: int) -> Bar:
    """The bar in sixteenths: a bar at double time has two of its steps in each."""
    if len(bar) == steps:
        return bar
    hits, velocities = bar.hits.reshape(steps, 2, -1), bar.velocities.reshape(steps, 2, -1)
    second = hits[:, 1] & ~hits[:, 0]
    moved = np.where(second, 0.5, bar.offsets.reshape(steps, 2, -1)[:, 0] / 2)
    return Bar(hits.any(axis=1), velocities.max(axis=1), moved.astype(np.float32))

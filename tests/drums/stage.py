"""A stage for the drummer: beats, accents and a body, told as a tracker would tell them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from rt_engine.drums.controls import Settings
from rt_engine.drums.drummer import Drummer
from rt_engine.drums.groove import Announcement
from rt_engine.drums.strokes import Stroke

TICK = 0.05  # s between two looks of the tracker
PLAIN = Settings(humanise=0, fill_every=0, variation=0)


class Beat(NamedTuple):
    t: float
    position: int
    meter: int
    period: float


def steady(bars: int = 4, bpm: float = 120, meter: int = 4, start: float = 10.0) -> list[Beat]:
    """Beats of an even tempo; the first one is a downbeat."""
    period = 60 / bpm
    return [Beat(start + k * period, k % meter + 1, meter, period) for k in range(bars * meter)]


def timed(times: Iterable[float], meter: int = 4) -> list[Beat]:
    """Beats at these times, each with the time to the one before it as its period."""
    at = list(times)
    periods = [at[1] - at[0], *np.diff(at)]
    return [
        Beat(t, k % meter + 1, meter, p) for k, (t, p) in enumerate(zip(at, periods, strict=True))
    ]


class Stage:
    """Runs a drummer in small steps of time, and keeps what it played.

    lead: s by which beats are told ahead. tempo: whether a tracker ticks. playing, moving: what it
    and the body say at a time (s); None: not wired. calls: done at their times.
    """

    def __init__(self, settings: Settings = PLAIN, seed: int = 0, **more: object) -> None:
        self.drummer = Drummer(settings, np.random.default_rng(seed), **more)
        self.strokes: list[Stroke] = []
        self.bars: list[Announcement] = []
        self.told: list[float] = []  # when each stroke was given out
        self.told_bars: list[float] = []

    def run(
        self,
        beats: list[Beat],
        until: float | None = None,
        accents: Iterable[tuple[float, float]] = (),
        calls: dict[float, Callable[[Drummer], object]] | None = None,
        lead: float = 0.3,
        delay: float = 0.05,
        playing: Callable[[float], bool] | None = lambda t: True,
        moving: Callable[[float], float] | None = None,
    ) -> Stage:
        drummer = self.drummer
        events = [(b.t - lead, 0, lambda now, b=b: drummer.beat(*b, now)) for b in beats]
        events += [(t + delay, 1, lambda now, t=t, s=s: drummer.accent(t, s, now))
                   for t, s in accents]  # fmt: skip
        events += [(t, 2, lambda now, call=call: call(drummer) and None)
                   for t, call in (calls or {}).items()]  # fmt: skip
        first, last = beats[0].t - lead, until or beats[-1].t
        for now in np.arange(first, last, TICK):
            if playing:
                events.append((now, 3, lambda now: drummer.tempo(playing(now), now)))
            if moving:
                events.append((now, 4, lambda now: drummer.motion(now, moving(now), now)))
        for now, _, event in sorted(events, key=lambda e: e[:2]):
            if now < last + TICK:
                self._keep(event(float(now)) or [], float(now))
        return self

    def _keep(self, events: list, now: float) -> None:
        for event in events:
            if isinstance(event, Stroke):
                self.strokes.append(event)
                self.told.append(now)
            else:
                self.bars.append(event)
                self.told_bars.append(now)

    def between(self, start: float, end: float, *drums: int) -> list[Stroke]:
        """The strokes of that time, of these drums or of all."""
        return [s for s in self.strokes
                if start - 0.03 <= s.t < end - 0.03 and (not drums or s.drum in drums)]  # fmt: skip

    def times(self, *drums: int) -> np.ndarray:
        return np.array(
            sorted({round(s.t, 6) for s in self.strokes if not drums or s.drum in drums})
        )

"""Do the drums follow the body? Their onsets beside its beats and accents, as table 5 asks people.

RhythmicNet (2021), section 4, table 5: soundtracks for the rhythm of the body, for the same
rhythm in shuffled order, and for a random one (each step with a chance of one half).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from _dance.bodies import Body
from rt_engine.drums.bar import STEPS, Floats
from rt_engine.drums.body import BodyRhythm
from rt_engine.drums.controls import Settings
from rt_engine.drums.drummer import Drummer, Event
from rt_engine.drums.listen import Listener
from rt_engine.drums.strokes import Stroke

__all__ = ["RHYTHMS", "WINDOW", "Rhythm", "chance", "play", "share"]

Rhythm = Literal["body", "alone", "shuffled", "random"]
RHYTHMS: tuple[Rhythm, ...] = ("body", "alone", "shuffled", "random")
WINDOW = 0.07  # s
LEAD, TICK = 0.3, 0.05  # s by which beats are told ahead, and between two looks
DELAY = 0.08  # s from a movement to its accent: exposure, detector
SINCE = 6.0  # s that nothing is counted: the first bars
TOGETHER = 0.02  # s: strokes that are one onset

Beat = tuple[float, int, int, float]  # time, position, beats a bar, period


class Other(BodyRhythm):
    """The rhythm of the body in another order, or none of it."""

    def __init__(self, rhythm: Rhythm, rng: Generator) -> None:
        super().__init__()
        self.which, self.rng = rhythm, rng

    def rhythm(self, steps: int, per_beat: int, follow: float) -> Floats:
        own = super().rhythm(steps, per_beat, follow)
        if self.which == "shuffled":
            return self.rng.permutation(own)
        return (self.rng.random(steps) < 0.5).astype(np.float32)


class Deaf(Drummer):
    """Answers no accent."""

    def _respond(self, t: float, strength: float, now: float) -> list[Event]:
        return []


def play(body: Body, beats: list[Beat], rhythm: Rhythm, writer: Any, seed: int = 0) -> Floats:
    """Onsets (s) of the drums. writer: None for patterns, a HitsWriter, or a StepWriter."""
    rng, other = np.random.default_rng(seed), Other(rhythm, np.random.default_rng([seed, 1]))
    bars, steps = (writer, None) if hasattr(writer, "write") else (None, writer)
    cls = Drummer if rhythm == "body" else Deaf
    drummer = cls(Settings(), rng, expects=bars is not None, steps=steps)
    listener = Listener()
    if rhythm in ("shuffled", "random"):
        drummer._groove.rhythm = listener._rhythm = other
    past = None

    def beat(now: float, told: Beat) -> list[Event]:
        nonlocal past
        if bars is not None and (order := listener.beat(*told, 0.7)):
            past = bars.write(order.rhythm, past, 0.9, rng) if len(order.rhythm) == STEPS else None
            if past is not None:
                drummer.written(order.t, past)
        return drummer.beat(*told, now)

    def accent(now: float, t: float, strength: float) -> list[Event]:
        listener.accent(t, strength)
        return drummer.accent(t, strength, now)

    calls: list[tuple[float, Callable[[float], list[Event]]]] = []
    calls += [(b[0] - LEAD, lambda now, b=b: beat(now, b)) for b in beats]
    calls += [(t + DELAY, lambda now, t=t, s=s: accent(now, t, s)) for t, s in body.accents]
    calls += [(t, lambda now: drummer.tempo(True, now)) for t in np.arange(0, body.seconds, TICK)]
    found = [e for now, call in sorted(calls, key=lambda c: c[0]) for e in call(float(now))]
    return onsets([e.t for e in found if isinstance(e, Stroke)], body.seconds)


def onsets(times: list[float], end: float) -> Floats:
    """Times (s) of strokes, those together counted once."""
    kept: list[float] = []
    for t in sorted(t for t in times if SINCE <= t < end):
        if not kept or t - kept[-1] > TOGETHER:
            kept.append(t)
    return np.array(kept)


def known(beats: NDArray[np.float64]) -> list[Beat]:
    """Beats as somebody tells them who knows them, each with the period of the one before."""
    gaps = np.diff(beats, prepend=2 * beats[0] - beats[1])
    return [(float(t), k % 4 + 1, 4, float(gap)) for k, (t, gap) in
            enumerate(zip(beats, gaps, strict=True))]  # fmt: skip


def share(found: Floats, moments: Floats) -> float:
    """Percent of onsets within 70 ms of a moment."""
    if not len(found):
        return 0.0
    return 100 * float((np.abs(found[:, None] - moments[None]).min(axis=1) <= WINDOW).mean())


def chance(moments: Floats, end: float) -> float:
    """Percent of the time that lies within 70 ms of a moment: what noise would get."""
    return share(np.arange(SINCE, end, 0.001), moments)

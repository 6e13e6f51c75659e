"""Bars of drums without a model: beats as a drummer plays them, and strokes where the body is.

The writers of `rt_engine.drums.writing` have the same two methods; this one stands in for them
when they are late or absent, so it must never fail and costs next to nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from rt_engine.drums.bar import STEPS, STEPS_A_BEAT, Bar, Floats, empty
from rt_engine.drums.kit import DRUMS

__all__ = [
    "CLOSED",
    "CRASH",
    "HIGH_TOM",
    "KICK",
    "LOW_TOM",
    "MID_TOM",
    "OPEN",
    "RIDE",
    "SNARE",
    "PatternWriter",
    "role",
]

KICK, SNARE, CLOSED, OPEN, LOW_TOM, MID_TOM, HIGH_TOM, CRASH, RIDE = range(len(DRUMS))

BETWEEN = (KICK, SNARE, OPEN, MID_TOM)  # what a stroke between the beats may be
LIKELY = np.array([0.5, 0.25, 0.15, 0.1])  # how likely each is at temperature 1
HAT, GHOST = 0.55, 0.3  # velocities of a hi-hat on a beat, and of one that only keeps time
FILLED = 0.1  # share of the empty eighths that get a hi-hat


def role(beat: int, meter: int, per_beat: int) -> int:
    """The drum that marks a beat (0 is the downbeat): kick, snare, or just the hi-hat."""
    if per_beat != STEPS_A_BEAT:  # eighths, in groups of three; what is left over is a short group
        group, within = divmod(beat, 3)
        return CLOSED if within else (KICK, SNARE)[group % 2]
    if meter % 2:
        return KICK if beat == 0 else SNARE if beat == meter - 1 else CLOSED
    return (KICK, SNARE)[beat % 2]


class PatternWriter:
    """Writes bars, or single steps, that obey a rhythm. `per_beat`: steps a beat, 4 or 2."""

    def __init__(self, per_beat: int = STEPS_A_BEAT) -> None:
        self.per_beat = per_beat

    def write(self, rhythm: Floats, past: Bar | None, temperature: float, rng: Generator) -> Bar:
        """A bar with strokes where `rhythm` (steps,) is above 0, and few elsewhere.

        Beats get kick, snare and hi-hat. A stroke between the beats keeps the drum that it had
        in the bar `past`; the higher the `temperature` (0..), the likelier it changes.
        """
        steps = len(rhythm)
        bar = empty(steps)
        old = past if past is not None and len(past) == steps else None
        for at in range(steps):
            if rhythm[at] > 0:
                self._stroke(bar, at, float(rhythm[at]), old, temperature, rng)
            elif at % 2 == 0 and rng.random() < FILLED:
                _strike(bar, at, CLOSED, GHOST)
        return bar

    def reset(self) -> None:
        """Nothing is remembered between steps; here for the sake of the other writers."""

    def played(self, step: Bar) -> None:
        """What was really played does not matter here; see `reset`."""

    def step(
        self,
        position: int,
        rhythm: float,
        strength: float,
        density: float,
        intensity: float,
        temperature: float,
        rng: Generator,
    ) -> Bar:
        """One step: sixteenth `position` of a bar. `rhythm`: above 0 where the body strikes, with
        `strength` 0..1; `density` 0..1: how likely a step without it gets a hi-hat all the same.
        """
        bar = empty(STEPS)
        at = position % STEPS
        if rhythm > 0:
            self._stroke(bar, at, strength, None, temperature, rng)
        elif at % 2 == 0 and rng.random() < density:
            _strike(bar, at, CLOSED, GHOST)
        loud = 2.0 * intensity * bar.velocities[at : at + 1]
        return Bar(bar.hits[at : at + 1], np.clip(loud, 0, 1), bar.offsets[at : at + 1])

    def _stroke(
        self, bar: Bar, at: int, strength: float, old: Bar | None, heat: float, rng: Generator
    ) -> None:
        """Strike what belongs at step `at`."""
        beat, within = divmod(at, self.per_beat)
        if within == 0:
            drum = role(beat, len(bar) // self.per_beat, self.per_beat)
            _strike(bar, at, CLOSED, HAT)
            if drum != CLOSED:
                _strike(bar, at, drum, 0.75 if beat else 0.9)
            return
        drum = self._between(at, old, heat, rng)
        _strike(bar, at, drum, 0.4 + 0.5 * min(strength, 1.0))

    def _between(self, at: int, old: Bar | None, heat: float, rng: Generator) -> int:
        new = int(rng.choice(BETWEEN, p=LIKELY)) if rng.random() < heat else KICK
        kept = [] if old is None else [drum for drum in BETWEEN if old.hits[at, drum]]
        return kept[0] if kept and rng.random() >= heat else new


def _strike(bar: Bar, at: int, drum: int, velocity: float) -> None:
    bar.hits[at, drum] = True
    bar.velocities[at, drum] = velocity

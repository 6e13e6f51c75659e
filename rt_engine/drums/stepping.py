"""Drums written sixteenth by sixteenth, when the time of each has come."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from numpy.random import Generator

from rt_engine.drums.bar import STEPS, STEPS_A_BEAT, Bar, Floats, empty
from rt_engine.drums.controls import Settings, shaped

__all__ = ["Stepper", "Steps"]

COOL = 0.5  # temperature where nothing shall vary


class Steps(Protocol):
    """`rt_engine.drums.writing.StepWriter`, or a `PatternWriter`."""

    def reset(self) -> None:
        """Forget what was played."""

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
        """The sixteenth at `position` of the bar, as a bar of one step."""

    def played(self, step: Bar) -> None:
        """What was really played in place of it."""


class Stepper:
    """Asks the writer step by step. A writer that raises is not asked again: `failure` says why,
    and the groove goes on from patterns.
    """

    def __init__(self, steps: Steps | None) -> None:
        self._steps, self.failure = steps, ""
        if steps is not None:
            steps.reset()
        self._heard, self._count = empty(), 0

    @property
    def works(self) -> bool:
        """Whether there is a writer, and it has not failed."""
        return self._steps is not None and not self.failure

    @property
    def heard(self) -> Bar | None:
        """The last 16 steps as they were written; None before there were as many."""
        bar = self._heard
        if self._count < STEPS:
            return None
        return Bar(bar.hits.copy(), bar.velocities.copy(), bar.offsets.copy())

    def step(
        self, at: int, rhythm: Floats, settings: Settings, keep: float, rng: Generator
    ) -> Bar | None:
        """The bar with nothing in it but step `at`, ready to be played; None: the writer fails.

        rhythm (16,): that of the body, which has as many strokes as a density of 0.5 asks for.
        keep: share of the strokes that is left, 0..1.
        """
        assert self._steps is not None
        struck, share = float(rhythm[at]), float((rhythm > 0).mean())
        density = min(settings.density * share * keep, 1.0)
        heat = COOL + settings.variation
        try:
            one = self._steps.step(
                at, float(struck > 0), struck, density, settings.intensity, heat, rng
            )
        except Exception as error:  # whatever a model does, the music goes on
            self.failure = f"{type(error).__name__}: {error}"
            return None
        bar = empty()
        for whole in (bar, self._heard):
            whole.hits[at], whole.velocities[at] = one.hits[0], one.velocities[0]
            whole.offsets[at] = one.offsets[0]
        self._count += 1
        neutral = replace(settings, density=0.5, intensity=0.5)  # the writer minds them itself
        ready = shaped(bar, STEPS_A_BEAT, neutral)
        row = slice(at, at + 1)
        self._steps.played(Bar(ready.hits[row], ready.velocities[row], one.offsets))
        return ready

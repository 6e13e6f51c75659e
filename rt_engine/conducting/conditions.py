"""What a learned conductor is told, frame by frame, from beats as they become known."""

from __future__ import annotations

import numpy as np

from rt_engine.conducting.controls import Floats, controls

__all__ = ["Conditions"]

KEPT = 8  # beats behind the newest
SAME = 0.45  # of a period: what comes nearer to a beat is that beat, told anew
ALONE = 3  # beats that the last ones are continued by


class Conditions:
    """Beats, known and continued; loudness and detachment as they were heard last."""

    def __init__(self) -> None:
        self._beats: list[tuple[float, int, int]] = []  # s, position, beats a bar
        self._period = 0.5
        self._level: float | None = None
        self._detached: float | None = None

    def hear(self, t: float, position: int, meter: int, period: float) -> None:
        """A beat is at `t` s, or is expected there; see `kinds.Beat`."""
        before = [beat for beat in self._beats if beat[0] < t - SAME * period]
        self._beats, self._period = [*before[-KEPT:], (t, position, meter)], period

    def express(self, level: float, detached: float) -> None:
        """How loud and how detached it is, 0 to 1."""
        self._level, self._detached = level, detached

    def at(self, t: float) -> Floats:
        """The row (`controls.SIZE`,) of `t` s."""
        beats = np.array(self._continued())
        row: Floats = controls(np.array([t]), beats, self._level, self._detached)[0]
        return row

    def _continued(self) -> list[tuple[float, int, int]]:
        """The beats, and a few more after the last one."""
        if not self._beats:
            return []
        t, position, meter = self._beats[-1]
        later = []
        for step in range(1, ALONE + 1):
            place = (position - 1 + step) % meter + 1 if position and meter else 0
            later.append((t + step * self._period, place, meter))
        return [*self._beats, *later]

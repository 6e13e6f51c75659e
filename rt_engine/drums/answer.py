"""Which drum answers an accent of the body."""

from __future__ import annotations

import math
from collections import deque

from rt_engine.drums.patterns import CRASH, HIGH_TOM, KICK, LOW_TOM, MID_TOM, SNARE

__all__ = ["Answer"]

STRONG, MEDIUM = 0.8, 0.5  # strengths from which an accent gets a crash, and a snare
RARE = 3.0  # s between two crashes
TOMS = (HIGH_TOM, MID_TOM, LOW_TOM)
BURST = 4  # strong accents within a beat that call for a fill


class Answer:
    """The drums for accents; strong ones crash, but not all the time."""

    def __init__(self) -> None:
        self._crashed, self._answered, self._tom = -math.inf, -math.inf, 0
        self._times: deque[float] = deque(maxlen=BURST)

    def drums(self, t: float, strength: float) -> tuple[int, ...]:
        """What an accent of `strength` 0..1 at time `t` (s) is answered with."""
        if strength >= STRONG and t - self._crashed >= RARE:
            self._crashed = t
            return KICK, CRASH
        if strength >= MEDIUM:
            return (SNARE, KICK) if strength >= STRONG else (SNARE,)
        self._tom = (self._tom + 1) % len(TOMS)
        return (TOMS[self._tom - 1],)

    def turn(self, t: float, apart: float) -> bool:
        """Whether the accent at `t` (s) comes `apart` s or more after the last one answered."""
        if t - self._answered < apart:
            return False
        self._answered = t
        return True

    def burst(self, t: float, strength: float, period: float) -> bool:
        """Whether the accent at `t` (s) is one of many strong ones within a beat of `period` s."""
        if strength < STRONG:
            return False
        self._times.append(t)
        full = len(self._times) == BURST
        if full and t - self._times[0] <= period:
            self._times.clear()
            return True
        return False

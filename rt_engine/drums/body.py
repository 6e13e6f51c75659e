"""What the body says: whether anybody is there, how much moves, and in which rhythm."""

from __future__ import annotations

import math

import numpy as np

from rt_engine.drums.bar import Floats
from rt_engine.drums.metre import on_beats

__all__ = ["BodyRhythm", "Presence"]

NEW = 0.35  # weight of the bar just danced against those before
ABOVE = 3.0  # times the mean of all steps: a body that trembles all the time says nothing
LEAST = 0.05  # strength from which an accent counts at all
SMOOTH = 0.5  # s over which the quantity of motion is averaged
PEAK = 20.0  # s in which the largest motion of late falls to 1/e


class BodyRhythm:
    """What the body usually does on each step of a bar: its accents, averaged over the bars.

    RhythmicNet (2021), section 3: the rhythm is the beats and, between them, the style. Here it
    is that of the bars gone by, because the next one has not been danced yet; and only what comes
    again counts, because a chance stroke will not.
    """

    def __init__(self) -> None:
        self._usual, self._heard = np.zeros(0), np.zeros(0)

    def accent(self, at: int, steps: int, strength: float) -> None:
        """The body struck at step `at` of a bar of `steps`, with `strength` 0..1."""
        if len(self._heard) != steps:
            self._usual, self._heard = np.zeros(steps), np.zeros(steps)
        self._heard[at] = max(self._heard[at], strength)

    def bar(self) -> None:
        """A bar has ended."""
        self._usual = self._usual + NEW * (self._heard - self._usual)
        self._heard = np.zeros(len(self._heard))

    def rhythm(self, steps: int, per_beat: int, follow: float) -> Floats:
        """The rhythm of the next bar: 1 on the beats, between them the mean strength of the
        accents that `follow` lets through (all at 1, none at 0). (steps,).
        """
        result = on_beats(steps, per_beat).astype(np.float32)
        if len(self._heard) == steps and follow > 0:
            mean = self._usual + NEW * np.maximum(self._heard - self._usual, 0)
            between = mean[~on_beats(steps, per_beat)].mean()
            enough = max(1 - follow, LEAST, ABOVE * float(between))
            struck = np.where(mean >= enough, mean, 0)
            result = np.maximum(result, struck).astype(np.float32)
        return result


class Presence:
    """Whether somebody plays. What is not wired is never held against anybody.

    playing: what the beat tracker says. level: 0..1, how much the body moves against the most of
    late; 0.5 where nothing is known.
    """

    def __init__(self) -> None:
        self.playing = True
        self.level = 0.5
        self._moved: float | None = None  # s, when it last did
        self._seen = -math.inf
        self._motion = self._peak = 0.0

    def motion(self, t: float, speed: float, still: float) -> None:
        """Take the quantity of motion at time `t` (s), in m/s; below `still` nobody moves."""
        if self._moved is None:
            self._moved = t
        passed = min(max(t - self._seen, 0.0), 1.0)
        self._seen = t
        self._motion += (1 - math.exp(-passed / SMOOTH)) * (speed - self._motion)
        self._peak = max(self._peak * math.exp(-passed / PEAK), self._motion, 4 * still)
        self.level = self._motion / self._peak
        if speed >= still:
            self._moved = t

    def there(self, now: float, patience: float) -> bool:
        """Whether somebody is there at `now` (s): followed, and not still for `patience` s."""
        return self.playing and (self._moved is None or now - self._moved <= patience)

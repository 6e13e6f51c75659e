"""Where a take that is looked at stands, and how it goes on from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["SPEEDS", "TICK", "Playhead"]

SPEEDS = (0.1, 4.0)  # of the take's own
TICK = 1 / 60  # s between two moments while it plays: no loop is shorter
LONGEST = 0.5  # s by which it goes on at once, however late it is asked


class Playhead:
    """A place (s from the start), a speed, a loop; `length` (s) may grow while a take is read.

    Values come from a page: TypeError, ValueError or OverflowError where one is no number.
    """

    def __init__(self, length: Callable[[], float]) -> None:
        self._length = length
        self.position, self.speed = 0.0, 1.0
        self.playing = False
        self.jumped = True  # whether it stands somewhere else than time has brought it to
        self.loop: tuple[float, float] | None = None

    def play(self, _: Any = None) -> None:
        """Go on; from the start, where the end is reached."""
        if self.position >= self._length() and not self.loop:
            self.seek(0.0)
        self.playing = True

    def pause(self, _: Any = None) -> None:
        """Stay here."""
        self.playing = False

    def seek(self, t: Any) -> None:
        """Go to `t`, or to the end that is nearer."""
        self.position = self._within(t)
        self.jumped = True

    def set_speed(self, speed: Any) -> None:
        """Take the speed, or the one of `SPEEDS` that is nearer."""
        low, high = SPEEDS
        self.speed = min(max(finite(speed), low), high)

    def set_loop(self, ends: Any) -> None:
        """Go round between two places; None: no more."""
        if ends is None:
            self.loop = None
            return
        a, b = sorted(map(self._within, ends))
        if b - a < TICK:
            raise ValueError(ends)
        self.loop = (a, b)

    def advance(self, seconds: float) -> None:
        """Let this much time pass."""
        if not self.playing:
            return
        self.position += min(seconds, LONGEST) * self.speed
        end = self.loop[1] if self.loop else self._length()
        if self.position < end:
            return
        if self.loop:
            self.seek(self.loop[0])
        else:
            self.position, self.playing = self._length(), False

    def _within(self, t: Any) -> float:
        return min(max(finite(t), 0.0), self._length())


def finite(value: Any) -> float:
    """A number that a take can have to do with; ValueError for any other."""
    number = float(value)
    if not abs(number) < 1e9:
        raise ValueError(value)
    return number

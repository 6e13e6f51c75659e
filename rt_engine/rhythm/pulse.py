"""A beat that goes on by itself and lets estimates pull at it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Steering:
    """How a pulse takes corrections.

    glide: seconds in which a small error of phase falls to 1/e. stretch: largest change of the
    time between two beats by gliding, as a fraction of the period. jump: error of phase, as a
    fraction of the period, from which the beat is moved at once. settle: seconds that such an
    error must have lasted. gap: shortest time between two beats, s.
    """

    glide: float = 0.05
    stretch: float = 0.15
    jump: float = 0.2
    settle: float = 0.1
    gap: float = 0.15


class Pulse:
    """Due times of beats: runs on by its period, glides after estimates, jumps if it must.

    `last` and `next` are the due times (s) of the newest decided and of the coming beat, `period`
    in seconds. What is decided (`advance`) is never moved again.
    """

    def __init__(self, due: float, period: float, steering: Steering) -> None:
        self.steering = steering
        self.start(due, period)

    def start(self, due: float, period: float, last: float | None = None) -> None:
        """Put the coming beat at `due`, but no nearer to the last one than the gap."""
        self.period = period
        self.last = due - period if last is None else last
        self.next = due
        while self.next < self.last + self.steering.gap:
            self.next += period
        self._lost = 0.0

    def follow(self, due: float, period: float, elapsed: float) -> None:
        """Move towards beats at `due` and every `period` from there; `elapsed` s have passed."""
        self.period = period
        error = (due - self.next + period / 2) % period - period / 2
        if abs(error) <= self.steering.jump * period:
            self._lost = 0.0
            self._glide(error * min(1.0, elapsed / self.steering.glide))
            return
        self._lost += elapsed
        if self._lost >= self.steering.settle:
            self.start(self.next + error, period, self.last)

    def _glide(self, correction: float) -> None:
        shortest = max(self.period * (1.0 - self.steering.stretch), self.steering.gap)
        longest = self.period * (1.0 + self.steering.stretch)
        moved = self.next + correction
        self.next = min(max(moved, self.last + shortest), max(self.last + longest, self.next))

    def advance(self) -> float:
        """Decide the coming beat; return its due time."""
        self.last, self.next = self.next, self.next + self.period
        return self.last

    def phase(self, time: float) -> float:
        """Phase in 0..1 at a time, 0 on the beat."""
        return (time - self.next) / self.period % 1.0

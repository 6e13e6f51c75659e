"""Following a MIDI clock: from ticks with jitter to beats, a little ahead of time."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["ClockFollower", "Predicted"]

TICK, START, CONTINUE, STOP, POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
TICKS = 24  # a quarter
SIXTEENTH = 6  # ticks
MEMORY = 48  # ticks that the estimate of time and period looks back over
LOST = 12  # ticks: a longer pause, or an error of as much, begins anew


class Predicted(NamedTuple):
    """A beat to come."""

    t: float  # s
    number: int  # counts from the start of the song
    position: int  # in the bar, 1 is the downbeat, 0 unknown
    period: float  # s a beat


class ClockFollower:
    """MIDI clock, start, stop, continue and song position to beats, `lead` s before each.

    meter: quarters a bar. Before the first start or stop, beats are counted from the first tick
    and their place in the bar is unknown. Tick times are smoothed by least squares over an
    expanding, then fixed memory (P. R. Kalata, "The tracking index", 1984, for the gains).
    """

    def __init__(self, meter: int = 4, lead: float = 0.2) -> None:
        self.meter, self.lead = meter, lead
        self.state: Literal["unknown", "running", "stopped"] = "unknown"
        self.period = 0.0  # s a tick, 0 unknown
        self._tick = -1  # that came last, from the start of the song
        self._told = -1
        self._forget()

    def _forget(self) -> None:
        self._time, self._seen = 0.0, 0

    def step(self, t: float, message: bytes) -> Predicted | None:
        """Take a message that came at `t` s; a beat that is now near enough to be told."""
        status = message[0]
        if status == TICK:
            return self._ticked(t)
        if status == START:
            self.state, self._tick, self._told = "running", -1, -1
        elif status == CONTINUE:
            self.state, self._told = "running", -1
        elif status == STOP:
            self.state = "stopped"
        elif status == POSITION and len(message) == 3:
            self._tick = (message[1] | message[2] << 7) * SIXTEENTH - 1
        return None

    def _ticked(self, t: float) -> Predicted | None:
        self._smooth(t)
        if self.state == "stopped":
            return None
        self._tick += 1
        if not self.period:
            return None
        beat = self._tick // TICKS + 1
        if self._tick % TICKS == 0 and self._told < self._tick // TICKS:
            beat -= 1  # the first of all: there was no time to tell it
        due = self._time + (beat * TICKS - self._tick) * self.period
        if beat <= self._told or due - self._time > self.lead:
            return None
        self._told = beat
        position = beat % self.meter + 1 if self.state == "running" else 0
        return Predicted(due, beat, position, self.period * TICKS)

    def _smooth(self, t: float) -> None:
        """Move the estimates of time and period of the ticks by what a new one says."""
        away = t - self._time - self.period
        if self._seen and self.period and abs(away) > LOST * self.period:
            self._forget()
        if self._seen < 2:
            self.period = t - self._time if self._seen else self.period
            self._time, self._seen = t, self._seen + 1
            return
        n = self._seen = min(self._seen + 1, MEMORY)
        self._time += self.period + 2 * (2 * n - 1) / (n * (n + 1)) * away
        self.period += 6 / (n * (n + 1)) * away

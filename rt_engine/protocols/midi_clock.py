"""MIDI clock that follows predicted beats: when each tick falls due, without a thread or a port.

24 ticks a quarter note, on absolute deadlines. The beats span a grid, and the ticks glide onto
it: an error of phase bends the tempo by a few percent at most, and the length of a tick changes
by at most 2 % from one tick to the next. An error beyond `jump` (or a tempo that changes by
more than a quarter) is corrected at once, the way the standard has it: stop, song position,
continue on a sixteenth of the grid.

After a stall there is no burst: the ticks that were missed follow at no less than half their
distance, until the clock is where it belongs. A stall of more than `jump` is corrected by song
position too.

Source of the messages: MIDI 1.0 Detailed Specification, "System Real Time" and "System Common".
All times are integer ns on the engine clock.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Literal, NamedTuple

__all__ = ["CLOCK", "CONTINUE", "START", "STOP", "TICKS", "BeatTime", "ClockSchedule", "Event"]

TICKS = 24  # a quarter note
SIXTEENTH = 6  # ticks
CLOCK, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"

MS = 1_000_000
PREPARE = 12 * MS  # a start or a jump needs this much time before its first tick
LOCATE = 10 * MS  # the receiver's time to find a song position
READY = 2 * MS  # between start (or continue) and the first tick; the standard asks for 1 ms
SLEW = 0.02  # largest change of a tick's length, relative to the one before
GLIDE = 12.0  # ticks in which an error of phase would vanish if the bend were free
NEW_TEMPO = 1.25  # ratio of periods from which on the tempo jumps
SHORTEST, LONGEST = 100 * MS, 4000 * MS  # sensible periods: 15 to 600 BPM


class Event(NamedTuple):
    """A message and when it is due."""

    due: int
    message: bytes


class BeatTime(NamedTuple):
    """A beat, as it is announced: `t` may lie in the future."""

    t: int  # ns
    period: int  # ns to the next beat
    number: int  # counts the beats
    position: int = 0  # in the bar, from 1; 0: unknown
    meter: int = 0  # beats a bar; 0: unknown


class Grid(NamedTuple):
    """Ticks at constant tempo: `tick` falls on the time of `beat`."""

    beat: BeatTime
    tick: int

    def at(self, t: int) -> float:
        """Tick number at time `t`, with its fraction."""
        return self.tick + TICKS * (t - self.beat.t) / self.beat.period

    def when(self, tick: int) -> int:
        """Time of tick number `tick`."""
        return self.beat.t + round((tick - self.tick) * self.beat.period / TICKS)


class ClockSchedule:
    """Beats and commands in; `next` says what is due when, `sent` moves on.

    `start` is where the song begins: on the first "downbeat" (any beat while the bar is unknown)
    or "beat" that can still be met, or, with "manual", on the downbeat after `start()`.
    `bend` is the largest change of tempo that corrects an error of phase (0.04: 4 %), `jump` the
    error in beats from which on the clock jumps, and `coast` the time in s for which it goes on
    without beats before it stops (0: for ever). After that it starts anew with the beats,
    unless the start is "manual". `state` is "stopped", "armed" (waits for its beat) or "playing".
    """

    def __init__(
        self,
        start: Literal["downbeat", "beat", "manual"] = "downbeat",
        bend: float = 0.04,
        jump: float = 0.4,
        coast: float = 8.0,
    ) -> None:
        self.mode, self.bend, self.jump, self.coast = start, bend, jump, coast
        self.state = "stopped" if start == "manual" else "armed"
        self.tick = 0  # number of the next tick, from the start of the song
        self._first = 0  # tick from which an armed clock starts
        self._due = 0  # of the next tick
        self._earliest = 0  # of the next tick, so that it keeps its distance after a late one
        self._length = 0.0  # of the last tick, ns
        self._grid: Grid | None = None
        self._queue: deque[Event] = deque()  # transport messages before the next tick
        self._offset = 0

    @property
    def offset(self) -> int:
        """Added to the time of every beat, ns; a change glides like any error of phase."""
        return self._offset

    @offset.setter
    def offset(self, ns: float) -> None:
        ns = round(ns)
        if self._grid:
            beat = self._grid.beat
            self._grid = self._grid._replace(beat=beat._replace(t=beat.t + ns - self._offset))
        self._offset = ns

    def beat(self, beat: BeatTime, now: int) -> None:
        """A beat is announced, or announced again with a better time."""
        if not SHORTEST <= beat.period <= LONGEST:
            return
        old, beat = self._grid, beat._replace(t=beat.t + self._offset)
        self._grid = Grid(beat, self._tick_of(beat))
        if self.state == "armed":
            if not now < self._due < now + beat.period // 2:  # else it is too close to be moved
                self._arm(now)
        elif self.state == "playing" and old and not self._queue:
            ratio = beat.period / old.beat.period
            if not 1 / NEW_TEMPO < ratio < NEW_TEMPO or self._lost():
                self._relocate(now)

    def start(self, now: int) -> None:
        """Begin the song anew, on the beat that `mode` asks for; stops first when it plays."""
        self.stop(now)
        self.state, self._first = "armed", 0
        self._arm(now)

    def resume(self, now: int) -> None:
        """Go on where it stopped, on the beat that `mode` asks for."""
        if self.state == "stopped":
            self.state, self._first = "armed", self.tick
            self._arm(now)

    def stop(self, now: int) -> None:
        """Stop now, and stay so until `start` or `resume`."""
        self._queue = deque([Event(now, STOP)] if self.state == "playing" else [])
        self.state, self._first = "stopped", 0

    def next(self, now: int) -> Event | None:
        """What is due next; None as long as nothing is."""
        if self._queue:
            return self._queue[0]
        return Event(max(self._due, self._earliest), CLOCK) if self.state == "playing" else None

    def sent(self, now: int) -> None:
        """What `next` said has been sent, at `now`."""
        if self._queue:
            if self._queue.popleft().message in (START, CONTINUE):
                self.state = "playing"
            return
        stalled = now - self._due > self.jump * TICKS * self._length
        self._earliest = now + round(self._length / 2)
        self.tick += 1
        self._length = self._glide()
        self._due += round(self._length)
        if self._grid and self.coast and self._due - self._grid.beat.t > self.coast * 1e9:
            self.stop(self._due)
            self._grid = None
            self.state = "stopped" if self.mode == "manual" else "armed"
        elif stalled or self._lost():
            self._relocate(now)

    def _tick_of(self, beat: BeatTime) -> int:
        """The tick that shall fall on `beat`."""
        if self._grid is None or not self._length:
            return 0  # `_arm` will number them
        last = self._grid.beat
        steps, passed = (
            beat.number - last.number,
            2 * (beat.t - last.t) / (beat.period + last.period),
        )
        if abs(steps - passed) <= 0.5:
            return self._grid.tick + TICKS * steps
        # The tracker counts anew or left beats out: take the nearest of our own beats.
        return TICKS * round((self.tick + (beat.t - self._due) / self._length) / TICKS)

    def _arm(self, now: int) -> None:
        """Plan the start on the first suitable beat of the grid."""
        if self._grid is None:
            return
        beat, bars = self._grid.beat, self.mode != "beat"
        ahead = math.ceil((now + PREPARE - beat.t) / beat.period)
        unit = TICKS
        if bars and beat.position and beat.meter:
            ahead += (1 - beat.position - ahead) % beat.meter
            unit = TICKS * beat.meter
        tick = math.ceil(self._first / unit) * unit
        self._grid = Grid(beat, tick - TICKS * ahead)
        stops = [event for event in self._queue if event.message == STOP]
        self._begin(tick, stops)

    def _relocate(self, now: int) -> None:
        """Jump onto the grid: stop, and continue from one of its next sixteenths."""
        assert self._grid is not None
        at = self._grid.at(max(now + PREPARE, self._due))
        self._begin(max(0, math.ceil(at / SIXTEENTH)) * SIXTEENTH, [Event(now, STOP)])

    def _begin(self, tick: int, before: list[Event]) -> None:
        """Queue what starts the receiver at `tick`, in time before that tick."""
        assert self._grid is not None
        due = self._grid.when(tick)
        events = [Event(due - READY, START)]
        if tick:
            events = [Event(due - LOCATE, _position(tick)), Event(due - READY, CONTINUE)]
        self.tick, self._due, self._length = tick, due, self._grid.beat.period / TICKS
        self._queue = deque([*before, *events])

    def _error(self) -> float:
        """By how many ticks the grid is ahead of the next tick."""
        return self._grid.at(self._due) - self.tick if self._grid else 0.0

    def _lost(self) -> bool:
        return abs(self._error()) > self.jump * TICKS

    def _glide(self) -> float:
        """Length of the coming tick: the grid's, bent toward the grid, changed gently."""
        if self._grid is None:
            return self._length
        error = self._grid.at(self._due) - (self.tick - 1)
        bend = min(max(error / GLIDE, -self.bend), self.bend)
        wanted = self._grid.beat.period / TICKS / (1 + bend)
        return min(max(wanted, self._length * (1 - SLEW)), self._length * (1 + SLEW))


def _position(tick: int) -> bytes:
    """Song position in sixteenths, 14 bits (after 1024 bars of 4/4 it counts from 0 again)."""
    sixteenths = tick // SIXTEENTH % 2**14
    return bytes([0xF2, sixteenths & 0x7F, sixteenths >> 7])

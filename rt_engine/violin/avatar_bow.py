"""Where the bow is, from what is heard of it: its speed, its turns and the string.

Sound does not tell the direction of a bow. A player takes it to and fro in turn, begins a phrase
near the frog and downwards, and spends it so that there is always hair left; so does this.
"""

from __future__ import annotations

from math import copysign, exp
from typing import NamedTuple

from rt_engine.violin.simulation.bow import HAIR

__all__ = ["BowPath", "Heard", "Place"]

TURNED, ARMED = 0.7, 0.5  # probability at which the bow turns, and below which it may again
APART = 0.1  # s at least between two turns: ten strokes a second
SOUNDS = 0.5  # from which on a string sounds
GATHER = 0.03  # s in which the bow takes up a speed
BALANCE = 1.2  # how much longer strokes towards the middle are than those away from it
MIDDLE = 0.45  # of the hair
LOW, HIGH = 0.05, 0.92  # of the hair, as far as an arm takes it
BRAKE = 0.12  # s before an end in which the bow slows down
LIFT = 0.35  # s of rest after which the bow is taken off, as in the simulation
ABOVE = 0.05  # m that it is lifted
CARRY = 0.25  # s, time constant of the way through the air
FROG = 0.2  # of the hair, where a phrase begins
REST = 3.0  # s of rest after which the arm sinks
SINK, RISE = 0.5, 0.08  # s, time constants of sinking, and of coming back to the string
CROSS = 0.04  # s, time constant of a change of string


class Heard(NamedTuple):
    """Bow as it is heard: speed in m/s, how likely it turns now, string 0 (G) to 3 (E), sound."""

    speed: float
    turn: float
    string: float
    sounds: float


class Place(NamedTuple):
    """The bow: 0 frog to 1 tip, direction, string, m above it, and 0 (held) to 1 (lowered)."""

    position: float
    direction: int  # 1 down, -1 up
    string: float
    above: float
    lowered: float


class BowPath:
    """The place of the bow, row by row."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """The arm hangs; nothing was heard."""
        self._position, self._velocity, self._direction = FROG, 0.0, 1
        self._string, self._above, self._lowered = 1.5, ABOVE, 1.0
        self._silent, self._since, self._armed = REST, APART, True

    def step(self, heard: Heard, elapsed: float) -> Place:
        """The bow `elapsed` s after the row before."""
        self._since += elapsed
        if heard.sounds >= SOUNDS:
            self._play(heard, elapsed)
        else:
            self._rest(elapsed)
        held = self._silent < REST
        self._lowered = _nearer(
            self._lowered, 0.0 if held else 1.0, elapsed, RISE if held else SINK
        )
        self._string = _nearer(self._string, heard.string, elapsed, CROSS)
        return Place(self._position, self._direction, self._string, self._above, self._lowered)

    def _play(self, heard: Heard, elapsed: float) -> None:
        if self._silent > LIFT:
            self._direction, self._since, self._velocity = 1, 0.0, 0.0
        elif heard.turn >= TURNED and self._armed and self._since >= APART:
            self._turn()
        self._silent = 0.0
        self._armed = self._armed or heard.turn < ARMED
        room = (HIGH - self._position if self._direction > 0 else self._position - LOW) * HAIR
        if room < 0.01:
            self._turn()  # no hair is left: a player turns as well
            room = (HIGH - LOW) * HAIR
        balance = 1.0 + BALANCE * self._direction * (MIDDLE - self._position)
        speed = min(heard.speed * balance, room / BRAKE)
        self._velocity = _nearer(self._velocity, self._direction * speed, elapsed, GATHER)
        moved = self._position + self._velocity * elapsed / HAIR
        self._position = min(max(moved, LOW), HIGH)
        self._above = _nearer(self._above, 0.0, elapsed, GATHER)

    def _turn(self) -> None:
        self._direction, self._since, self._armed = -self._direction, 0.0, False

    def _rest(self, elapsed: float) -> None:
        self._silent += elapsed
        self._velocity = _nearer(self._velocity, 0.0, elapsed, GATHER)
        if self._silent > LIFT:
            self._above = _nearer(self._above, ABOVE, elapsed, CARRY)
            self._position = _nearer(self._position, FROG, elapsed, CARRY)
        else:
            moved = self._position + self._velocity * elapsed / HAIR
            self._position = min(max(moved, LOW), HIGH)


def _nearer(value: float, to: float, elapsed: float, constant: float) -> float:
    """A value on its way `to` another one, exponentially; exactly there in the end."""
    left = (value - to) * exp(-elapsed / constant)
    return to + (left if abs(left) > 1e-6 else copysign(0.0, left))

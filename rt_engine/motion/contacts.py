"""Which points of the soles touch the floor.

By height and speed of heel and toe with hysteresis, after L. Kovar, J. Schreiner and M. Gleicher,
"Footskate cleanup for motion capture editing" (SCA 2002).
"""

from __future__ import annotations

from math import exp

from rt_engine.motion.turns import ZERO, Vector, length, minus, plus, scaled

__all__ = ["Contacts"]

LOW, HIGH = 0.03, 0.06  # m above the floor: a point lands below, and leaves above
SLOW, FAST = 0.5, 1.0  # m/s: a point stands that is slower, and leaves that is faster
LEVEL = 1e-3  # m: points this close to the lowest one stand with it
STEADY = 0.03  # s over which the velocity of a point is averaged
SPRING = 0.8  # m/s: nobody leaves the floor who rises more slowly; 3 cm high
GRAVITY = 9.81  # m/s^2
PATIENCE = 1.5  # times what gravity allows for a flight: then it was none
PUSH = 0.15  # s in which the speed of the take-off is looked for
LONGEST = 1.0  # s: a jump of 1.2 m


class Contacts:
    """Follows points (heel and toe of each foot) and says which are `down` on the floor."""

    def __init__(self) -> None:
        self.down = [False] * 4
        self._points: tuple[Vector, ...] = (ZERO,) * 4
        self._moved = [ZERO] * 4  # velocities against the hips, m/s
        self._risen = 0.0
        self._flown, self._due = 0.0, 0.0  # s in the air, and as gravity allows

    def stand(self, points: tuple[Vector, ...], risen: float) -> None:
        """Begin with points relative to the hips (m), the hips `risen` m above the floor."""
        self._points, self._risen = points, risen
        self.down = [y + risen < LOW for _, y, _ in points]

    def step(
        self, dt: float, points: tuple[Vector, ...], risen: float, scale: float, velocity: Vector
    ) -> None:
        """Go on by `dt` s; `velocity` (m/s) is that of the hips over the floor."""
        clear = [(y + risen) / scale for _, y, _ in points]
        speed, rise = self._speeds(dt, points, risen, scale, velocity)
        down = [
            (c < HIGH and v < FAST) if was else (c < LOW and v < SLOW)
            for was, c, v in zip(self.down, clear, speed, strict=True)
        ]
        if not any(down):
            lowest = min(clear)
            if self._stands(dt, lowest, rise[clear.index(lowest)]):
                down = [c - lowest < LEVEL for c in clear]
        self.down, self._points, self._risen = down, points, risen

    def landed_late(self) -> bool:
        """Whether the flight that has ended was longer than gravity allows; it is forgotten."""
        late = self._flown > self._due
        self._flown = 0.0
        return late

    def _speeds(
        self, dt: float, points: tuple[Vector, ...], risen: float, scale: float, velocity: Vector
    ) -> tuple[list[float], list[float]]:
        """Speeds of the points against the floor, and how fast they rise; m/s."""
        drift, lift = (velocity[0], 0.0, velocity[2]), (0.0, (risen - self._risen) / dt, 0.0)
        share = 1 - exp(-dt / STEADY)
        speed, rise = [], []
        for k, (old, new) in enumerate(zip(self._points, points, strict=True)):
            moved = plus(scaled(minus(new, old), 1 / dt), lift)
            steady = plus(self._moved[k], scaled(minus(moved, self._moved[k]), share))
            self._moved[k] = steady
            speed.append(length(plus(steady, drift)) / scale)
            rise.append(moved[1] / scale)
        return speed, rise

    def _stands(self, dt: float, clear: float, speed: float) -> bool:
        """Whether somebody of whom no point rests is on the floor all the same.

        clear, speed: height over the floor and rise of the lowest point.
        """
        if any(self.down):
            self._flown, self._due = 0.0, 0.0
            return speed < SPRING
        self._flown += dt
        if self._flown <= PUSH:
            self._due = min(max(self._due, PATIENCE * 2 * speed / GRAVITY, PUSH), LONGEST)
        landed = clear < LOW and abs(speed) < FAST
        return landed or clear < 0.0 or self._flown > self._due

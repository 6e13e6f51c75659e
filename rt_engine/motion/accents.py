"""Accents of a moving body, told while they happen: a limb that stops or turns sharply.

For an instrument that answers at once there is no time for spectra (`rt_engine.motion.style`).
A limb that was quick and within a moment has lost most of its speed along that way has struck,
arrived or turned; it is told with the sample that shows it, before the limb stands still.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from rt_engine.motion import landmarks as lm
from rt_engine.motion.quaternion import Arrays, Floats

__all__ = ["LIMBS", "Accent", "AccentDetector"]

LIMBS = (*lm.WRISTS, *lm.ANKLES, lm.NOSE, *lm.HIPS)
MOMENT = 0.2  # s within which the speed is lost
LEFT = 0.4  # share of the speed, along its way, under which a limb has stopped
APART = 0.12  # s between two accents of a body
LEAP = 12.0  # m/s: quicker is a landmark that jumped
PAUSE = 0.3  # s without a sample after which nothing is compared with before
MEMORY = 32  # accents of late that say what is strong
LOUD = 0.9  # quantile of them that has strength 1
SEEN = 0.5  # visibility from which a limb counts


class Accent(NamedTuple):
    """A sudden stop."""

    t: float  # s, between two samples
    strength: float  # 0 to 1, against those of late
    landmark: int  # the limb, of MediaPipe's 33


class AccentDetector:
    """Sudden stops of hands, feet, head and hips in the picture plane.

    least: m/s that a limb must have had; sensitivity: 0 to 1, how small an accent may be beside
    the strong ones of late: at 1 everything over `least` counts.
    """

    def __init__(self, least: float = 0.8, sensitivity: float = 0.6) -> None:
        self.least, self.sensitivity = least, sensitivity
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._speeds: deque[float] = deque(maxlen=MEMORY)
        self._told = -np.inf
        self._begin()

    def _begin(self) -> None:
        self._last: tuple[float, Floats] | None = None
        self._ways: list[deque[tuple[float, Floats]]] = [deque() for _ in LIMBS]

    def step(self, t: float, places: Arrays, visibility: Arrays) -> Accent | None:
        """Take places (33, 2 or more) in m and visibility (33,) at time `t` (s).

        The strongest accent that this sample shows, if it shows one.
        """
        last = self._last
        if last is not None and t <= last[0]:
            return None
        if last is not None and t - last[0] > PAUSE:
            self._begin()
            last = None
        now = np.asarray(places, np.float64)[list(LIMBS), :2]
        self._last = t, now
        if last is None:
            return None
        velocity, middle = (now - last[1]) / (t - last[0]), (t + last[0]) / 2
        stops = [
            stop
            for k, limb in enumerate(LIMBS)
            if (stop := self._limb(k, middle, velocity[k], bool(visibility[limb] >= SEEN)))
        ]
        return self._strongest(stops)

    def _limb(
        self, k: int, t: float, velocity: Floats, seen: bool
    ) -> tuple[float, float, int] | None:
        """Speed, time and landmark of a stop of limb `k`."""
        ways = self._ways[k]
        if not seen or np.hypot(*velocity) > LEAP:
            ways.clear()
            return None
        ways.append((t, velocity))
        while ways[0][0] < t - MOMENT:
            ways.popleft()
        _, quickest = max(ways, key=lambda way: float(way[1] @ way[1]))
        peak = float(np.hypot(*quickest))
        if peak < self.least or velocity @ quickest > LEFT * peak**2:
            return None
        before, was = ways[-2]
        first, second = (float(v @ quickest) / peak**2 for v in (was, velocity))
        at = before + (t - before) * min(max((first - LEFT) / max(first - second, 1e-9), 0.0), 1.0)
        ways.clear()
        ways.append((t, velocity))
        return peak, at, LIMBS[k]

    def _strongest(self, stops: list[tuple[float, float, int]]) -> Accent | None:
        if not stops:
            return None
        speed, t, landmark = max(stops)
        usual = float(np.quantile(self._speeds, LOUD)) if self._speeds else speed
        if t - self._told < APART or speed < (1.0 - self.sensitivity) * usual:
            return None
        self._speeds.append(speed)
        self._told = t
        return Accent(t, min(speed / max(usual, 1e-9), 1.0), landmark)

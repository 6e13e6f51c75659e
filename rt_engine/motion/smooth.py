"""Calm points that stay quick: the One-Euro filter, told how much each landmark trembles.

Each coordinate goes through a low-pass of first order whose cut-off rises with the speed of
its landmark: G. Casiez, N. Roussel and D. Vogel, "1 Euro Filter" (CHI 2012). Added here:

- a cut-off belongs to the speed in units of the landmark's own noise, so that a steady hip opens
  earlier than a trembling wrist; the speed that noise alone shows is taken off first;
- the two axes of the picture plane open together, depth has a much larger noise and its own;
- an uncertain landmark pulls less, and one that is lost goes on at a velocity that decays.

The noise is that of MediaPipe against motion capture (DrumPy, nine takes, third differences of
the error while the joint is slower than 0.3 m/s); head and shoulders, which are missing there,
are set by its hips and elbows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rt_engine.motion import landmarks as lm
from rt_engine.motion.quaternion import Arrays, Floats

__all__ = ["BODY_NOISE", "COAST", "HAND_NOISE", "Smoother", "trust"]

COAST = 0.3  # s that a lost landmark goes on
SLOWING = 0.1  # s in which its velocity falls to 1/e
SPEED_CUTOFF = 4.0  # Hz, of the speed that opens the filter
FLOOR = 0.05  # m/s that noise of one unit shows
CALM = (0.4, 2.0)  # cut-off at rest (Hz) and its rise (Hz per m/s per unit of noise) at quick = 0
RANGE = (4.0, 16.0)  # how many times that at quick = 1
MEMORY = 1.0  # s over which the lag is averaged
STILL = 0.02  # m/s: who is slower than this is at rest, and the lag is that of rest

# Noise in units of 1 mm a picture: in the picture plane, in depth.
_TRUNK, _HEAD, _MIDDLE, _END, _TIP = (0.5, 1.5), (0.6, 2.0), (0.6, 2.3), (1.0, 3.8), (0.9, 3.5)


def _noise(index: int) -> tuple[float, float]:
    if index < lm.SHOULDERS[0]:
        return _HEAD
    if index in lm.SHOULDERS + lm.HIPS:
        return _TRUNK
    if index in lm.ELBOWS + lm.KNEES:
        return _MIDDLE
    return _END if index in lm.WRISTS + lm.ANKLES else _TIP


BODY_NOISE: Floats = np.array([_noise(index) for index in range(33)])  # (33, 2)
HAND_NOISE: Floats = np.tile(_TIP, (21, 1))  # (21, 2)


def trust(visibility: Arrays) -> Floats:
    """How far a landmark is believed, 0.1 to 1, from its visibility (0 to 1), elementwise."""
    part = np.clip((np.asarray(visibility, np.float64) - 0.2) / 0.5, 0.0, 1.0)
    believed: Floats = 0.1 + 0.9 * part * part * (3.0 - 2.0 * part)
    return believed


class Smoother:
    """Filters a set of points (n, 3), x and y in the picture plane and z in depth.

    noise: (n, 2) in mm a picture, in the plane and in depth, as BODY_NOISE. quick: 0 (calm) to
    1 (quick), may be changed at any time. `lag` is the delay (s) that the filter added of late,
    in the plane and in depth: the delays of its low-passes, weighted by the square of the
    velocity that went through each. This is the delay at which what went in lies nearest to
    what came out.
    """

    def __init__(self, noise: Arrays, quick: float = 0.5) -> None:
        self._noise = np.asarray(noise, np.float64)[:, [0, 0, 1]]
        self.quick = quick
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        count = len(self._noise)
        self._t: float | None = None
        self._place, self._speed, self._velocity = np.zeros((3, count, 3))
        self._known = np.zeros(count, dtype=bool)
        self._lost = np.zeros(count)  # s since it was seen
        self._lags = np.zeros((2, 3))  # decaying sums: delay times weight, and weight

    @property
    def quick(self) -> float:
        """0 (calm) to 1 (quick)."""
        return self._quick

    @quick.setter
    def quick(self, value: float) -> None:
        self._quick = value
        self._rest, self._rise = (c * r**value for c, r in zip(CALM, RANGE, strict=True))

    @property
    def lag(self) -> tuple[float, float]:
        """Delay in the picture plane and in depth, s."""
        rest = 1.0 / (2.0 * np.pi * self._rest)
        delay, weight = self._lags + np.array([[rest], [1.0]]) * STILL**2
        plane, depth = delay[:2].sum() / weight[:2].sum(), delay[2] / weight[2]
        return float(plane), float(depth)

    @property
    def fresh(self) -> npt.NDArray[np.bool_]:
        """Which points (n,) were seen within the last COAST seconds."""
        seen: npt.NDArray[np.bool_] = self._known & (self._lost <= COAST)
        return seen

    def step(self, t: float, points: Arrays, weight: Arrays, unit: Arrays | float = 1.0) -> Floats:
        """The smoothed points (n, 3) at time `t` (s), which rises from call to call.

        weight: (n,) from 0 (not there; its row of `points` is ignored) to 1, as from `trust`.
        unit: (n, 1), how many of the units of `points` are a metre.
        """
        there = weight > 0
        dt = t - self._t if self._t is not None else 0.0
        self._t = t
        if dt > 0:
            self._follow(dt, points, weight, unit)
        new = there & ~self._known
        self._place[new] = points[new]
        self._known |= there
        places: Floats = self._place.copy()
        return places

    def _follow(self, dt: float, points: Arrays, weight: Arrays, unit: Arrays | float) -> None:
        there = weight > 0
        self._lost = np.where(weight > 0.5, 0.0, self._lost + dt)
        seen = (there & self._known)[:, None]
        step = np.where(seen, points - self._place, 0.0)
        self._speed += _gain(SPEED_CUTOFF, dt) * (step / dt - self._speed)
        gain = _gain(self._cutoff(self._speed / unit), dt) * weight[:, None]
        coasting = (self._lost > 0)[:, None] * self._velocity * (1.0 - gain)
        moved = gain * step + coasting * dt
        self._place += moved
        self._remember(dt, moved, gain, unit)

    def _cutoff(self, velocity: Floats) -> Floats:
        """Cut-offs (n, 3) in Hz at velocities (n, 3) in m/s."""
        speed = np.abs(velocity)
        speed[:, :2] = np.hypot(speed[:, 0], speed[:, 1])[:, None]
        heard = np.maximum(speed / self._noise - FLOOR, 0.0)
        cutoff: Floats = self._rest + self._rise * heard
        return cutoff

    def _remember(self, dt: float, moved: Floats, gain: Floats, unit: Arrays | float) -> None:
        """Velocities of what comes out, and the delays that it had."""
        rate = np.where((self._lost > 0)[:, None], 0.0, _gain(SPEED_CUTOFF, dt))
        self._velocity += rate * (moved / dt - self._velocity)
        self._velocity *= np.exp(-np.where(self._lost > 0, dt, 0.0) / SLOWING)[:, None]
        energy = np.where(rate > 0, (moved / unit / dt) ** 2, 0.0)
        delay = (1.0 - gain) / np.maximum(gain, 1e-9) * dt
        self._lags *= np.exp(-dt / MEMORY)
        self._lags += np.stack([(delay * energy).sum(0), energy.sum(0)])


def _gain(cutoff: Floats | float, dt: float) -> Floats:
    """Gain of a low-pass of first order; its delay, (1 - gain) / gain * dt, is 1 / (2 pi f)."""
    turned = 2.0 * np.pi * np.asarray(cutoff) * dt
    gain: Floats = turned / (1.0 + turned)
    return gain

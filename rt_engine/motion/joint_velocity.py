"""What of a body's motion a network hears music in: 39 velocities of the upper body, 0 to 1.

13 joints times x, y, z, fifty frames a second, as MOSA has them of 22 markers: places relative
to the middle of the hips, turned so that x runs along the hips, first derivative, scaled to
0..1. Differences, all because this runs live and on a webcam:

- x runs to the person's left, y up, z forward (the project's body frame; MOSA's y is forward and
  its z up). The turn follows hips and shoulders over 2 s: the depth of a webcam trembles by
  several centimetres, and turning with each picture would shake everything.
- a joint's three numbers are scaled by its own largest velocity of late (`rates`), in which
  depth, the noisier, counts less; 0.5 is rest.
- what is badly seen counts less, and what no joint can do (an exchange of left and right) not.

Source: MOSA (2024), section IV A 2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rt_engine.motion import landmarks as lm
from rt_engine.motion.quaternion import Arrays, Floats
from rt_engine.motion.rates import FPS, GAP, Rates, Rows
from rt_engine.motion.smooth import trust

__all__ = ["FPS", "JOINTS", "SIZE", "JointVelocity"]

JOINTS = [lm.NOSE, *lm.EARS, *lm.SHOULDERS, *lm.ELBOWS, *lm.WRISTS, *lm.INDEXES, *lm.PINKIES]
SIZE = 3 * len(JOINTS)
FASTEST = 6.0  # m/s: quicker is a landmark that jumped
TURN = 2.0  # s over which the direction of the hips is averaged
SLOWEST = (0.3, 0.3, 1.0)  # m/s by axis: the least scale, four times what noise shows at rest


class JointVelocity:
    """The stream of one person: landmarks in, at any times, and frames of 39 numbers out.

    `step` returns the frames that a sample completes (see `rates.Rates`): their times in s, and
    values (n, 39) in the order of JOINTS, each x, y, z; 0.5 is rest, 1 the quickest of late.
    """

    def __init__(self) -> None:
        self._rates = Rates(len(JOINTS) * SLOWEST, SIZE * (True,), range(0, SIZE, 3))
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._rates.reset()
        self._last: tuple[float, Floats, Floats] | None = None
        self._across, self._count = 0j, 0

    def step(self, t: float, world: Arrays, visibility: Arrays) -> Rows:
        """Take landmarks (33, 3) in m, body frame, and visibility (33,) at time `t` (s)."""
        places, seen, line = (x[0] for x in _measured(world[None], visibility[None]))
        last = self._last
        if last is not None and t <= last[0]:
            return self._rates.step(t, np.zeros(SIZE))
        self._last = t, places, seen
        if last is None or t - last[0] > GAP:
            self._across, self._count = 0j, 0
        dt = t - last[0] if last else 0.0
        self._across = _follow(self._across, complex(line), dt, self._count)
        self._count += 1
        if last is None:
            return self._rates.step(t, np.zeros(SIZE))
        moved = _believed(dt, places - last[1], np.minimum(seen, last[2]))
        return self._rates.step(t, _turned(moved, np.array(self._across)).reshape(-1))

    def offline(self, t: Arrays, world: Arrays, visibility: Arrays) -> Rows:
        """The same of whole arrays (n,), (n, 33, 3), (n, 33); leaves the stream alone."""
        keep = np.concatenate([[True], t[1:] > np.maximum.accumulate(t)[:-1]])
        t = t[keep]
        places, seen, lines = _measured(world[keep], visibility[keep])
        dt = np.diff(t, prepend=t[:1])
        moved = np.diff(places, axis=0, prepend=places[:1])
        moved = _believed(dt, moved, np.minimum(seen, np.concatenate([seen[:1], seen[:-1]])))
        moved = _turned(moved, _directions(dt, lines))
        return self._rates.offline(t, moved.reshape(len(t), SIZE))


def _measured(
    world: Arrays, visibility: Arrays
) -> tuple[Floats, Floats, npt.NDArray[np.complex128]]:
    """Places (n, 13, 3) from the middle of the hips, their trust (n, 13), and the line right to
    left across hips and shoulders as seen from above: x + i z, (n,).
    """
    world = world.astype(np.float64)
    seen = trust(visibility)
    hips = world[:, list(lm.HIPS)].mean(axis=1, keepdims=True)
    line = np.zeros(len(world), complex)
    for left, right in (lm.HIPS, lm.SHOULDERS):
        across = (world[:, left] - world[:, right]) @ np.array([1.0, 0.0, 1.0j])
        line += across * np.minimum(seen[:, left], seen[:, right])
    return world[:, JOINTS] - hips, seen[:, JOINTS], line


def _follow(across: complex, line: complex, dt: float, count: int) -> complex:
    """The averaged line, after `count` earlier ones; a plain mean until TURN has passed."""
    return across + max(1.0 - float(np.exp(-dt / TURN)), 1.0 / (count + 1)) * (line - across)


def _directions(dt: Floats, lines: npt.NDArray[np.complex128]) -> npt.NDArray[np.complex128]:
    """The averaged lines (n,) of a whole stream."""
    found, across, count = np.empty(len(lines), complex), 0j, 0
    for k, (gap, line) in enumerate(zip(dt.tolist(), lines.tolist(), strict=True)):
        if gap > GAP:
            across, count = 0j, 0
        found[k] = across = _follow(across, line, gap, count)
        count += 1
    return found


def _believed(dt: Arrays | float, moved: Floats, seen: Floats) -> Floats:
    """Ways (..., 13, 3) as far as they are believed."""
    speed = np.linalg.norm(moved, axis=-1)
    possible = speed <= FASTEST * np.asarray(dt)[..., None]
    believed: Floats = moved * (seen * possible)[..., None]
    return believed


def _turned(moved: Floats, across: npt.NDArray[np.complex128]) -> Floats:
    """Ways (..., 13, 3) in the frame whose x runs along `across` (...), both seen from above."""
    unit = np.where(across == 0, 1.0, across / np.maximum(np.abs(across), 1e-12))[..., None]
    flat = (moved[..., 0] + 1j * moved[..., 2]) * np.conj(unit)
    turned: Floats = np.stack([flat.real, moved[..., 1], flat.imag], axis=-1)
    return turned

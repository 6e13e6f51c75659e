"""Feet on the floor: contacts, feet that stay where they stand, and hips that follow from them.

Landmarks are centred on the hips, so the way through the world is lost. It is found again from
the foot that stands: a point of the sole that touches the floor does not move, hence the hips
move against it. Where nothing touches, the hips fly on, and their height is that of the input.

Contact by height and speed of heel and toe with hysteresis, and locking with a smooth release,
follow L. Kovar, J. Schreiner and M. Gleicher, "Footskate cleanup for motion capture editing"
(SCA 2002).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from rt_engine.kinds import SkeletonPose
from rt_engine.motion.legs import Legs, legs_of, reach
from rt_engine.motion.quaternion import (
    Arrays,
    Floats,
    from_rotvec,
    multiply,
    normalize,
    rotate,
    shortest_arc,
    to_rotvec,
)
from rt_engine.motion.skeleton import OFFSETS, SOLE

__all__ = ["Grounder"]

LOW, HIGH = 0.03, 0.06  # m above the floor: a point lands below, and leaves above
SLOW, FAST = 0.5, 1.0  # m/s: a point stands that is slower, and leaves that is faster
SETTLE = 0.03  # s in which a sole that has landed comes down to the floor
RELEASE = 0.1  # s in which a foot that is free forgets what held it
PASS = np.array([0.1, 0.05, 0.1])  # s in which the hips pass from one hold to the next
SPRING = 0.8  # m/s: nobody leaves the floor who rises more slowly; 3 cm high
GRAVITY = 9.81  # m/s^2
PATIENCE = 1.5  # times what gravity allows for a flight: then it was none
PUSH = 0.15  # s in which the speed of the take-off is looked for
LONGEST = 1.0  # s: a jump of 1.2 m
FLOOR = 0.3  # s over which the height of the floor is averaged
CRUISE = 0.1  # s over which the velocity of the hips is averaged
PAUSE = 0.5  # s without a picture after which the person stands where last seen
STEADY = 0.03  # s over which the velocity of a point is averaged
FLAT = np.array([1.0, 0.0, 1.0])


class Grounder:
    """The skeleton of one person, put on the floor.

    Heights and speeds are those of a person of rest size and grow with `scale`. `offsets`
    (55, 3): bones of scale 1.
    """

    def __init__(self, offsets: Arrays = OFFSETS) -> None:
        self._offsets = np.asarray(offsets, np.float64)
        self.reset()

    def reset(self) -> None:
        """Forget the past: the person stands at the origin."""
        self._t: float | None = None
        self._clear()

    def _clear(self) -> None:
        self.root, self._velocity, self._gap = np.zeros((3, 3))
        self._down = np.zeros((2, 2), dtype=bool)  # side, heel and toe
        self._locks, self._points = np.zeros((2, 2, 2, 3))
        self._shift, self._twist = np.zeros((2, 2, 3))  # of ankles (m) and feet (rotation vector)
        self._moved = np.zeros((2, 2, 3))  # velocities against the hips, m/s
        self._floor, self._risen = 0.0, 0.0
        self._flown, self._due = 0.0, 0.0  # s in the air, and as gravity allows

    def recentre(self) -> None:
        """Put the person back to the origin, keeping the floor."""
        back = self.root * FLAT
        self.root, self._locks = self.root - back, self._locks - back

    def step(self, t: float, pose: SkeletonPose, height: float | None = None) -> SkeletonPose:
        """The pose at time `t` (s) with its feet on the floor, its hips where these put them.

        `height` (m): of the hips over any fixed level, e.g. as seen in the picture; without it
        the root of `pose` says so. Only from it can a jump be known.
        """
        legs = legs_of(pose.rotations, self._offsets, pose.scale)
        claimed = float(pose.root[1]) if height is None else height
        dt = t - self._t if self._t is not None else np.inf
        if dt > PAUSE:
            here = self.root * FLAT
            self._clear()
            self._stand(legs, claimed)
            self.root += here
            self._locks += here
        elif dt > 0:
            self._move(dt, legs, claimed, pose.scale)
        self._t = t
        return self._grounded(pose, legs)

    def _stand(self, legs: Legs, claimed: float) -> None:
        """Begin: the lowest point is on the floor."""
        self._floor = claimed + legs.soles[..., 1].min()
        self.root[1] = -legs.soles[..., 1].min()
        self._points, self._risen = legs.soles, float(self.root[1])
        self._land(legs.soles + self.root, legs.soles[..., 1] + self.root[1] < LOW)

    def _move(self, dt: float, legs: Legs, claimed: float, scale: float) -> None:
        risen = claimed - self._floor
        before = self._hips(dt, legs, risen)
        down = self._contacts(dt, legs, risen, scale)
        self._land(self._soles(legs, scale) + before + self._gap, down)
        self._locks[..., 1] *= np.exp(-dt / SETTLE)
        after = self._hips(dt, legs, risen)
        self._gap = (self._gap + before - after) * np.exp(-dt / PASS)
        moved = (after + self._gap - self.root) / dt
        if down.any():
            self._velocity += (1 - np.exp(-dt / CRUISE)) * (moved - self._velocity)
        self.root = after + self._gap
        self._points, self._risen = legs.soles, risen
        self._lock(dt, legs, scale)
        self._learn(dt, legs, claimed)

    def _learn(self, dt: float, legs: Legs, claimed: float) -> None:
        """The level of the floor, from what stands on it."""
        if self._down.any():
            level = claimed + legs.soles[self._down][:, 1].min()
            # A flight that gravity would have ended was none: the floor is elsewhere.
            share = 1.0 if self._flown > self._due else min(dt / FLOOR, 1.0)
            self._flown = 0.0
            self._floor += share * (level - self._floor)

    def _hips(self, dt: float, legs: Legs, risen: float) -> Floats:
        """Where the points on the floor put the hips, or how they fly."""
        if self._down.any():
            return np.asarray((self._locks - legs.soles)[self._down].mean(axis=0))
        flown: Floats = self.root - self._gap + self._velocity * dt
        flown[1] = max(risen, -legs.soles[..., 1].min())
        return flown

    def _contacts(self, dt: float, legs: Legs, risen: float, scale: float) -> npt.NDArray[np.bool_]:
        """Which points (2, 2) touch the floor."""
        clear = (legs.soles[..., 1] + risen) / scale
        speed, rise = self._speeds(dt, legs, risen, scale)
        stay, land = (clear < HIGH) & (speed < FAST), (clear < LOW) & (speed < SLOW)
        down: npt.NDArray[np.bool_] = np.where(self._down, stay, land)
        if not down.any() and self._stands(dt, clear, rise):
            down = clear == clear.min()
        return down

    def _stands(self, dt: float, clear: Floats, rise: Floats) -> bool:
        """Whether somebody of whom no point rests is on the floor all the same."""
        lowest = np.unravel_index(clear.argmin(), clear.shape)
        speed = float(rise[lowest])
        if self._down.any():
            self._flown, self._due = 0.0, 0.0
            return speed < SPRING
        self._flown += dt
        if self._flown <= PUSH:
            self._due = min(max(self._due, PATIENCE * 2 * speed / GRAVITY, PUSH), LONGEST)
        landed = clear[lowest] < LOW and abs(speed) < FAST
        return bool(landed or clear[lowest] < 0.0 or self._flown > self._due)

    def _speeds(self, dt: float, legs: Legs, risen: float, scale: float) -> tuple[Floats, Floats]:
        """Speeds of the points (2, 2) against the floor, and how fast they rise; m/s."""
        moved = (legs.soles - self._points) / dt
        moved[..., 1] += (risen - self._risen) / dt
        self._moved += (1 - np.exp(-dt / STEADY)) * (moved - self._moved)
        across = self._moved + self._velocity * FLAT
        return np.linalg.norm(across, axis=-1) / scale, moved[..., 1] / scale

    def _land(self, soles: Floats, down: npt.NDArray[np.bool_]) -> None:
        """Points that touch the floor from now on stay where they are."""
        new = down & ~self._down
        self._locks[new] = soles[new]
        self._down = down

    def _soles(self, legs: Legs, scale: float) -> Floats:
        """Heels and toes (2, 2, 3) relative to the hips, as shifted and turned."""
        ankles = legs.joints[2] + self._shift
        soles: Floats = ankles[:, None] + scale * rotate(self._feet(legs)[:, None], SOLE)
        return soles

    def _feet(self, legs: Legs) -> Floats:
        return multiply(from_rotvec(self._twist), legs.rotations[2])

    def _lock(self, dt: float, legs: Legs, scale: float) -> None:
        """Shift ankles and turn feet until the points on the floor are where they landed."""
        fade = np.exp(-dt / RELEASE)
        for side, down in enumerate(self._down):
            self._twist[side] = self._turn(side, legs) if down.all() else self._twist[side] * fade
        free = ~self._down.any(axis=1)
        self._shift[free] *= fade
        missed = self._locks - self.root - self._soles(legs, scale)
        for side in np.flatnonzero(~free):
            self._shift[side] += missed[side, self._down[side]].mean(axis=0)
        # No foot goes through the floor.
        sunk = (self._soles(legs, scale) + self.root)[..., 1].min(axis=1)
        self._shift[free, 1] -= np.minimum(sunk[free], 0.0)

    def _turn(self, side: int, legs: Legs) -> Floats:
        """The rotation that lays a foot along the line on which heel and toe landed."""
        found, wanted = (points[1] - points[0] for points in (legs.soles[side], self._locks[side]))
        return to_rotvec(shortest_arc(normalize(found), normalize(wanted)))

    def _grounded(self, pose: SkeletonPose, legs: Legs) -> SkeletonPose:
        rotations = reach(pose.rotations, legs, legs.joints[2] + self._shift, self._feet(legs))
        left, right = self._down.any(axis=1).tolist()
        return replace(
            pose,
            root=self.root.astype(np.float32),
            rotations=rotations.astype(np.float32),
            contacts=(left, right),
        )

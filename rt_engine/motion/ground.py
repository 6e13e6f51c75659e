"""Feet on the floor: contacts, feet that stay where they stand, and hips that follow from them.

Landmarks are centred on the hips, so the way through the world is lost. It is found again from
the foot that stands: a point of the sole that touches the floor does not move, hence the hips
move against it. Where nothing touches, the hips fly on, and their height is that of the input.

Locking with a smooth release follows L. Kovar, J. Schreiner and M. Gleicher, "Footskate cleanup
for motion capture editing" (SCA 2002).
"""

from __future__ import annotations

from math import exp, inf

import numpy as np
from msgspec.structs import replace

from rt_engine.kinds import SkeletonPose
from rt_engine.motion.contacts import Contacts
from rt_engine.motion.legs import Leg, leg_of, legs_of, reach, sole
from rt_engine.motion.quaternion import Arrays
from rt_engine.motion.skeleton import OFFSETS
from rt_engine.motion.turns import (
    ZERO,
    Turn,
    Vector,
    arc,
    from_rotvec,
    mean,
    minus,
    multiply,
    plus,
    scaled,
    to_rotvec,
    unit,
)

__all__ = ["Grounder"]

SETTLE = 0.03  # s in which a sole that has landed comes down to the floor
RELEASE = 0.1  # s in which a foot that is free forgets what held it
PASS, PASS_UP = 0.1, 0.05  # s in which the hips pass from one hold to the next, across and up
FLOOR = 0.3  # s over which the height of the floor is averaged
CRUISE = 0.1  # s over which the velocity of the hips is averaged
PAUSE = 0.5  # s without a picture after which the person stands where last seen

Points = tuple[Vector, ...]  # heel and toe of the left foot, then of the right one
Legs = tuple[Leg, Leg]


class Grounder:
    """The skeleton of one person, put on the floor.

    Heights and speeds are those of a person of rest size and grow with `scale`. `offsets`
    (55, 3): bones of scale 1.
    """

    def __init__(self, offsets: Arrays = OFFSETS) -> None:
        self._bones = legs_of(offsets)
        self.reset()

    def reset(self) -> None:
        """Forget the past: the person stands at the origin."""
        self._t: float | None = None
        self._clear()

    def _clear(self) -> None:
        self.root = self._velocity = self._gap = ZERO
        self._contacts = Contacts()
        self._locks: list[Vector] = [ZERO] * 4
        self._shift, self._twist = [ZERO] * 2, [ZERO] * 2  # of ankles (m), feet (rotation vector)
        self._floor = 0.0

    def recentre(self) -> None:
        """Put the person back to the origin, keeping the floor."""
        self._carry((-self.root[0], 0.0, -self.root[2]))

    def _carry(self, by: Vector) -> None:
        self.root = plus(self.root, by)
        self._locks = [plus(lock, by) for lock in self._locks]

    def step(self, t: float, pose: SkeletonPose, height: float | None = None) -> SkeletonPose:
        """The pose at time `t` (s) with its feet on the floor, its hips where these put them.

        `height` (m): of the hips over any fixed level, e.g. as seen in the picture; without it
        the root of `pose` says so. Only from it can a jump be known.
        """
        left, right = (leg_of(pose.rotations, self._bones, side, pose.scale) for side in (0, 1))
        claimed = float(pose.root[1]) if height is None else height
        dt = t - self._t if self._t is not None else inf
        if dt > PAUSE:
            here = self.root
            self._clear()
            self._stand((left, right), claimed)
            self._carry((here[0], 0.0, here[2]))
        elif dt > 0:
            self._move(dt, (left, right), claimed, pose.scale)
        self._t = t
        return self._grounded(pose, (left, right))

    def _stand(self, legs: Legs, claimed: float) -> None:
        """Begin: the lowest point is on the floor."""
        points = _points(legs)
        lowest = min(point[1] for point in points)
        self._floor = claimed + lowest
        self.root = 0.0, -lowest, 0.0
        self._contacts.stand(points, -lowest)
        self._land([plus(point, self.root) for point in points], [False] * 4)

    def _move(self, dt: float, legs: Legs, claimed: float, scale: float) -> None:
        points, risen = _points(legs), claimed - self._floor
        was = self._contacts.down
        before = self._hips(dt, points, risen)
        self._contacts.step(dt, points, risen, scale, self._velocity)
        start = plus(before, self._gap)
        self._land([plus(point, start) for point in self._soles(legs, scale)], was)
        settle = exp(-dt / SETTLE)
        self._locks = [(x, y * settle, z) for x, y, z in self._locks]
        after = self._hips(dt, points, risen)
        across, up = exp(-dt / PASS), exp(-dt / PASS_UP)
        x, y, z = minus(start, after)
        self._gap = x * across, y * up, z * across
        self._travel(dt, plus(after, self._gap))
        self._lock(dt, legs, scale)
        self._learn(dt, points, claimed)

    def _travel(self, dt: float, here: Vector) -> None:
        """Put the hips `here`, and learn how fast they go as long as a foot is on the floor."""
        if any(self._contacts.down):
            moved = scaled(minus(here, self.root), 1 / dt)
            change = scaled(minus(moved, self._velocity), 1 - exp(-dt / CRUISE))
            self._velocity = plus(self._velocity, change)
        self.root = here

    def _learn(self, dt: float, points: Points, claimed: float) -> None:
        """The level of the floor, from what stands on it."""
        held = self._held(points)
        if held:
            level = claimed + min(point[1] for _, point in held)
            # A flight that gravity would have ended was none: the floor is elsewhere.
            share = 1.0 if self._contacts.landed_late() else min(dt / FLOOR, 1.0)
            self._floor += share * (level - self._floor)

    def _held(self, points: Points) -> list[tuple[Vector, Vector]]:
        """Points on the floor: where they are held, and where they are."""
        down = self._contacts.down
        return [(self._locks[k], points[k]) for k in range(4) if down[k]]

    def _hips(self, dt: float, points: Points, risen: float) -> Vector:
        """Where the points on the floor put the hips, or how they fly."""
        held = self._held(points)
        if held:
            return mean([minus(lock, point) for lock, point in held])
        x, _, z = plus(minus(self.root, self._gap), scaled(self._velocity, dt))
        return x, max(risen, -min(point[1] for point in points)), z

    def _land(self, soles: list[Vector], was: list[bool]) -> None:
        """Points that touch the floor from now on stay where they are."""
        for k, down in enumerate(self._contacts.down):
            if down and not was[k]:
                self._locks[k] = soles[k]

    def _soles(self, legs: Legs, scale: float) -> Points:
        """Heels and toes relative to the hips, as shifted and turned."""
        feet = (self._sole(side, leg, scale) for side, leg in enumerate(legs))
        return tuple(point for foot in feet for point in foot)

    def _sole(self, side: int, leg: Leg, scale: float) -> tuple[Vector, Vector]:
        return sole(plus(leg.ankle, self._shift[side]), self._foot(side, leg), scale)

    def _foot(self, side: int, leg: Leg) -> Turn:
        return multiply(from_rotvec(self._twist[side]), leg.foot)

    def _lock(self, dt: float, legs: Legs, scale: float) -> None:
        """Shift ankles and turn feet until the points on the floor are where they landed."""
        fade = exp(-dt / RELEASE)
        for side, leg in enumerate(legs):
            both = slice(2 * side, 2 * side + 2)
            down, locks = self._contacts.down[both], self._locks[both]
            faded = scaled(self._twist[side], fade)
            self._twist[side] = _turn(leg, locks) if all(down) else faded
            if any(down):
                self._hold(side, self._sole(side, leg, scale), down, locks)
            else:
                self._free(side, leg, scale, fade)

    def _hold(self, side: int, soles: Points, down: list[bool], locks: list[Vector]) -> None:
        """Shift an ankle so that the points of its foot that are `down` are at their locks."""
        missed = [
            minus(lock, plus(self.root, point))
            for point, held, lock in zip(soles, down, locks, strict=True)
            if held
        ]
        self._shift[side] = plus(self._shift[side], mean(missed))

    def _free(self, side: int, leg: Leg, scale: float, fade: float) -> None:
        """Let a foot off the floor go where it would; but it does not go through the floor."""
        x, y, z = self._shift[side] = scaled(self._shift[side], fade)
        lowest = min(point[1] for point in self._sole(side, leg, scale)) + self.root[1]
        self._shift[side] = x, y - min(lowest, 0.0), z

    def _grounded(self, pose: SkeletonPose, legs: Legs) -> SkeletonPose:
        rotations = np.array(pose.rotations, np.float64)
        for side, leg in enumerate(legs):
            ankle = plus(leg.ankle, self._shift[side])
            reach(rotations, side, leg, ankle, self._foot(side, leg))
        down = self._contacts.down
        return replace(
            pose,
            root=np.array(self.root, np.float32),
            rotations=rotations.astype(np.float32),
            contacts=(any(down[:2]), any(down[2:])),
        )


def _points(legs: Legs) -> Points:
    left, right = legs
    return left.heel, left.toe, right.heel, right.toe


def _turn(leg: Leg, locks: list[Vector]) -> Vector:
    """The rotation vector that lays a foot along the line on which heel and toe landed."""
    return to_rotvec(arc(unit(minus(leg.toe, leg.heel)), unit(minus(locks[1], locks[0]))))

"""Joints that a network gives, as a stance: they replace the pattern's, or are laid around it."""

from __future__ import annotations

from math import atan2, degrees
from typing import Literal

import numpy as np
import numpy.typing as npt

from rt_engine.conducting.body import JOINTS, NOSE, WIDTH, Stance
from rt_engine.conducting.performance import HIPS, SHOULDERS
from rt_engine.conducting.quintic import Knot, Path
from rt_engine.conducting.trunk import Bearing
from rt_engine.motion.skeleton import HEIGHT, INDEX, OFFSETS
from rt_engine.motion.turns import Vector, between

__all__ = ["FLAT", "SOLID", "Blend", "Learned", "Mode", "stance_of"]

FLAT, SOLID = 2 * len(JOINTS), 3 * len(JOINTS)  # numbers in a frame: of a picture, and in m
Mode = Literal["pattern", "learned", "blend"]

CHANGE = 1.0  # s from one mode to another
ABSENT = 0.5  # s without frames after which there is no learned motion
_HIPS = float(OFFSETS[INDEX["Hips"], 1])  # m above the floor
_PLACES = {name: number for number, name in enumerate(JOINTS)}

Floats = npt.NDArray[np.float64]


class Learned:
    """The last frames of a network, in a straight line between them."""

    def __init__(self) -> None:
        self._frames: list[tuple[float, Floats]] = []

    def hear(self, t: float, values: npt.NDArray[np.float32]) -> None:
        """Joints of `t` s: 39 numbers (13 joints, m, body frame), or 26 as in `pictured`."""
        joints = values.astype(np.float64).reshape(len(JOINTS), -1)
        if joints.shape[1] == 2:
            joints = _solid(joints)
        if self._frames and t <= self._frames[-1][0]:
            self._frames.clear()
        self._frames = [*self._frames[-7:], (t, joints)]

    def present(self, t: float) -> bool:
        """Whether there are frames of about `t` s."""
        return bool(self._frames) and t - self._frames[-1][0] <= ABSENT

    def at(self, t: float) -> Floats | None:
        """Joints (13, 3) at `t` s, the nearest known where that lies outside; None: none ever."""
        if not self._frames:
            return None
        after = next((f for f in self._frames if f[0] >= t), self._frames[-1])
        before = next((f for f in reversed(self._frames) if f[0] <= t), self._frames[0])
        gap = after[0] - before[0]
        share = (t - before[0]) / gap if gap > 0 else 0.0
        return before[1] * (1 - share) + after[1] * share


class Blend:
    """Lays a network's motion over the pattern's, as far as a mode wants it; changes glide."""

    def __init__(self, mode: Mode, t: float) -> None:
        self.mode, self.network = mode, Learned()
        self._shares = Path(Knot(t, (0.0, 0.0, 0.0)))  # of the body, and of the right hand

    def lay(self, pattern: Stance, t: float) -> Stance:
        """The stance of the mode, with the joints that the network gave for `t` s."""
        here = self.network.present(t)
        wanted = (float(here and self.mode != "pattern"), float(here and self.mode == "learned"))
        if wanted != self._shares.last.place[:2]:
            self._shares.turn(pattern.t, [Knot(pattern.t + CHANGE, (*wanted, 0.0))])
        body, right, _ = self._shares.place(pattern.t)
        self._shares.forget(pattern.t)
        joints = self.network.at(t) if body or right else None
        if joints is None:
            return pattern
        return _mixed(pattern, stance_of(joints, pattern), body, right)


def stance_of(joints: Floats, pattern: Stance) -> Stance:
    """The stance in which a body has `joints` (13, 3); NaN, and what they leave open: `pattern`'s.

    Hands and trunk are taken from them; elbows follow by inverse kinematics.
    """
    left, right = joints[_PLACES["left_wrist"]], joints[_PLACES["right_wrist"]]
    return pattern._replace(
        right=_known(right, pattern.right),
        left=_known(left, pattern.left),
        bearing=_bearing(joints, pattern.bearing),
    )


def _mixed(a: Stance, b: Stance, share: float, right: float) -> Stance:
    """From stance `a` to `b` by `share`, the right hand (and its pitch) by `right`."""
    angles = zip(a.bearing, b.bearing, strict=True)
    return Stance(
        t=a.t,
        right=between(a.right, b.right, right),
        left=between(a.left, b.left, share),
        palm=a.palm + share * (b.palm - a.palm),
        pitch=a.pitch + right * (b.pitch - a.pitch),
        elbow=a.elbow,
        bearing=Bearing(*(old + share * (new - old) for old, new in angles)),
    )


def _solid(flat: Floats) -> Floats:
    """Joints in m of joints in a picture; how far they are from the camera stays unknown."""
    scale = WIDTH / SHOULDERS
    x, y = (flat[:, 0] - HIPS[0]) * scale, (HIPS[1] - flat[:, 1]) * scale + _HIPS
    return np.stack([x, y, np.full(len(flat), np.nan)], axis=1)


def _known(place: Floats, usual: Vector) -> Vector:
    x, y, z = np.where(np.isnan(place), usual, place).tolist()
    return x, y, z


def _bearing(joints: Floats, usual: Bearing) -> Bearing:
    """Angles of trunk and head; those that need depth stay usual where there is none."""
    shoulders = [joints[_PLACES[f"{side}_shoulder"]] for side in ("left", "right")]
    line, middle = shoulders[0] - shoulders[1], (shoulders[0] + shoulders[1]) / 2
    hips = (joints[_PLACES["left_hip"]] + joints[_PLACES["right_hip"]]) / 2
    ears = (joints[_PLACES["left_ear"]] + joints[_PLACES["right_ear"]]) / 2
    nose = joints[_PLACES["nose"]] - ears
    tip = -degrees(atan2(line[1], line[0]))
    if np.isnan(joints).any():
        return usual._replace(tip=tip)
    up = middle - hips
    turn = -degrees(atan2(line[2], line[0]))
    level = degrees(atan2(NOSE[1] * HEIGHT - 0.018 * HEIGHT, NOSE[2] * HEIGHT))
    return Bearing(
        lean=degrees(atan2(up[2], up[1])),
        turn=turn,
        tip=tip,
        chest=0.0,
        nod=level - degrees(atan2(nose[1], np.hypot(nose[0], nose[2]))),
        look=degrees(atan2(nose[0], nose[2])) - turn,
    )

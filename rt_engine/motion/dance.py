"""A body in motion as a network that finds beats in it wants it: 17 joints, 30 frames a second.

Places and velocities of the COCO keypoints in the picture plane, free of where the person stands,
how large and how lively: RhythmicNet (2021), section 3, "Music Beats Prediction" (keypoints and
their first-order difference). Made causal and robust here:

- samples come at any times, 15 to 60 a second or so; joints are read off at 30 points a second by
  straight lines between two samples in which they are seen, else they are absent;
- places are relative to the slow mean of the body and over its slow size, so a bounce or a step
  stays visible; the size is the root mean square of the joints' ways from that mean, which of a
  single wrist is the reach of its own gesture;
- velocities are over the size and over how lively the body was of late: a small gesture looks like
  a large one, and rest stays rest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rt_engine.kinds import Pose
from rt_engine.motion.kinematics import KEYPOINTS
from rt_engine.motion.quaternion import Arrays, Floats

__all__ = ["FPS", "JOINTS", "NUMBERS", "SIZE", "DanceMotion", "Rows", "keypoints"]

FPS = 30  # frames a second
JOINTS = len(KEYPOINTS)
NUMBERS = 5  # of a joint: x, y, velocity of x, of y, confidence
SIZE = JOINTS * NUMBERS
SEEN = 0.3  # confidence from which a joint is there
GAP = 0.5  # s without a sample after which no line is drawn
FORGET = 3.0  # s without a sample after which size, place and liveliness are forgotten
PLACE, LIVELY = 2.0, 3.0  # s of the slow means of places and size, and of liveliness
SMALLEST = 0.02  # picture heights: the least size
CALM = 0.15  # sizes a second: slower than this all along stays small
FARTHEST, FASTEST = 3.0, 6.0  # limits of what comes out
EDGE = 1e-6  # of a frame: what lies on a point of the grid belongs to it

_FEW = 1e-3  # weight under which the slow mean of a joint does not count


class Rows(NamedTuple):
    """Frames: times (n,) in s, whole multiples of 1 / FPS; values (n, SIZE) float32."""

    times: Floats
    values: npt.NDArray[np.float32]


def keypoints(pose: Pose) -> tuple[Floats, Floats]:
    """Places (17, 2) of a pose in picture heights, y up, and their confidence (17,)."""
    places = pose.image[KEYPOINTS, :2].astype(np.float64) * [1.0, -1.0] / max(pose.height, 1)
    return places, pose.visibility[KEYPOINTS].astype(np.float64)


class DanceMotion:
    """The stream of one person: keypoints in, at any times, and frames of 85 numbers out.

    A frame holds joint after joint of COCO's 17 (nose, eyes, ears, shoulders, elbows, wrists,
    hips, knees, ankles; of each pair the left one first): x and y in sizes of the body from its
    slow mean, y up; their velocities since the frame before, 1 being how the joints moved of late;
    and the confidence, 0 to 1. A joint that is not there is five zeros.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._last: tuple[float, Floats, Floats] | None = None
        self._means, self._weights = np.zeros((JOINTS, 2)), np.zeros(JOINTS)
        self._centre, self._spread, self._level = np.zeros(2), 0.0, 0.0
        self._count = self._moves = 0
        self._begin()

    def _begin(self) -> None:
        self._point: tuple[Floats, npt.NDArray[np.bool_]] | None = None

    def step(self, t: float, places: Arrays, confidence: Arrays) -> Rows:
        """The frames that a sample at `t` (s) completes.

        places: (17, 2), y up, in picture heights or any unit of that order; confidence: (17,),
        0 to 1; a joint under 0.3 or with a place that is no number is absent.
        """
        last = self._last
        if last is not None and t <= last[0]:
            return _rows([], 0)
        there = (np.asarray(confidence) >= SEEN) & np.isfinite(places).all(axis=1)
        seen = np.where(there, np.clip(confidence, 0.0, 1.0), 0.0)
        now = np.where(there[:, None], places, 0.0).astype(np.float64)
        if last is None or t - last[0] > GAP:
            if last is not None and t - last[0] > FORGET:
                self.reset()
            self._begin()
            self._last = t, now, seen
            return self._advance(t, (t, now, seen), int(np.ceil(t * FPS - EDGE)))
        self._last = t, now, seen
        return self._advance(t, last, int(np.floor(last[0] * FPS + EDGE)) + 1)

    def _advance(self, t: float, last: tuple[float, Floats, Floats], first: int) -> Rows:
        """The frames from number `first` up to `t`."""
        assert self._last is not None
        before, start, was = last
        _, end, now = self._last
        seen = np.minimum(was, now)
        stop = int(np.floor(t * FPS + EDGE)) + 1
        frames = []
        for k in range(first, stop):
            share = min(max((k / FPS - before) / max(t - before, 1e-12), 0.0), 1.0)
            frames.append(self._frame(start + share * (end - start), seen))
        return _rows(frames, first)

    def _frame(self, places: Floats, seen: Floats) -> Floats:
        """One frame from places on the grid."""
        there = seen > 0.0
        self._follow(places, there)
        velocity = self._velocity(places, there)
        self._point = places, there
        values = np.zeros((JOINTS, NUMBERS))
        size = max(np.sqrt(self._spread), SMALLEST)
        values[:, :2] = np.clip((places - self._centre) / size, -FARTHEST, FARTHEST)
        values[:, 2:4] = self._scaled(velocity / size, there)
        values[:, 4] = seen
        values[~there] = 0.0
        return values.reshape(-1)

    def _follow(self, places: Floats, there: npt.NDArray[np.bool_]) -> None:
        """Slow means of each joint, of the body and of its size."""
        slow = 1.0 / (PLACE * FPS)
        self._weights += slow * (there - self._weights)
        if not there.any():
            return
        share = np.where(there, slow / np.maximum(self._weights, slow), 0.0)
        self._means += share[:, None] * (places - self._means)
        known = np.where(self._weights > _FEW, self._weights, 0.0)
        self._centre = known @ self._means / max(known.sum(), 1e-12)
        apart = float(((places[there] - self._centre) ** 2).sum(axis=1).mean())
        self._count += 1
        self._spread += max(slow, 1.0 / self._count) * (apart - self._spread)

    def _velocity(self, places: Floats, there: npt.NDArray[np.bool_]) -> Floats:
        """Change a second (17, 2) of the joints that were there before, too."""
        if self._point is None:
            return np.zeros((JOINTS, 2))
        before, was = self._point
        return np.asarray(np.where((there & was)[:, None], (places - before) * FPS, 0.0))

    def _scaled(self, velocity: Floats, there: npt.NDArray[np.bool_]) -> Floats:
        """Velocities over the liveliness, which one leap of a detector does not rule."""
        if there.any():
            power = float((velocity[there] ** 2).sum(axis=1).mean())
            if self._moves > FPS // 2:
                power = min(power, (FASTEST**2) * max(self._level, CALM**2))
            self._moves += 1
            self._level += max(1.0 / (LIVELY * FPS), 1.0 / self._moves) * (power - self._level)
        scale = max(np.sqrt(self._level), CALM)
        return np.asarray(np.clip(velocity / scale, -FASTEST, FASTEST))


def _rows(frames: list[Floats], first: int) -> Rows:
    values = np.array(frames, np.float32).reshape(-1, SIZE)
    return Rows(np.arange(first, first + len(values)) / FPS, values)

"""A player by hand: poses of 33 landmarks whose right hand goes to and fro along a known bow."""

from __future__ import annotations

import numpy as np

from rt_engine.core import SECOND, Packet
from rt_engine.kinds import Pose

ALONG = np.array([-0.85, -0.25, 0.45])  # from the string to the hand
BODY = {
    0: (0.1, 0.65, 0.15), 7: (0.08, 0.62, 0.0), 8: (-0.08, 0.62, 0.0), 11: (0.2, 0.5, 0.0),
    12: (-0.2, 0.5, 0.0), 13: (0.35, 0.3, 0.2), 14: (-0.4, 0.35, 0.15), 15: (0.45, 0.5, 0.35),
    23: (0.1, 0.0, 0.0), 24: (-0.1, 0.0, 0.0),
}  # fmt: skip


def world(place: float, bend: float = 0.0) -> np.ndarray:
    """Landmarks with the hand `place` m from the string, `bend` m off the bow's line, up."""
    points = np.zeros((33, 3))
    for k, at in BODY.items():
        points[k] = at
    collar = points[12] + 0.7 * (points[11] - points[12])
    string = collar + 0.35 * (points[15] - collar)
    points[16] = string + place * ALONG / np.linalg.norm(ALONG) + [0.0, bend, 0.0]
    return points.astype(np.float32)


def pose(points: np.ndarray, person: int = 0, sure: float = 0.9) -> Pose:
    """A pose with these world landmarks."""
    picture = np.zeros((33, 3), np.float32)
    return Pose(person, picture, points, np.full(33, sure, np.float32), 640, 480)


def places(turns: list[float], t: np.ndarray, reach: float = 0.2) -> np.ndarray:
    """The hand's place at times `t`: down and up by `reach` m between the turns, with soft ends."""
    ends = 0.3 + reach * (np.arange(len(turns)) % 2)
    part = np.clip(np.searchsorted(turns, t, side="right") - 1, 0, len(turns) - 2)
    first, last = np.array(turns)[part], np.array(turns)[part + 1]
    done = np.clip((t - first) / (last - first), 0, 1)
    done = done - np.sin(2 * np.pi * done) / (2 * np.pi) * 0.5
    return ends[part] + (ends[part + 1] - ends[part]) * done


def film(turns: list[float], fps: float = 30.0, late: float = 0.0, **more) -> list[Packet]:
    """Packets of poses for a bow that turns at these times, in s."""
    t = np.arange(turns[0], turns[-1], 1 / fps)
    hand = places(turns, t)
    return [
        Packet(round((at + late) * SECOND), [pose(world(place), **more)], k)
        for k, (at, place) in enumerate(zip(t.tolist(), hand.tolist(), strict=True))
    ]

"""Recordings of real people: one conducting wrist with its beats, and AIST++ for whoever has it.

Both give excerpts as the simulation does, of any length. The conducting files are for evaluation
alone.
"""

from __future__ import annotations

import csv
import pickle
from pathlib import Path

import numpy as np

from rt_engine.models.motion_rhythm.figure import JOINTS, WRISTS
from rt_engine.models.motion_rhythm.material import Excerpt, frames
from rt_engine.models.motion_rhythm.picture import Seen
from rt_engine.motion.dance import FPS

__all__ = ["CAMERA", "read_aist", "read_conducting"]

CAMERA = 30.0  # pictures a second of the conducting files, which do not tell it
AIST = 60.0  # of AIST++
TAIL = 2  # frames after the last picture


def read_conducting(path: Path, rate: float = CAMERA) -> Excerpt:
    """A file of one wrist: columns x_norm and y_norm (0 to 1, y down) and beat (0 or 1).

    ValueError for a file without them.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    try:
        way = np.array([(float(row["x_norm"]), -float(row["y_norm"])) for row in rows])
        marks = np.array([int(row["beat"]) for row in rows])
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path}: needs columns x_norm, y_norm and beat ({error})") from None
    places, confidence = np.zeros((len(way), JOINTS, 2)), np.zeros((len(way), JOINTS))
    places[:, WRISTS[1]], confidence[:, WRISTS[1]] = way, 1.0
    t = np.arange(len(way)) / rate
    beats = np.flatnonzero(np.diff(marks, prepend=0) == 1) / rate
    count = int(len(way) / rate * FPS) + TAIL
    return Excerpt(path.stem, "conducting", frames(Seen(t, places, confidence), count), beats)


def read_aist(path: Path, beats: Path, camera: int = 0) -> Excerpt:
    """A dance of AIST++: keypoints2d/NAME.pkl, and the beats of its music, a line a beat in s.

    The pickle holds `keypoints2d` (9 cameras, n, 17, 3): x right, y down in pixels of 1080 lines,
    and confidence. The music's id is the fifth part of the name; AIST++ tells no beats itself.
    ValueError for a file that is none.
    """
    with path.open("rb") as file:
        told = pickle.load(file)
    if "keypoints2d" not in told or np.ndim(told["keypoints2d"]) != 4:
        raise ValueError(f"{path}: needs 'keypoints2d' (cameras, frames, 17, 3), as AIST++ has it")
    points = np.asarray(told["keypoints2d"][camera], np.float64)
    t = np.arange(len(points)) / AIST
    seen = Seen(t, points[..., :2] * [1.0, -1.0] / 1080.0, np.nan_to_num(points[..., 2]))
    found = np.atleast_1d(np.loadtxt(beats, usecols=0))
    count = int(len(t) / AIST * FPS) + TAIL
    return Excerpt(path.stem, "aist", frames(seen, count), found)

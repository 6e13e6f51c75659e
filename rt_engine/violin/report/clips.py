"""Moments of a take as drawn, moving skeletons: numbers for the script of the page."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from rt_engine.motion.landmarks import EARS, ELBOWS, HIPS, SHOULDERS, WRISTS
from rt_engine.violin.report.session import Session

__all__ = ["FPS", "SLOW", "clip", "script"]

FPS = 25  # frames a second of the take
SLOW = 0.4  # of the speed at which it was played
JOINTS = (*EARS, *SHOULDERS, *ELBOWS, *WRISTS, *HIPS)  # left, right of each
COLLAR = 0.7  # from the right shoulder to the left one: where the violin is drawn
REST = 0.35  # of the violin, from there to the left wrist: where the bow crosses it
BOW = 0.74  # m
GAP = 0.3  # s without a pose over which nothing is drawn
HEAD = 0.13  # m of it above the ears
FEWEST = 10  # frames of a clip


def clip(session: Session, start: float, stop: float) -> str:
    """A moving skeleton of the seconds from `start` to `stop`; "" where too little was seen."""
    frames = _frames(session, start, stop)
    seen = [frame for frame in frames if frame is not None]
    if len(seen) < FEWEST:
        return ""
    drawn = np.array(seen)
    left, low = drawn.min(axis=(0, 1))
    right, high = drawn.max(axis=(0, 1)) + np.array([0.0, HEAD])
    data = {
        "start": round(start, 2),
        "fps": FPS,
        "slow": SLOW,
        "box": [round(float(v), 3) for v in (left, low, right, high)],
        "frames": [None if f is None else np.rint(1000 * f).astype(int).tolist() for f in frames],
    }
    return (
        f'<div class="clip" data-clip="{_attribute(data)}">'
        f'<canvas role="img" aria-label="the player, drawn, {SLOW:g} times as fast"></canvas>'
        '<div class="bar"><button type="button">Play</button>'
        '<input type="range" min="0" value="0" aria-label="moment"><output></output></div></div>'
    )


def script() -> str:
    """What moves the clips of a page."""
    code = files(__package__).joinpath("clips.js").read_text("utf-8")
    return f"<script>{code}</script>"


def _frames(session: Session, start: float, stop: float) -> list[NDArray[np.float64] | None]:
    """What is drawn, (14, 2) in m, at every frame; None where the player was not in sight.

    Joints in the order of `JOINTS`, then the violin's ends and the bow's.
    """
    near = [(t, world) for t, world in session.poses if start - GAP <= t <= stop + GAP]
    times = np.array([t for t, _ in near])
    frames: list[NDArray[np.float64] | None] = []
    for t in np.arange(start, stop, 1 / FPS):
        k = int(np.argmin(np.abs(times - t))) if len(times) else -1
        frames.append(_drawn(near[k][1]) if k >= 0 and abs(times[k] - t) < GAP else None)
    return frames


def _drawn(world: NDArray[np.float32]) -> NDArray[np.float64]:
    left, right = world[SHOULDERS[0]], world[SHOULDERS[1]]
    collar = right + COLLAR * (left - right)
    scroll, hand = world[WRISTS[0]], world[WRISTS[1]]
    string = collar + REST * (scroll - collar)
    along = (string - hand) / (np.linalg.norm(string - hand) + 1e-9)
    points = np.vstack((world[list(JOINTS)], collar, scroll, hand, hand + BOW * along))
    return np.asarray(points[:, :2], np.float64)


def _attribute(data: object) -> str:
    return json.dumps(data, separators=(",", ":")).replace('"', "&quot;")

"""Simulated musicians whose bodies move to the music: material for the streams M and V.

Nobody was filmed: real players with body motion, conductors with music and dance with exact
beats could not be had. What is simulated:

- violinist (bow changes at note onsets, slurs, vibrato, sway over bars and phrases), pianist
  (strikes of both hands at onsets, travel along the keys, sway), drummer (hands on parts of the
  beat and the backbeat, bounce), dancer (bounce on the beat, arms from pose to pose), conductor
  (patterns of 2, 3, 4), listener (nods, taps, rocks), and a stranger: still, restless, or moving
  to a beat of the own, so that a network does not trust a body blindly;
- of each person: size, lag (-30 to 80 ms), jitter (10 to 50 ms), share of the beats answered,
  changing amplitude, pauses; and breath, glances, fidgeting and drift, which mean nothing;
- trajectories of least jerk between places, blows that end at speed, band-limited noise;
- a webcam (`players.webcam`): angle, mirrored pictures, 15 to 60 pictures a second, lost ones,
  wrong and trembling stamps, the detector's noise, occlusion, exchanges of left and right;
- then the code that runs live, `JointVelocity` and `HandFlow`; and mostly frames as they are held
  there: the newest that had come, up to 40 ms after its picture. A longer, constant delay of
  camera and detector is left to training, which shifts the streams.

Of the pictures only what V needs is made: hands by projection, and for optical flow the area of
each limb times its way in the picture, with noise; no pictures are drawn.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from rt_engine.models.rhythm.players.figure import landmarks
from rt_engine.models.rhythm.players.music import music_of, own_time
from rt_engine.models.rhythm.players.musicians import FAMILIES, MUSICIANS
from rt_engine.models.rhythm.players.webcam import Seen, exposures, observed, view
from rt_engine.motion.joint_velocity import FPS, JointVelocity
from rt_engine.motion.landmarks import WRISTS
from rt_engine.motion.quaternion import Arrays
from rt_engine.motion.rates import Rows
from rt_engine.motion.smooth import trust
from rt_engine.video.hand_flow import HandFlow

__all__ = ["FAMILIES", "perform"]

LIVE = 0.6  # share of performances whose frames come late, as from a camera
HOLD = 0.2  # s that the newest frame counts, as in `nodes.inference`

Halves = npt.NDArray[np.float16]


def perform(
    beats: Arrays,
    rng: Generator,
    seconds: float,
    notes: Arrays | None = None,
    style: str | None = None,
) -> tuple[Halves, Halves]:
    """A body that moves to music: motion (T, 39) and video (T, 7), T = round(50 * seconds).

    beats: (k, 2), time in s and position in the bar from 1, 0 unknown. notes: (n, 3), onset and
    duration in s, velocity 1 to 127; made up if not given. style: one of FAMILIES; drawn if not
    given. With fewer than two beats nobody keeps time with the music.

    Frame number k belongs to the time k / 50 s, or is the newest that had come by then. A frame
    of zeros only means that nothing was seen then (no person, no picture): the stream is absent,
    and its flag should be 0.
    """
    known = len(beats) >= 2
    style = (style or _drawn(rng)) if known else "stranger"
    music = music_of(beats, notes, seconds, rng) if known else own_time(seconds, rng)
    t = exposures(rng, seconds)
    figure = landmarks(MUSICIANS[style][0](music, t, rng), rng.normal(1.0, 0.07))
    seen = observed(figure, t, view(rng), rng)
    late = rng.uniform(0.0, 0.04) if rng.random() < LIVE else None
    return frames(seen, round(seconds * FPS), late)


def frames(seen: Seen, count: int, late: float | None = None) -> tuple[Halves, Halves]:
    """What was seen, through the code that runs live: (count, 39) and (count, 7).

    late: s from a picture's stamp to the moment its landmarks are there, as it is live: each
    frame is then the newest that had come by its time, for up to HOLD s. None: frames stand at
    their own times.
    """
    there = seen.there
    t, world, visibility = seen.t[there], seen.world[there], seen.visibility[there]
    motion = JointVelocity().offline(t, world, visibility)
    trusted = trust(seen.visibility[:, list(WRISTS)]) * there[:, None]
    video = HandFlow().offline(seen.t, seen.flow, seen.hands, trusted)
    if late is None:
        return _placed(motion, count), _placed(video, count)
    return _held(motion, t, late, count), _held(video, seen.t, late, count)


def _drawn(rng: Generator) -> str:
    shares = np.array([share for _, share in MUSICIANS.values()])
    return str(rng.choice(FAMILIES, p=shares / shares.sum()))


def _placed(rows: Rows, count: int) -> Halves:
    """Frames on the grid of the excerpt; zeros where there are none."""
    whole = np.zeros((count, rows.values.shape[1]), np.float16)
    at = np.round(rows.times * FPS).astype(int)
    inside = (at >= 0) & (at < count)
    whole[at[inside]] = rows.values[inside]
    return whole


def _held(rows: Rows, stamps: Arrays, late: float, count: int) -> Halves:
    """The newest frame at each time of the grid, where samples come `late` s after their stamps."""
    if not len(rows.times):
        return np.zeros((count, rows.values.shape[1]), np.float16)
    completed = np.searchsorted(stamps, rows.times + 1.0 / FPS - 1e-6)
    comes = stamps[np.minimum(completed, len(stamps) - 1)] + late
    grid = np.arange(count) / FPS
    newest = np.searchsorted(comes, grid, side="right") - 1
    there = (newest >= 0) & (grid - rows.times[newest] <= HOLD)
    return np.where(there[:, None], rows.values[newest], 0.0).astype(np.float16)

"""Whole performances at once: beats and expression of a piece to the motion of a conductor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from rt_engine.conducting.body import JOINTS, Body
from rt_engine.conducting.conductor import Conductor
from rt_engine.conducting.schedule import AUTO
from rt_engine.conducting.style import Style

__all__ = ["Motion", "Played", "perform", "pictured"]

LEAD = 0.25  # s before a beat that it is told
SHOULDERS, HIPS = 0.2, (0.5, 0.75)  # in the picture: distance, and place between the hips

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Played:
    """A beat of a piece, and how it is played."""

    t: float  # s
    position: int = 0  # in the bar, 1 is the downbeat, 0 unknown
    meter: int = 0  # beats a bar, 0 unknown
    level: float = 0.5  # 0 softest to 1 loudest
    detached: float = 0.3  # 0 legato to 1 staccato


@dataclass(frozen=True)
class Motion:
    """Frames of a performance."""

    times: npt.NDArray[np.float64]  # (n,) s
    joints: Floats  # (n, 13, 3) m, body frame, `body.JOINTS`
    ictus: npt.NDArray[np.float64]  # (strokes,) s, as they were planned

    @property
    def picture(self) -> Floats:
        """The joints in 2-D (n, 13, 2), as in ConductorMotion100; see `pictured`."""
        return pictured(self.joints)


def perform(
    beats: Sequence[Played],
    style: Style | None = None,
    seed: int = 0,
    rate: float = 30.0,
    seconds: float | None = None,
    metre: str = AUTO,
    lead: float = LEAD,
) -> Motion:
    """Conduct `beats` from 0 s on, `rate` frames a second, for `seconds` (to the last beat).

    Every beat becomes known `lead` s ahead, as in a live graph: before that the tempo of the
    last ones is all that the conductor goes by. ValueError where beats are not in order.
    """
    times = [beat.t for beat in beats]
    if any(b <= a for a, b in pairwise(times)):
        raise ValueError("beats must be in order of time")
    conductor, body = Conductor(style, seed, metre), Body()
    end = (times[-1] + 1.0 if times else 0.0) if seconds is None else seconds
    frames = np.arange(int(end * rate)) / rate
    joints = np.zeros((len(frames), len(JOINTS), 3), np.float32)
    told, ictus = 0, {}
    for number, t in enumerate(frames.tolist()):
        while told < len(beats) and times[told] - lead <= t:
            _tell(conductor, beats, told)
            told += 1
        joints[number] = body.joints(conductor.at(t))
        if strike := conductor.ahead(t + 1.5 / rate):
            ictus[strike.serial] = strike.t
    return Motion(frames, joints, np.array(sorted(ictus.values())))


def pictured(joints: npt.NDArray[Any], apart: float | None = None) -> Floats:
    """3-D joints (..., 13, 3) as a film from the front shows them: (..., 13, 2), x right, y down.

    In units of the picture's size: the shoulders are on average 0.2 apart, and the middle of
    the hips stands at (0.50, 0.75) throughout (M2S-GAN, section 3.2). apart: m, taken for the
    average where it cannot be waited for.
    """
    left, right, hips = JOINTS.index("left_shoulder"), JOINTS.index("right_shoulder"), slice(11, 13)
    flat = joints[..., :2] * np.array(
        [1.0, -1.0], np.float32
    )  # the person's left is on the picture's right
    if apart is None:
        apart = float(np.linalg.norm(flat[..., left, :] - flat[..., right, :], axis=-1).mean())
    centred = flat - flat[..., hips, :].mean(axis=-2, keepdims=True)
    picture: Floats = (centred * (SHOULDERS / apart) + np.array(HIPS, np.float32)).astype(
        np.float32
    )
    return picture


def _tell(conductor: Conductor, beats: Sequence[Played], number: int) -> None:
    beat = beats[number]
    near = beats[max(number - 1, 0) : number + 2]
    period = near[1].t - near[0].t if len(near) > 1 else 0.5
    conductor.express(beat.level, beat.detached)
    conductor.hear(beat.t, beat.position, beat.meter, period)

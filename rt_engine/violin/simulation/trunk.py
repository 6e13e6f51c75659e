"""Sway of the trunk, shifts of the weight, and legs that stand.

Amplitude and pace of the sway are those of one violinist in a video (URMP): the neck's standard
deviation and its power below 0.5 and 1 Hz, printed by `rt_engine.models.violinists.fit`. How the
trunk answers bow and phrase is set by eye.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from rt_engine.violin.simulation.bow import RATE, Bow
from rt_engine.violin.simulation.geometry import Floats, about, bent
from rt_engine.violin.simulation.player import Player
from rt_engine.violin.simulation.smoothing import smooth

__all__ = ["Trunk", "legs", "stand", "wander"]

YAW, PITCH, ROLL = np.radians([5.5, 2.8, 3.2])  # standard deviations of the sway
SHIFT = np.array([0.030, 0.004, 0.018])  # m, of the pelvis
SLOPE = 3.0  # exponent by which the amplitude of the sway falls with the frequency
ANSWER = 0.15  # s after the bow in which the trunk follows
WAIST, KNEE, ANKLE = 0.555, 0.285, 0.039  # of the height, above the floor
C7 = 0.845
BACK = 0.022  # of the height: C7 behind the middle of the waist
TOE = (0.085, 0.012)  # of the height: before the ankle, and above the floor
SOFT = 0.985  # of the legs' length: knees are a little bent
PULSE = np.radians(1.2)  # of a nod of the trunk with a strong stroke


class Trunk(NamedTuple):
    """Turn of the trunk (n, 3, 3), C7 and the middle of the pelvis (n, 3), turn of the pelvis."""

    turn: Floats
    c7: Floats
    pelvis: Floats
    pelvis_turn: Floats


def wander(rng: Generator, count: int, low: float, columns: int = 1) -> Floats:
    """Noise (count, columns) of standard deviation 1 that falls off above `low` Hz."""
    padded = 1 << int(np.ceil(np.log2(count + 60 * RATE)))
    hz = np.fft.rfftfreq(padded, 1.0 / RATE)[:, None]
    amplitude = (1.0 + (hz / low) ** 2) ** (-SLOPE / 2)
    amplitude[hz < 0.02] = 0.0
    spectrum = amplitude * (
        rng.standard_normal((len(hz), columns)) + 1j * rng.standard_normal((len(hz), columns))
    )
    noise = np.fft.irfft(spectrum, axis=0)
    return np.asarray((noise / noise.std(axis=0))[:count])


def stand(player: Player, bow: Bow, level: Floats, rng: Generator) -> Trunk:
    """The trunk over time: it wanders, answers bow and phrase, and the weight goes over."""
    count = len(level)
    drift = player.sway * wander(rng, count, player.pulse, 6)
    stroke = smooth(bow.position - 0.5, ANSWER)
    phrase = smooth(level, 1.0)
    phrase = phrase - phrase.mean()
    accent = np.clip(smooth(level, 0.08) - smooth(level, 0.4), 0.0, None)
    yaw = YAW * drift[:, 0] - 0.07 * player.follow * stroke - np.radians(player.facing)
    pitch = PITCH * drift[:, 1] + 0.25 * player.phrase * phrase + PULSE * player.phrase * accent
    roll = ROLL * drift[:, 2] + 0.03 * player.follow * stroke
    turn = about(1, yaw) @ about(0, pitch) @ about(2, roll)
    shift = SHIFT * drift[:, 3:6]
    shift[:, 0] += 0.03 * player.follow * stroke
    pelvis = shift + np.array([0.0, WAIST * player.height, 0.0])
    pelvis[:, 1] -= 0.006 * player.height + 0.15 * (shift[:, 0] ** 2 + shift[:, 2] ** 2)
    up = np.array([0.0, (C7 - WAIST) * player.height, -BACK * player.height])
    half = about(1, 0.35 * (yaw + np.radians(player.facing)) - 0.5 * np.radians(player.facing))
    return Trunk(turn, pelvis + turn @ up, pelvis, half)


def legs(player: Player, trunk: Trunk) -> tuple[Floats, Floats, Floats, Floats]:
    """Waist, knees, ankles and toes, (n, 2, 3) each, left first; the feet stay where they are."""
    tall = player.height
    waists, knees, ankles, toes = [], [], [], []
    upper, lower = (WAIST - KNEE) * tall * 1.004, (KNEE - ANKLE) * tall * 1.004
    for side in (1.0, -1.0):
        waist = trunk.pelvis + trunk.pelvis_turn @ np.array([side * player.hip, 0.0, 0.0])
        foot = np.array([side * player.stance, ANKLE * tall, -0.015 * tall])
        outward = side * 0.25
        ankle = np.broadcast_to(foot, waist.shape)
        ahead = np.array([outward * TOE[0] * tall, (TOE[1] - ANKLE) * tall, TOE[0] * tall])
        knee = bent(waist, ankle, *_fitted(waist, ankle, upper, lower), (outward, 0.0, 1.0))
        waists.append(waist)
        knees.append(knee)
        ankles.append(ankle)
        toes.append(ankle + ahead)
    return _both(waists), _both(knees), _both(ankles), _both(toes)


def _both(sides: list[Floats]) -> Floats:
    return np.stack(sides, axis=1)


def _fitted(waist: Floats, ankle: Floats, upper: float, lower: float) -> tuple[float, float]:
    """Lengths of thigh and shank, stretched alike where this stance needs longer legs."""
    farthest = float(np.linalg.norm(waist - ankle, axis=1).max())
    scale = max(1.0, farthest / (SOFT * (upper + lower)))
    return upper * scale, lower * scale

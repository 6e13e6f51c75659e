"""One simulated violinist: the body, how the violin is held, and the manner of playing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

__all__ = ["HEIGHTS", "Player", "drawn"]

HEIGHTS = (1.50, 1.95)  # m


@dataclass(frozen=True)
class Player:
    """Lengths in m, angles in degrees; shares and amplitudes as said.

    Lengths of the limbs are Drillis and Contini's fractions of the height
    (`rt_engine.motion.skeleton`), each varied by a few per cent. The violin points `azimuth` from
    the player's left towards the front, `elevation` above the level, and its right side is lower
    by `roll`. Ranges are set by eye, but for those of `bow` and `trunk`.
    """

    height: float
    upper_arm: float
    forearm: float
    shoulder: float  # from the middle line to a shoulder joint
    neck: float  # of C7 above the shoulder joints
    hand: float  # wrist to the middle of the closed hand
    hip: float  # from the middle line to a point of the waist
    stance: float  # between the feet, half of it
    azimuth: float
    elevation: float
    roll: float
    skew: float  # of the bow from the right angle, at its tip
    elbow: float  # how far the right elbow is lifted, about 0
    facing: float  # turn of the trunk to the right, away from the violin
    quick: float  # speed of the bow against the common one
    middle: float  # share of the bow around which short strokes are played
    rise: float  # share of a stroke in which the bow gathers speed, and loses it
    sway: float  # amplitude of the trunk against the common one
    pulse: float  # Hz, most of the sway lies below
    follow: float  # how far the trunk answers the bow
    phrase: float  # how far it answers the loudness
    vibrato: float  # Hz
    width: float  # m, of the vibrato at the wrist


def drawn(rng: Generator) -> Player:
    """A violinist by chance; the same for the same state of `rng`."""
    height = float(np.clip(rng.normal(1.71, 0.09), *HEIGHTS))
    limb = height * (1.0 + np.clip(rng.normal(0.0, 0.03, 6), -0.08, 0.08))
    return Player(
        height=height,
        upper_arm=0.186 * limb[0],
        forearm=0.146 * limb[1],
        shoulder=0.115 * limb[2],
        neck=0.030 * limb[3],
        hand=0.050 * limb[4],
        hip=0.070 * limb[5],
        stance=rng.uniform(0.09, 0.17),
        azimuth=rng.uniform(40.0, 58.0),
        elevation=rng.uniform(-6.0, 12.0),
        roll=rng.uniform(15.0, 35.0),
        skew=rng.normal(0.0, 1.5),
        elbow=rng.normal(0.0, 0.15),
        facing=rng.uniform(-20.0, 15.0),
        quick=float(np.exp(rng.normal(0.0, 0.2))),
        middle=rng.uniform(0.38, 0.52),
        rise=rng.uniform(0.2, 0.4),
        sway=float(np.exp(rng.normal(0.0, 0.35))),
        pulse=rng.uniform(0.5, 1.1),
        follow=rng.uniform(0.0, 1.5),
        phrase=rng.uniform(0.0, 1.5),
        vibrato=rng.uniform(4.8, 6.6),
        width=rng.uniform(0.0, 0.004),
    )

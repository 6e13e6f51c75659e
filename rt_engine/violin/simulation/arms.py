"""The violin at the neck, the bow across it, and both arms by inverse kinematics.

All places here are in the frame of the trunk: origin at C7, X to the player's left, Y up, Z to
the front, m.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rt_engine.violin.simulation.bow import HAIR
from rt_engine.violin.simulation.geometry import Floats, about, bent, unit
from rt_engine.violin.simulation.player import Player
from rt_engine.violin.simulation.strings import stopped

__all__ = ["Held", "Violin", "held", "left_arm", "reach", "right_arm", "shoulders"]

SCROLL = 0.59  # m from the end button
BRIDGE = 0.16  # m from the end button
TOP = 0.033  # m, the strings at the bridge above the plane of the edges
APART = 0.0115  # m between strings at the bridge
TILT = 16.0  # degrees that the bow turns from one string to the next
NEAR, FAR = 0.012, 0.060  # m from the bridge, contact 0 and 1
FROG = 0.02  # m from the end of the hair to the hand, along the bow
STICK = 0.02  # m, the hand above the hair
BUTTON = np.array([0.028, -0.028, 0.048])  # of the height, from C7
FRONT = 0.012  # of the height: shoulder joints before C7
STRAIGHT = 0.985  # of the arm's length: how far it is stretched at most
FOLDED = np.radians(40.0)  # the sharpest angle of the elbow
PROTRACTED, LIFTED = np.radians(18.0), np.radians(8.0)  # of the right shoulder, at tip and on G


class Violin(NamedTuple):
    """Where it is held: end button (3,), and unit vectors (3,).

    neck: from the button to the scroll. right: across the strings, from G to E. top: off the belly.
    """

    button: Floats
    neck: Floats
    right: Floats
    top: Floats


class Held(NamedTuple):
    """The bow and the right arm, (n, 3) each: where it touches, ends of the hair, hand, joints."""

    point: Floats
    frog: Floats
    tip: Floats
    grip: Floats
    wrist: Floats
    shoulder: Floats


def violin(player: Player) -> Violin:
    """The violin as this player holds it."""
    azimuth, elevation, roll = np.radians([player.azimuth, player.elevation, player.roll])
    level = np.cos(elevation)
    neck = np.array([level * np.cos(azimuth), np.sin(elevation), level * np.sin(azimuth)])
    right = unit(np.cross(neck, [0.0, 1.0, 0.0]))
    top = np.cross(right, neck)
    lowered = np.cos(roll) * right - np.sin(roll) * top
    return Violin(BUTTON * player.height, neck, lowered, np.cross(lowered, neck))


def shoulders(player: Player) -> tuple[Floats, Floats]:
    """Left and right shoulder joint at rest, (3,)."""
    drop, front = -player.neck, FRONT * player.height
    return (
        np.array([player.shoulder, drop, front]),
        np.array([-player.shoulder, drop, front]),
    )


def held(
    player: Player, position: ArrayLike, slope: ArrayLike, contact: ArrayLike, height: ArrayLike
) -> Held:
    """The bow at right angles to the strings (but for the player's skew), and the hand at it.

    position, slope, contact, height: (n,), as in `bow.Bow`.
    """
    place, string, near, up = (
        np.atleast_1d(np.asarray(x, np.float64))[:, None]
        for x in (position, slope, contact, height)
    )
    at = violin(player)
    tilt = np.radians(TILT) * (1.5 - string)
    across = np.cos(tilt) * at.right + np.sin(tilt) * at.top
    over = np.cos(tilt) * at.top - np.sin(tilt) * at.right
    skew = np.radians(player.skew) * (2.0 * place - 1.0)
    along = np.cos(skew) * across + np.sin(skew) * at.neck
    point = at.button + (BRIDGE + NEAR + near * (FAR - NEAR)) * at.neck + TOP * at.top
    point = point + APART * (string - 1.5) * at.right + up * over
    frog = point + place * HAIR * along
    grip = frog + FROG * along + STICK * over
    shoulder = _shoulder(player, place[:, 0], string[:, 0])
    # The hand hangs from the wrist at the frog, and lies in line with the forearm at the tip.
    towards = unit(shoulder - grip)
    hang = unit(0.7 * towards + (0.9 - 0.8 * place) * over + 0.35 * (1.0 - place) * along)
    wrist = grip + player.hand * hang
    return Held(point, frog, frog - HAIR * along, grip, wrist, shoulder)


def _shoulder(player: Player, position: Floats, slope: Floats) -> Floats:
    """The right shoulder joint: forward at the tip of the bow, up on the low strings."""
    rest = shoulders(player)[1]
    forward = about(1, PROTRACTED * np.clip((position - 0.4) / 0.6, 0.0, 1.0))
    lifted = about(2, -LIFTED * np.clip(1.0 - slope / 3.0, 0.0, 1.0))
    return np.asarray((forward @ (lifted @ rest)[..., None])[..., 0])


@lru_cache(maxsize=64)
def reach(player: Player) -> tuple[float, float]:
    """Places on the hair, 0 to 1, between which the right arm plays all strings."""
    places = np.linspace(0.0, 1.0, 101)
    ok = np.ones(len(places), bool)
    upper, lower = player.upper_arm, player.forearm
    shortest = np.sqrt(upper**2 + lower**2 - 2 * upper * lower * np.cos(FOLDED))
    for string in range(4):
        for contact in (0.0, 1.0):
            bow = held(player, places, np.full(101, string), np.full(101, contact), np.zeros(101))
            far = np.linalg.norm(bow.wrist - bow.shoulder, axis=1)
            ok &= (far <= STRAIGHT * (upper + lower)) & (far >= shortest)
    if ok.sum() < 30:
        raise ValueError("the arm of this player reaches less than a third of the bow")
    good = places[ok]
    return float(good[0]), float(good[-1])


def right_arm(player: Player, bow: Held, slope: Floats) -> Floats:
    """The right elbow (n, 3): high on the G string, low on the E string."""
    lift = 0.05 + player.elbow - 0.4 * slope
    pole = np.stack([-np.ones_like(slope), lift, np.full_like(slope, -0.25)], axis=-1)
    return bent(bow.shoulder, bow.wrist, player.upper_arm, player.forearm, pole)


def left_arm(
    player: Player, place: Floats, finger: Floats, slope: Floats, shake: Floats
) -> tuple[Floats, Floats, Floats]:
    """Left elbow, wrist and finger tip, (n, 3).

    place, finger: (n,) semitones above the open string, of the index finger and of the one that
    stops. slope: (n,), the string. shake: (n,) m along the neck.
    """
    at = violin(player)
    index = BRIDGE + stopped(place)
    tip = BRIDGE + stopped(np.maximum(finger, 1.0))
    along = 0.85 * index + 0.15 * tip + shake
    over = 0.020 + 0.007 * (3.0 - slope)
    wrist = at.button + along[:, None] * at.neck - 0.075 * at.top + over[:, None] * at.right
    across = (0.006 * (slope - 1.5))[:, None] * at.right
    touch = at.button + tip[:, None] * at.neck + 0.02 * at.top + across
    start = np.broadcast_to(shoulders(player)[0], wrist.shape)
    elbow = bent(start, wrist, player.upper_arm, player.forearm, (-0.35, -1.0, 0.1))
    return elbow, wrist, touch

"""Synthetic motion with known contacts: a walk and a jump of the rest skeleton.

Made the other way round than the code under test: feet first, legs from them by trigonometry
in matrices. Heel and toe of the sole are HEEL and TOE from the ankle.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from rt_engine.motion.skeleton import INDEX, OFFSETS, PARENTS, forward, identity, orientations

HEEL, TOE = np.array([0, -0.0663, -0.0646]), np.array([0, -0.0663, 0.1938])
SIDES = ("Left", "Right")
G = 9.81


class Frame(NamedTuple):
    """A moment: the true place of the hips, local rotations, which of heel and toe touch."""

    t: float
    root: np.ndarray
    rotations: np.ndarray
    touch: np.ndarray  # (2, 2) bool: side, heel and toe


def quaternion(matrix):
    return Rotation.from_matrix(matrix).as_quat()


def frame_from(down, forward_hint):
    """Matrix whose -Y axis is `down` and whose Z axis is near `forward_hint`."""
    y = -down / np.linalg.norm(down)
    x = np.cross(y, forward_hint)
    x /= np.linalg.norm(x)
    return np.stack([x, y, np.cross(x, y)], axis=1)


def body(t, root, heading, feet, touch, lean=0.0):
    """A frame from the hips' place and heading (rad), and of each foot ankle and matrix."""
    turn = Rotation.from_euler("y", heading).as_matrix()
    rotations = identity()
    rotations[0] = quaternion(turn)
    for side, (ankle, foot) in zip(SIDES, feet, strict=True):
        upper, lower, end = (INDEX[side + b] for b in ("UpperLeg", "LowerLeg", "Foot"))
        thigh, shin = np.linalg.norm(OFFSETS[lower]), np.linalg.norm(OFFSETS[end])
        hip = root + turn @ OFFSETS[upper]
        line = ankle - hip
        far = np.linalg.norm(line)
        assert far < thigh + shin, f"{side} leg is too short at {t:.2f} s: {far:.3f} m"
        along, front = line / far, turn @ [0, 0, 1]
        aside = front - front @ along * along
        aside /= np.linalg.norm(aside)
        cosine = (thigh**2 + far**2 - shin**2) / (2 * thigh * far)
        knee = hip + thigh * (cosine * along + np.sqrt(1 - cosine**2) * aside)
        first, second = frame_from(knee - hip, front), frame_from(ankle - knee, front)
        rotations[upper] = quaternion(turn.T @ first)
        rotations[lower] = quaternion(first.T @ second)
        rotations[end] = quaternion(second.T @ foot)
    swing = 0.4 * np.sin(2 * np.pi * t / 1.1)
    for side, sign in zip(SIDES, (1, -1), strict=True):
        down = Rotation.from_euler("z", -sign * 75, degrees=True)
        ahead = Rotation.from_euler("x", sign * swing)
        rotations[INDEX[f"{side}UpperArm"]] = (ahead * down).as_quat()
    return Frame(t, root, rotations, np.array(touch))


def pitched(degrees, heading):
    """The matrix of a foot whose toes are lifted by `degrees`."""
    return Rotation.from_euler("YX", [heading, -np.radians(degrees)]).as_matrix()


def walk(fps=60.0, seconds=6.0, speed=0.9, heading=0.0, cycle=1.1, stance=0.62):
    """Straight ahead: heel strike, flat foot, roll over the toes, swing."""
    ahead = np.array([np.sin(heading), 0, np.cos(heading)])
    left = np.array([np.cos(heading), 0, -np.sin(heading)])
    for t in np.arange(0, seconds, 1 / fps):
        feet, touch = [], []
        for sign, shift in ((1, 0.0), (-1, 0.5)):
            ankle, pitch, down = step(t / cycle + shift, shift, cycle * speed, stance)
            lateral = sign * OFFSETS[INDEX["LeftUpperLeg"], 0] * left
            place = lateral + ankle[1] * ahead + np.array([0, ankle[0], 0])
            feet.append((place, pitched(pitch, heading)))
            touch.append(down)
        bob = 0.012 * np.cos(4 * np.pi * t / cycle)
        root = speed * t * ahead + np.array([0, 0.82 - bob, 0])
        yield body(t, root, heading, feet, touch)


def step(phase, shift, stride, stance):
    """Height and way of an ankle, pitch of the foot (degrees), heel and toe on the floor."""
    count, part = divmod(phase, 1.0)
    start = (count - shift) * stride + 0.52 * stance * stride  # where the heel strikes
    if part < stance:
        return *support(part / stance, start), contact(part / stance)
    swing = (part - stance) / (1 - stance)
    off, strike = support(1.0, start), support(0.0, start + stride)
    soft = swing**3 * (10 - 15 * swing + 6 * swing**2)
    ankle = off[0] + soft * (strike[0] - off[0])
    ankle = ankle + np.array([0.09 * np.sin(np.pi * swing) ** 2, 0])
    return ankle, off[1] + soft * (strike[1] - off[1]), (False, False)


def support(part, start):
    """Ankle (height, way) and pitch of a foot that strikes at `start` and rolls over."""
    pitch = 18 * max(0.0, 1 - part / 0.15) if part < 0.6 else -42 * ((part - 0.6) / 0.4) ** 1.5
    pivot, at = (HEEL, start) if part < 0.6 else (TOE, start + TOE[2] - HEEL[2])
    tilt = Rotation.from_euler("x", -pitch, degrees=True).apply(-pivot)
    return np.array([tilt[1], at + tilt[2]]), pitch


def contact(part):
    """Heel, toe."""
    return part <= 0.6, part >= 0.15


def jump(fps=60.0, height=0.35, lead=1.0, heading=0.0, way=0.0):
    """Stand, crouch, fly `height` m up and `way` m ahead, land, stand."""
    ahead = np.array([np.sin(heading), 0, np.cos(heading)])
    up = np.sqrt(2 * G * height)
    push, flight, top = 0.25, 2 * up / G, OFFSETS[0, 1] - 0.04
    dip = 0.5 * push * up  # the crouch from which this speed is reached at even acceleration
    for t in np.arange(0, 2 * lead + 0.6 + 2 * push + flight, 1 / fps):
        s = t - lead - 0.6
        if s < 0:
            y = top - dip * 0.5 * (1 - np.cos(np.pi * np.clip((t - lead) / 0.6, 0, 1)))
        elif s < push:
            y = top - dip + 0.5 * up / push * s**2
        elif s < push + flight:
            y = top + up * (s - push) - 0.5 * G * (s - push) ** 2
        else:
            late = min(s - push - flight, push)
            y = top - up * late + 0.5 * up / push * late**2
            y += dip * 0.5 * (1 - np.cos(np.pi * np.clip((s - 2 * push - flight) / 0.8, 0, 1)))
        air = push < s < push + flight
        gone = way * np.clip((s - push) / flight, 0, 1) * ahead
        lift = max(0.0, y - top) if air else 0.0
        root = gone + np.array([0, y, 0])
        feet = []
        for side in SIDES:
            lateral = Rotation.from_euler("y", heading).apply(
                OFFSETS[INDEX[f"{side}UpperLeg"]] * [1, 0, 0]
            )
            feet.append((gone + lateral + [0, 0.0663 + lift, 0], pitched(0, heading)))
        yield body(t, root, heading, feet, np.full((2, 2), not air))


def soles(rotations, root, scale=1.0):
    """Heels and toes (2, 2, 3) in the world."""
    places = forward(rotations, np.zeros(3))
    turned = orientations(rotations)
    feet = [INDEX[f"{side}Foot"] for side in SIDES]
    found = [places[f] + Rotation.from_quat(turned[f]).apply(np.stack([HEEL, TOE])) for f in feet]
    return np.asarray(root) + scale * np.array(found)


assert PARENTS[0] == -1

"""From notes to strokes: which way the bow goes, how far, how fast, and where on the string.

Speeds are those of a violinist in a video (URMP) at 2.5 strokes a second and of eight strokes
seen by a Kinect; how a stroke begins and ends is that of the Kinect and of forearms felt by an
IMU. `rt_engine.models.violinists.fit` prints them side by side. What depends on loudness, rests
and hooked notes follows common practice and is not measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rt_engine.violin.simulation.player import Player
from rt_engine.violin.simulation.smoothing import RATE, smooth
from rt_engine.violin.simulation.strings import fingering

__all__ = ["DOWN", "HAIR", "RATE", "UP", "Bow", "Note", "Stroke", "strokes", "track"]

DOWN, UP = 1, -1
HAIR = 0.65  # m of playable hair

LIFT = 0.35  # s of rest from which the bow is taken off
SHORT = 0.35  # s; a shorter stroke stays around the player's middle of the bow
DOWN_AFTER_REST = 0.85  # share of the strokes after a rest
HOOK = 0.3  # share of short notes after a long one that go on in its direction
SPEED, FALL = 0.70, 0.65  # m/s at 0.5 s and a level of 0.5; exponent by which longer is slower
STEADY = 0.34  # s; shorter strokes are no faster
THROWN = 0.6  # of the way of a stroke that lies on the string
LEAST = 0.02  # m, the shortest stroke
QUICKEST, SLOWEST = 0.03, 0.35  # s in which the bow gathers speed, whatever the stroke
CROSS = 0.04  # s, the bow turns from string to string (one standard deviation)
HIGH = 0.05  # m, the bow above the string when it is taken back
HOP = 0.008  # m, the bow above the string between thrown strokes

Floats = NDArray[np.float64]


class Note(NamedTuple):
    """A note of one part: start and end in s, MIDI pitch, velocity; slurred to the one before."""

    start: float
    end: float
    pitch: float
    velocity: float = 80.0
    slurred: bool = False


class Stroke(NamedTuple):
    """One way of the bow: start and end in s, direction, places on the hair 0 (frog) to 1."""

    start: float
    end: float
    direction: int
    first: float
    last: float
    turned: bool  # the direction is not that of the stroke before, or the bow was lifted
    thrown: bool  # off the string between strokes


class Bow(NamedTuple):
    """What the bow does at RATE, (n,) each.

    direction int8: 1 down, -1 up, 0 at rest or lifted. speed: m/s along the hair, not negative.
    position: 0 frog to 1 tip, where the string is touched. string: 0 G to 3 E. contact: 0 at
    the bridge to 1 at the fingerboard. height: m above the string. slope: the string as the arm
    has it on the way from one to the next.
    """

    direction: NDArray[np.int8]
    speed: Floats
    position: Floats
    string: NDArray[np.int64]
    contact: Floats
    height: Floats
    slope: Floats


def strokes(
    notes: Sequence[Note], player: Player, reach: tuple[float, float], rng: Generator, level: Floats
) -> list[Stroke]:
    """The bow of single notes in order. reach: places on the hair that the arm gets to.

    Directions alternate. After a rest the bow is taken back and goes down; a short note after a
    long one with a gap between them is at times hooked. How far a stroke goes follows its length
    and `level` (n,), 0 to 1 at RATE, and is planned so that the hair suffices.
    """
    found: list[Stroke] = []
    direction, place = UP, reach[0]
    for group in _groups(notes):
        start, end = group[0].start, group[-1].end
        rest = start - found[-1].end if found else np.inf
        hooked = bool(found) and _hooks(found[-1], start, end, rng) and _room(found[-1], reach)
        if rest > LIFT:
            direction, place = _taken_back(reach, rng)
        elif not hooked:
            direction = -direction
        loud = float(np.mean(level[int(start * RATE) : int(end * RATE) + 1]))
        thrown = end - start < SHORT and 0.3 * (end - start) < rest < LIFT
        speed = _speed(end - start, loud, player) * (THROWN if thrown else 1.0)
        last = _reached(place, direction, end - start, speed, player.middle, reach)
        found.append(Stroke(start, end, direction, place, last, not hooked, thrown))
        place = last
    return found


def _taken_back(reach: tuple[float, float], rng: Generator) -> tuple[int, float]:
    """Direction and place on the hair of a stroke after a rest: most often down, near the frog."""
    low, high = reach
    down = rng.random() < DOWN_AFTER_REST
    share = rng.uniform(0.05, 0.35) if down else rng.uniform(0.65, 0.95)
    return DOWN if down else UP, low + share * (high - low)


def _groups(notes: Sequence[Note]) -> list[list[Note]]:
    groups: list[list[Note]] = []
    for note in notes:
        if groups and note.slurred and note.start - groups[-1][-1].end < LIFT:
            groups[-1].append(note)
        else:
            groups.append([note])
    return groups


def _hooks(before: Stroke, start: float, end: float, rng: Generator) -> bool:
    gap, length = start - before.end, before.end - before.start
    dotted = 0.02 < gap <= LIFT and length > 2.2 * (end - start)
    return dotted and rng.random() < HOOK


def _room(before: Stroke, reach: tuple[float, float]) -> bool:
    """Whether there is hair left to go on in the direction of a stroke."""
    left = reach[1] - before.last if before.direction == DOWN else before.last - reach[0]
    return left > 3 * LEAST / HAIR


def _speed(seconds: float, loud: float, player: Player) -> float:
    """Mean speed of a stroke, m/s: louder is faster, longer is slower."""
    longer = (max(seconds, STEADY) / 0.5) ** -FALL
    return float(SPEED * player.quick * (0.4 + 1.2 * loud) * longer)


def _reached(
    place: float,
    direction: int,
    seconds: float,
    speed: float,
    middle: float,
    reach: tuple[float, float],
) -> float:
    """Where a stroke from `place` ends: as far as its speed takes it, drawn to the middle."""
    low, high = reach
    way = float(np.clip(speed * seconds, LEAST, HAIR * (high - low)))
    middle = float(np.clip(middle, low, high)) if seconds < SHORT else (low + high) / 2
    free = place + direction * way / HAIR
    wished = middle + direction * way / HAIR / 2
    pull = 0.25 if seconds < SHORT else 0.5
    last = float(np.clip(free + pull * (wished - free), low, high))
    least = LEAST / HAIR
    if direction * (last - place) < least:
        last = place + direction * least
    return float(np.clip(last, low, high))


def track(notes: Sequence[Note], played: Sequence[Stroke], player: Player, level: Floats) -> Bow:
    """Every frame of the bow; `level` (n,) sets how many frames, and shapes each stroke."""
    t = np.arange(len(level)) / RATE
    position = np.full(len(t), played[0].first if played else 0.5)
    direction, height = np.zeros(len(t), np.int8), np.zeros(len(t))
    for k, stroke in enumerate(played):
        inside = (t >= stroke.start) & (t < stroke.end)
        share = _profile(t, stroke, player.rise, level)
        position[t >= stroke.start] = stroke.last
        position[inside] = stroke.first + (stroke.last - stroke.first) * share
        direction[inside] = stroke.direction
        if k and (stroke.thrown or stroke.start - played[k - 1].end > LIFT):
            _carry(t, played[k - 1], stroke, position, height)
    string = _strings(t, notes)
    slope = smooth(string.astype(np.float64), CROSS)
    speed = np.abs(np.gradient(position)) * RATE * HAIR if len(t) > 1 else np.zeros(len(t))
    speed[direction == 0] = 0.0
    contact = np.clip(0.55 - 0.45 * (smooth(level, 0.2) - 0.5) - 0.05 * (string - 1.5), 0, 1)
    return Bow(direction, speed, position, string, contact, height, slope)


def _profile(t: Floats, stroke: Stroke, rise: float, level: Floats) -> Floats:
    """Share of the way that is done at the frames of a stroke: smooth ends, louder is faster."""
    inside = (t >= stroke.start) & (t < stroke.end)
    length = max(stroke.end - stroke.start, 1.0 / RATE)
    fine = np.linspace(0.0, 1.0, 4 * max(int(length * RATE), 2) + 1)
    edge = min(0.5, max(min(rise, SLOWEST / length), QUICKEST / length))
    away = np.clip(np.minimum(fine, 1.0 - fine) / edge, 0.0, 1.0)
    loud = np.interp(stroke.start + fine * length, t, level)
    speed = np.sin(0.5 * np.pi * away) ** 2 * (0.6 + 0.8 * loud)
    done = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2)])
    return np.asarray(np.interp((t[inside] - stroke.start) / length, fine, done / done[-1]))


def _carry(t: Floats, before: Stroke, after: Stroke, position: Floats, height: Floats) -> None:
    """Take the bow through the air from the end of a stroke to the start of the next."""
    gap = (t >= before.end) & (t < after.start)
    share = (t[gap] - before.end) / max(after.start - before.end, 1e-9)
    smooth = share * share * (3.0 - 2.0 * share)
    position[gap] = before.last + (after.first - before.last) * smooth
    top = HOP if after.thrown else HIGH
    height[gap] = top * np.sin(np.pi * share) ** 2


def _strings(t: Floats, notes: Sequence[Note]) -> NDArray[np.int64]:
    """The string at every frame: the next one is taken half-way through a rest."""
    string = np.full(len(t), 2, np.int64)
    if notes:
        strings, _ = fingering([note.pitch for note in notes])
        middles = [(a.end + b.start) / 2 for a, b in pairwise(notes)]
        string[:] = strings[np.searchsorted(np.array(middles), t, side="right")]
    return string

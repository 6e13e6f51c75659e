"""A whole violinist: notes in, thirteen joints and the bow out, fifty times a second.

What is simulated is no recording of anybody: bow strokes follow rules (`bow`), arms follow the
bow (`arms`), and the trunk sways by chance (`trunk`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from rt_engine.violin.simulation import arms, trunk
from rt_engine.violin.simulation.bow import LIFT, Bow, Note, Stroke, strokes, track
from rt_engine.violin.simulation.geometry import Floats
from rt_engine.violin.simulation.player import Player
from rt_engine.violin.simulation.smoothing import RATE, smooth
from rt_engine.violin.simulation.strings import OPEN, fingering

__all__ = ["BONES_13", "JOINTS", "RIGID", "Body", "Motion", "play"]

JOINTS = (
    *("C7", "RSHO", "LSHO", "RMEL", "LMEL", "RMWR", "LMWR"),
    *("RBWT", "LBWT", "RKNE", "LKNE", "RTOE", "LTOE"),
)  # Shrestha et al. 2022, "AIMusicGuru", fig. 3
BONES_13 = (
    *((0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6), (0, 7), (0, 8)),
    *((7, 8), (7, 9), (8, 10), (9, 11), (10, 12)),
)
RIGID = ((0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6), (7, 8), (7, 9), (8, 10))  # constant
TAIL = 1.0  # s after the last note
CHORD = 0.03  # s within which notes begin together
SHIFTING = 0.06  # s, a change of the left hand's place (one standard deviation)
SUNG = 0.25  # s; shorter notes have no vibrato
LOUDEST = 127.0  # velocity


class Body(NamedTuple):
    """What the thirteen joints leave out, m, body frame.

    hands: (n, 2, 3), left (the finger on the string) and right (at the frog). ankles: (n, 2, 3),
    left first. turn: (n, 3, 3) of the trunk. violin: (n, 2, 3), end button and scroll. point,
    frog, tip: (n, 3), where the bow touches the string, and the ends of its hair.
    """

    hands: Floats
    ankles: Floats
    turn: Floats
    violin: Floats
    point: Floats
    frog: Floats
    tip: Floats


class Motion(NamedTuple):
    """A performance at RATE frames a second.

    t: (n,) s. joints: (n, 13, 3) float32 m in the order of JOINTS, body frame, floor at y = 0.
    turns: (k,) s, when the bow changes its direction. notes: as played, of one part.
    """

    t: Floats
    joints: NDArray[np.float32]
    bow: Bow
    turns: Floats
    notes: tuple[Note, ...]
    strokes: tuple[Stroke, ...]
    body: Body


def play(
    notes: Iterable[Sequence[float]],
    player: Player,
    rng: Generator,
    loudness: ArrayLike | None = None,
) -> Motion:
    """A player's motion for notes (start s, end s, MIDI pitch, velocity, slurred), in any order.

    loudness: (n,), 0 soft to 1 loud, at RATE from 0 s; it sets the length of the motion. Without
    it the velocities say how loud, and the motion ends 1 s after the last note. Of notes that
    begin together the highest is played: there are no double stops. ValueError: a pitch beyond
    the violin, or a note that ends before it starts.
    """
    part = single(notes)
    level = _level(part) if loudness is None else np.asarray(loudness, np.float64)
    part = tuple(note for note in part if note.start * RATE < len(level))
    ways = strokes(part, player, arms.reach(player), rng, level)
    bow = track(part, ways, player, level)
    joints, body = _embodied(part, player, bow, level, rng)
    turns = np.array([stroke.start for stroke in ways if stroke.turned])
    t = np.arange(len(level)) / RATE
    return Motion(t, joints.astype(np.float32), bow, turns, part, tuple(ways), body)


def single(notes: Iterable[Sequence[float]]) -> tuple[Note, ...]:
    """One note at a time: of a chord the highest, each cut where the next begins.

    A slur over a rest in which the bow leaves the string is none.
    """
    given = sorted(map(_note, notes), key=lambda note: (note.start, -note.pitch))
    kept: list[Note] = []
    for note in given:
        if note.end <= note.start:
            raise ValueError(f"a note at {note.start:g} s ends at {note.end:g} s")
        if kept and note.start - kept[-1].start < CHORD:
            if note.pitch > kept[-1].pitch:
                kept[-1] = note._replace(start=kept[-1].start)
            continue
        if kept and kept[-1].end > note.start:
            kept[-1] = kept[-1]._replace(end=note.start)
        joined = note.slurred and bool(kept) and note.start - kept[-1].end < LIFT
        kept.append(note._replace(slurred=joined))
    return tuple(kept)


def _note(row: Sequence[float]) -> Note:
    """Start, end and pitch; velocity and slur where they are given."""
    start, end, pitch = row[:3]
    velocity = row[3] if len(row) > 3 else Note._field_defaults["velocity"]
    return Note(start, end, pitch, velocity, bool(row[4]) if len(row) > 4 else False)


def _level(notes: Sequence[Note]) -> Floats:
    """Loudness from velocities: (n,), held over rests."""
    seconds = (notes[-1].end if notes else 0.0) + TAIL
    starts = [note.start for note in notes] or [0.0]
    loud = [note.velocity / LOUDEST for note in notes] or [0.5]
    t = np.arange(round(seconds * RATE)) / RATE
    which = np.clip(np.searchsorted(starts, t, side="right") - 1, 0, None)
    return smooth(np.array(loud)[which], 0.1)


def _embodied(
    notes: Sequence[Note], player: Player, bow: Bow, level: Floats, rng: Generator
) -> tuple[Floats, Body]:
    held = arms.held(player, bow.position, bow.slope, bow.contact, bow.height)
    elbow = arms.right_arm(player, held, bow.slope)
    left = _left(notes, player, len(level), rng)
    stance = trunk.stand(player, bow, level, rng)
    waist, knees, ankles, toes = trunk.legs(player, stance)
    shoulder = np.broadcast_to(arms.shoulders(player)[0], elbow.shape)
    at = arms.violin(player)
    scroll = at.button + arms.SCROLL * at.neck

    def placed(points: Floats) -> Floats:
        """From the frame of the trunk to that of the body."""
        return np.asarray(stance.c7 + (stance.turn @ points[..., None])[..., 0])

    upper = [held.shoulder, shoulder, elbow, left[0], held.wrist, left[1]]
    rows = [stance.c7, *(placed(points) for points in upper)]
    rows += [legs[:, side] for legs in (waist, knees, toes) for side in (1, 0)]
    body = Body(
        np.stack([placed(left[2]), placed(held.grip)], axis=1),
        ankles,
        stance.turn,
        np.stack([placed(np.broadcast_to(x, elbow.shape)) for x in (at.button, scroll)], axis=1),
        *(placed(x) for x in (held.point, held.frog, held.tip)),
    )
    return np.stack(rows, axis=1), body


def _left(
    notes: Sequence[Note], player: Player, count: int, rng: Generator
) -> tuple[Floats, Floats, Floats]:
    """Left elbow, wrist and finger tip (n, 3), in the frame of the trunk."""
    place, finger, string = (np.full(count, 2.0) for _ in range(3))
    sung = np.zeros(count)
    strings, places = fingering([note.pitch for note in notes])
    for k, note in enumerate(notes):
        first = round(note.start * RATE)
        semitones = round(note.pitch) - OPEN[strings[k]]
        place[first:], string[first:], finger[first:] = places[k], strings[k], semitones
        if semitones and note.end - note.start > SUNG:
            sung[first : round(note.end * RATE)] = 1.0
    phase = 2 * np.pi * (player.vibrato * np.arange(count) / RATE + rng.random())
    shake = player.width * smooth(sung, 0.1) * np.sin(phase)
    place, finger, string = (smooth(x, SHIFTING) for x in (place, finger, string))
    return arms.left_arm(player, place, finger, string, shake)

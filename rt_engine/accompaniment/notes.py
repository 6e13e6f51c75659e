"""Notes of a bar in beats, as the writer and the patterns give them and the schedule takes them."""

from __future__ import annotations

from typing import NamedTuple

from rt_engine.accompaniment.tokens import Written
from rt_engine.drums.bar import STEPS_A_BEAT

__all__ = ["BarNote", "in_beats", "loudness", "without_overlaps"]


class BarNote(NamedTuple):
    """A note within a bar: start and duration in beats of four sixteenths, velocity 1..127."""

    start: float
    duration: float
    pitch: int
    velocity: int


def in_beats(notes: list[Written], first: int = 0) -> list[BarNote]:
    """Notes on the grid as notes in beats, `first` sixteenths later."""
    return [
        BarNote((n.start + first) / STEPS_A_BEAT, n.duration / STEPS_A_BEAT, n.pitch, n.velocity)
        for n in notes
    ]


def without_overlaps(notes: list[BarNote]) -> list[BarNote]:
    """In order of time; a note ends where its own pitch is struck again."""
    following: dict[int, float] = {}
    kept = []
    for note in sorted(notes, reverse=True):
        until = following.get(note.pitch, note.start + note.duration)
        following[note.pitch] = note.start
        if until > note.start:
            kept.append(note._replace(duration=min(note.duration, until - note.start)))
    return kept[::-1]


def loudness(velocity: int, intensity: float) -> int:
    """A velocity at an intensity of 0..1: half at 0, as written at 0.5, half as much again at 1."""
    return min(127, max(1, round(velocity * (0.5 + intensity))))

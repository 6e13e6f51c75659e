"""A bar of one instrument as REMI tokens, and back.

Source: Huang and Yang, "Pop Music Transformer" (ACM Multimedia 2020), section 3, as RhythmicNet
(Su, Liu and Shlizerman, NeurIPS 2021), section 3, "Drum2Music", takes it up. Here a bar begins
with five tokens: the bar line with the instrument, tempo, density, and a chord for each half;
then, for every position that sounds, its sixteenth and, from the lowest note up, pitch, velocity
and duration; an end token closes it. Notes end with their bar.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.accompaniment.harmony import NO_CHORD

__all__ = [
    "BAR",
    "CHORD",
    "DENSITIES",
    "DENSITY",
    "DURATION",
    "END",
    "HEAD",
    "INSTRUMENTS",
    "PAD",
    "PITCH",
    "POSITION",
    "RANGES",
    "SIZE",
    "STEPS",
    "TEMPO",
    "VELOCITY",
    "Group",
    "Head",
    "Written",
    "decode",
    "density_of",
    "encode",
    "group_of",
    "positions_of",
    "tempo_of",
    "velocity_of",
]

Ints = NDArray[np.int64]

INSTRUMENTS = ("piano", "guitar", "bass")
RANGES = {"piano": (36, 96), "guitar": (40, 84), "bass": (28, 60)}  # MIDI pitches, both included
STEPS = 16  # sixteenths that one bar of tokens may have
LOWEST, HIGHEST = 28, 96
TEMPI = (70.0, 85.0, 100.0, 115.0, 130.0, 150.0, 175.0)  # BPM between the classes of tempo
DENSITIES = (0, 2, 4, 8)  # at most so many sounding positions a bar; the last class has more
ANY_DENSITY = len(DENSITIES) + 1
VELOCITIES = 8


class Group(NamedTuple):
    """Tokens of one sort: `first` and how many."""

    name: str
    first: int
    size: int

    def __contains__(self, token: object) -> bool:
        return isinstance(token, (int, np.integer)) and 0 <= token - self.first < self.size

    @property
    def tokens(self) -> slice:
        """Where they lie in the vocabulary."""
        return slice(self.first, self.first + self.size)


def _groups(sizes: dict[str, int]) -> list[Group]:
    starts = np.cumsum([0, *sizes.values()]).tolist()
    return [Group(name, start, n) for (name, n), start in zip(sizes.items(), starts, strict=False)]


GROUPS = _groups(
    {
        "pad": 1,
        "bar": len(INSTRUMENTS),
        "tempo": len(TEMPI) + 1,
        "density": ANY_DENSITY + 1,
        "chord": NO_CHORD + 1,
        "position": STEPS,
        "pitch": HIGHEST - LOWEST + 1,
        "velocity": VELOCITIES,
        "duration": STEPS,
        "end": 1,
    }
)
_PAD, BAR, TEMPO, DENSITY, CHORD, POSITION, PITCH, VELOCITY, DURATION, _END = GROUPS
PAD, END = _PAD.first, _END.first
SIZE = END + 1  # of the vocabulary
HEAD = 5  # tokens before the notes of a bar


class Written(NamedTuple):
    """A note on the grid: start and duration in sixteenths, MIDI pitch, velocity 1..127."""

    start: int
    duration: int
    pitch: int
    velocity: int


class Head(NamedTuple):
    """What a bar begins with; chords are indices of `CHORDS` or `NO_CHORD`, of each half.

    density: a class as of `density_of`, or `ANY_DENSITY` to leave it open.
    """

    instrument: str
    tempo: float  # BPM
    density: int = ANY_DENSITY
    chords: tuple[int, int] = (NO_CHORD, NO_CHORD)

    @property
    def tokens(self) -> list[int]:
        """The five tokens."""
        bar, tempo = INSTRUMENTS.index(self.instrument), tempo_of(self.tempo)
        first = [BAR.first + bar, TEMPO.first + tempo, DENSITY.first + self.density]
        return [*first, *(CHORD.first + chord for chord in self.chords)]


def tempo_of(bpm: float) -> int:
    """The class of a tempo."""
    return int(np.searchsorted(TEMPI, bpm))


def density_of(notes: list[Written]) -> int:
    """The class of how many positions of a bar sound."""
    return int(np.searchsorted(DENSITIES, len({note.start for note in notes})))


def positions_of(density: int) -> tuple[int, int]:
    """The fewest and the most sounding positions of a bar of a class of density."""
    if density == ANY_DENSITY:
        return 0, STEPS
    edges = (-1, *DENSITIES, STEPS)
    return edges[density] + 1, edges[density + 1]


def velocity_of(level: int) -> int:
    """The MIDI velocity in the middle of a class of velocity."""
    return round((level + 0.5) * 128 / VELOCITIES)


def group_of(token: int) -> Group:
    """The sort of a token."""
    return next(group for group in GROUPS if token in group)


def encode(head: Head, notes: list[Written]) -> list[int]:
    """The tokens of a bar; a pitch that sounds twice at a place counts once, and the first."""
    tokens, last = head.tokens, -1
    placed: set[tuple[int, int]] = set()
    for start, duration, pitch, velocity in sorted(notes, key=lambda n: (n.start, n.pitch)):
        if (start, pitch) in placed:
            continue
        placed.add((start, pitch))
        if start != last:
            tokens.append(POSITION.first + start)
            last = start
        tokens.append(PITCH.first + pitch - LOWEST)
        tokens.append(VELOCITY.first + velocity * VELOCITIES // 128)
        tokens.append(DURATION.first + min(duration, STEPS - start) - 1)
    return [*tokens, END]


def decode(tokens: list[int]) -> list[Written]:
    """The notes of a bar, from its tokens after the head; ValueError where the order is broken."""
    notes: list[Written] = []
    start = -1
    body = iter(tokens)
    for token in body:
        if token == END:
            return notes
        if token in POSITION:
            start = token - POSITION.first
            continue
        velocity, duration = next(body, PAD), next(body, PAD)
        if start < 0 or not (token in PITCH and velocity in VELOCITY and duration in DURATION):
            raise ValueError(f"token {token} after position {start} begins no note")
        notes.append(
            Written(
                start,
                duration - DURATION.first + 1,
                token - PITCH.first + LOWEST,
                velocity_of(velocity - VELOCITY.first),
            )
        )
    raise ValueError("the bar has no end")

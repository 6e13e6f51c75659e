"""Bodies beside the sound: a part of the excerpts is given simulated motion and video."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.models.rhythm.bodies import perform
from rt_engine.models.rhythm.material.scores import END, START, VELOCITY, Floats, Part
from rt_engine.models.rhythm.material.takes import SECONDS

MOTION, VIDEO = 39, 7  # numbers a frame
CHANCE = 0.5
CHANCES = {"expression": 0.8}  # of kinds
STYLED = 0.6  # share of bodies that are what the instrument calls for; the others are any
STYLES = {"classical": "pianist", "drums": "drummer"}
BOWED = range(40, 44)  # programs
FEWEST = 10  # notes that a body may follow


class Body(NamedTuple):
    """Motion float16 (T, 39) and video float16 (T, 7), T = 2000; or no rows."""

    motion: NDArray[np.float16]
    video: NDArray[np.float16]


NOBODY = Body(np.empty((0, MOTION), np.float16), np.empty((0, VIDEO), np.float16))


def body(kind: str, name: str, beats: Floats, parts: Sequence[Part], seed: int) -> Body:
    """The body beside excerpt `name` of a kind, drawn by the name alone; nobody for many.

    beats: (k, 2). parts: what is played; the body plays one of them, or what it makes up.
    """
    rng = np.random.default_rng([seed, zlib.crc32(f"motion {name}".encode())])
    if rng.random() >= CHANCES.get(kind, CHANCE):
        return NOBODY
    followed = [part for part in parts if len(part.notes) >= FEWEST]
    part = followed[int(rng.integers(len(followed)))] if followed else None
    style = style_of(kind, part) if rng.random() < STYLED else None
    notes = None if part is None else played(part.notes)
    return Body(*perform(beats, rng, SECONDS, notes, style))


def style_of(kind: str, part: Part | None) -> str | None:
    """The musician who would play this; None for any."""
    if part is not None and not part.drums and part.program in BOWED:
        return "violinist"
    return STYLES.get(kind)


def played(notes: Floats) -> Floats:
    """Notes as bodies take them, (n, 3): onset and duration in s, velocity."""
    durations = np.maximum(notes[:, END] - notes[:, START], 0.05)
    return np.column_stack([notes[:, START], durations, notes[:, VELOCITY]])

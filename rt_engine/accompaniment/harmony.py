"""Chords, keys and progressions: their names, their pitch classes, and what belongs together."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CHORDS",
    "NO_CHORD",
    "QUALITIES",
    "Chord",
    "Key",
    "chord_index",
    "diatonic",
    "home_of",
    "homeward",
    "parse_chord",
    "parse_key",
    "parse_progression",
    "transposed",
]

Mask = NDArray[np.bool_]

QUALITIES: dict[str, tuple[int, ...]] = {  # semitones above the root
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "dim": (0, 3, 6),
}
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
ROOTS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SIGNS = {"": 0, "#": 1, "b": -1}
CHORD = re.compile(r"([A-G])([#b]?)(|m|7|maj7|m7|dim)")
KEY = re.compile(r"([A-Ga-g])([#b]?)\s+(major|minor)")


class Chord(NamedTuple):
    """A root as pitch class (0 is C), and a quality of `QUALITIES`."""

    root: int
    quality: str = ""

    @property
    def tones(self) -> Mask:
        """Which pitch classes belong to it: (12,)."""
        return _classes(self.root, QUALITIES[self.quality])

    def __str__(self) -> str:
        return f"{ROOTS[self.root]}{self.quality}"


class Key(NamedTuple):
    """A tonic as pitch class, and a mode: "major" or (natural) "minor"."""

    tonic: int
    mode: str

    @property
    def tones(self) -> Mask:
        """Which pitch classes belong to it: (12,)."""
        return _classes(self.tonic, SCALES[self.mode])

    def __str__(self) -> str:
        return f"{ROOTS[self.tonic]} {self.mode}"


CHORDS = tuple(Chord(root, quality) for root in range(12) for quality in QUALITIES)
NO_CHORD = len(CHORDS)  # its index: silence, or nothing that can be told


def chord_index(chord: Chord | None) -> int:
    """The place of a chord in `CHORDS`; `NO_CHORD` for None."""
    if chord is None:
        return NO_CHORD
    return chord.root * len(QUALITIES) + list(QUALITIES).index(chord.quality)


def transposed(index: int, semitones: int) -> int:
    """The index of a chord moved by so many semitones; `NO_CHORD` stays."""
    return index if index == NO_CHORD else (index + semitones * len(QUALITIES)) % NO_CHORD


def parse_chord(text: str) -> Chord:
    """A chord from its name, such as "Am", "F#m7" or "Bbmaj7"; ValueError where it is none."""
    found = CHORD.fullmatch(text)
    if not found:
        known = ", ".join(f"C{quality}" for quality in QUALITIES)
        raise ValueError(f"{text!r} is no chord; chords are written like {known}, with # or b")
    letter, sign, quality = found.groups()
    return Chord((LETTERS[letter] + SIGNS[sign]) % 12, quality)


def parse_progression(text: str) -> list[Chord] | None:
    """Chords, one a bar, from names with spaces or bar lines between them; None for "auto"."""
    names = text.replace("|", " ").replace(",", " ").split()
    if not names:
        raise ValueError("an empty progression; write 'auto', or chords such as 'Am F C G'")
    return None if names == ["auto"] else [parse_chord(name) for name in names]


def parse_key(text: str) -> Key | None:
    """A key such as "A minor" or "Eb major"; None for "auto"; ValueError where it is neither."""
    if text.strip() == "auto":
        return None
    found = KEY.fullmatch(text.strip())
    if not found:
        raise ValueError(
            f"{text!r} is no key; write 'auto', or a key such as 'A minor', 'Eb major'"
        )
    letter, sign, mode = found.groups()
    return Key((LETTERS[letter.upper()] + SIGNS[sign]) % 12, mode)


def diatonic(key: Key) -> Mask:
    """Which of `CHORDS` have tones of the key alone; NO_CHORD, the last, is not among them.

    The diminished triad is left out: as a chord of its own it is rare, and restless in a loop.
    """
    inside = [bool(key.tones[c.tones].all()) and c.quality != "dim" for c in CHORDS]
    return np.array([*inside, False])


def home_of(weights: NDArray[np.float64]) -> int:
    """Semitones, -5 to 6, that bring music to the key without signs (C major and A minor).

    weights: (12,), how much each pitch class sounds; its key is the scale that holds most of it.
    """
    held = [float(weights[Key(tonic, "major").tones].sum()) for tonic in range(12)]
    return homeward(int(np.argmax(held)))


def homeward(tonic: int) -> int:
    """The same from the tonic of a major key."""
    return (-tonic + 5) % 12 - 5


def _classes(root: int, steps: tuple[int, ...]) -> Mask:
    """Pitch classes at so many semitones above a root, as (12,)."""
    mask = np.zeros(12, np.bool_)
    mask[(root + np.array(steps)) % 12] = True
    return mask

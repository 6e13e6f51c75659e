"""Where notes ought to be: temperaments, the reference, and how far a player lies off."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import Literal

__all__ = ["NAMES", "Drift", "Temperament", "Tuning", "note_name"]

Temperament = Literal["equal", "just", "pythagorean"]

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
A4 = 69
FIFTH = 1200 * math.log2(3 / 2) - 700  # cents of a pure fifth above the equal one
# Of the twelve steps over the tonic, in five-limit just intonation (Helmholtz 1877, chapter XVI).
JUST = (
    (1, 1), (16, 15), (9, 8), (6, 5), (5, 4), (4, 3),
    (45, 32), (3, 2), (8, 5), (5, 3), (9, 5), (15, 8),
)  # fmt: skip


class Tuning:
    """The pitch of every note: temperament over a tonic, and the frequency of A4.

    In "pythagorean" each step is a chain of pure fifths from the tonic, -5 to +6; in "just" it is
    a ratio of `JUST`. The tonic itself lies a chain of pure fifths from A, as open strings do, so
    A is at the reference in Pythagorean tuning, and wherever A is the tonic.
    """

    def __init__(
        self, reference: float = 440.0, temperament: Temperament = "equal", tonic: str = "A"
    ) -> None:
        if not 380 <= reference <= 480:
            raise ValueError(f"reference {reference:g} Hz for A4 must lie in 380..480")
        if tonic not in NAMES:
            raise ValueError(f"tonic {tonic!r} is no note; there are {', '.join(NAMES)}")
        self.reference = reference
        self.cents = _deviations(temperament, NAMES.index(tonic))

    def midi(self, hz: float) -> float:
        """MIDI number with its fraction, A4 = 69 at the reference."""
        return A4 + 12 * math.log2(hz / self.reference)

    def hz(self, number: int) -> float:
        """Frequency of a note in this tuning."""
        return float(self.reference * 2 ** ((number - A4) / 12 + self.cents[number % 12] / 1200))

    def nearest(self, midi: float) -> tuple[int, float]:
        """The note that a pitch means, and the cents from it."""
        candidates = range(round(midi) - 1, round(midi) + 2)
        number = min(candidates, key=lambda n: abs(self.deviation(midi, n)))
        return number, self.deviation(midi, number)

    def deviation(self, midi: float, number: int) -> float:
        """Cents from note `number` to a pitch; sharp is positive."""
        return 100 * (midi - number) - self.cents[number % 12]


@dataclass
class Drift:
    """By how many cents a player lies above the reference as a whole, from many notes.

    The mean on the circle of a semitone, since a note is known only to the nearest one; older
    notes fade with a half-life of `half_life` notes of full weight.
    """

    half_life: float = 24.0

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all notes."""
        self._sum, self._weight = 0j, 0.0

    def hear(self, cents: float, weight: float) -> None:
        """Take a deviation from the nearest note, and how sure it is (0 to 1)."""
        keep = 0.5 ** (weight / self.half_life)
        self._sum = self._sum * keep + weight * cmath.exp(2j * math.pi * cents / 100)
        self._weight = self._weight * keep + weight

    @property
    def cents(self) -> float:
        """-50 to 50; 0 before any note."""
        return 100 * cmath.phase(self._sum) / (2 * math.pi) if self._weight else 0.0

    @property
    def reliability(self) -> float:
        """0 to 1: how much the notes agree, and whether they are enough (about eight)."""
        if not self._weight:
            return 0.0
        return abs(self._sum) / self._weight * (1 - math.exp(-self._weight / 4))


def note_name(number: int) -> str:
    """Name and octave of a MIDI number: 69 is A4."""
    return f"{NAMES[number % 12]}{number // 12 - 1}"


def _deviations(temperament: str, tonic: int) -> tuple[float, ...]:
    """Cents of the twelve pitch classes, C first, above equal temperament."""
    if temperament == "equal":
        return (0.0,) * 12
    if temperament not in ("just", "pythagorean"):
        raise ValueError(
            f"temperament {temperament!r} is unknown; choose 'equal', 'just' or 'pythagorean'"
        )
    root = _fifths((tonic - A4) % 12) * FIFTH
    steps = [(pitch - tonic) % 12 for pitch in range(12)]
    if temperament == "pythagorean":
        return tuple(root + _fifths(step) * FIFTH for step in steps)
    return tuple(root + 1200 * math.log2(JUST[s][0] / JUST[s][1]) - 100 * s for s in steps)


def _fifths(step: int) -> int:
    """Fifths up (-5 to 6) that lead to a step above the start, octaves aside."""
    fifths = step * 7 % 12
    return fifths - 12 if fifths > 6 else fifths

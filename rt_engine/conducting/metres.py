"""Beat patterns: where the hand strikes in the bar, and how it gets from stroke to stroke.

Places are seen by the conductor, in units of the size of the beat: right, up, forward, from the
ictus of the first beat. The shapes are those that textbooks of conducting draw (M. Rudolf, "The
Grammar of Conducting", 3rd edition, 1995, chapters 2, 8 and 11): down on the first beat, up on
the last, in four the second one inward and the third one outward.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["METRES", "Metre", "Stroke", "metre_of"]

Place = tuple[float, float, float]


@dataclass(frozen=True)
class Stroke:
    """One beat of a pattern."""

    pulse: int  # of the bar, from 0
    ictus: Place  # where it strikes
    top: Place  # where it falls from: the highest point on the way there


@dataclass(frozen=True)
class Metre:
    """A pattern: `pulses` counted in a bar, of which the strokes are beaten."""

    name: str
    pulses: int
    strokes: tuple[Stroke, ...]

    def stroke(self, pulse: int) -> int | None:
        """The number of the stroke on a pulse of the bar, from 0; None where none falls."""
        found = (i for i, stroke in enumerate(self.strokes) if stroke.pulse == pulse)
        return next(found, None)

    def span(self, number: int) -> int:
        """Pulses from stroke `number` to the next."""
        after = self.strokes[(number + 1) % len(self.strokes)].pulse
        return (after - self.strokes[number].pulse - 1) % self.pulses + 1


_DOWN = Stroke(0, (0.0, 0.0, 0.0), (0.0, 1.0, -0.05))
_TWO = (_DOWN, Stroke(1, (0.22, 0.05, 0.0), (0.42, 0.50, 0.05)))
_THREE = (
    _DOWN,
    Stroke(1, (0.58, 0.03, 0.05), (0.22, 0.45, 0.05)),
    Stroke(2, (0.26, 0.12, 0.0), (0.62, 0.48, 0.05)),
)
_FOUR = (
    _DOWN,
    Stroke(1, (-0.46, 0.02, 0.05), (-0.10, 0.42, 0.05)),
    Stroke(2, (0.56, 0.03, 0.05), (-0.08, 0.52, 0.05)),
    Stroke(3, (0.24, 0.12, 0.0), (0.60, 0.48, 0.05)),
)
_FIVE_3_2 = (
    _DOWN,
    Stroke(1, (-0.26, 0.02, 0.04), (-0.05, 0.34, 0.05)),
    Stroke(2, (-0.54, 0.04, 0.05), (-0.38, 0.34, 0.05)),
    Stroke(3, (0.52, 0.03, 0.05), (-0.10, 0.56, 0.05)),
    Stroke(4, (0.22, 0.12, 0.0), (0.56, 0.46, 0.05)),
)
_FIVE_2_3 = (
    _DOWN,
    Stroke(1, (-0.46, 0.02, 0.04), (-0.12, 0.40, 0.05)),
    Stroke(2, (0.34, 0.03, 0.05), (-0.10, 0.54, 0.05)),
    Stroke(3, (0.64, 0.05, 0.05), (0.46, 0.34, 0.05)),
    Stroke(4, (0.24, 0.12, 0.0), (0.66, 0.44, 0.05)),
)
_SIX = (
    _DOWN,
    Stroke(1, (-0.22, 0.02, 0.03), (-0.04, 0.30, 0.04)),
    Stroke(2, (-0.48, 0.04, 0.05), (-0.33, 0.30, 0.05)),
    Stroke(3, (0.36, 0.02, 0.05), (-0.12, 0.56, 0.05)),
    Stroke(4, (0.64, 0.05, 0.05), (0.48, 0.32, 0.05)),
    Stroke(5, (0.24, 0.13, 0.0), (0.64, 0.44, 0.05)),
)


def _on(pulses: tuple[int, ...], strokes: tuple[Stroke, ...]) -> tuple[Stroke, ...]:
    """The same strokes on other pulses of the bar."""
    pairs = zip(pulses, strokes, strict=True)
    return tuple(Stroke(p, s.ictus, s.top) for p, s in pairs)


METRES: dict[str, Metre] = {
    metre.name: metre
    for metre in (
        Metre("1/4", 1, (_DOWN,)),
        Metre("2/4", 2, _TWO),
        Metre("3/4", 3, _THREE),
        Metre("4/4", 4, _FOUR),
        Metre("5/4", 5, _FIVE_3_2),
        Metre("5/4 2+3", 5, _FIVE_2_3),
        Metre("6/8", 6, _SIX),
        Metre("6/8 in 2", 6, _on((0, 3), _TWO)),
        Metre("7/8", 7, _on((0, 2, 4), _THREE)),
        Metre("7/8 2+3+2", 7, _on((0, 2, 5), _THREE)),
        Metre("7/8 3+2+2", 7, _on((0, 3, 5), _THREE)),
        Metre("3/4 in 1", 3, (_DOWN,)),
    )
}
_USUAL = {1: "1/4", 2: "2/4", 3: "3/4", 4: "4/4", 5: "5/4", 6: "6/8", 7: "7/8"}


def metre_of(beats: int) -> Metre:
    """The usual pattern for so many beats a bar; where that is unknown (0) or odd, four."""
    return METRES[_USUAL.get(beats, "4/4")]

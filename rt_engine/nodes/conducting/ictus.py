"""A stroke, as others are told of it."""

from __future__ import annotations

from rt_engine.conducting.strokes import Strike
from rt_engine.kinds import Beat

__all__ = ["beat_of"]


def beat_of(strike: Strike, period: float) -> Beat:
    """The beat that a stroke gives, where a beat of the metre takes `period` s."""
    own = strike.metre.span(strike.number) * period
    return Beat(
        index=strike.serial,
        position=strike.number + 1,
        meter=len(strike.metre.strokes),
        bpm=60.0 / own,
        period=own,
        confidence=1.0,
    )

"""Changes of the bow, as far as they can be heard."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rt_engine.kinds import Measured
from rt_engine.violin.ears import Moment

__all__ = ["bow_change", "dipped"]

DIP = 4.0  # dB by which the level dips between two notes where a turn is as likely as a slur
BOTH = 7.0  # dB, likewise, of the lesser of the dip and the return from it
ROUGH = 10.0  # dB that a period lost altogether is worth against one that is kept
STEADY = 0.7  # periodicity, at its least around the start, where it says nothing
SLOPE = 1.0  # dB in which a turn becomes e times more likely
SILENT = 20.0  # dB between what was and what comes: it began from nothing
SOON = 12  # moments after a start within which the new note sounds
BACK = 15  # and within which the level has come back


def bow_change(before: Sequence[Moment], after: Sequence[Moment]) -> Measured:
    """Whether the bow turned between the moments before a start and those from it on.

    A bow that turns stands still for a moment: the level dips and comes back, and the string
    loses its period, while a finger that falls in a slur changes the pitch alone. Value 1 for a
    turn, 0 for a slur; the reliability is how far the evidence lies from the middle, 0 to 1. A
    start out of silence is a turn.
    """
    if not before or not after:
        return Measured()
    if _from_silence(before, after):
        return _judged(SILENT)
    lowest = min(moment.level for moment in (*before[-2:], *after[:2]))
    back = max(moment.level for moment in after[:BACK]) - lowest
    periodic = min(moment.periodic for moment in (*before[-6:], *after[:6]))
    return _judged(min(_dip(before, after), back) - BOTH + ROUGH * (STEADY - periodic))


def dipped(before: Sequence[Moment], after: Sequence[Moment]) -> bool:
    """The same from the dip alone, which takes many slurs for turns.

    It is what the networks heard that learnt from `PerformanceFeatures`.
    """
    if not before or not after:
        return False
    return _from_silence(before, after) or _dip(before, after) > DIP


def _judged(evidence: float) -> Measured:
    """A turn, or not, from evidence in dB beyond where both are as likely."""
    turned = 1 / (1 + math.exp(-max(min(evidence / SLOPE, 30.0), -30.0)))
    return Measured(float(turned > 0.5), abs(2 * turned - 1))


def _dip(before: Sequence[Moment], after: Sequence[Moment]) -> float:
    """How far the level dips below the quieter of what was and what comes, in dB."""
    lowest = min(moment.level for moment in (*before[-8:], *after[:5]))
    return min(max(m.level for m in before), max(m.level for m in after[:SOON])) - lowest


def _from_silence(before: Sequence[Moment], after: Sequence[Moment]) -> bool:
    return max(m.level for m in after[:SOON]) - max(m.level for m in before) > SILENT

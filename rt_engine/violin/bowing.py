"""Changes of the bow, as far as they can be heard."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rt_engine.kinds import Measured
from rt_engine.violin.ears import Moment

__all__ = ["bow_change"]

DIP = 4.0  # dB by which the level dips between two notes where a turn is as likely as a slur
SLOPE = 1.0  # dB in which that becomes e times more likely
SILENT = 20.0  # dB between what was and what comes: it began from nothing


def bow_change(before: Sequence[Moment], after: Sequence[Moment]) -> Measured:
    """Whether the bow turned between the moments before a start and those from it on.

    A bow that turns stands still for a moment, and the level dips, while a finger that falls in
    a slur changes the pitch alone. Value 1 for a turn, 0 for a slur; the reliability is how far
    the evidence lies from the middle, 0 to 1. A start out of silence is a turn.
    """
    if not before or not after:
        return Measured()
    near = [*before[-8:], *after[:5]]
    lowest = min(moment.level for moment in near)
    sounding = min(max(m.level for m in before), max(m.level for m in after[:12]))
    evidence = sounding - lowest
    if max(m.level for m in after[:12]) - max(m.level for m in before) > SILENT:
        evidence = SILENT
    turned = 1 / (1 + math.exp(-max(min((evidence - DIP) / SLOPE, 30.0), -30.0)))
    return Measured(float(turned > 0.5), abs(2 * turned - 1))

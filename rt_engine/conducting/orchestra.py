"""Who sits where: the sections that a conductor gives cues to."""

from __future__ import annotations

from rt_engine.core.errors import exists

__all__ = ["FARTHEST", "SEATS", "azimuth"]

# Degrees to the conductor's left, as orchestras mostly sit.
SEATS = {
    "violins": 50.0,
    "second violins": 25.0,
    "violas": -20.0,
    "cellos": -45.0,
    "basses": -60.0,
    "woodwind": 8.0,
    "brass": -12.0,
    "percussion": 15.0,
    "choir": 0.0,
}
FARTHEST = 75.0  # degrees


def azimuth(whom: str | float) -> float:
    """Degrees to the left of the middle; ValueError for a section that does not exist."""
    if not isinstance(whom, str):
        return min(max(float(whom), -FARTHEST), FARTHEST)
    if whom not in SEATS:
        raise ValueError(f"no section {whom!r}{exists(whom, SEATS, 'sections')}")
    return SEATS[whom]

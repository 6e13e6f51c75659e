"""What is known of a body beforehand."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from rt_engine.calibration.body import Body

__all__ = ["BodyFile", "measured"]

BodyFile = Annotated[
    str, Meta(description="file of 'rt-engine calibrate body'; gives height, lengths and tilt")
]


def measured(
    body: Body | None, height: float, lengths: dict[str, float]
) -> tuple[float, dict[str, float]]:
    """Height and lengths of a calibrated body, if one is given; those said beside it win."""
    if body is None:
        return height, lengths
    return height or body.height, body.lengths | lengths

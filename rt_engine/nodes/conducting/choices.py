"""What a conductor can be asked for by name."""

from __future__ import annotations

from typing import Literal

import numpy as np

from rt_engine.conducting.style import STYLES, Style, drawn

__all__ = ["Manner", "Metre", "Styled", "style_of"]

Metre = Literal[
    "auto", "1/4", "2/4", "3/4", "4/4", "5/4", "5/4 2+3", "6/8", "6/8 in 2",
    "7/8", "7/8 2+3+2", "7/8 3+2+2", "3/4 in 1",
]  # fmt: skip
Styled = Literal["neutral", "small", "grand", "flowing", "sharp"]
Manner = Literal["auto", "legato", "neutral", "staccato", "marcato"]


def style_of(name: str, person: float, seed: int) -> Style:
    """The style of this name, of someone who is `person` times as different as people are."""
    style = STYLES[name]
    return drawn(np.random.default_rng(seed), style, person) if person else style

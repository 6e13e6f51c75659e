"""Motion that does not listen, to compare with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rt_engine.models.musician_motion.evaluate import Clip
from rt_engine.motion.quaternion import Floats

__all__ = ["another", "still"]


def still(clip: Clip) -> Floats:
    """The mean pose, all the time."""
    return np.zeros_like(clip.real)


def another(chosen: Sequence[Clip]) -> Callable[[Clip], Floats]:
    """Real motion of another clip: of the next one that is of another piece."""
    keys = [(id(clip.piece), clip.start) for clip in chosen]

    def make(clip: Clip) -> Floats:
        at = keys.index((id(clip.piece), clip.start))
        others = [*chosen[at + 1 :], *chosen[:at]]
        away = len(others) // 2
        later = [*others[away:], *others[:away]]
        return next((c for c in later if c.piece.name != clip.piece.name), later[0]).real

    return make

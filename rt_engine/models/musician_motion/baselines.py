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


def another(chosen: Sequence[Clip], others: Sequence[Clip]) -> Callable[[Clip], Floats]:
    """Real motion that belongs to other sound: `others`, spread evenly over the clips `chosen`.

    With clips of the training it is also how far two sets of real motion are from one another.
    """
    keys = [(id(clip.piece), clip.start) for clip in chosen]

    def make(clip: Clip) -> Floats:
        at = keys.index((id(clip.piece), clip.start))
        return others[at * len(others) // len(keys)].real

    return make

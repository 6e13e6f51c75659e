"""What the nodes that follow people through pictures have in common."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from rt_engine.core import SECOND, Knob, Output
from rt_engine.motion.quaternion import Floats

__all__ = ["FORGET", "GAP", "Person", "send"]

Person = Annotated[int, Knob(ge=-1, description="whom to follow; -1: the first in sight")]

GAP = SECOND // 2  # ns out of sight after which nothing is derived from before
FORGET = 5 * SECOND  # ns out of sight after which a person is forgotten


def send(output: Output, t: float, values: Floats) -> None:
    """Emit `values` as a frame of `t` s."""
    output.emit(round(t * SECOND), values.astype(np.float32).reshape(-1))

"""Sound as other violins, rooms and microphones have it, for the training of the live network.

The takes have five violins; what tells one from another is a colour that stays. A network that sees
each take as it is learns them by heart: its turns of the bow became worse on other violins after
two minutes. So every clip is heard louder or softer, in another colour, with some turns missed and
some made up, as the detector of `PerformanceFeatures` does on real sound.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from rt_engine.violin.features import PerformanceFeatures

__all__ = ["varied"]

Floats = npt.NDArray[np.float32]

GAIN = 3.0  # dB, standard deviation of the level of a clip; more hides how fast the bow goes
BANDS = 128  # of the mel spectrum: the first coefficient of n dB is n times the root of this
COLOUR = 0.6  # spreads of the training, by which each other coefficient of a clip is moved
GRAIN = 0.1  # spreads, of each row by itself
EDGE = 0.3  # in logarithms, of how hard onsets sound
MISSED, INVENTED = 0.25, 0.01  # at most: share of heard turns, and of other rows

_ENDS = np.cumsum([0, *PerformanceFeatures.columns.values()])
_AT = {
    name: slice(int(a), int(b))
    for name, a, b in zip(PerformanceFeatures.columns, _ENDS[:-1], _ENDS[1:], strict=True)
}


def varied(heard: Floats, spread: npt.ArrayLike, rng: Generator) -> Floats:
    """Rows (n, 35) of a clip as of another violin; spread: (35,) of the training."""
    rows, width = np.array(heard, np.float32), np.asarray(spread, np.float32)[_AT["mfcc"]]
    gain = rng.normal(0.0, GAIN)
    rows[:, _AT["rms"]] *= 10.0 ** (gain / 20.0)
    rows[:, _AT["envelope"]] *= np.exp(rng.normal(0.0, EDGE))
    colour = rng.normal(0.0, COLOUR, len(width)) * width
    colour[0] = gain * BANDS**0.5
    grain = rng.normal(0.0, GRAIN, (len(rows), len(width))) * width
    rows[:, _AT["mfcc"]] += (colour + grain).astype(np.float32)
    peaks = rows[:, _AT["peak"]]
    missed = rng.random(peaks.shape) < rng.uniform(0.0, MISSED)
    invented = rng.random(peaks.shape) < rng.uniform(0.0, INVENTED)
    rows[:, _AT["peak"]] = np.where(peaks > 0.5, ~missed, invented)
    return rows

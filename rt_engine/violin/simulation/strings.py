"""Which string and which place of the left hand plays a note."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["HIGHEST", "LENGTH", "LOWEST", "OPEN", "fingering", "stopped"]

OPEN = (55, 62, 69, 76)  # MIDI numbers of the open strings G, D, A, E
LENGTH = 0.328  # m from nut to bridge of a full-size violin
FIRST = 2  # semitones above the open string where the index finger lies in first position
SPAN = 5  # semitones from the index to the little finger
LOWEST, HIGHEST = 55, 103  # G3 to G7, where the fingerboard ends


def fingering(pitches: Sequence[float]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Strings (n,), 0 = G to 3 = E, and places of the hand (n,), both of single notes.

    A place is that of the index finger, in semitones above the open string. The lowest place
    that plays the note is taken, and of the strings that share it the highest. ValueError where
    a pitch is beyond the instrument.
    """
    strings, places = [], []
    for pitch in pitches:
        if not LOWEST <= round(pitch) <= HIGHEST:
            raise ValueError(f"MIDI pitch {pitch:g}: a violin has {LOWEST} to {HIGHEST}")
        string = max(k for k, tone in enumerate(OPEN) if tone <= round(pitch))
        strings.append(string)
        places.append(max(FIRST, round(pitch) - OPEN[string] - SPAN))
    return np.array(strings, np.int64), np.array(places, np.int64)


def stopped(semitones: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Metres from the bridge at which a finger stops a string that many semitones higher."""
    return np.asarray(LENGTH * 2.0 ** (-np.asarray(semitones, np.float64) / 12.0))

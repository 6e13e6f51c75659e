"""The style of a motion: the moments between beats at which a body changes abruptly.

`style` is the rule of the paper, for a whole recording; `StyleStream` does the same while the
motion goes on, against the magnitudes of late; `rhythm_of` adds the style to the beats.

Source: RhythmicNet (2021), section 3, "Style Extraction" and "Rhythm Composition", and section 4:
kinematic offsets at 15 frames a second, a 16-point FFT with hop 4, the highest bin of 8, its 10 %
largest magnitudes, each of them repeated four times. The paper names no window: Hann's is taken,
centred, with zeros beyond the ends.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from rt_engine.motion.quaternion import Arrays, Floats

__all__ = ["DELAY", "HOP", "POINTS", "StyleStream", "magnitudes", "rhythm_of", "style"]

POINTS, HOP, BIN = 16, 4, 8  # of the FFT; the bin counts from 0, the mean
TOP = 0.1  # share of the magnitudes that are peaks
MEMORY = 20.0  # s of magnitudes that a stream compares with
FEWEST = 4  # magnitudes before the first one can be a peak
DELAY = POINTS // 2 - 1  # offsets after the first of a group at which it is known
STEPS = 4  # of the rhythm in a beat: sixteenths of a bar of four

_WINDOW = np.hanning(POINTS + 1)[:-1]
Marks = npt.NDArray[np.int8]


def magnitudes(offsets: Arrays) -> Floats:
    """Magnitude of the highest bin, one for every HOP kinematic offsets (n,): (ceil(n / HOP),).

    Number k is centred on offset k * HOP.
    """
    half = POINTS // 2
    padded = np.pad(np.asarray(offsets, np.float64), (half, half))
    starts = np.arange(0, len(offsets), HOP)
    frames = padded[starts[:, None] + np.arange(POINTS)]
    found: Floats = np.abs(np.fft.rfft(frames * _WINDOW, axis=1))[:, BIN]
    return found


def style(offsets: Arrays, top: float = TOP) -> Marks:
    """1 where a whole motion changes abruptly, else 0: (n,), one for each kinematic offset (n,).

    top: share of the magnitudes that count; where nothing moves, nothing does.
    """
    sizes = magnitudes(offsets)
    count = round(top * len(sizes))
    marks = np.zeros(len(sizes), np.int8)
    largest = np.argsort(-sizes, kind="stable")[:count]
    marks[largest[sizes[largest] > 0.0]] = 1
    return np.repeat(marks, HOP)[: len(offsets)]


class StyleStream:
    """The style of a motion that goes on: a magnitude counts if it is among the top of late.

    top: share; memory: s to compare with, at `rate` offsets a second. After the offset number
    HOP * k + DELAY the marks of the offsets from HOP * k on are known.
    """

    def __init__(self, rate: float, top: float = TOP, memory: float = MEMORY) -> None:
        self.top, self._most = top, max(FEWEST, round(memory * rate / HOP))
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._past: deque[float] = deque(POINTS * [0.0], maxlen=POINTS)
        self._sizes: deque[float] = deque(maxlen=self._most)
        self._count = 0

    def step(self, offset: float) -> bool | None:
        """Take the next kinematic offset; the mark of the group that it completes, else None."""
        self._past.append(offset)
        self._count += 1
        if (self._count - 1 - DELAY) % HOP or self._count <= DELAY:
            return None
        size = float(np.abs(np.fft.rfft(np.array(self._past) * _WINDOW))[BIN])
        known = len(self._sizes) >= FEWEST
        peak = known and size > 0.0 and size >= np.quantile(self._sizes, 1.0 - self.top)
        self._sizes.append(size)
        return bool(peak)


def rhythm_of(beats: Arrays, accents: Arrays) -> Marks:
    """Beats and style on one grid of sixteenths: (STEPS * (k - 1) + 1,), 1 where something is.

    beats: (k,) times in s, rising, at least one. accents: times in s; each goes to the nearest
    sixteenth, those before the first beat and after the last one nowhere. Step 4 i is beat i.
    """
    beats, accents = np.asarray(beats, np.float64), np.asarray(accents, np.float64)
    if not len(beats) or (np.diff(beats) <= 0).any():
        raise ValueError("the rhythm needs times of beats that rise, one or more")
    marks = np.zeros(STEPS * (len(beats) - 1) + 1, np.int8)
    marks[::STEPS] = 1
    inside = accents[(accents >= beats[0]) & (accents <= beats[-1])]
    places = np.interp(inside, beats, STEPS * np.arange(len(beats)))
    marks[np.rint(places).astype(int)] = 1
    return marks

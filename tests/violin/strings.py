"""A synthetic violin: exact pitches, starts, vibrato and bow turns, for tests and benchmarks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RATE = 44100
JOIN = 0.004  # s in which a slurred note takes over from the last
TURN = 0.03  # s in which the sound rises and falls where the bow turns


class Tone(NamedTuple):
    """A note: start and length in s, MIDI number, cents off, and the rest of its making."""

    start: float
    length: float
    number: float
    cents: float = 0.0
    rate: float = 0.0  # of the vibrato, Hz
    extent: float = 0.0  # cents to either side
    gain: float = 0.15
    slurred: bool = False  # begins without a turn of the bow
    rough: float = 0.002  # noise, part of the gain


def bowed(tones: list[Tone], seconds: float, rate: int = RATE, seed: int = 0):
    """Sound of the tones over a faint noise floor: float32 (n,)."""
    rng = np.random.default_rng(seed)
    sound = 1e-5 * rng.standard_normal(round(seconds * rate))
    for k, tone in enumerate(tones):
        following = tones[k + 1] if k + 1 < len(tones) else None
        slurs = following is not None and following.slurred
        first = round(tone.start * rate)
        made = _tone(tone, rate, slurs, rng)[: max(0, len(sound) - first)]
        sound[first : first + len(made)] += made
    return sound.astype(np.float32)


def scale(numbers, length=0.5, gap=0.0, start=0.3, **settings):
    """Tones in a row, each bowed for itself."""
    return [
        Tone(start + k * (length + gap), length, number, **settings)
        for k, number in enumerate(numbers)
    ]


def _tone(tone: Tone, rate: int, slurs_on: bool, rng: np.random.Generator) -> NDArray[np.float64]:
    length = tone.length + (JOIN if slurs_on else 0.0)
    t = np.arange(round(length * rate)) / rate
    cents = 100 * (tone.number - 69) + tone.cents
    cents = cents + tone.extent * np.sin(2 * np.pi * tone.rate * t)
    hz = 440 * 2 ** (cents / 1200)
    phase = 2 * np.pi * np.cumsum(hz) / rate
    partials = [k for k in range(1, 25) if k * float(hz.max()) < 0.45 * rate]
    sound = sum(np.sin(k * phase + k) / k for k in partials) + tone.rough * rng.standard_normal(
        len(t)
    )
    rise = JOIN if tone.slurred else TURN
    fall = JOIN if slurs_on else TURN
    shape = np.minimum(1, np.minimum(t / rise, (length - t) / fall))
    return np.asarray(tone.gain * sound * np.clip(shape, 0, 1))

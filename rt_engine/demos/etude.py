"""The etude of the violin demonstration: its notes, the simulated player's motion, and a sound."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.violin.simulation import RATE, Motion, Note, drawn, play

__all__ = ["SAMPLES", "SHARP", "Etude", "etude"]

SAMPLES = 48_000  # a second
SECONDS_A_BEAT = 0.6
SHARP = 22.0  # cents that the notes of the middle part are off: something to be told of
MELODY = (62, 64, 66, 67, 69, 71, 73, 74, 73, 71, 69, 67, 66, 64)
# Lengths in beats; a negative one is slurred to the note before.
RHYTHM = (1, 0.5, -0.5, 1, 0.5, 0.5, 1.5, -0.5, 1, 0.5, 0.5, 1)
PARTIALS = 18
RESPONSE = 0.025  # s until a string follows the bow


class Etude(NamedTuple):
    """sound: (n,) float32 at SAMPLES; the motion that goes with it; where the notes are off, s."""

    sound: NDArray[np.float32]
    motion: Motion
    off: tuple[float, float]


def etude(seconds: float = 60.0, seed: int = 7) -> Etude:
    """Notes in D major, bowed and slurred, about `seconds` long; in the middle they are sharp."""
    notes, t, k = [], 0.6, 0
    while t < seconds - 2:
        length = RHYTHM[k % len(RHYTHM)] * SECONDS_A_BEAT
        pitch = MELODY[k % len(MELODY)]
        loud = 70 + 30 * np.sin(2 * np.pi * t / 17)
        notes.append(Note(t, t + abs(length), pitch, float(loud), length < 0))
        t, k = t + abs(length), k + 1
    rng = np.random.default_rng(seed)
    motion = play(notes, drawn(rng), rng)
    off = (0.4 * seconds, 0.6 * seconds)
    return Etude(_sound(motion, off, rng), motion, off)


def _sound(
    motion: Motion, off: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Partials whose level follows the bow: it dips where the bow turns, and not within a slur."""
    count = round(len(motion.t) * SAMPLES / RATE)
    t = np.arange(count) / SAMPLES
    cents = np.zeros(count)
    gain = np.zeros(count)
    for note in motion.notes:
        inside = slice(round(note.start * SAMPLES), round(note.end * SAMPLES))
        cents[inside] = 100 * (note.pitch - 69) + SHARP * (off[0] <= note.start < off[1])
        gain[inside] = note.velocity / 127
    speed = np.interp(t - RESPONSE, motion.t, motion.bow.speed * (motion.bow.direction != 0))
    swell = 8 * np.sin(2 * np.pi * 5.5 * t)  # cents of vibrato to either side
    phase = 2 * np.pi * np.cumsum(440 * 2 ** ((cents + swell) / 1200)) / SAMPLES
    tone = sum(np.sin(k * phase + k) / k for k in range(1, PARTIALS + 1))
    rough = tone + 0.02 * rng.standard_normal(count)
    level = np.sqrt(np.clip(speed / 0.25, 0, 2)) * np.convolve(gain, np.ones(240) / 240, "same")
    sound = 0.06 * rough * level + 1e-5 * rng.standard_normal(count)
    return np.asarray(sound, np.float32)

"""The sound of a simulated player: a sound font, led by the bow.

One stroke is one note of the font: within a slur only its pitch is bent, as a finger that falls
leaves the bow alone. Where the bow turns, the level dips and a new note begins.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import mido
import numpy as np
import soundfile
from numpy.random import Generator
from numpy.typing import NDArray

from rt_engine.models.rhythm.material.render import fluidsynth, fonts
from rt_engine.violin.simulation import RATE, Motion, Note

__all__ = ["coloured", "expression", "messages", "rendered"]

Floats = NDArray[np.float64]
Timed = tuple[float, int, mido.Message]

VIOLIN = 40  # General MIDI program
RANGE = 24  # semitones that the bend is set to reach
BEND = 8192  # of the bend, one way
FALL = 14.0  # dB by which the level drops where the bow stands still
EXPRESSION = 11  # controller; fluidsynth's gain goes with its square
BEND_RANGE = (101, 0), (100, 0), (6, RANGE)  # controllers that set the range of the bend
TICKS = 2000  # a second
PATIENCE = (20.0, 20.0, 120.0)  # s; it takes about one


def expression(motion: Motion) -> NDArray[np.float64]:
    """Controller 11 over time: (k, 2), s and value.

    The level follows the speed of the bow against the mean of its stroke: it dips at every turn,
    and not within a slur. The loudness itself is in the velocities.
    """
    bow = motion.bow
    against = bow.speed / np.maximum(_usual(motion), 0.02)
    decibels = np.clip(10 * np.log10(np.maximum(against, 1e-3)), -FALL, 2.0) - 2.0
    decibels[bow.direction == 0] = -FALL
    value = np.round(127 * 10 ** (decibels / 40))
    changed = np.flatnonzero(np.diff(value, prepend=-1.0))
    return np.stack([motion.t[changed], value[changed]], axis=1)


def _usual(motion: Motion) -> Floats:
    """The mean speed of the stroke at each frame, m/s."""
    usual = np.full(len(motion.t), 0.3)
    for stroke in motion.strokes:
        inside = slice(round(stroke.start * RATE), round(stroke.end * RATE) + 1)
        if motion.bow.speed[inside].size:
            usual[inside] = motion.bow.speed[inside].mean()
    return usual


def messages(motion: Motion) -> Iterator[Timed]:
    """MIDI of a motion: s, rank at that time, message."""
    yield -1.0, 0, mido.Message("program_change", program=VIOLIN)
    for control, value in BEND_RANGE:
        yield -1.0, 1, mido.Message("control_change", control=control, value=value)
    for t, value in expression(motion):
        yield t, 2, mido.Message("control_change", control=EXPRESSION, value=int(value))
    yield from _sung(motion.notes)


def _sung(notes: Sequence[Note]) -> Iterator[Timed]:
    """Starts and ends of strokes, and the pitch within them."""
    sounding = 0
    for k, note in enumerate(notes):
        last = k + 1 == len(notes) or not notes[k + 1].slurred
        away = round(note.pitch) - sounding
        if note.slurred and abs(away) < RANGE:
            yield note.start, 4, mido.Message("pitchwheel", pitch=round(away * BEND / RANGE))
        else:
            if note.slurred:
                yield note.start, 3, mido.Message("note_off", note=sounding)
            sounding, velocity = round(note.pitch), int(np.clip(note.velocity, 1, 127))
            yield note.start, 4, mido.Message("pitchwheel", pitch=0)
            yield note.start, 5, mido.Message("note_on", note=sounding, velocity=velocity)
        if last:
            yield note.end, 3, mido.Message("note_off", note=sounding)


def rendered(
    motion: Motion, folder: Path, part: str, rate: int, rng: Generator
) -> tuple[Floats, str]:
    """Sound (n,) of a motion, and the font. folder: the sound fonts; part: whose fonts are used.

    FileNotFoundError without fluidsynth or fonts; TimeoutError where fluidsynth hangs.
    """
    available = fonts(folder, part)
    font = available[int(rng.integers(len(available)))]
    wet = str(int(rng.random() < 0.5))
    wanted = len(motion.t) * rate // RATE
    with tempfile.TemporaryDirectory() as place:
        midi, wave = Path(place) / "take.mid", Path(place) / "take.wav"
        _file(motion).save(midi)
        settings = ["-g", "0.4", "-r", str(rate), "-R", wet, "-C", wet, "-F", str(wave)]
        fluidsynth([*settings, *map(str, font.files({VIOLIN})), str(midi)], PATIENCE)
        heard = soundfile.read(wave, always_2d=True)[0].mean(axis=1)[:wanted]
    return np.pad(heard, (0, wanted - len(heard))), font.name


def _file(motion: Motion) -> mido.MidiFile:
    track, now = mido.MidiTrack(), 0
    for time, _, message in sorted(messages(motion), key=lambda event: event[:2]):
        tick = max(0, round(time * TICKS))
        message.time, now = tick - now, tick
        track.append(message)
    end = max(round(len(motion.t) / RATE * TICKS) - now, 0)
    track.append(mido.Message("control_change", control=120, time=end))  # all sound off
    return mido.MidiFile(type=0, ticks_per_beat=TICKS // 2, tracks=[track])


def coloured(sound: Floats, rate: int, rng: Generator) -> NDArray[np.float32]:
    """The sound through another room, microphone and gain: a tilt of its spectrum, noise, level."""
    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(len(sound), 1.0 / rate)
    knots = np.geomspace(60.0, rate / 2, 8)
    curve = np.interp(np.log(np.maximum(hz, 1.0)), np.log(knots), rng.normal(0.0, 3.0, 8))
    sound = np.fft.irfft(spectrum * 10 ** (curve / 20), len(sound))
    wanted = 10 ** (rng.uniform(-34.0, -18.0) / 20)
    sound = sound * wanted / (np.sqrt(np.mean(sound**2)) + 1e-9)
    noise = wanted * 10 ** (rng.uniform(-60.0, -28.0) / 20)
    return np.asarray(sound + noise * rng.standard_normal(len(sound)), np.float32)

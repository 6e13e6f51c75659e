"""Sounds made by arithmetic alone: a drum kit, plucked strings, struck strings.

Each function returns one channel of float32 at `RATE`, about full scale at its loudest. Noise
comes from a generator with a fixed seed, so a sound is the same on every machine.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["RATE", "drum", "plucked", "struck"]

RATE = 48_000

Sound = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

PARTIALS = 11
FADE = 96  # samples at the end of a sound: it never ends in a click
# General MIDI percussion: the sound that plays each key, and its pitch in Hz where it has one
_TOMS = {41: 82.0, 43: 98.0, 45: 117.0, 47: 139.0, 48: 165.0, 50: 196.0}
_CYMBALS = {49: 1.6, 52: 1.2, 55: 0.9, 57: 1.8, 51: 0.9, 53: 0.7, 59: 1.0}  # s of decay
_CLICKS = {31: 2400.0, 33: 2000.0, 37: 1700.0, 39: 1200.0, 75: 2500.0, 76: 1800.0, 77: 1300.0}


def drum(key: int) -> Sound:
    """The drum of a General MIDI percussion key; one without a sound of its own is a tick."""
    if key in (35, 36):
        return _finished(_swept(0.35, 165.0, 48.0, 0.03, 0.11))
    if key in (38, 40):
        snap = 0.9 * _noise(0.22, key, 0.07, 0.55) + 0.6 * _swept(0.22, 260.0, 185.0, 0.02, 0.06)
        return _finished(snap)
    if key in (42, 44, 22):
        return _finished(_metal(0.09, key, 0.022))
    if key in (46, 26):
        return _finished(_metal(0.6, key, 0.2))
    if key in _TOMS:
        return _finished(_swept(0.5, 1.6 * _TOMS[key], _TOMS[key], 0.04, 0.15))
    if key in _CYMBALS:
        return _finished(_metal(2.5 * _CYMBALS[key], key, 0.55 * _CYMBALS[key]))
    return _finished(_swept(0.06, _CLICKS.get(key, 1500.0), _CLICKS.get(key, 1500.0), 1.0, 0.012))


def plucked(pitch: int, seconds: float = 3.0, bright: float = 0.5) -> Sound:
    """A string that is plucked: noise that runs round a delay line through an averaging filter.

    The whole delay line is filtered at once, period by period; a fractional part of the period
    is set by linear interpolation at the end. Source: Karplus and Strong, "Digital synthesis of
    plucked-string and drum timbres", Computer Music Journal 7(2), 1983.
    """
    period = RATE / _hertz(pitch)
    length = max(2, int(period - 0.5))
    line = _smooth(np.random.default_rng(pitch).uniform(-1, 1, length), 1.0 - bright)
    line -= line.mean()
    loss = 10 ** (-3 * period / RATE / _ring(pitch))  # -60 dB after that time
    rounds = []
    for _ in range(round(min(seconds, 1.2 * _ring(pitch)) * RATE / length)):
        rounds.append(line)
        line = loss * 0.5 * (line + np.roll(line, 1))
    stretched = np.concatenate(rounds)
    places = np.arange(int(len(stretched) * period / (length + 0.5))) * (length + 0.5) / period
    return _finished(np.interp(places, np.arange(len(stretched)), stretched))


def struck(pitch: int, seconds: float = 2.5) -> Sound:
    """A piano-like string: partials, a little sharp of harmonic, the high ones gone first.

    Partial n lies at n f sqrt(1 + B n^2). Source: Fletcher, Blackham and Stratton, "Quality of
    piano tones", JASA 34, 1962.
    """
    f, stiff = _hertz(pitch), 2e-4 * 2 ** ((pitch - 60) / 12)
    count = int(min(PARTIALS, 0.45 * RATE / f))
    t = np.arange(round(min(seconds, 1.2 * _ring(pitch)) * RATE)) / RATE
    sound = np.zeros(len(t))
    for n in range(1, max(count, 1) + 1):
        decay = _ring(pitch) / 3 / (1 + 0.35 * (n - 1))
        end = min(len(t), round(7 * decay * RATE))
        strength = abs(np.sin(np.pi * n / 8)) / n  # the hammer strikes at an eighth
        phase = 2 * np.pi * n * f * np.sqrt(1 + stiff * n * n) * t[:end]
        sound[:end] += strength * np.sin(phase) * np.exp(-t[:end] / decay)
    rise = np.minimum(1.0, t / 0.002)
    return _finished(sound * rise)


def _swept(seconds: float, start: float, end: float, fall: float, decay: float) -> Floats:
    """A sine that falls from `start` to `end` Hz within about `fall` s, and dies away."""
    t = np.arange(round(seconds * RATE)) / RATE
    hertz = end + (start - end) * np.exp(-t / fall)
    sound: Floats = np.sin(2 * np.pi * np.cumsum(hertz) / RATE) * np.exp(-t / decay)
    return sound


def _noise(seconds: float, seed: int, decay: float, highpass: float) -> Floats:
    """White noise that dies away, without its lows; `highpass`: 0 (all of it) to 1."""
    noise = np.random.default_rng(seed).uniform(-1, 1, round(seconds * RATE))
    t = np.arange(len(noise)) / RATE
    dying: Floats = (noise - highpass * np.roll(noise, 1)) * np.exp(-t / decay)
    return dying


def _metal(seconds: float, seed: int, decay: float) -> Floats:
    """Metal: six square waves out of tune and noise, through a difference as high-pass."""
    t = np.arange(round(seconds * RATE)) / RATE
    tones = (2 * np.pi * hertz * t for hertz in (2050.0, 3070.0, 3685.0, 5270.0, 5940.0, 8000.0))
    ringing = sum((np.sign(np.sin(tone)) for tone in tones), np.zeros(len(t)))
    thin = np.diff(0.15 * ringing, prepend=0.0) + 0.5 * _noise(seconds, seed, 1e9, 0.95)
    shaped: Floats = thin * np.exp(-t / decay) * np.minimum(1.0, t / 0.0005)
    return shaped


def _smooth(sound: Floats, share: float) -> Floats:
    return (1 - share) * sound + share * 0.5 * (sound + np.roll(sound, 1))


def _hertz(pitch: int) -> float:
    return float(440.0 * 2 ** ((pitch - 69) / 12))


def _ring(pitch: int) -> float:
    """Seconds until a string of this pitch has died away; low ones take longer."""
    return float(np.clip(6.0 * 2 ** ((48 - pitch) / 18), 0.8, 9.0))


def _finished(sound: Floats) -> Sound:
    """Full scale, faded out at the end, never to be written to."""
    faded = sound / max(np.max(np.abs(sound)), 1e-9)
    faded[-FADE:] *= np.linspace(1, 0, FADE)
    whole: Sound = faded.astype(np.float32)
    whole.setflags(write=False)
    return whole

"""From a clean rendering to what microphones, records and codecs make of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import soundfile

from rt_engine.models.rhythm.material.render import RATE
from rt_engine.models.rhythm.material.scores import Floats

Rng = np.random.Generator


def recorded(sound: Floats, rng: Rng, gentle: bool = False) -> tuple[Floats, list[str]]:
    """The sound after a random chain of room, equaliser, compressor, noise and codec; its names.

    gentle: nothing that would undo differences of loudness (compressor, clipping, strong noise).
    """
    if rng.random() < 0.15:
        return sound, []
    chain: list[tuple[float, str, Callable[[Floats, Rng], Floats]]] = [
        (0.45, "room", room),
        (0.5, "equaliser", equaliser),
        (0.0 if gentle else 0.5, "compressor", compressor),
        (0.15, "band", band),
        (0.0 if gentle else 0.3, "clipping", clipping),
        (0.35, "noise", quiet_noise if gentle else noise),
        (0.2, "codec", codec),
    ]
    names = []
    for chance, name, change in chain:
        if rng.random() < chance:
            sound = change(normalised(sound), rng)
            names.append(name)
    return sound, names


def normalised(sound: Floats, peak: float = 0.5) -> Floats:
    """With this peak; silence stays silence."""
    top = float(np.abs(sound).max(initial=0.0))
    return sound * (peak / top) if top > 1e-9 else sound


def level(sound: Floats, rng: Rng) -> Floats:
    """At a peak of -1 to -35 dB full scale."""
    return normalised(sound, 10 ** (-rng.choice((1, 3, 6, 12, 20, 35)) / 20))


def convolved(sound: Floats, response: Floats) -> Floats:
    """The sound (n,) through a response, cut to its own length."""
    size = fast_size(len(sound) + len(response))
    spectrum = np.fft.rfft(sound, size) * np.fft.rfft(response, size)
    return np.asarray(np.fft.irfft(spectrum, size)[: len(sound)])


def fast_size(count: int) -> int:
    """The power of two from `count` up."""
    return int(2 ** np.ceil(np.log2(count)))


def room(sound: Floats, rng: Rng) -> Floats:
    """A small room to a hall: the direct sound, early reflections, a tail of decaying noise."""
    decay = float(np.exp(rng.uniform(np.log(0.12), np.log(2.2))))  # s to -60 dB
    time = np.arange(round(min(decay, 1.5) * RATE)) / RATE
    tail = rng.standard_normal(len(time)) * np.exp(-6.9 * time / decay)
    tail[: round(rng.uniform(0.004, 0.02) * RATE)] = 0
    damping = np.exp(-np.arange(32) * rng.uniform(0.1, 1.5))
    tail = np.convolve(tail, damping / damping.sum())[: len(time)]
    response = tail / np.sqrt((tail**2).sum() + 1e-12) * 10 ** (-rng.uniform(0, 16) / 20)
    for _ in range(int(rng.integers(3, 12))):
        delay = rng.uniform(0.002, 0.04)
        place = round(delay * RATE)
        if place < len(response):
            response[place] += rng.choice((-1, 1)) * rng.uniform(0.1, 0.5) * np.exp(-delay / 0.02)
    response[0] = 1.0
    return convolved(sound, response)


def shaped(sound: Floats, gain: Callable[[Floats], Floats]) -> Floats:
    """The sound with its spectrum multiplied by gain(frequency in Hz)."""
    size = fast_size(len(sound))
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    return np.asarray(np.fft.irfft(np.fft.rfft(sound, size) * gain(frequency), size)[: len(sound)])


def equaliser(sound: Floats, rng: Rng) -> Floats:
    """A tilt of up to 3 dB an octave and four bells of up to 9 dB."""
    tilt = rng.uniform(-3, 3)
    bells = [(rng.uniform(5.5, 13.3), rng.uniform(0.3, 1.5), rng.uniform(-9, 9)) for _ in range(4)]

    def gain(frequency: Floats) -> Floats:
        octave = np.log2(np.maximum(frequency, 20.0))
        decibels = tilt * np.clip(octave - 10.0, -3, 3)
        for centre, width, height in bells:
            decibels = decibels + height * np.exp(-0.5 * ((octave - centre) / width) ** 2)
        return np.asarray(10 ** (decibels / 20))

    return shaped(sound, gain)


BANDS = ((300, 3400), (180, 7000), (120, 9000), (80, 5000), (60, 4000), (40, 8000))  # Hz


def band(sound: Floats, rng: Rng) -> Floats:
    """Through a telephone, a laptop's microphone, a small speaker or the like."""
    low, high = BANDS[int(rng.integers(len(BANDS)))]

    def gain(frequency: Floats) -> Floats:
        ratio = np.maximum(frequency, 1.0)
        return np.asarray(1 / np.sqrt((1 + (low / ratio) ** 4) * (1 + (ratio / high) ** 8)))

    return shaped(sound, gain)


def compressor(sound: Floats, rng: Rng) -> Floats:
    """What is 3 to 20 dB below the loudest, or above, turned down: slow, or so that it pumps."""
    step = RATE // 200
    blocks = np.pad(sound, (0, -len(sound) % step)).reshape(-1, step)
    rms = np.sqrt((blocks**2).mean(axis=1)) + 1e-6
    threshold = np.quantile(rms, 0.95) * 10 ** (-rng.uniform(3, 20) / 20)
    ratio = float(rng.choice((2, 3, 4, 10)))
    attack, release = (
        1 - np.exp(-0.005 / rng.uniform(*span)) for span in ((0.002, 0.03), (0.05, 0.4))
    )
    wanted = np.minimum(0.0, np.log(threshold / rms) * (1 - 1 / ratio))
    gains, now = np.zeros(len(wanted)), 0.0
    for k, value in enumerate(wanted.tolist()):
        now += (attack if value < now else release) * (value - now)
        gains[k] = now
    curve = np.interp(np.arange(len(sound)), (np.arange(len(gains)) + 0.5) * step, gains)
    return np.asarray(sound * np.exp(curve))


def clipping(sound: Floats, rng: Rng) -> Floats:
    """Softly clipped, as loud records are."""
    return np.asarray(np.tanh(normalised(sound, rng.uniform(1.0, 5.0))))


def noise(sound: Floats, rng: Rng) -> Floats:
    """With noise of some colour, or a crowd, 5 to 40 dB below."""
    return _with_noise(sound, rng.uniform(5, 40), rng)


def quiet_noise(sound: Floats, rng: Rng) -> Floats:
    """With noise 25 to 50 dB below."""
    return _with_noise(sound, rng.uniform(25, 50), rng)


def _with_noise(sound: Floats, below: float, rng: Rng) -> Floats:
    other = babble(len(sound), rng) if rng.random() < 0.3 else coloured(len(sound), rng)
    power = np.sqrt((sound**2).mean())
    return np.asarray(sound + other * power * 10 ** (-below / 20))


def coloured(count: int, rng: Rng) -> Floats:
    """Noise (count,) of rms 1 whose power falls as 1 / f ** k, k in 0 to 2."""
    slope = rng.choice((0.0, 0.5, 1.0))
    flat = rng.standard_normal(count)
    result = shaped(flat, lambda f: np.maximum(f, 20.0) ** -slope)
    return np.asarray(result / (result.std() + 1e-12))


def babble(count: int, rng: Rng, voices: int = 6) -> Floats:
    """Voices that nobody understands: buzz and hiss through formants, in syllables; rms 1."""
    result = np.zeros(count)
    for _ in range(voices):
        syllables = np.arange(0, count + RATE, round(RATE / rng.uniform(2.5, 6.0)))
        gate = rng.random(len(syllables)) ** 2
        envelope = np.interp(np.arange(count), syllables, gate)
        pitch = rng.uniform(90, 240) * 2 ** np.interp(
            np.arange(count), syllables, rng.normal(0, 0.2, len(syllables))
        )
        buzz = (np.cumsum(pitch) / RATE) % 1.0 - 0.5 + 0.1 * rng.standard_normal(count)
        result += envelope * buzz
    formants = [(rng.uniform(300, 900), 150.0), (rng.uniform(1000, 2500), 250.0), (3200.0, 500.0)]

    def gain(frequency: Floats) -> Floats:
        return np.asarray(sum(np.exp(-0.5 * ((frequency - f) / w) ** 2) for f, w in formants))

    result = shaped(result, gain)
    return np.asarray(result / (result.std() + 1e-12))


def codec(sound: Floats, rng: Rng) -> Floats:
    """There and back through Ogg Vorbis, MP3 or 8-bit mu-law, the first two at low quality."""
    kind = int(rng.integers(3))
    if kind == 2:
        signed = np.sign(sound) * np.log1p(255 * np.abs(sound)) / np.log(256)
        rounded = np.rint(signed * 127) / 127
        return np.asarray(np.sign(rounded) * np.expm1(np.abs(rounded) * np.log(256)) / 255)
    settings: dict[str, Any] = (
        {"format": "OGG", "subtype": "VORBIS"} if kind == 0 else {"format": "MP3"}
    )
    file = io.BytesIO()
    quality = rng.uniform(0.5, 0.97)
    soundfile.write(file, sound, RATE, compression_level=quality, **settings)
    file.seek(0)
    heard, _ = soundfile.read(file)
    return np.asarray(np.pad(heard, (0, max(0, len(sound) - len(heard))))[: len(sound)])

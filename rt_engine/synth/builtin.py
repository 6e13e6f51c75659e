"""The built-in voice: General MIDI in outline, for machines without FluidSynth or a sound font."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

from rt_engine.synth.limiter import STEP, Limiter
from rt_engine.synth.sounds import RATE, drum, plucked, struck

__all__ = ["Builtin"]

VOICES = 32  # that sound at once; the oldest one makes room
DRUMS = 9  # channel, from 0
DRUM_LEVEL, STRING_LEVEL = 0.5, 0.22
RELEASE = round(0.08 * RATE)  # samples in which a string falls silent after its note
STOLEN = STEP  # samples in which a voice makes room
HI_HATS = {42, 44, 46, 22, 26}
CHANNEL_MESSAGES_OFF = (120, 123)  # controllers: all sound off, all notes off
PAN = {36: 0.0, 38: 0.05, 42: 0.3, 46: 0.3, 45: 0.35, 48: 0.0, 50: -0.35, 49: -0.4, 51: 0.4}

Samples = npt.NDArray[np.float32]


@dataclass
class _Voice:
    key: tuple[int, int]  # channel, pitch
    sound: Samples
    gains: Samples  # (2,): left and right
    at: int = 0
    level: float = 1.0
    fall: float = 0.0  # of the level, a sample; 0: it rings on

    def end(self, length: int) -> None:
        """Fall silent within `length` samples, from where its level is now."""
        self.fall = max(self.fall, self.level / length)

    def next(self) -> Samples:
        """The next `STEP` samples, fewer at its end."""
        part = self.sound[self.at : self.at + STEP]
        self.at += STEP
        if self.fall:
            levels = self.level - self.fall * np.arange(len(part), dtype=np.float32)
            part = part * np.maximum(levels, 0)
            self.level -= self.fall * STEP
            self.at = self.at if self.level > 0 else len(self.sound)
        return part


class Builtin:
    """MIDI messages in, stereo blocks out at 48 kHz; the same interface as `Fluid`.

    Channel 10 is a drum kit; elsewhere programs 24 to 47 (guitars, basses, strings to pluck)
    are plucked, and all others struck strings.
    """

    def __init__(self, rate: int = RATE) -> None:
        self.rate = rate
        self._programs = [0] * 16
        self._voices: list[_Voice] = []
        self._limiter = Limiter()
        self._gain = 1.0
        self._sounds: dict[tuple[bool, bool, int], Samples] = {}  # drum, plucked, pitch

    def level(self, decibels: float) -> None:
        """Loudness of everything."""
        self._gain = 10 ** (decibels / 20)

    def reverb(self, amount: float) -> None:
        """There is none here."""

    def prepare(self, message: bytes) -> None:
        """Make the sound that `message` will need; takes up to some 50 ms the first time."""
        if message[0] & 0xF0 == 0x90:
            self._sound(message[0] & 0x0F, message[1])

    def message(self, message: bytes) -> None:
        """Play a MIDI message from the next sample to be mixed on."""
        status, channel = message[0] & 0xF0, message[0] & 0x0F
        if status == 0x90 and message[2]:
            self._start(channel, message[1], message[2])
        elif status in (0x80, 0x90):
            if channel != DRUMS:  # drums ring as long as they are
                self._end(lambda voice: voice.key == (channel, message[1]), RELEASE)
        elif status == 0xB0 and message[1] in CHANNEL_MESSAGES_OFF:
            self._end(lambda voice: voice.key[0] == channel, RELEASE)
        elif status == 0xC0:
            self._programs[channel] = message[1]

    def render(self, frames: int) -> Samples:
        """The next samples, (frames, 2), below full scale, `STEP` samples after their messages.

        ValueError where `frames` is no multiple of `STEP`.
        """
        if frames % STEP:
            raise ValueError(f"blocks are multiples of {STEP} samples, not {frames}")
        return np.concatenate([self._limiter.step(self._mix()) for _ in range(frames // STEP)])

    def close(self) -> None:
        """Forget all voices."""
        self._voices.clear()

    def _start(self, channel: int, pitch: int, velocity: int) -> None:
        if channel == DRUMS and pitch in HI_HATS:  # the closed hi-hat chokes the open one
            self._end(lambda v: v.key[0] == DRUMS and v.key[1] in HI_HATS, 4 * STOLEN)
        else:
            self._end(lambda voice: voice.key == (channel, pitch), 4 * STOLEN)
        ringing = [voice for voice in self._voices if not voice.fall]
        for voice in ringing[: max(0, len(ringing) + 1 - VOICES)]:
            voice.end(STOLEN)
        side = PAN.get(pitch, 0.0) if channel == DRUMS else 0.0
        level = (velocity / 127) ** 1.6 * (DRUM_LEVEL if channel == DRUMS else STRING_LEVEL)
        angle = (side + 1) * np.pi / 4
        gains = np.array([np.cos(angle), np.sin(angle)], np.float32) * np.float32(level * 2**0.5)
        self._voices.append(_Voice((channel, pitch), self._sound(channel, pitch), gains))

    def _sound(self, channel: int, pitch: int) -> Samples:
        key = channel == DRUMS, 24 <= self._programs[channel] < 48, pitch
        if key not in self._sounds:
            made = drum(pitch) if key[0] else plucked(pitch) if key[1] else struck(pitch)
            self._sounds[key] = made if self.rate == RATE else soxr.resample(made, RATE, self.rate)
        return self._sounds[key]

    def _end(self, which: Callable[[_Voice], bool], length: int) -> None:
        for voice in self._voices:
            if which(voice):
                voice.end(length)

    def _mix(self) -> Samples:
        mixed = np.zeros((STEP, 2), np.float32)
        for voice in self._voices:
            part = voice.next()
            mixed[: len(part)] += part[:, None] * voice.gains
        self._voices = [v for v in self._voices if v.at < len(v.sound)]
        return mixed * np.float32(self._gain)

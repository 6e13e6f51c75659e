"""Sound in and out: a microphone, a file, a speaker."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from msgspec import Meta

from rt_engine import devices
from rt_engine.capture import Capture
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet, SampleClock, Source
from rt_engine.kinds import Audio

__all__ = ["File", "Microphone", "Speaker"]

Block = Annotated[int, Meta(ge=16, le=16_384, description="samples a packet")]
Port = Annotated[str, Meta(description='device name or a part of it; "" is the system\'s default')]
Samples = npt.NDArray[np.float32]

POLL = 0.1  # s that one read waits at most


class Microphone(Source):
    """Sound of an input device, in blocks, stamped with the time when it was in the air.

    Samples that the device lost give a warning, count in `overruns` and reset what follows;
    a device that is gone is looked for and opened again. `drift` is the device's rate against
    the engine clock, in parts per million.
    """

    device = True
    realtime = True
    audio = Output(Audio)
    port: Port = ""
    rate: Annotated[int, Meta(ge=8000, le=384_000, description="sample rate in Hz")] = 48_000
    block: Block = 512
    channel: Annotated[int, Meta(ge=1, description="which channel, from 1")] = 1

    def plan(self) -> None:
        self.audio.format = Audio(rate=self.rate)
        self.overruns = 0

    def open(self) -> None:
        self._capture = Capture(self.port, self.rate, self.channel, self.block)

    def reset(self) -> None:
        self._clock = SampleClock(self.rate)

    @property
    def drift(self) -> float:
        """The device's rate against the engine clock, in parts per million."""
        return self._clock.drift

    def read(self) -> None:
        """One block, if there is one soon; DeviceError when the device is gone."""
        if (got := self._capture.read(POLL)) is None:
            return
        arrival, lost, data = got
        if lost:
            self.overruns += 1
            self.log.warning("the device lost samples (%d times so far)", self.overruns)
            self._clock.slip()
            self.audio.gap()
        t = self._clock.update(arrival, self.block) - self._capture.latency
        self.audio.emit(t, np.ascontiguousarray(data[:, self.channel - 1]))

    def close(self) -> None:
        if hasattr(self, "_capture"):
            self._capture.close()


class File(Source):
    """A sound file (wav, flac, ogg, mp3), played at its own pace live, at once in a replay.

    A block is emitted when its last sample would have been in the air, as a device would.
    """

    realtime = True
    suffixes = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".opus")
    audio = Output(Audio)
    path: Annotated[str, Meta(min_length=1, description="the file, from the working folder")]
    rate: Annotated[int, Meta(ge=0, le=384_000, description="Hz; 0 keeps the file's rate")] = 0
    block: Block = 512
    channels: Annotated[int, Meta(ge=0, le=1, description="1 mixes down, 0 keeps the file's")] = 1
    loop: Annotated[bool, Meta(description="start again at the end")] = False
    gain: Annotated[float, Knob(ge=-60, le=24, unit="dB", description="level")] = 0.0

    def plan(self) -> None:
        try:
            info = soundfile.info(self.path)
        except (soundfile.SoundFileError, OSError) as error:
            missing = not Path(self.path).exists()
            reason = "no such file" if missing else str(error).partition(": ")[2] or error
            raise ValueError(f"sound file {self.path!r} cannot be read: {reason}") from None
        if not info.frames:
            raise ValueError(f"sound file {self.path!r} has no samples")
        self._rate = self.rate or info.samplerate
        self.audio.format = Audio(rate=self._rate, channels=self.channels or info.channels)

    def open(self) -> None:
        self._file = soundfile.SoundFile(self.path)
        self.length = self._file.frames / self._file.samplerate

    def reset(self) -> None:
        self._file.seek(0)
        shape = self.audio.format.channels
        self._resampler = soxr.ResampleStream(self._file.samplerate, self._rate, shape, "float32")
        self._ready: Samples = self._shaped(np.zeros((0, shape), np.float32))
        self._start: int | None = None
        self._sent, self._ended = 0, False

    def read(self) -> bool:
        """One block, once its time has come; False after the last."""
        if self._start is None:
            self._start = self.clock.now()
        while len(self._ready) < self.block and not self._ended:
            self._ready = np.concatenate([self._ready, self._next()])
        data, self._ready = self._ready[: self.block], self._ready[self.block :]
        if not len(data) or not self.clock.wait_until(self._time(self._sent + len(data))):
            return False
        gained = data * np.float32(10 ** (self.gain / 20)) if self.gain else data
        self.audio.emit(self._time(self._sent), gained)
        self._sent += len(data)
        return bool(len(self._ready)) or not self._ended

    def close(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def _time(self, sample: int) -> int:
        return (self._start or 0) + sample * SECOND // self._rate

    def _next(self) -> Samples:
        """The next samples at our rate, some 0.2 s of them."""
        data: Samples = self._file.read(self._file.samplerate // 5, "float32", always_2d=True)
        if not len(data) and self.loop:
            self._file.seek(0)
            data = self._file.read(self._file.samplerate // 5, "float32", always_2d=True)
        self._ended = not len(data)
        if self.audio.format.channels == 1:
            data = data.mean(axis=1, dtype=np.float32)
        if self._file.samplerate == self._rate:
            return self._shaped(data)
        resampled: Samples = self._resampler.resample_chunk(self._shaped(data), self._ended)
        return resampled

    def _shaped(self, data: Samples) -> Samples:
        return data.reshape(-1) if self.audio.format.channels == 1 else data


class Speaker(Node):
    """Plays what arrives on an output device, as soon as the device takes it."""

    threaded = True
    live_only = True
    audio = Input(Audio)
    port: Port = ""
    block: Block = 512
    gain: Annotated[float, Knob(ge=-60, le=12, unit="dB", description="level")] = 0.0

    def plan(self) -> None:
        self.underruns = 0

    def open(self) -> None:
        sound = self.audio.format
        self._stack = contextlib.ExitStack()
        # One channel goes to both ears; and PortAudio 19.6 spoils its memory when it writes
        # a single one to a JACK server.
        channels = max(2, sound.channels)
        stream = devices.stream("output", self.port, sound.rate, channels, self.block)
        self._stream: Any = self._stack.enter_context(stream)

    def on_audio(self, packet: Packet) -> None:
        level = np.float32(10 ** (self.gain / 20))
        data = packet.data if packet.data.ndim == 2 else packet.data[:, None].repeat(2, axis=1)
        if self._stream.write(np.ascontiguousarray(data * level)):
            self.underruns += 1

    def close(self) -> None:
        if hasattr(self, "_stack"):
            self._stack.close()

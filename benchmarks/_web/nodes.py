"""A performance without devices: sound, pictures, a body, beats; each notes how late it was."""

from __future__ import annotations

import time
from array import array
from pathlib import Path

import numpy as np

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Node, Output, Packet, Source
from rt_engine.kinds import Beat, SkeletonPose
from rt_engine.motion.skeleton import BONES, identity

RATE, BLOCK = 48_000, 128


class Paced(Source):
    """Something `rate` times a second, on absolute deadlines; a device never waits."""

    device = True
    rate: float = 30.0

    def reset(self) -> None:
        self.i, self.begun = 0, 0

    def read(self) -> bool:
        self.begun = self.begun or self.clock.now()
        due = self.begun + round(self.i * SECOND / self.rate)
        if not self.clock.wait_until(due):
            return False
        self.give(due)
        self.i += 1
        return True

    def give(self, due: int) -> None:
        raise NotImplementedError


class Card(Paced):
    """Blocks of 128 samples; the time is that at which the device had the block."""

    realtime = True
    audio = Output(kinds.Audio(rate=RATE))
    rate: float = RATE / BLOCK

    def plan(self) -> None:
        t = np.arange(BLOCK) / RATE
        self.block = np.sin(2 * np.pi * 375 * t).astype(np.float32)

    def give(self, due: int) -> None:
        self.audio.emit(due, self.block)


class Step(Node):
    """Passes a block on, counted."""

    audio = Input(kinds.Audio)
    out = Output(kinds.Audio)

    def plan(self) -> None:
        self.out.format, self.count = self.audio.format, 0

    def on_audio(self, packet: Packet) -> None:
        self.count += 1
        self.out.emit(packet.t, packet.data)


class Judge(Node):
    """Notes when each block was captured and how late it is (ns); writes that to `file` at the
    end, if there is one. The file "running" says that the first one has come.
    """

    audio = Input(kinds.Audio)
    file: str = ""

    def open(self) -> None:
        self.late, self.begun = array("q"), False

    def on_audio(self, packet: Packet) -> None:
        if not self.begun:
            self.begun = True
            Path("running").touch()
        if self.file:
            self.late.extend((packet.t, time.monotonic_ns() - packet.t))

    def close(self) -> None:
        if self.file:
            np.save(self.file, np.array(self.late, np.int64).reshape(-1, 2))


class Camera(Paced):
    """Pictures with a moving edge and some noise, as a camera has them."""

    images = Output(kinds.Images(width=640, height=480, rate=30.0))

    def plan(self) -> None:
        chance = np.random.default_rng(1)
        base = np.linspace(0, 200, 640, dtype=np.float32)[None, :, None]
        noise = chance.normal(0, 6, (8, 480, 640, 3))
        self.shots = [(np.roll(base, 80 * i, 1) + n + 20).clip(0, 255).astype(np.uint8)
                      for i, n in enumerate(noise)]  # fmt: skip

    def give(self, due: int) -> None:
        self.images.emit(due, self.shots[self.i % 8])


class Body(Paced):
    """A body that turns its arms."""

    skeletons = Output(kinds.Skeletons)
    rate: float = 50.0

    def plan(self) -> None:
        self.rest = identity().astype(np.float32)
        self.sure = np.ones(len(BONES), np.float32)

    def give(self, due: int) -> None:
        root = np.array([0, 1 + 0.1 * np.sin(self.i / 10), 0], np.float32)
        self.skeletons.emit(due, [SkeletonPose(0, root, self.rest, self.sure)])


class Mel(Paced):
    """Features of 80 bands."""

    frames = Output(kinds.Frames(rate=100.0, size=80))
    rate: float = 100.0

    def give(self, due: int) -> None:
        self.frames.emit(due, np.full(80, self.i % 7, np.float32))


class Beats(Paced):
    """A beat that has just been found: its time is that of its emission."""

    beats = Output(kinds.Beats)
    rate: float = 8.0

    def give(self, due: int) -> None:
        self.beats.emit(time.monotonic_ns(), Beat(self.i, self.i % 4 + 1, 4, 120.0, 0.5, 1.0))


class Ahead(Paced):
    """Beats at 120 BPM for the MIDI clock, told 0.1 s ahead; their times (ns) go to beats.npy."""

    beats = Output(kinds.Beats)
    rate: float = 2.0

    def open(self) -> None:
        self.told = array("q")

    def give(self, due: int) -> None:
        beat = Beat(self.i, self.i % 4 + 1, 4, 120.0, 0.5, 1.0)
        self.told.append(due + SECOND // 10)
        self.beats.emit(self.told[-1], beat)

    def close(self) -> None:
        np.save("beats.npy", np.array(self.told, np.int64))

"""Sound as pose correction hears it."""

from __future__ import annotations

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Node, Output, Packet
from rt_engine.violin import PerformanceFeatures

__all__ = ["Features"]


class Features(Node):
    """The 35 numbers of sound that pose correction hears, 50 a second.

    Onset envelope, 20 MFCC, 12 chroma CENS, 1 where the bow turns, RMS
    (`rt_engine.violin.features`).
    """

    audio = Input(kinds.Audio)
    frames = Output(kinds.Frames)

    def plan(self) -> None:
        self.rate = self.audio.format.rate
        if not self.rate:
            raise ValueError("the audio that arrives has no sample rate; set it in its source")
        self.features = PerformanceFeatures(self.rate)
        self.frames.format = kinds.Frames(50.0, self.features.dims, "performance features")

    def reset(self) -> None:
        self.features.reset()
        self.received = 0

    def on_audio(self, packet: Packet) -> None:
        samples = packet.data if packet.data.ndim == 1 else packet.data.mean(axis=1)
        rows = self.features.process(samples)
        for centre, row in zip(self.features.times.tolist(), rows, strict=True):
            self.frames.emit(packet.t + (centre - self.received) * SECOND // self.rate, row)
        self.received += len(samples)

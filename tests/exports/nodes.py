"""Sources of music and motion that are known to the last number, and takes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rt_engine import graphfile
from rt_engine.core import SECOND, Live, Node, Output, Packet, Source, VirtualClock
from rt_engine.core.node import Input
from rt_engine.kinds import (
    Audio,
    Beat,
    Beats,
    Images,
    Measured,
    Note,
    Notes,
    PlayedNote,
    PlayedNotes,
    SkeletonPose,
    Skeletons,
)
from rt_engine.record import Recorder

PERIOD = SECOND // 2
RATE = 8000


class Paced(Source):
    """`n` steps, one every `step` s of its own time, as fast as they are taken."""

    n: int = 8
    step: float = 0.5

    def reset(self) -> None:
        self.i = self.start = 0

    def due(self) -> int:
        """When the next step is; the first one is now."""
        self.start = self.start or self.clock.now()
        return self.start + round(self.i * self.step * SECOND)

    def read(self) -> bool:
        if self.i >= self.n:
            return False
        self.emit(self.i, self.due())
        self.i += 1
        return True

    def emit(self, i: int, t: int) -> None:
        raise NotImplementedError


class Band(Paced):
    """A beat every half second, four to the bar, and a note on each, one step higher."""

    beats = Output(Beats)
    notes = Output(Notes)

    def emit(self, i: int, t: int) -> None:
        self.beats.emit(t, Beat(i, i % 4 + 1, 4, 120.0, 0.5, 1.0))
        self.notes.emit(t, Note(60 + i, 80, 0.25))


class Pulse(Paced):
    """The beats alone."""

    beats = Output(Beats)

    def emit(self, i: int, t: int) -> None:
        self.beats.emit(t, Beat(i, i % 4 + 1, 4, 120.0, 0.5, 1.0))


class Violin(Paced):
    """Notes that were heard: A4, a fifth of a semitone sharp, at -30 dBFS."""

    played = Output(PlayedNotes)

    def emit(self, i: int, t: int) -> None:
        zero = Measured()
        sharp, level = Measured(69.2, 0.9), Measured(-30.0, 1.0)
        rest = [zero] * 3
        note = PlayedNote(i, 0.25, sharp, 69, Measured(20.0, 0.9), *rest, level, *[zero] * 6)
        self.played.emit(t, note)


class Tone(Paced):
    """Blocks of 800 samples that count up; block `hole` is missing."""

    audio = Output(Audio)
    step: float = 0.1
    hole: int = -1

    def plan(self) -> None:
        self.audio.format = Audio(RATE)

    def emit(self, i: int, t: int) -> None:
        if i != self.hole:
            block = np.arange(i * 800, (i + 1) * 800, dtype=np.float32) / 65_536
            self.audio.emit(t, block)


class Film(Paced):
    """Grey pictures, each a step brighter."""

    images = Output(Images)
    step: float = 0.04

    def plan(self) -> None:
        self.images.format = Images(64, 48, 25.0)

    def emit(self, i: int, t: int) -> None:
        self.images.emit(t, np.full((48, 64, 3), 10 * i, np.uint8))


class Body(Paced):
    """A body that walks along X, a centimetre a frame."""

    skeletons = Output(Skeletons)
    step: float = 1 / 30

    def emit(self, i: int, t: int) -> None:
        rest = np.tile(np.array([0, 0, 0, 1], np.float32), (55, 1))
        root = np.array([0.01 * i, 1.0, 0.0], np.float32)
        self.skeletons.emit(t, [SkeletonPose(1, root, rest, np.ones(55, np.float32))])


class Octave(Node):
    """Notes an octave higher: a node that a replay has to run."""

    notes = Input(Notes)
    higher = Output(Notes)

    def on_notes(self, packet: Packet) -> None:
        note = packet.data
        self.higher.emit(packet.t, Note(note.pitch + 12, note.velocity, note.duration))


class _AtItsPace(Paced):
    """As it would come from a device: when it is due."""

    def read(self) -> bool:
        return self.clock.wait_until(self.due()) and super().read()


class Clip(_AtItsPace, Film):
    """A film in real time."""


class Combo(_AtItsPace, Band):
    """A band in real time."""


class Same(Node):
    """Bodies as they come."""

    bodies = Input(Skeletons)
    skeletons = Output(Skeletons)

    def on_bodies(self, packet: Packet) -> None:
        self.skeletons.emit(packet.t, packet.data)


class Saves(Node):
    """Writes a file where it runs."""

    notes = Input(Notes)

    def on_notes(self, packet: Packet) -> None:
        Path("saved").write_text(str(packet.data.pitch))


class Breaks(Node):
    """Works in a live run, and in no replay."""

    images = Input(Images)
    same = Output(Images)

    def open(self) -> None:
        if isinstance(self.clock, VirtualClock):
            raise OSError("out of luck")

    def on_images(self, packet: Packet) -> None: ...


def never(error: OSError) -> None:
    raise AssertionError(f"the record failed: {error}")


def take_of(path: Path, **nodes: dict[str, Any]) -> Path:
    """A take of these nodes; `is` names a class of this module."""
    spec = {
        "name": "test",
        "nodes": {n: {**keys, "is": f"{__name__}.{keys['is']}"} for n, keys in nodes.items()},
    }
    graph = graphfile.build(spec)
    with Recorder(path, graph, spec, never) as recorder:
        Live(graph, [recorder]).run()
    return path

"""Nodes that show every kind of stream the page can draw, and one that can be steered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Knob, Node, Output, Source, action
from rt_engine.kinds import Measured
from rt_engine.motion.skeleton import OFFSETS, identity

__all__ = ["Desk", "Gallery", "Look"]

RATE = 20  # rounds a second
SIZE = (120, 160)  # of a picture, height and width


class Gallery(Source):
    """One of each kind, `RATE` times a second; events where they belong."""

    mel = Output(kinds.Frames(rate=RATE, size=40, content="log-mel"))
    activation = Output(kinds.Frames(rate=RATE, size=2, content="beat, downbeat"))
    pitch = Output(kinds.Frames(rate=RATE, size=3, content="pitch, periodicity, level"))
    bow = Output(kinds.Frames(rate=RATE, size=2, content="hand along the bow, m; reliability"))
    beats = Output(kinds.Beats)
    tempo = Output(kinds.Tempo)
    images = Output(kinds.Images(width=SIZE[1], height=SIZE[0], rate=RATE))
    poses = Output(kinds.Poses)
    skeletons = Output(kinds.Skeletons)
    bars = Output(kinds.DrumBars)
    notes = Output(kinds.Notes)
    played = Output(kinds.PlayedNotes)
    cues = Output(kinds.Cues)
    expression = Output(kinds.Expressions)
    phrases = Output(kinds.Phrases)
    onsets = Output(kinds.Onsets)
    strokes = Output(kinds.BowStrokes)
    postures = Output(kinds.Postures)

    def reset(self) -> None:
        self.i, self.start = 0, self.clock.now()

    def read(self) -> bool:
        t = self.start + self.i * SECOND // RATE
        if not self.clock.wait_until(t):
            return False
        self._numbers(t)
        self._bodies(t)
        if self.i % (RATE // 2) == 0:
            self._events(t, self.i // (RATE // 2))
        self.i += 1
        return True

    def _numbers(self, t: int) -> None:
        wave = np.sin(0.3 * self.i + np.arange(40) / 6)
        self.mel.emit(t, wave.astype(np.float32))
        pulse = float(self.i % 10 == 0)
        self.activation.emit(t, np.array([pulse, 0.5 * pulse], np.float32))
        pitch = 69 + 0.2 * np.sin(self.i)
        self.pitch.emit(t, np.array([pitch, 0.95, -20], np.float32))
        self.bow.emit(t, np.array([0.3 * np.sin(self.i / 8), 0.9], np.float32))
        self.tempo.emit(t, kinds.TempoState(120.0 + wave[0], 0.5, 0.9, 0.0, 1, 4, True))

    def _bodies(self, t: int) -> None:
        image = np.full((*SIZE, 3), 90, np.uint8)
        image[:, self.i % SIZE[1]] = 255
        self.images.emit(t, image)
        points = np.stack([np.linspace(20, 140, 33), np.linspace(10, 110, 33), np.zeros(33)], 1)
        seen = np.ones(33, np.float32)
        image_points = points.astype(np.float32)
        self.poses.emit(t, [kinds.Pose(1, image_points, image_points / 100, seen, 160, 120)])
        root, rotations = OFFSETS[0].astype(np.float32), identity().astype(np.float32)
        self.skeletons.emit(t, [kinds.SkeletonPose(1, root, rotations, np.ones(55, np.float32))])

    def _events(self, t: int, n: int) -> None:
        due = t + SECOND // 5
        self.beats.emit(due, kinds.Beat(n, n % 4 + 1, 4, 120.0, 0.5, 0.95))
        self.notes.emit(due, kinds.Note(60 + n % 12, 90, 0.4))
        self.onsets.emit(t, kinds.Onset(0.5 + 0.5 * (n % 2)))
        self.expression.emit(t, kinds.Expression(3, 0.6, 0.9, 2, 0.8, 0.9))
        sure = Measured(3.0, 0.9)
        self.played.emit(t, _played(n))
        self.strokes.emit(t, kinds.BowStroke(n, 1 - 2 * (n % 2), 0.4, *[Measured(0.4, 0.9)] * 4))
        self.postures.emit(t, kinds.Posture(sure, sure, sure, sure, calibrated=True))
        if n % 4 == 0:
            self.phrases.emit(t, kinds.Phrase(n // 4, 0.8, True))
            self.cues.emit(t, kinds.Cue(n, "intonation", "E is flat", -14.0, "cents", 0.8))
            self.bars.emit(due, _bar(n // 4))


def _played(n: int) -> kinds.PlayedNote:
    values: list[Any] = [Measured(69.1, 0.9), 69, Measured(8.0, 0.9), Measured(0, 0.9)]
    return kinds.PlayedNote(n, 0.4, *values, *[Measured(5.5, 0.9)] * 9)


def _bar(n: int) -> kinds.DrumBar:
    hits = np.zeros((16, 9), bool)
    hits[::4, 0] = hits[4::8, 1] = hits[::2, 2] = True
    shape = (16, 9)
    loud, late = np.full(shape, 0.8, np.float32), np.zeros(shape, np.float32)
    return kinds.DrumBar(n, 0.5, hits, loud, late, "pattern")


class Desk(Node):
    """Settings of every type, and actions that leave a mark in `pressed`."""

    beats = Input(kinds.Beats)
    level: Annotated[float, Knob(ge=0, le=1, unit="dB", description="how much")] = 0.5
    bars: Annotated[int, Knob(ge=0, le=16, description="how many")] = 4
    hold: Annotated[bool, Knob(description="stay")] = False
    mode: Annotated[Literal["calm", "wild"], Knob(description="how")] = "calm"
    bpm: Annotated[tuple[float, float], Knob(unit="BPM", description="limits")] = (60.0, 200.0)
    meters: Annotated[list[int], Knob(description="beats a bar")] = [4]
    word: Annotated[str, Knob(description="any")] = ""
    pressed: Annotated[str, Knob(description="the last action")] = ""
    fixed: Annotated[str, "only before the start"] = "stone"

    @action
    def tap(self, t: int) -> None:
        """A beat is now."""
        self.pressed = "tap"

    @action
    def nudge(self, t: int, seconds: float) -> None:
        """Move the beats."""
        self.pressed = f"nudge {seconds}"

    @action
    def panic(self, t: int) -> None:
        """Silence."""
        self.pressed = "panic"

    def on_beats(self, packet: Any) -> None:
        pass


class Look(Node):
    """Takes pictures."""

    images = Input(kinds.Images)

    def on_images(self, packet: Any) -> None:
        pass

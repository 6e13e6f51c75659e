"""Phrases, dynamics and articulation, from what a model says of each frame."""

from __future__ import annotations

from typing import Annotated

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet
from rt_engine.rhythm.expression import Grade, Grader
from rt_engine.rhythm.phrases import PhraseFollower

__all__ = ["Expression", "Phrases"]

UNKNOWN = Grade(-1, 0.0, 0.0)


class Phrases(Node):
    """Where phrases begin: a model's probability, weighed at the beats, most at downbeats.

    Each boundary is told 0.44 s after its beat, as it seems then; and again, `confirmed`,
    a bar later, when that bar speaks for it too.
    """

    phrase = Input(kinds.Frames)
    beats = Input(kinds.Beats)
    phrases = Output(kinds.Phrases)
    threshold: Annotated[
        float, Knob(ge=0, le=1, description="confidence from which a boundary is told")
    ] = 0.3

    def plan(self) -> None:
        found: kinds.Frames = self.phrase.format
        if (found.size, found.content) != (1, "phrase"):
            raise ValueError(f"{found.content!r} of {found.size} numbers: 1 of 'phrase' is needed")
        self.follower = PhraseFollower(self.threshold)

    def reset(self) -> None:
        self.follower.reset()

    def on_setting(self, name: str) -> None:
        self.follower.threshold = self.threshold

    def on_beats(self, packet: Packet) -> None:
        beat = packet.data
        self.follower.beat(packet.t / SECOND, beat.position, beat.meter)

    def on_phrase(self, packet: Packet) -> None:
        for found in self.follower.step(float(packet.data[0]), packet.t / SECOND):
            payload = kinds.Phrase(found.index, found.confidence, found.confirmed)
            self.phrases.emit(round(found.t * SECOND), payload)


class Expression(Node):
    """Dynamics and articulation of the playing: a steady class each, and a value without steps.

    Told when a class changes, and `rate` times a second.
    """

    dynamics = Input(kinds.Frames, optional=True)
    articulation = Input(kinds.Frames, optional=True)
    expression = Output(kinds.Expressions)
    smooth: Annotated[
        float, Knob(gt=0, le=20, unit="s", description="time constant of the values without steps")
    ] = 0.5
    hold: Annotated[
        float, Knob(ge=0.1, le=60, unit="s", description="how long a class usually lasts")
    ] = 3.0
    rate: Annotated[float, Knob(gt=0, le=100, unit="Hz", description="of the packets")] = 10.0

    def plan(self) -> None:
        scales = {"dynamics": kinds.DYNAMICS, "articulation": kinds.ARTICULATIONS}
        self.graders: dict[str, Grader] = {}
        for name, found in self.formats.items():
            if found.content != (needed := ", ".join(scales[name])) or not found.rate:
                raise ValueError(f"{name!r} carries {found.content!r}: {needed!r} is needed")
            self.graders[name] = Grader(found.rate, self.smooth, self.hold)

    def reset(self) -> None:
        for grader in self.graders.values():
            grader.reset()
        self.grades = {"dynamics": UNKNOWN, "articulation": UNKNOWN}
        self.heard: dict[str, int] = {}
        self.told: tuple[int, int] = (-1, -1)
        self.next = -(10**18)

    def on_setting(self, name: str) -> None:
        for grader in self.graders.values():
            grader.tune(self.smooth, self.hold)

    def on_dynamics(self, packet: Packet) -> None:
        self._hear("dynamics", packet)

    def on_articulation(self, packet: Packet) -> None:
        self._hear("articulation", packet)

    def _hear(self, name: str, packet: Packet) -> None:
        self.grades[name] = self.graders[name].step(packet.data)
        self.heard[name] = packet.t
        if len(self.heard) == len(self.graders) and len({*self.heard.values()}) == 1:
            self._tell(packet.t)  # all that are wired have come of this frame

    def _tell(self, t: int) -> None:
        loud, detached = self.grades["dynamics"], self.grades["articulation"]
        classes = (loud.index, detached.index)
        if classes == self.told and t < self.next:
            return
        self.told, self.next = classes, t + round(SECOND / self.rate)
        payload = kinds.Expression(
            dynamics=loud.index,
            level=loud.value,
            dynamics_confidence=loud.confidence,
            articulation=detached.index,
            detached=detached.value,
            articulation_confidence=detached.confidence,
        )
        self.expression.emit(t, payload)

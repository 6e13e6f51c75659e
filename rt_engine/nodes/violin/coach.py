"""Sparse hints to a player."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet
from rt_engine.violin import Coach as Speaker
from rt_engine.violin import Settings
from rt_engine.violin.topics import SUBJECTS, Finding, Usual, bowed, findings, held

__all__ = ["Coach"]

HIGH, LOW = 84, 72  # MIDI notes of the tones that go with a cue
UPWARDS = {"intonation": 1, "timing": -1, "tempo": 1}  # the sign of a value that sounds high


class Coach(Node):
    """Sparse hints to a player: one at a time, at most one in 4 s, nothing that is not sure.

    Nothing is said within the tolerances (times `bandwidth`), and the better a topic goes, the
    rarer it is spoken of (`fade`). `sounds` has a short tone for each cue, for `synth.FluidSynth`
    or MIDI: a high one (C6) where the notes were too high or early or the tempo rises, else a low
    one (C5). What is seen, `strokes` and `postures`, is spoken of when the player's good posture is
    calibrated.
    """

    notes = Input(kinds.PlayedNotes)
    strokes = Input(kinds.BowStrokes, optional=True)
    postures = Input(kinds.Postures, optional=True)
    cues = Output(kinds.Cues)
    sounds = Output(kinds.Notes)
    topics: Annotated[
        list[str], Meta(min_length=1, description=f"of {', '.join(SUBJECTS)}: what is spoken of")
    ] = list(SUBJECTS)
    pause: Annotated[float, Knob(ge=4, le=600, unit="s", description="between two cues")] = 4.0
    reliability: Annotated[
        float, Knob(ge=0, le=1, description="of the notes; below it nothing is told")
    ] = 0.5
    bandwidth: Annotated[
        float, Knob(gt=0, le=10, description="factor of all tolerances: more says less")
    ] = 1.0
    fade: Annotated[
        float, Knob(ge=0, le=100, description="how much rarer a topic is told that goes well")
    ] = 6.0
    channel: Annotated[int, Meta(ge=1, le=16, description="MIDI channel of the sounds")] = 1

    def plan(self) -> None:
        self.coach = Speaker(self._settings())

    def reset(self) -> None:
        self.coach.reset()
        self.tempo, self.noise, self.straight = Usual(), Usual(), Usual()
        self.calibrated = False
        self.now = 0  # ns, of what was heard last: the camera comes later than the microphone

    def on_setting(self, name: str) -> None:
        self.coach.settings = self._settings()

    def on_notes(self, packet: Packet) -> None:
        note: kinds.PlayedNote = packet.data
        end = packet.t + round(note.duration * SECOND)
        self._hear(end, findings(note, self.tempo, self.noise))

    def on_strokes(self, packet: Packet) -> None:
        stroke: kinds.BowStroke = packet.data
        if self.calibrated:
            end = packet.t + round(stroke.duration * SECOND)
            self._hear(end, bowed(stroke, self.straight))

    def on_postures(self, packet: Packet) -> None:
        posture: kinds.Posture = packet.data
        if posture.calibrated and not self.calibrated:
            self.straight.reset()
        self.calibrated = posture.calibrated
        self._hear(packet.t, held(posture))

    def _hear(self, t: int, found: Iterable[Finding]) -> None:
        self.now = t = max(t, self.now)
        cue = self.coach.hear(t / SECOND, found)
        if cue:
            self.cues.emit(t, cue)
            high = cue.value * UPWARDS.get(cue.topic, 0) > 0
            self.sounds.emit(t, kinds.Note(HIGH if high else LOW, 70, 0.12, self.channel))

    def _settings(self) -> Settings:
        topics = tuple(self.topics)
        return Settings(self.pause, self.reliability, self.bandwidth, self.fade, topics)

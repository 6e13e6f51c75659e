"""Notes of one violin, heard."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet
from rt_engine.violin import Heard, Listener, Temperament, Tuning

__all__ = ["Notes"]

CONTENT = "pitch, periodicity, level"


class Notes(Node):
    """Notes of one violin: pitch, intonation, vibrato, timing, dynamics, bow, each with how sure.

    `notes` come when they have ended, stamped with their start; `onsets` come about 0.1 s after
    a start; `pitch` a hundred times a second: MIDI number (0: none), periodicity 0 to 1, dBFS.
    Timing is against `beats` where they are wired (a click, or a tracker that hears others), else
    against the player's own pulse. Silence, or sound without a violin, is said once.
    """

    audio = Input(kinds.Audio)
    beats = Input(kinds.Beats, optional=True)
    notes = Output(kinds.PlayedNotes)
    onsets = Output(kinds.Onsets)
    pitch = Output(kinds.Frames)
    reference: Annotated[float, Meta(ge=380, le=480, description="frequency of A4, Hz")] = 440.0
    temperament: Annotated[Temperament, Meta(description="where notes ought to be")] = "equal"
    tonic: Annotated[str, Meta(description="of just and Pythagorean: C, C#, ... B")] = "A"
    follow: Annotated[
        bool, Knob(description="take the tuning of the whole playing off each deviation")
    ] = True

    def plan(self) -> None:
        self.rate = self.audio.format.rate
        if not self.rate:
            raise ValueError("the audio that arrives has no sample rate; set it in its source")
        tuning = Tuning(self.reference, self.temperament, self.tonic)
        self.listener = Listener(self.rate, tuning, self.follow)
        self.listener.clicked = "beats" in self.formats
        rate = self.rate / self.listener.ears.rms.hop
        self.pitch.format = kinds.Frames(rate=rate, size=3, content=CONTENT)

    def reset(self) -> None:
        self.listener.reset()
        self.received = 0
        self.origin = 0  # engine time of the sample that the listener calls 0
        self.violin = self.sound = True
        self.coming: list[Packet] = []

    def on_setting(self, name: str) -> None:
        self.listener.follow = self.follow

    def on_beats(self, packet: Packet) -> None:
        self.coming.append(packet)  # until the sound says where its second 0 lies

    def _count(self) -> None:
        """Tell the listener the beats that came since the last block."""
        for packet in self.coming:
            beat, at = packet.data, (packet.t - self.origin) / SECOND
            self.listener.click.beat(at, beat.period, beat.confidence)
        self.coming.clear()

    def on_audio(self, packet: Packet) -> None:
        samples = packet.data if packet.data.ndim == 1 else packet.data.mean(axis=1)
        self.origin = packet.t - self.received * SECOND // self.rate
        self._count()
        for heard in self.listener.process(samples):
            self._tell(heard)
        self.received += len(samples)
        self._say()

    def _say(self) -> None:
        """Tell what has changed: a violin or none, sound or none."""
        if self.listener.violin != self.violin:
            self.violin = self.listener.violin
            said = "a violin is heard" if self.violin else "sound, but no violin is heard"
            self.log.warning("%s", said)
        if self.listener.sound != self.sound:
            self.sound = self.listener.sound
            said = "sound is heard again" if self.sound else "nothing is heard: 10 s of silence"
            self.log.warning("%s", said)

    def _tell(self, heard: Heard) -> None:
        moment = heard.moment
        number = self.listener.tuning.midi(moment.hz) if moment.hz else 0.0
        row = np.array([number, moment.periodic, moment.level], np.float32)
        self.pitch.emit(self._time(moment.t), row)
        if heard.started:
            at, strength = heard.started
            self.onsets.emit(self._time(at), kinds.Onset(strength))
        if heard.ended:
            start, note = heard.ended
            self.notes.emit(self._time(start), note)

    def _time(self, seconds: float) -> int:
        return self.origin + round(seconds * SECOND)

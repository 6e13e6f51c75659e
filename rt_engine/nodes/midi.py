"""MIDI out: a clock that follows beats, and notes. Both send from a small process of their own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Knob, Node, Packet, action
from rt_engine.protocols.midi_link import MidiLink

__all__ = ["Clock", "Notes"]

MS = 1_000_000

Port = Annotated[
    str,
    Meta(description="existing MIDI port, or a part of its name; empty: a port of our own"),
]
Client = Annotated[str, Meta(min_length=1, description="our name, as other programs see it")]
Api = Annotated[str, Meta(description="alsa, jack, ...; empty: the first that works here")]
Offset = Annotated[
    float, Knob(ge=-1000, le=1000, unit="ms", description="delay; negative: earlier")
]


class MidiOutput(Node):
    """What clock and notes share: the process, its port, and what is said about both.

    `lateness`, after `close`: how late messages were, in ms (count, p50, p99, max).
    """

    live_only = True
    on_error = "restart"  # a MIDI server that went away is looked for again
    port: Port = ""
    client: Client = "rt-engine"
    api: Api = ""
    offset_ms: Offset = 0.0

    def open(self) -> None:
        self._link = MidiLink(
            self.name, client=self.client, to=self.port, api=self.api, **self._clock()
        )
        self.log.info("MIDI to %s, %s", self.port or self.name, self._link.scheduling)

    def close(self) -> None:
        if hasattr(self, "_link"):
            self._say_lateness()
            self._link.close()
            del self._link

    def _clock(self) -> dict[str, Any]:
        """Settings of the clock in the process."""
        return {"start": "manual"}

    def _say_lateness(self) -> None:
        try:
            self.lateness = late = self._link.stats()
        except OSError:  # it has ended, and was reported
            return
        text = "%d messages, late by %.2f ms (median), %.2f (p99), %.2f (most)"
        self.log.info(text, late["count"], late["p50"], late["p99"], late["max"])
        if late["dropped"]:
            self.log.warning("%d notes came too late and were dropped", late["dropped"])


class Clock(MidiOutput):
    """MIDI clock, 24 ticks a beat, that glides onto the predicted beats.

    Start, stop, continue and song position as in the MIDI standard. Beats of less than
    `confidence` are not followed: the clock goes on at its tempo, as it does where no beats
    come, and stops after `coast` seconds. It starts anew when beats return.
    """

    beats = Input(kinds.Beats)
    start_on: Annotated[
        Literal["downbeat", "beat", "manual"],
        Meta(description="where the song begins; manual: on the downbeat after the action start"),
    ] = "downbeat"
    bend: Annotated[
        float, Knob(ge=0.001, le=0.2, description="change of tempo that corrects errors of phase")
    ] = 0.04
    jump: Annotated[
        float, Knob(ge=0.05, le=0.5, unit="beats", description="error from which it jumps")
    ] = 0.4
    coast: Annotated[
        float, Knob(ge=0, unit="s", description="time without beats until it stops; 0: for ever")
    ] = 8.0
    confidence: Annotated[
        float, Knob(ge=0, le=1, description="least confidence of a beat that is followed")
    ] = 0.0

    def open(self) -> None:
        super().open()
        self.on_setting("offset_ms")

    def on_beats(self, packet: Packet) -> None:
        beat = packet.data
        if beat.confidence >= self.confidence:
            period = round(beat.period * SECOND)
            place = beat.index, beat.position, beat.meter
            self._link.tell("beat", packet.t, period, *place)

    def on_setting(self, name: str) -> None:
        if name == "offset_ms":
            self._link.tell("set", "offset", round(self.offset_ms * MS))
        elif name != "confidence":
            self._link.tell("set", name, getattr(self, name))

    @action
    def start(self, t: int) -> None:
        """Begin the song anew on the next downbeat."""
        self._link.tell("start")

    @action
    def stop(self, t: int) -> None:
        """Stop now, until `start` or `resume`."""
        self._link.tell("stop")

    @action
    def resume(self, t: int) -> None:
        """Continue the song on the next downbeat."""
        self._link.tell("resume")

    def _clock(self) -> dict[str, Any]:
        names = ("bend", "jump", "coast")
        return {"start": self.start_on, **{name: getattr(self, name) for name in names}}


class Notes(MidiOutput):
    """MIDI notes at their due times; a note that comes more than 0.1 s late is dropped."""

    notes = Input(kinds.Notes)

    def on_notes(self, packet: Packet) -> None:
        note = packet.data
        if not (1 <= note.channel <= 16 and 0 <= note.pitch <= 127 and 1 <= note.velocity <= 127):
            self.log.warning("not a MIDI note, left out: %s", note)
            return
        due, duration = packet.t + round(self.offset_ms * MS), round(note.duration * SECOND)
        self._link.tell("note", due, duration, note.channel, note.pitch, note.velocity)

    @action
    def panic(self, t: int) -> None:
        """End all notes, and forget those that are planned."""
        self._link.tell("silence")

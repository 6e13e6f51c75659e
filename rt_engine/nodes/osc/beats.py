"""Beats, tempo and phase out."""

from __future__ import annotations

import contextlib
import time
from typing import Annotated, Any, Literal

from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Knob, Node, Packet
from rt_engine.nodes.osc.sending import MS, Messages, Offset, To, addresses
from rt_engine.protocols import osc
from rt_engine.protocols.agenda import Agenda
from rt_engine.protocols.osc_templates import templates
from rt_engine.udp import Sender

__all__ = ["Beats"]

RELEASE = 50 * MS  # how long the button of a beat is held down
SAME_BPM = 0.005


class Beats(Node):
    """Beats, tempo and phase as OSC messages over UDP.

    Each beat is sent when it is due, plus `offset_ms`: events "beat", "downbeat", and a little
    later "release"; "next" goes out as soon as the beat is predicted. An input `tempo` adds
    "phase" and "transport", and "tempo" when it changes; without it "tempo" comes with the
    beats. The preset says which messages these events are, and `messages` replaces them
    event by event (templates: `rt_engine.protocols.osc_templates`).
    """

    live_only = True
    beats = Input(kinds.Beats)
    tempo = Input(kinds.Tempo, keep="latest", optional=True)
    to: To = "127.0.0.1:9000"
    preset: Annotated[
        Literal["native", "plain", "resolume", "qlc", "supercollider", "ictus"],
        Meta(description="messages for a kind of receiver"),
    ] = "native"
    messages: Messages = {}
    bundle: Annotated[bool, Meta(description="the messages of an event in one bundle")] = False
    timetags: Annotated[bool, Meta(description="bundles sent ahead, tagged with due times")] = False
    offset_ms: Offset = 0.0
    rate: Annotated[float, Knob(gt=0, le=200, unit="Hz", description="of phase and tempo")] = 25.0

    def plan(self) -> None:
        self._receivers = addresses(self.to)
        self._templates = templates(self.preset, self.messages)

    def open(self) -> None:
        self._stack = contextlib.ExitStack()
        sender = Sender(self._receivers, self.log)
        self._send = self._stack.enter_context(contextlib.closing(sender)).send
        self._agenda = self._stack.enter_context(contextlib.closing(Agenda(self._send)))

    def reset(self) -> None:
        self._index: int | None = None
        self._bar = 0
        self._bpm, self._state, self._next_tempo = 0.0, "", 0

    def on_beats(self, packet: Packet) -> None:
        beat, now = packet.data, self.clock.now()
        due = packet.t + round(self.offset_ms * MS)
        if now - due > beat.period * SECOND / 2:
            self.log.warning("beat %d is not sent: %d ms late", beat.index, (now - due) // MS)
            return
        again = beat.index == self._index
        self._index, self._bar = beat.index, self._bar + (beat.position == 1 and not again)
        fields = self._fields(beat, due, due - now)
        if not again:
            self._send(self._datagrams(["next"], fields))
        events = ["beat", "downbeat"] if beat.position == 1 else ["beat"]
        if "tempo" not in self.formats and self._new_tempo(beat.bpm):
            events.append("tempo")
        fields["in_seconds"] = 0.0
        self._schedule(due, events, fields)
        self._schedule(due + RELEASE, ["release"], fields)

    def on_tempo(self, packet: Packet) -> None:
        tempo, now = packet.data, self.clock.now()
        state = "play" if tempo.playing else "stop"
        if state != self._state:
            self._state = state
            self._send(self._datagrams(["transport"], {"state": state}))
        if now < self._next_tempo:
            return
        self._next_tempo = now + round(SECOND / self.rate)
        age = now - packet.t - round(self.offset_ms * MS)
        beats, phase = divmod(tempo.phase + age / SECOND / max(tempo.period, 1e-3), 1)
        fields = {**_common(tempo), "phase": phase, "bar_phase": 0.0}
        if tempo.position and tempo.meter:
            place = (tempo.position - 1 + int(beats)) % tempo.meter
            fields |= {"position": place + 1, "bar_phase": (place + phase) / tempo.meter}
        events = ["tempo"] if self._new_tempo(tempo.bpm) else []
        self._send(self._datagrams([*events, "phase"] if tempo.playing else events, fields))

    def close(self) -> None:
        self._stack.close()

    def _fields(self, beat: kinds.Beat, due: int, left: int) -> dict[str, Any]:
        return {
            **_common(beat),
            "index": beat.index,
            "bar": self._bar,
            "in_seconds": max(left, 0) / SECOND,
            "unix_time": (time.time_ns() + left) / SECOND,
            "phase": 0.0,
            "bar_phase": (beat.position - 1) / beat.meter if beat.position and beat.meter else 0.0,
        }

    def _new_tempo(self, bpm: float) -> bool:
        old, self._bpm = self._bpm, bpm
        return abs(bpm - old) > SAME_BPM

    def _datagrams(
        self, events: list[str], fields: dict[str, Any], tag: int = osc.IMMEDIATELY
    ) -> list[bytes]:
        made = [t.encode(fields) for event in events for t in self._templates[event]]
        return [osc.bundle(made, tag)] if made and (self.bundle or self.timetags) else made

    def _schedule(self, due: int, events: list[str], fields: dict[str, Any]) -> None:
        """Send at `due`; with time tags now, and the receiver waits."""
        if self.timetags:
            tag = osc.ntp_time(time.time_ns() + due - self.clock.now())
            self._send(self._datagrams(events, fields, tag))
        elif datagrams := self._datagrams(events, fields):
            self._agenda.put((events[0], fields["index"]), due, datagrams)


def _common(state: kinds.Beat | kinds.TempoState) -> dict[str, Any]:
    names = ("bpm", "period", "confidence", "position", "meter")
    return {**{name: getattr(state, name) for name in names}, "hz": state.bpm / 60}

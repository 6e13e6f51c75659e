"""What is known of a practising player, to OSC and to the terminal."""

from __future__ import annotations

from typing import Any

import msgspec

from rt_engine import kinds
from rt_engine.core import Input, Node, Packet
from rt_engine.nodes.osc.sending import Messages, To, addresses
from rt_engine.protocols.osc_templates import PRACTICE, templates
from rt_engine.udp import Sender
from rt_engine.violin import note_name

__all__ = ["Osc", "Show"]


class Osc(Node):
    """Notes, strokes, posture and cues of practice as OSC messages over UDP.

    Events "note", "stroke", "posture" and "cue"; `messages` replaces the usual ones event by
    event (templates: `rt_engine.protocols.osc_templates`).
    """

    live_only = True
    notes = Input(kinds.PlayedNotes, optional=True)
    strokes = Input(kinds.BowStrokes, optional=True)
    postures = Input(kinds.Postures, optional=True)
    cues = Input(kinds.Cues, optional=True)
    to: To = "127.0.0.1:9000"
    messages: Messages = {}

    def plan(self) -> None:
        self._receivers = addresses(self.to)
        self._templates = templates("practice", self.messages, PRACTICE)

    def open(self) -> None:
        self._sender = Sender(self._receivers, self.log)

    def on_notes(self, packet: Packet) -> None:
        note: kinds.PlayedNote = packet.data
        fields = _fields(note)
        fields["name"] = note_name(note.target) if note.target else "-"
        self._send("note", fields)

    def on_strokes(self, packet: Packet) -> None:
        self._send("stroke", _fields(packet.data))

    def on_postures(self, packet: Packet) -> None:
        self._send("posture", _fields(packet.data))

    def on_cues(self, packet: Packet) -> None:
        self._send("cue", msgspec.structs.asdict(packet.data))

    def close(self) -> None:
        if hasattr(self, "_sender"):
            self._sender.close()

    def _send(self, event: str, fields: dict[str, Any]) -> None:
        self._sender.send([template.encode(fields) for template in self._templates[event]])


class Show(Node):
    """Cues, one line each, in the terminal; `notes` prints every note as well."""

    threaded = True
    live_only = True
    cues = Input(kinds.Cues)
    notes = Input(kinds.PlayedNotes, optional=True)

    def on_cues(self, packet: Packet) -> None:
        cue: kinds.Cue = packet.data
        where = f"bar {cue.bar}: " if cue.bar else ""
        print(f"{where}{cue.topic}: {cue.text} ({cue.value:+.3g} {cue.unit})".rstrip(), flush=True)

    def on_notes(self, packet: Packet) -> None:
        note: kinds.PlayedNote = packet.data
        name = note_name(note.target) if note.target else "?"
        where = f"bar {note.bar} beat {note.beat:.2g}  " if note.bar else ""
        cents = f"{note.intonation.value:+5.0f} cents" if note.intonation.reliability else ""
        print(f"{where}{name:4} {note.duration:5.2f} s {cents}", flush=True)


def _fields(measured: msgspec.Struct) -> dict[str, Any]:
    """The fields of a note, stroke or posture; a figure as NAME and NAME_sure."""
    fields: dict[str, Any] = {}
    for name, value in msgspec.structs.asdict(measured).items():
        if isinstance(value, kinds.Measured):
            fields[name], fields[f"{name}_sure"] = value.value, value.reliability
        else:
            fields[name] = value
    return fields

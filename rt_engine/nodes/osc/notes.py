"""Notes out."""

from __future__ import annotations

from typing import Any

from rt_engine.nodes.osc.sending import Messages, TimedNotes, To, addresses
from rt_engine.protocols.note_player import NotePlayer
from rt_engine.protocols.osc_templates import NOTES, templates
from rt_engine.udp import Sender

__all__ = ["Notes"]


class Notes(TimedNotes):
    """Notes as OSC messages over UDP, when they are due, plus `offset_ms`.

    Events: "on", usually `/note i:channel i:pitch i:velocity f:duration`, and "off" after the
    duration, usually none. `messages` replaces them (templates:
    `rt_engine.protocols.osc_templates`). At the end every note is switched off.
    """

    to: To = "127.0.0.1:9000"
    messages: Messages = {}

    def plan(self) -> None:
        self._receivers = addresses(self.to)
        self._templates = templates("notes", self.messages, NOTES)

    def _player_of(self, sender: Sender) -> NotePlayer:
        self._sender = sender
        return NotePlayer(self._on, self._off)

    def _on(self, channel: int, pitch: int, velocity: int, duration: float) -> None:
        loud = {"velocity": velocity, "duration": duration}
        self._send("on", {"channel": channel, "pitch": pitch, **loud})

    def _off(self, channel: int, pitch: int) -> None:
        self._send("off", {"channel": channel, "pitch": pitch})

    def _send(self, event: str, fields: dict[str, Any]) -> None:
        self._sender.send([template.encode(fields) for template in self._templates[event]])

"""Notes out."""

from __future__ import annotations

import contextlib
from typing import Any

from rt_engine import kinds
from rt_engine.core import Input, Node, Packet, action
from rt_engine.nodes.osc.sending import MS, Messages, Offset, To, addresses
from rt_engine.protocols.note_player import NotePlayer
from rt_engine.protocols.osc_templates import NOTES, templates
from rt_engine.udp import Sender

__all__ = ["Notes"]


class Notes(Node):
    """Notes as OSC messages over UDP, when they are due, plus `offset_ms`.

    Events: "on", usually `/note i:channel i:pitch i:velocity f:duration`, and "off" after the
    duration, usually none. `messages` replaces them (templates:
    `rt_engine.protocols.osc_templates`). At the end every note is switched off.
    """

    live_only = True
    notes = Input(kinds.Notes)
    to: To = "127.0.0.1:9000"
    messages: Messages = {}
    offset_ms: Offset = 0.0

    def plan(self) -> None:
        self._receivers = addresses(self.to)
        self._templates = templates("notes", self.messages, NOTES)

    def open(self) -> None:
        self._stack = contextlib.ExitStack()
        sender = Sender(self._receivers, self.log)
        self._sender = self._stack.enter_context(contextlib.closing(sender))
        player = NotePlayer(self._on, self._off)
        self._player = self._stack.enter_context(contextlib.closing(player))

    def on_notes(self, packet: Packet) -> None:
        try:
            self._player.put(packet.t + round(self.offset_ms * MS), packet.data)
        except ValueError as error:
            self.log.warning("left out: %s", error)

    @action
    def panic(self, t: int) -> None:
        """End all notes, and forget those that are planned."""
        self._player.silence()

    def close(self) -> None:
        if hasattr(self, "_stack"):
            self._stack.close()

    def _on(self, channel: int, pitch: int, velocity: int, duration: float) -> None:
        loud = {"velocity": velocity, "duration": duration}
        self._send("on", {"channel": channel, "pitch": pitch, **loud})

    def _off(self, channel: int, pitch: int) -> None:
        self._send("off", {"channel": channel, "pitch": pitch})

    def _send(self, event: str, fields: dict[str, Any]) -> None:
        self._sender.send([template.encode(fields) for template in self._templates[event]])

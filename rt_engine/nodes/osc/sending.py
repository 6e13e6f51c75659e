"""What nodes that send over UDP have in common: settings, receivers, notes at their due times."""

from __future__ import annotations

import contextlib
from typing import Annotated

from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import Input, Knob, Node, Packet, action
from rt_engine.protocols.note_player import NotePlayer
from rt_engine.udp import Address, Sender, address

__all__ = ["MS", "Messages", "Offset", "TimedNotes", "To", "addresses"]

MS = 1_000_000  # ns

To = Annotated[str | list[str], Meta(description="receivers, host:port")]
Messages = Annotated[
    dict[str, str | list[str]], Meta(description="own templates by event; empty ones: none")
]
Offset = Annotated[float, Knob(ge=-1000, le=1000, unit="ms", description="delay")]


def addresses(to: str | list[str]) -> list[Address]:
    """Host and port of every receiver of a setting `To`; ValueError names one that is none."""
    return [address(receiver) for receiver in ([to] if isinstance(to, str) else to)]


class TimedNotes(Node):
    """Notes as messages when they are due, plus `offset_ms`; at the end every note is off.

    A subclass has a setting `to`, leaves `_receivers` in `plan`, and says with `_player_of` what
    goes to a sender for a note.
    """

    live_only = True
    notes = Input(kinds.Notes)
    offset_ms: Offset = 0.0
    _receivers: list[Address]

    def open(self) -> None:
        self._stack = contextlib.ExitStack()
        sender = self._stack.enter_context(contextlib.closing(Sender(self._receivers, self.log)))
        self._player = self._stack.enter_context(contextlib.closing(self._player_of(sender)))

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

    def _player_of(self, sender: Sender) -> NotePlayer:
        raise NotImplementedError

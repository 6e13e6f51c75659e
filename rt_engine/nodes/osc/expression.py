"""Phrases, dynamics and articulation out."""

from __future__ import annotations

from typing import Any

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Node, Packet
from rt_engine.nodes.osc.sending import Messages, To, addresses
from rt_engine.protocols.osc_templates import EXPRESSION, templates
from rt_engine.udp import Sender

__all__ = ["Expression"]


class Expression(Node):
    """Phrases, dynamics and articulation as OSC messages over UDP.

    Events: "phrase" when a boundary is told at once, "confirmed" when it is told again;
    "dynamics" and "articulation" whenever they arrive. `messages` replaces the usual ones event
    by event (templates: `rt_engine.protocols.osc_templates`).
    """

    live_only = True
    phrases = Input(kinds.Phrases, optional=True)
    expression = Input(kinds.Expressions, optional=True)
    to: To = "127.0.0.1:9000"
    messages: Messages = {}

    def plan(self) -> None:
        self._receivers = addresses(self.to)
        self._templates = templates("expression", self.messages, EXPRESSION)

    def open(self) -> None:
        self._sender = Sender(self._receivers, self.log)

    def on_phrases(self, packet: Packet) -> None:
        phrase = packet.data
        ago = max(self.clock.now() - packet.t, 0) / SECOND
        fields = {"index": phrase.index, "confidence": phrase.confidence, "ago": ago}
        self._send("confirmed" if phrase.confirmed else "phrase", fields)

    def on_expression(self, packet: Packet) -> None:
        now = packet.data
        loud = {"class": now.dynamics, "value": now.level, "confidence": now.dynamics_confidence}
        self._grade("dynamics", kinds.DYNAMICS, loud)
        joined = {"class": now.articulation, "value": now.detached}
        joined["confidence"] = now.articulation_confidence
        self._grade("articulation", kinds.ARTICULATIONS, joined)

    def close(self) -> None:
        if hasattr(self, "_sender"):
            self._sender.close()

    def _grade(self, event: str, names: tuple[str, ...], fields: dict[str, Any]) -> None:
        if fields["class"] >= 0:
            self._send(event, {**fields, "name": names[fields["class"]]})

    def _send(self, event: str, fields: dict[str, Any]) -> None:
        self._sender.send([template.encode(fields) for template in self._templates[event]])

"""The settings that nodes which send have in common."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from rt_engine.core import Knob
from rt_engine.udp import Address, address

__all__ = ["MS", "Messages", "Offset", "To", "addresses"]

MS = 1_000_000  # ns

To = Annotated[str | list[str], Meta(description="receivers, host:port")]
Messages = Annotated[
    dict[str, str | list[str]], Meta(description="own templates by event; empty ones: none")
]
Offset = Annotated[float, Knob(ge=-1000, le=1000, unit="ms", description="delay")]


def addresses(to: str | list[str]) -> list[Address]:
    """Host and port of every receiver of a setting `To`; ValueError names one that is none."""
    return [address(receiver) for receiver in ([to] if isinstance(to, str) else to)]

"""A look at what nodes send to other programs. Nobody looks, unless a page does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Observer", "look", "tell"]

Observer = Callable[[str, Sequence[Any]], None]
"""Sees (node, what it sent): datagrams of OSC, or the words of a command to a MIDI process."""

_observer: Observer | None = None


def look(observer: Observer | None) -> None:
    """Let `observer` see everything from now on, in the threads that send; None: nobody."""
    global _observer
    _observer = observer


def tell(node: str, what: Sequence[Any]) -> None:
    """`node` sends `what` now."""
    if _observer is not None:
        _observer(node, what)

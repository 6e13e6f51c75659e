"""What watched nodes send, in words: OSC with its type tags, commands to MIDI."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from pythonosc.osc_packet import OscPacket, ParseError

__all__ = ["Monitor"]

KEPT = 256  # datagrams and commands between two looks
SHOWN = 60  # of one node, in one look


class Monitor:
    """Keeps what `nodes` send until it is fetched; the threads that send only append."""

    def __init__(self) -> None:
        self.nodes: Collection[str] = ()
        self._kept: deque[tuple[str, int, Any]] = deque(maxlen=KEPT)

    def __call__(self, node: str, what: Sequence[Any]) -> None:
        """See what `node` sends."""
        if node in self.nodes:
            self._kept.append((node, time.monotonic_ns(), what))

    def messages(self) -> Iterator[dict[str, Any]]:
        """The messages "sent" since the last call, of each node the newest ones."""
        shown: dict[str, deque[dict[str, Any]]] = {}
        while self._kept:
            node, t, what = self._kept.popleft()
            for address, tags, values in _read(what):
                told = {"address": address, "tags": tags, "values": values, "t": t}
                newest = shown.setdefault(node, deque(maxlen=SHOWN))
                newest.append({"is": "sent", "node": node, **told})
        for told_of_node in shown.values():
            yield from told_of_node


def _read(what: Sequence[Any]) -> Iterator[tuple[str, str, list[Any]]]:
    """Address, type tags and values of each message."""
    if what and isinstance(what[0], bytes):
        for datagram in what:
            yield from _osc(datagram)
    elif what:
        yield str(what[0]), "", list(what[1:])


def _osc(datagram: bytes) -> Iterator[tuple[str, str, list[Any]]]:
    try:
        found = [timed.message for timed in OscPacket(datagram).messages]
    except ParseError:
        return
    for message in found:
        raw = message.dgram
        tags = raw[len(message.address.encode()) // 4 * 4 + 4 :].partition(b"\0")[0]
        yield message.address, tags.decode(errors="replace").lstrip(","), list(message.params)

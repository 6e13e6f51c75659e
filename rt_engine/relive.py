"""A take played again in real time: its graph, with sources that emit what was recorded.

Everything behind the sources runs as on the first day: OSC, MIDI and VMC go out again, at the
times of the take.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rt_engine.core import SECOND, Controls, Event, Graph, Kind, Output, Source
from rt_engine.core.host import RUNNER
from rt_engine.core.node import outputs
from rt_engine.record import Take

__all__ = ["relive"]

NAP = SECOND // 5  # ns: the longest wait before a read returns
LEAD = SECOND // 20  # ns from the start to the first packet: every source is there by then


class _Pace:
    """The time that all sources of a take share."""

    def __init__(self, first: int) -> None:
        self._first, self._shift = first, 0
        self._lock = threading.Lock()

    def shift(self, now: int) -> int:
        """What to add to a time of the take (ns), fixed by who asks first."""
        with self._lock:
            self._shift = self._shift or now + LEAD - self._first
            return self._shift


class Recorded(Source):
    """Emits what one source of a take emitted, when it did."""

    realtime = True
    _pace: _Pace
    _events: Iterator[Event]
    _next: Event | None

    def set_up(self, pace: _Pace, events: Iterator[Event], formats: dict[str, Kind]) -> None:
        """What it plays, and which outputs it has."""
        self._pace, self._events, self._next = pace, events, None
        for name, kind in formats.items():
            port = Output(kind)
            port.name = name
            setattr(self, name, port)

    def read(self) -> bool:
        """What is due within the next moments; False after the last of it."""
        self._next = self._next or next(self._events, None)
        if self._next is None:
            return False
        shift = self._pace.shift(self.clock.now())
        due = self._next.arrival + shift
        if not self.clock.wait_until(min(due, self.clock.now() + NAP)):
            return False
        if self.clock.now() >= due:
            self._emit(self._next, shift)
            self._next = None
        return True

    def _emit(self, event: Event, shift: int) -> None:
        port = outputs(self)[event.output]
        if event.packet is None:
            port.gap()
            return
        port.seq = event.packet.seq  # a loss then is a loss now
        port.emit(event.packet.t + shift, event.packet.data)


class Hand(Recorded):
    """Changes the settings that were changed while the take was made."""

    controls = Output(Controls)


def relive(path: str | Path) -> tuple[Graph, dict[str, Any]]:
    """The graph of a take, to be run by `Live`, and its content as in a graph file.

    Raises GraphError where the file is no take.
    """
    take = Take(path)
    graph = take.graph()
    formats: dict[str, dict[str, Kind]] = {}
    for node, output, kind in take.channels.values():
        formats.setdefault(node, {})[output] = kind
    first = next((event.arrival for event in take.events()), 0)
    pace = _Pace(first)
    for name in [name for name, node in graph.nodes.items() if isinstance(node, Source)]:
        graph.nodes[name] = _recorded(pace, take, name, formats.get(name, {}))
    hand = "hand"
    while hand in graph.nodes:
        hand += "-"
    player = Hand()
    player.set_up(pace, _events(take, RUNNER), {})
    graph.add(hand, player)
    played = {**take.spec["nodes"], hand: {"is": f"{Hand.__module__}.{Hand.__name__}"}}
    return graph, {**take.spec, "nodes": played}


def _recorded(pace: _Pace, take: Take, name: str, formats: dict[str, Kind]) -> Recorded:
    source = Recorded()
    # What it changed in other nodes is among the changes that `Hand` makes.
    silent = {output for output, kind in formats.items() if isinstance(kind, Controls)}
    events = (event for event in _events(take, name) if event.output not in silent)
    source.set_up(pace, events, formats)
    return source


def _events(take: Take, name: str) -> Iterator[Event]:
    return (event for event in take.events() if event.node == name)

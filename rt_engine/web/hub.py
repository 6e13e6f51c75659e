"""Where packets pass from the engine to those who look: one look-up, and one slot if they do."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable

from rt_engine.core import Graph, Packet
from rt_engine.core.host import RUNNER
from rt_engine.core.node import outputs
from rt_engine.web.streams import Frame, View, is_event, view_of

__all__ = ["Hub", "Stream"]

KEPT = 256  # events between two looks


class Stream:
    """The newest packets of one output, numbered from 1; written by the engine's thread."""

    def __init__(self, size: int, wake: Callable[[], None] | None) -> None:
        self.size = size
        self.watchers = 0
        self._items: deque[tuple[int, Packet]] = deque(maxlen=size)
        self._numbers = itertools.count(1)
        self._wake = wake
        self._made: tuple[int, Frame | None] = (0, None)

    @property
    def newest(self) -> int:
        """The number of the newest packet; 0: none has come."""
        return self._items[-1][0] if self._items else 0

    def put(self, packet: Packet | None) -> None:
        """Keep `packet`, in the place of the oldest when there are too many."""
        if packet is not None:
            self._items.append((next(self._numbers), packet))
            if self._wake is not None:
                self._wake()

    def since(self, seen: int) -> tuple[int, list[Packet]]:
        """The number of the newest packet, and those after number `seen` that are still there."""
        items = self._items.copy()
        fresh = [packet for number, packet in items if number > seen]
        return (items[-1][0], fresh) if fresh else (seen, [])

    def frame(self, view: View, number: int, packets: list[Packet]) -> Frame | None:
        """What `view` makes of `packets`; of a shared view it is made once."""
        if not view.shared:
            return view.make(packets)
        if self._made[0] != number:
            self._made = number, view.make(packets)
        return self._made[1]


class Hub:
    """A tap. `wake` is called, in the engine's thread, when an event came that is watched;
    `steered` when a control is under way.
    """

    def __init__(self, wake: Callable[[], None], steered: Callable[[Packet], None]) -> None:
        self._wake, self._steered = wake, steered
        self.on_watch: Callable[[str, str], None] = _nothing  # somebody watches this output
        self._puts: dict[tuple[str, str], Callable[[Packet | None], None]] = {}
        self._streams: dict[tuple[str, str], Stream] = {}

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        """See a packet; nothing is done unless somebody watches its output."""
        put = self._puts.get((node, output))
        if put is not None:
            put(packet)

    def clear(self) -> None:
        """Forget all streams: another graph comes."""
        self._streams = {}
        self._puts = {(RUNNER, "controls"): lambda p: self._steered(p) if p else None}

    def watch(self, graph: Graph, node: str, output: str) -> tuple[Stream, View | None]:
        """The stream of an output that exists, and a view of it; None: it carries events."""
        kind = outputs(graph.nodes[node])[output].format
        events = is_event(kind)
        view = None if events else view_of(kind)
        stream = self._streams.get((node, output))
        if stream is None:
            stream = Stream(view.size if view else KEPT, self._wake if events else None)
            self._streams[node, output] = stream
            self._puts[node, output] = stream.put
        stream.watchers += 1
        return stream, view

    def watched(self, node: str, output: str) -> bool:
        """Whether somebody looks at this output."""
        return (node, output) in self._streams

    def unwatch(self, node: str, output: str, stream: Stream) -> None:
        """Nobody looks at `stream` any more, if this was the last one."""
        stream.watchers -= 1
        if stream.watchers == 0 and self._streams.get((node, output)) is stream:
            del self._streams[node, output]
            self._puts.pop((node, output), None)


def _nothing(node: str, output: str) -> None:
    """Nobody wants to know."""

"""What a take's graph gives beside its sources, made once so that every moment can be shown.

The take is replayed as fast as it goes, and what comes out of its nodes is written into a
second record, which may be looked at while it grows. Pictures, people and skeletons are thinned
to `MOST` a second; nothing else is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from mcap.writer import Writer

from rt_engine.core import (
    SECOND,
    Clock,
    Event,
    Graph,
    Kind,
    Packet,
    Replay,
    Source,
    VirtualClock,
)
from rt_engine.core.host import RUNNER
from rt_engine.core.node import outputs
from rt_engine.core.packet import encode
from rt_engine.indexing import Index
from rt_engine.kinds import Images, Poses, Skeletons
from rt_engine.record import Take, announce

__all__ = ["MOST", "cache"]

MOST = 60  # pictures, people and skeletons a second that a page can show
THINNED = (Images, Poses, Skeletons)
FLUSHED = 64  # messages between two writes, so that a reader sees them soon


class _Shelf:
    """A tap that writes what the nodes of a graph emit, sources apart."""

    def __init__(self, path: Path, graph: Graph, take: Take) -> None:
        self.clock: Clock = VirtualClock()  # that of the replay, once there is one
        self._file = path.open("wb")
        self._writer = Writer(self._file, use_chunking=False)
        self._writer.start(profile="", library="rt-engine")
        self._writer.add_metadata("graph", {"spec": json.dumps(take.spec)})
        self._channels = {
            (name, output): (announce(self._writer, name, output, port.format), port.format)
            for name, node in graph.nodes.items()
            if not (isinstance(node, Source) or node.live_only)
            for output, port in outputs(node).items()
        }
        self._due: dict[tuple[str, str], int] = {}
        self._count = 0

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        """Keep `packet`, unless it comes too soon after the one before."""
        channel, kind = self._channels.get((node, output), (0, None))
        if kind is None or packet is None or not self._wanted((node, output), kind, packet.t):
            return
        try:
            body = encode(packet.data)
        except TypeError:  # a user's own payload that has no byte form cannot be shown later
            return
        self._writer.add_message(channel, self.clock.now(), body, packet.t, packet.seq % 2**32)
        self._count += 1
        if not self._count % FLUSHED:
            self._file.flush()

    def close(self, whole: bool) -> None:
        """End the file; only one that is whole says so."""
        if whole:
            self._writer.finish()  # type: ignore[no-untyped-call]
        self._file.close()

    def _wanted(self, place: tuple[str, str], kind: Kind, t: int) -> bool:
        if not isinstance(kind, THINNED):
            return True
        period = SECOND // MOST
        due = self._due.get(place, t)
        if t < due - period // 4:
            return False
        self._due[place] = max(due + period, t + period // 2)
        return True


def cache(source: Path, output: Path, show: Callable[[float], None]) -> None:
    """Replay the take `source` into the record `output`, whole or not at all at its name.

    While it is under way it lies beside it as NAME.part; `show` is told the share that is done.
    Raises GraphError or NodeError when the take cannot be replayed, OSError for the file.
    """
    index = Index(source, 1)
    index.close()
    take = index.take
    graph = _seen(take)
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_suffix(output.suffix + ".part")
    shelf, whole = _Shelf(part, graph, take), False
    try:
        replay = Replay(graph, _events(graph, index, show), [shelf])
        shelf.clock = replay.clock
        replay.run()
        whole = True
    finally:
        shelf.close(whole)
        part.replace(output) if whole else part.unlink(missing_ok=True)


def _seen(take: Take) -> Graph:
    """The graph without what has no outputs: nothing of it can be shown, and it may write files."""
    whole = take.graph()
    kept = {name for name, node in whole.nodes.items() if outputs(node)}
    nodes = {name: keys for name, keys in take.spec["nodes"].items() if name in kept}
    return take.graph({**take.spec, "nodes": nodes})


def _events(graph: Graph, index: Index, show: Callable[[float], None]) -> Iterator[Event]:
    """What the sources gave, and what was changed in the nodes that are left."""
    for number, event in enumerate(index.take.events()):
        if not number % 32:
            show((event.arrival - index.first) / SECOND / max(index.length, 1e-3))
        if event.node != RUNNER or (event.packet and event.packet.data.node in graph.nodes):
            yield event

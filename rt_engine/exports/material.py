"""A take as material: its outputs by kind, and what came out of them, from the file or a replay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rt_engine.core import SECOND, Event, Graph, GraphError, Kind, Packet, Replay, Source
from rt_engine.core.errors import exists
from rt_engine.core.host import RUNNER, Tap
from rt_engine.core.node import outputs
from rt_engine.indexing import Index
from rt_engine.record import Take

__all__ = ["Material", "Place", "Show"]

Place = tuple[str, str]
"""Node and output."""

Show = Callable[[float], None]
"""Is told the share that is done, 0 to 1."""


class Material:
    """The take at `path`. `wish`: "node" or "node.output" in place of what is usual.

    Raises GraphError where the file is no take, or does not have what is asked for.
    """

    def __init__(self, path: str | Path, wish: str = "", show: Show = lambda share: None) -> None:
        self.path, self.wish, self._show = Path(path), wish, show
        index = Index(path)
        index.close()
        self.take: Take = index.take
        self.graph: Graph = self.take.graph()
        self.first, self.length = index.first, index.length
        self.origin = _origin(path)  # ns: the moment that is second 0 of every export
        self.places: dict[Place, Kind] = {
            (name, output): port.format
            for name, node in self.graph.nodes.items()
            if not node.live_only
            for output, port in outputs(node).items()
        }
        if not index.length:
            raise GraphError(f"{self.path}: holds nothing, so there is nothing to export")

    def seconds(self, t: int) -> float:
        """From the origin to engine time `t` (ns)."""
        return (t - self.origin) / SECOND

    def of(self, *kinds: type[Kind]) -> list[Place]:
        """The outputs of these kinds, in signal order; those that are wished for, if any are."""
        found = [place for place, kind in self.places.items() if isinstance(kind, kinds)]
        return [place for place in found if self._wished(place)] if self.wish else found

    def one(self, *kinds: type[Kind]) -> Place | None:
        """The first of these: that of a source, where there is one."""
        found = self.of(*kinds)
        return min(found, key=lambda place: not self.is_source(place), default=None)

    def is_source(self, place: Place) -> bool:
        """Whether the take itself holds it."""
        return isinstance(self.graph.nodes[place[0]], Source)

    def lacks(self, form: str, what: str) -> GraphError:
        """The error of a take that has nothing for files of this form."""
        has = ", ".join(f"{n}.{o} ({type(k).__name__})" for (n, o), k in self.places.items())
        wish = f" at {self.wish!r}" if self.wish else ""
        return GraphError(f"{self.path}: has no {what}{wish}, which {form} needs; it has: {has}")

    def play(
        self, places: Iterable[Place], see: Tap, more: Mapping[str, Any] | None = None
    ) -> None:
        """Show all packets of `places` to `see`: those of sources from the file, all others from
        a replay of the part of the graph that leads there. `more`: nodes to add, as in a file.
        """
        wanted = set(places)
        self._check_wish(wanted)

        def tap(node: str, output: str, packet: Packet | None) -> None:
            if (node, output) in wanted:
                see(node, output, packet)

        if not more and all(self.is_source(place) for place in wanted):
            for event in self._events({node for node, _ in wanted}):
                tap(event.node, event.output, event.packet)
            return
        needed = self._needed({node for node, _ in wanted})
        nodes = {name: keys for name, keys in self.take.spec["nodes"].items() if name in needed}
        graph = self.take.graph({**self.take.spec, "nodes": {**nodes, **(more or {})}})
        Replay(graph, self._events(needed), [tap]).run()

    def _check_wish(self, wanted: set[Place]) -> None:
        if self.wish and not any(map(self._wished, wanted)):
            known = map(".".join, self.places)
            raise GraphError(f"{self.path}: no output {self.wish!r}{exists(self.wish, known, '')}")

    def _wished(self, place: Place) -> bool:
        return self.wish in (place[0], ".".join(place))

    def _needed(self, names: set[str]) -> set[str]:
        """These nodes, and all that feed them."""
        found = set(names)
        for name in reversed(list(self.graph.nodes)):
            if name in found:
                found |= {wire.source for wire in self.graph.into(name)}
        return found

    def _events(self, names: set[str]) -> Iterator[Event]:
        """What the sources among these nodes emitted, and what was changed in these nodes."""
        for number, event in enumerate(self.take.events()):
            if not number % 64:
                self._show((event.arrival - self.first) / SECOND / self.length)
            if event.node in names or (
                event.node == RUNNER and event.packet and event.packet.data.node in names
            ):
                yield event


def _origin(path: str | Path) -> int:
    """The earliest own time among the first packets of all sources (ns)."""
    index = Index(path)
    try:
        tracks = [t for t in index.tracks.values() if t.times and t.node != RUNNER]
        starts = [packet.t for t in tracks if (packet := index.packet(t, 0)) is not None]
    finally:
        index.close()
    return min(starts, default=index.first)

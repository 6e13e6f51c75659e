"""The replay runner: the same graph in one thread, in virtual time, bit for bit the same."""

from __future__ import annotations

import heapq
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from rt_engine.core.clock import SECOND, VirtualClock
from rt_engine.core.errors import GraphError
from rt_engine.core.graph import Graph
from rt_engine.core.host import Host, Strand, Tap, route, wire
from rt_engine.core.meter import Stats
from rt_engine.core.node import Input, Output, Source
from rt_engine.core.packet import Packet

__all__ = ["Event", "Replay"]

log = logging.getLogger("rt_engine")


class Event(NamedTuple):
    """What came out of a source: `packet` at virtual time `arrival` (ns); None: a reset."""

    arrival: int
    node: str
    output: str
    packet: Packet | None


class Replay:
    """Runs a graph as fast as it can, from its files or from recorded `events`.

    `cost` maps a node's name to the seconds that a call of it shall take in virtual time:
    the inboxes' policies then drop exactly what they would drop. Equal input, equal output.
    """

    def __init__(
        self,
        graph: Graph,
        events: Iterable[Event] | None = None,
        taps: Iterable[Tap] = (),
        cost: Mapping[str, float] | None = None,
    ) -> None:
        self.graph, self.events = graph, events
        self.clock = VirtualClock()
        self.cost = dict(cost or {})
        self._strand = Strand()
        self._stations: list[Station] = []
        self._pending: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0
        self.hosts = {
            name: Host(node, self._strand, self.clock, graph.policies[name])
            for name, node in graph.nodes.items()
            if not node.live_only
        }
        self._check_sources()
        for name in self.cost:
            if name not in self.hosts or isinstance(graph.nodes[name], Source):
                raise GraphError(
                    f"{graph.name}: a cost is given for {name!r}, which is no "
                    f"processing node (nodes: {', '.join(self.hosts)})"
                )
        wire(graph, self.hosts, self._connect, self._control, self.stats, taps)

    def run(self) -> None:
        """Run to the end of the sources; raises the NodeError of a failure."""
        hosts = [h for h in self.hosts.values() if not (self._recorded and self._is_source(h))]
        try:
            for host in reversed(hosts):
                host.open()
            for event in self._merged():
                self._until(event.arrival)
                self._deliver(event)
            self._until(None)
        finally:
            for host in hosts:
                host.close()

    def stats(self) -> dict[str, Stats]:
        """Counts and latencies of every node, in virtual time where a cost is given."""
        return {n: h.meter.stats(self.clock.now()) for n, h in self.hosts.items()}

    def lost(self) -> dict[str, int]:
        """For each node with a cost, how many packets it did not see."""
        return {station.host.node.name: station.lost for station in self._stations}

    def _check_sources(self) -> None:
        for name, host in self.hosts.items():
            if self.events is None and isinstance(host.node, Source) and host.node.device:
                raise self.graph.error(
                    name,
                    "is",
                    f"a replay needs a file or a record in place of a device, such as {name}=FILE",
                )

    @property
    def _recorded(self) -> bool:
        return self.events is not None

    @staticmethod
    def _is_source(host: Host) -> bool:
        return isinstance(host.node, Source)

    def _merged(self) -> Iterator[Event]:
        if self.events is not None:
            return iter(self.events)
        feeds = [self._feed(h) for h in self.hosts.values() if self._is_source(h)]
        return heapq.merge(*feeds, key=lambda event: event.arrival)

    def _feed(self, host: Host) -> Iterator[Event]:
        """What a source emits, at the times up to which it waited; not yet delivered."""
        source = host.node
        assert isinstance(source, Source)
        own = source.clock = VirtualClock()
        staged: deque[Event] = deque()
        for output in [port for port in vars(source).values() if isinstance(port, Output)]:
            name = output.name
            staging = Output(output.format)
            staging.targets = [lambda p, n=name: staged.append(Event(own.t, source.name, n, p))]  # type: ignore[misc]
            output.emit = staging.emit  # type: ignore[method-assign]
        while host.guard("read", source.read) is not False:
            yield from iter(lambda: staged.popleft() if staged else None, None)
        yield from staged

    def _deliver(self, event: Event) -> None:
        if event.node not in self.hosts:
            raise GraphError(
                f"{self.graph.name}: the record has a source {event.node!r}, which "
                f"this graph has not (nodes: {', '.join(self.hosts)})"
            )
        host = self.hosts[event.node]
        if event.packet is None:
            host.reset_downstream()
            return
        for target in getattr(host.node, event.output).targets:
            target(event.packet)
        if not event.packet.seq % 1024:
            for each in self.hosts.values():
                each.meter.fold()

    def _connect(self, name: str, port: str) -> tuple[Callable[[Packet], None], Callable[[], None]]:
        host = self.hosts[name]
        deliver = host.handler(port)
        if name not in self.cost:
            return deliver, host.reset
        spec = host.node.ports[port]
        assert isinstance(spec, Input)
        size = None if self.graph.waits(name) else spec.size
        station = Station(
            self, host, deliver, 1 if spec.keep == "latest" else size, spec.keep == "latest"
        )
        self._stations.append(station)
        return station.put, host.reset

    def _control(self, packet: Packet) -> None:
        if host := route(self.hosts, packet, log):
            host.control(packet)

    def at(self, t: int, call: Callable[[], None]) -> None:
        """Call at virtual time `t`, in order of the asking where times are equal."""
        self._order += 1
        heapq.heappush(self._pending, (t, self._order, call))

    def _until(self, t: int | None) -> None:
        while self._pending and (t is None or self._pending[0][0] <= t):
            due, _, call = heapq.heappop(self._pending)
            self.clock.wait_until(due)
            call()
        if t is not None:
            self.clock.wait_until(t)


class Station:
    """An input of a node with a virtual cost: a server with a queue."""

    def __init__(
        self,
        replay: Replay,
        host: Host,
        deliver: Callable[..., None],
        size: int | None,
        latest: bool,
    ) -> None:
        self.replay, self.host, self.deliver = replay, host, deliver
        self.size, self.latest = size, latest
        self.cost = round(replay.cost[host.node.name] * SECOND)
        self.queue: deque[Packet] = deque()
        self.busy = False
        self.lost = 0

    def put(self, packet: Packet) -> None:
        """Serve at once, or queue as the port's policy says."""
        if not self.busy:
            self._serve(packet)
        elif self.size is None or len(self.queue) < self.size:
            self.queue.append(packet)
        else:
            self.lost += 1
            if self.latest:
                self.queue[0] = packet

    def _serve(self, packet: Packet) -> None:
        self.busy = True
        self.replay.at(self.replay.clock.now() + self.cost, lambda: self._done(packet))

    def _done(self, packet: Packet) -> None:
        self.busy = False
        self.deliver(packet)
        if self.queue:
            self._serve(self.queue.popleft())

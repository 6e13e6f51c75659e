"""The replay runner: the same graph in one thread, in virtual time, bit for bit the same."""

from __future__ import annotations

import heapq
import logging
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from rt_engine.core.clock import SECOND, VirtualClock
from rt_engine.core.errors import GraphError, NodeError, exists
from rt_engine.core.graph import Graph, Wire
from rt_engine.core.host import RUNNER, Host, Strand, Tap, Target, close_all, route, wire
from rt_engine.core.inbox import Inbox, Job
from rt_engine.core.meter import Stats
from rt_engine.core.node import Source, outputs
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
    its inputs then drop exactly what they would drop before a thread. Equal input, equal output.
    """

    def __init__(
        self,
        graph: Graph,
        events: Iterable[Event] | None = None,
        taps: Iterable[Tap] = (),
        cost: Mapping[str, float] | None = None,
    ) -> None:
        self.graph, self.events, self.taps = graph, events, list(taps)
        self.clock = VirtualClock()
        self.failure: NodeError | None = None
        self._pending: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0
        strand = Strand()
        self.hosts = {
            name: Host(node, strand, self.clock, graph.policies[name])
            for name, node in graph.nodes.items()
            if not node.live_only
        }
        self._check(cost or {})
        self._desks = {name: Desk(self, seconds) for name, seconds in (cost or {}).items()}
        control = self._control if events is None else lambda packet: None  # a record has them
        wire(graph, self.hosts, self._connect, control, self.stats, self.taps)
        self._routes = {
            (name, port): (output.targets, output.resets)
            for name, host in self.hosts.items()
            if _is_source(host)
            for port, output in outputs(host.node).items()
        }

    def run(self) -> None:
        """Run to the end of the sources; raises the NodeError of the first failure."""
        hosts = [h for h in self.hosts.values() if self.events is None or not _is_source(h)]
        try:
            for host in reversed(hosts):
                host.open()
            for event in self._merged() if self.events is None else self.events:
                self._until(event.arrival)
                self._deliver(event)
            self._until(None)
        except NodeError as error:
            self._fail(error)
        finally:
            close_all(hosts, self._fail)
        if self.failure:
            raise self.failure

    def stats(self) -> dict[str, Stats]:
        """Counts and latencies of every node, in virtual time where a cost is given."""
        return {name: host.stats(self.clock.now()) for name, host in self.hosts.items()}

    def lost(self) -> dict[str, int]:
        """For each node with a cost, how many packets it did not see."""
        slots = {name: self.hosts[name].slots for name in self._desks}
        return {name: sum(s.dropped + s.overruns for s in own) for name, own in slots.items()}

    def at(self, t: int, call: Callable[[], None]) -> None:
        """Call at virtual time `t`, in order of the asking where times are equal."""
        self._order += 1
        heapq.heappush(self._pending, (t, self._order, call))

    def _check(self, cost: Mapping[str, float]) -> None:
        for name, host in self.hosts.items():
            if self.events is None and isinstance(host.node, Source) and host.node.device:
                text = f"a replay needs a file or a record in place of a device, as {name}=FILE"
                raise self.graph.error(name, "is", text)
        working = [name for name, host in self.hosts.items() if not _is_source(host)]
        for name in cost:
            if name not in working:
                text = f"a cost is given for {name!r}, which is no processing node"
                raise GraphError(f"{self.graph.name}: {text}{exists(name, working, 'nodes')}")

    def _fail(self, error: NodeError) -> None:
        if self.failure:
            log.error("also: %s", error)
        self.failure = self.failure or error

    def _merged(self) -> Iterator[Event]:
        feeds = [self._feed(h.node) for h in self.hosts.values() if isinstance(h.node, Source)]
        return heapq.merge(*feeds, key=lambda event: event.arrival)

    def _feed(self, source: Source) -> Iterator[Event]:
        """What a source emits, at the times up to which it waited; not yet delivered."""
        own = source.clock = VirtualClock()
        staged: deque[Event] = deque()

        def stage(output: str, packet: Packet | None = None) -> None:
            staged.append(Event(own.t, source.name, output, packet))

        for name, output in outputs(source).items():
            output.targets, output.resets = [partial(stage, name)], [partial(stage, name)]
        ended = False
        while not ended:
            ended = self.hosts[source.name].guard("read", source.read) is False
            while staged:
                yield staged.popleft()

    def _deliver(self, event: Event) -> None:
        _, node, output, packet = event
        if node == RUNNER and packet:
            self._control(packet)
            return
        if (node, output) not in self._routes:
            known = exists(f"{node}.{output}", map(".".join, self._routes), "outputs of sources")
            raise GraphError(f"{self.graph.name}: no {node}.{output}, which is recorded{known}")
        targets, resets = self._routes[node, output]
        if packet is None:
            for reset in resets:
                reset()
            return
        for target in targets:
            target(packet)
        if not packet.seq % 1024:
            for host in self.hosts.values():
                host.meter.fold()

    def _connect(self, each: Wire) -> Target:
        host = self.hosts[each.node]
        deliver = host.handler(each.input)
        if each.node not in self._desks:
            return deliver, host.reset
        desk = self._desks[each.node]
        slot = host.slot(desk, each.input, desk.takes(deliver), waits=False)
        if self.graph.waits(each.source):
            slot.limit = sys.maxsize  # the source would wait: nothing is lost
        return slot.put, slot.reset

    def _control(self, packet: Packet) -> None:
        name = route(self.graph, packet)
        if not name:
            return
        for tap in self.taps:
            tap(RUNNER, "controls", packet)
        host = self.hosts.get(name)
        if host and host.opened:
            job: Job = (host.control, (packet,))
            self._desks[name].put(job) if name in self._desks else host.control(packet)

    def _until(self, t: int | None) -> None:
        while self._pending and (t is None or self._pending[0][0] <= t):
            due, _, call = heapq.heappop(self._pending)
            self.clock.wait_until(due)
            call()
        if t is not None:
            self.clock.wait_until(t)


class Desk(Inbox):
    """The inbox of a node with a virtual cost: it works on one packet at a time."""

    def __init__(self, replay: Replay, cost: float) -> None:
        super().__init__()
        self.now, self.put = replay.clock.now, self._put
        self._replay, self._cost = replay, round(cost * SECOND)
        self._jobs: deque[Job] = deque()
        self._busy = False

    def takes(self, deliver: Callable[..., None]) -> Callable[[Packet, int], None]:
        """What begins the work that ends, its cost later, with `deliver`."""

        def begin(packet: Packet, wait: int) -> None:
            self._busy = True
            self._replay.at(self.now() + self._cost, partial(end, packet, wait))

        def end(packet: Packet, wait: int) -> None:
            deliver(packet, wait)
            self._busy = False
            self._work()

        return begin

    def _put(self, job: Job) -> None:
        self._jobs.append(job)
        self._work()

    def _work(self) -> None:
        while self._jobs and not self._busy:
            call, values = self._jobs.popleft()
            call(*values)


def _is_source(host: Host) -> bool:
    return isinstance(host.node, Source)

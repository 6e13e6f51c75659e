"""The live runner: one thread for each lane of the graph, in real time."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from collections.abc import Iterable
from typing import Any

from rt_engine.core.clock import SECOND, LiveClock
from rt_engine.core.errors import NodeError
from rt_engine.core.graph import Graph, Wire
from rt_engine.core.host import RUNNER, Host, Strand, Tap, Target, close_all, route, wire
from rt_engine.core.inbox import Inbox
from rt_engine.core.meter import Stats
from rt_engine.core.node import Source, outputs
from rt_engine.core.packet import Control, Controls, Packet

__all__ = ["Live", "realtime"]

log = logging.getLogger("rt_engine")

SWITCH_INTERVAL = 0.0005  # s; the interpreter's 5 ms would make every audio block late
LOOK = 0.25  # s between two looks of the supervisor
DRAIN, GRACE = 0.5, 0.9  # s after a stop: until queues are cut, until threads are left behind


def realtime(priority: int = 20) -> bool:
    """Ask for real-time scheduling of the calling thread; whether the system allowed it."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(priority))
    except (AttributeError, OSError):
        return False
    return True


class Lane(Strand):
    """A thread with the nodes that run in it, the head first."""

    def __init__(self, live: Live, name: str) -> None:
        super().__init__()
        self.live, self.name = live, name
        self.inbox = Inbox()
        self.hosts: list[Host] = []
        self.ready = threading.Event()
        self.ending = False
        self._retry_at = 0
        self._told = ""  # the last failure, until the source works again
        self.thread = threading.Thread(target=self._run, name=f"rt-{name}", daemon=True)

    @property
    def source(self) -> Source | None:
        """The source at the head, if this lane starts with one."""
        head = self.hosts[0].node
        return head if isinstance(head, Source) else None

    @property
    def streams(self) -> bool:
        """Whether it starts with a source of more than controls: such a stream has an end."""
        formats = [output.format for output in outputs(self.hosts[0].node).values()]
        return self.source is not None and any(not isinstance(f, Controls) for f in formats)

    def _run(self) -> None:
        fail = self.live.fail
        try:
            for host in reversed(self.hosts):  # consumers before what feeds them
                host.open()
            self.ready.set()
            self.live.go.wait()
            self._read(self.source) if self.source else self.inbox.run()
        except BaseException as error:  # whatever it is, it must not end this thread unheard
            head = self.hosts[0].node
            fail(error if isinstance(error, NodeError) else NodeError(head, "its thread", error))
        close_all(self.hosts, fail)
        self.node = None
        self.inbox.close()  # nobody shall wait for room in it any more
        self.ready.set()
        self.live.changed.set()

    def _read(self, source: Source) -> None:
        """Read the source until its end; one with policy "restart" is opened anew if it fails."""
        host, clock = self.hosts[0], self.live.clock
        realtime() if source.realtime else None
        while not (self.live.stopping or self.ending):
            try:
                self.inbox.run_pending()
                if host.opened:
                    if host.guard("read", source.read) is False:
                        break
                elif clock.now() < self._retry_at:
                    clock.wait_until(min(self._retry_at, clock.now() + SECOND // 20))
                else:
                    host.open()
                    host.reset_downstream()
                    self._told = ""
                    log.warning("node %r works again", source.name)
            except NodeError as error:
                if error.node is not source or host.policy != "restart":
                    raise
                self._retire(host, error)
        self.inbox.run_pending()

    def _retire(self, host: Host, error: NodeError) -> None:
        """Close what failed, and set the time of the next try; the same failure is told once."""
        wait = host.delay()
        again = str(error) == self._told
        self._told = str(error)
        log.log(logging.DEBUG if again else logging.WARNING, "%s; restart in %.3g s", error, wait)
        close_all([host], lambda also: log.warning("also: %s", also))
        self._retry_at = self.live.clock.now() + round(wait * SECOND)


class Live:
    """Runs a graph in real time: `run()`, or `start()`, `stop()` and `wait()`.

    The first failure stops everything and is raised by `wait`; later ones are logged.
    A node that does not return within `hang` seconds is such a failure.
    """

    def __init__(self, graph: Graph, taps: Iterable[Tap] = (), hang: float = 10.0) -> None:
        self.graph, self.hang, self.taps = graph, hang, list(taps)
        self.clock = LiveClock()
        self.stopping = False
        self.failure: NodeError | None = None
        self.go, self.changed = threading.Event(), threading.Event()
        self.lanes: dict[str, Lane] = {}
        self.hosts: dict[str, Host] = {}
        self._stopped_at = 0
        self._failing = threading.Lock()
        self._lane_of = graph.lanes()
        for name, node in graph.nodes.items():
            lane = self.lanes.setdefault(self._lane_of[name], Lane(self, self._lane_of[name]))
            self.hosts[name] = Host(node, lane, self.clock, graph.policies[name])
            lane.hosts.append(self.hosts[name])
        wire(graph, self.hosts, self._connect, self._control, self.stats, self.taps)
        self._meter_sources()
        self._ways = {name: [self.lanes[head] for head in graph.way(name)] for name in graph.nodes}
        self._supervisor = threading.Thread(
            target=self._supervise, name="rt-supervisor", daemon=True
        )

    def run(self) -> None:
        """Start, and wait for the end; raises the NodeError of the first failure."""
        with self:
            self.wait()

    def start(self) -> None:
        """Open the nodes, consumers before sources, and let the sources go."""
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._supervisor.start()
        try:
            self._open([lane for lane in self.lanes.values() if not lane.source])
            self._open([lane for lane in self.lanes.values() if lane.source])
            gc.collect()
            self.stats()  # rates count from here
            gc.freeze()  # what stands now stays: later collections need not look at it
        except BaseException:
            self.stop()
            raise
        finally:
            self.go.set()

    def stop(self) -> None:
        """End the sources and let what they have sent be worked off; returns at once."""
        self._stopped_at = self._stopped_at or self.clock.now()
        self.stopping = True
        self.clock.stop()
        self.changed.set()

    def abort(self) -> None:
        """Stop without working off what is queued; returns at once."""
        self.stop()
        for lane in self.lanes.values():
            lane.inbox.close()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most `timeout` s; whether it came. Raises the first failure."""
        self._supervisor.join(timeout)
        if self._supervisor.is_alive():
            return False
        if self.failure:
            raise self.failure
        return True

    def fail(self, error: NodeError) -> None:
        """Note a failure and stop everything; the first one wins."""
        with self._failing:
            first, self.failure = self.failure is None, self.failure or error
        self.abort() if first else log.error("also: %s", error)

    def control(self, node: str, name: str, *value: Any) -> None:
        """Set a live setting or call an action, in the node's own thread."""
        self._control(Packet(self.clock.now(), Control(node, name, list(value)), 0))

    def stats(self) -> dict[str, Stats]:
        """Counts, rates and latencies of every node."""
        now = self.clock.now()
        return {name: host.stats(now) for name, host in self.hosts.items()}

    def __enter__(self) -> Live:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.wait()

    def _connect(self, each: Wire) -> Target:
        host, lane = self.hosts[each.node], self.lanes[self._lane_of[each.node]]
        deliver = host.handler(each.input)
        if lane.name != each.node:
            return deliver, host.reset
        slot = host.slot(lane.inbox, each.input, deliver, self.graph.waits(each.source))
        return slot.put, slot.reset

    def _control(self, packet: Packet) -> None:
        """Send a control the way of the data, so that its place among them can be recorded."""
        if name := route(self.graph, packet):
            way = [lane for lane in self._ways[name] if not lane.inbox.closed]
            self._pass_on(packet, name, way, self.taps)

    def _pass_on(
        self, packet: Packet, name: str, way: list[Lane], taps: Iterable[Tap] = ()
    ) -> None:
        if way:
            way[0].inbox.put((self._arrived, (packet, name, way[1:], taps)))

    def _arrived(self, packet: Packet, name: str, way: list[Lane], taps: Iterable[Tap]) -> None:
        for tap in taps:
            tap(RUNNER, "controls", packet)
        self._pass_on(packet, name, way) if way else self.hosts[name].control(packet)

    def _meter_sources(self) -> None:
        now = self.clock.now
        for lane in self.lanes.values():
            if lane.source is None:
                continue
            record = lane.hosts[0].meter.samples.append
            for output in outputs(lane.source).values():
                output.targets.insert(0, lambda packet, add=record: add((0, 0, now() - packet.t)))  # type: ignore[misc]

    def _open(self, lanes: list[Lane]) -> None:
        for lane in lanes if not self.stopping else []:
            lane.thread.start()
        for lane in lanes:
            while not (self.stopping or lane.ready.wait(LOOK)):
                pass

    def _supervise(self) -> None:
        """Look after hung nodes and meters; at the end of the sources, drain the graph."""
        sources = [lane.thread for lane in self.lanes.values() if lane.streams]
        sources = sources or [lane.thread for lane in self.lanes.values() if lane.source]
        try:
            while not (
                self.go.is_set() and (self.stopping or not any(t.is_alive() for t in sources))
            ):
                self.changed.wait(LOOK)
                self.changed.clear()
                self._look()
            self._drain()
        finally:
            gc.unfreeze()
            sys.setswitchinterval(self._interval)

    def _look(self) -> None:
        """Fold the meters, and find the node that has been longest without returning."""
        for host in self.hosts.values():
            host.meter.fold()
        busy = [(lane.since, lane.node) for lane in self.lanes.values() if lane.node]
        since, node = min(busy, key=lambda pair: pair[0], default=(0, None))
        if node and self.clock.now() - since > self.hang * SECOND and not self.stopping:
            late = TimeoutError(f"did not return within {self.hang:.3g} s")
            self.fail(NodeError(node, "a call", late))

    def _drain(self) -> None:
        """End the lanes in signal order; after a stop, cut what takes too long."""
        for lane in self.lanes.values():
            lane.ending = True
            lane.inbox.end()
            while lane.thread.is_alive() and not self._late(DRAIN):
                lane.thread.join(LOOK / 5)
                self._look()
        for lane in self.lanes.values():
            lane.inbox.close()
        for lane in self.lanes.values():
            while lane.thread.is_alive() and not self._late(GRACE):
                lane.thread.join(LOOK / 5)
            if lane.thread.is_alive():
                node = lane.node or lane.hosts[0].node
                self.fail(NodeError(node, "stop", TimeoutError("did not return; left behind")))

    def _late(self, seconds: float) -> bool:
        return self.stopping and self.clock.now() > self._stopped_at + seconds * SECOND

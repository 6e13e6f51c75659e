"""The live runner: one thread for each lane of the graph, in real time."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from queue import SimpleQueue
from typing import Any

from rt_engine.core.clock import SECOND, LiveClock
from rt_engine.core.errors import NodeError
from rt_engine.core.graph import Graph
from rt_engine.core.host import Host, Strand, Tap, route, wire
from rt_engine.core.inbox import Inbox, LatestSlot, Slot
from rt_engine.core.meter import Stats
from rt_engine.core.node import Input, Output, Source
from rt_engine.core.packet import Control, Packet

__all__ = ["Live", "realtime"]

log = logging.getLogger("rt_engine")

SWITCH_INTERVAL = 0.0005  # s; the interpreter's 5 ms would make every audio block late
LOOK = 0.25  # s between two looks of the supervisor


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
        self.thread = threading.Thread(target=self._run, name=f"rt-{name}", daemon=True)

    @property
    def source(self) -> Source | None:
        """The source at the head, if this lane starts with one."""
        head = self.hosts[0].node
        return head if isinstance(head, Source) else None

    def _run(self) -> None:
        try:
            try:
                for host in reversed(self.hosts):  # consumers before what feeds them
                    host.open()
                self.live.ready.put(self.name)
                self.live.go.wait()
                self._read() if self.source else self.inbox.run()
            finally:
                self._close()
        except NodeError as error:
            self.live.fail(error)
        finally:
            self.node = None
            self.live.ready.put(self.name)
            self.live.changed.set()

    def _close(self) -> None:
        for host in self.hosts:
            try:
                host.close()
            except NodeError as error:
                self.live.fail(error)

    def _read(self) -> None:
        """Read the source until its end; a device that fails is opened anew."""
        host, source, clock = self.hosts[0], self.source, self.live.clock
        assert source is not None
        realtime() if source.realtime else None
        while not self.live.stopping:
            self.inbox.run_pending()
            self.node, self.since = source, clock.now()
            try:
                if host.guard("read", source.read) is False:
                    return
                host.healthy()
            except NodeError as error:
                if error.node is not source or host.policy != "restart":
                    raise
                self.node = None
                self._restart(host, error)

    def _restart(self, host: Host, error: NodeError) -> None:
        """Close and open again, with a growing pause, until it works or the graph stops."""
        clock = self.live.clock
        while not self.live.stopping:
            wait = host.delay()
            log.warning("%s; restart in %.3g s", error, wait)
            if not clock.wait_until(clock.now() + round(wait * SECOND)):
                return
            try:
                host.close()
                host.open()
                host.reset_downstream()
                log.warning("node %r works again", host.node.name)
                return
            except NodeError as again:
                error = again


class Live:
    """Runs a graph in real time: `run()`, or `start()`, `stop()` and `wait()`.

    The first failure stops everything and is raised by `wait`; later ones are logged.
    A node that does not return within `hang` seconds is such a failure.
    """

    def __init__(self, graph: Graph, taps: Iterable[Tap] = (), hang: float = 10.0) -> None:
        self.graph, self.hang = graph, hang
        self.clock = LiveClock()
        self.stopping = self._aborted = False
        self.failure: NodeError | None = None
        self.ready: SimpleQueue[str] = SimpleQueue()
        self.go, self.changed = threading.Event(), threading.Event()
        self.lanes: dict[str, Lane] = {}
        self.hosts: dict[str, Host] = {}
        self._lane_of = graph.lanes()
        self._slots: dict[str, list[Slot]] = {name: [] for name in graph.nodes}
        for name, node in graph.nodes.items():
            lane = self.lanes.setdefault(self._lane_of[name], Lane(self, self._lane_of[name]))
            self.hosts[name] = Host(node, lane, self.clock, graph.policies[name])
            lane.hosts.append(self.hosts[name])
        wire(graph, self.hosts, self._connect, self._control, self.stats, taps)
        self._meter_sources()
        self._supervisor = threading.Thread(
            target=self._supervise, name="rt-supervisor", daemon=True
        )

    def run(self) -> None:
        """Start, and wait for the end; raises the NodeError of the first failure."""
        self.start()
        self.wait()

    def start(self) -> None:
        """Open the nodes, consumers before sources, and let the sources go."""
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._supervisor.start()
        for sources in (False, True):
            lanes = [lane for lane in self.lanes.values() if (lane.source is not None) is sources]
            for lane in lanes:
                lane.thread.start()
            for _ in lanes:
                self.ready.get()
            if self.stopping:
                break
        gc.collect()
        gc.freeze()  # what stands now stays: later collections need not look at it
        self.go.set()

    def stop(self) -> None:
        """End the sources and let what they have sent be worked off; returns at once."""
        self.stopping = True
        self.clock.stop()
        self.changed.set()

    def abort(self) -> None:
        """Stop without working off what is queued; returns at once."""
        self._aborted = True
        for lane in self.lanes.values():
            lane.inbox.close()
        self.stop()

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
        if self.failure is None:
            self.failure = error
            self.abort()
        else:
            log.error("also: %s", error)

    def control(self, node: str, name: str, *value: Any) -> None:
        """Set a live setting or call an action, in the node's own thread."""
        self._control(Packet(self.clock.now(), Control(node, name, list(value)), 0))

    def stats(self) -> dict[str, Stats]:
        """Counts, rates and latencies of every node."""
        now, stats = self.clock.now(), {}
        for name, host in self.hosts.items():
            dropped = sum(s.dropped for s in self._slots[name])
            overruns = sum(s.overruns for s in self._slots[name])
            stats[name] = host.meter.stats(now, dropped, overruns)
        return stats

    def __enter__(self) -> Live:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.wait()

    def _connect(self, name: str, port: str) -> tuple[Callable[[Packet], None], Callable[[], None]]:
        host, lane = self.hosts[name], self.lanes[self._lane_of[name]]
        deliver = host.handler(port)
        if lane.name != name:
            return deliver, host.reset
        spec = host.node.ports[port]
        assert isinstance(spec, Input)
        cls = Slot if spec.keep == "all" else LatestSlot
        lost = partial(self._lost, name, port)
        waits = self.graph.waits(name)
        slot = cls(lane.inbox, deliver, host.reset, lost, spec.size, waits)
        self._slots[name].append(slot)
        return slot.put, slot.reset

    def _control(self, packet: Packet) -> None:
        if host := route(self.hosts, packet, log):
            self.lanes[self._lane_of[packet.data.node]].inbox.put((host.control, (packet,)))

    def _lost(self, name: str, port: str) -> None:
        log.warning("node %r is too slow: its input %r overran, packets are lost", name, port)

    def _meter_sources(self) -> None:
        now = self.clock.now
        for lane in self.lanes.values():
            if lane.source is None:
                continue
            record = lane.hosts[0].meter.samples.append
            for output in [port for port in vars(lane.source).values() if isinstance(port, Output)]:
                output.targets.insert(0, lambda packet, add=record: add((0, 0, now() - packet.t)))  # type: ignore[misc]

    def _supervise(self) -> None:
        """Look after hung nodes and meters; at the end of the sources, drain the graph."""
        try:
            sources = [lane for lane in self.lanes.values() if lane.source]
            while not self.stopping and not self._ended(sources):
                self.changed.wait(LOOK)
                self.changed.clear()
                self._look()
            self._drain()
        finally:
            gc.unfreeze()
            with contextlib.suppress(AttributeError):
                sys.setswitchinterval(self._interval)

    def _ended(self, lanes: list[Lane]) -> bool:
        return self.go.is_set() and not any(lane.thread.is_alive() for lane in lanes)

    def _look(self) -> None:
        now = self.clock.now()
        for host in self.hosts.values():
            host.meter.fold()
        for lane in self.lanes.values():
            node, since = lane.node, lane.since
            if node is not None and now - since > self.hang * SECOND:
                self.fail(
                    NodeError(
                        node, "a call", TimeoutError(f"did not return within {self.hang:.3g} s")
                    )
                )

    def _drain(self) -> None:
        """End the lanes in signal order. After a stop, what takes longer than 0.75 s is cut."""
        self.go.set()
        deadline = self.clock.now() + round(0.75 * SECOND) if self.stopping else None
        for lane in self.lanes.values():
            lane.inbox.end()
            while lane.thread.is_alive() and lane.thread.ident:
                lane.thread.join(LOOK / 5)
                self._look() if not self.stopping else None
                if deadline is None and self.stopping:
                    deadline = self.clock.now() + round(0.75 * SECOND)
                if deadline and self.clock.now() > deadline:
                    break
        self._cut([lane for lane in self.lanes.values() if lane.thread.is_alive()])

    def _cut(self, lanes: list[Lane]) -> None:
        for lane in lanes:
            lane.inbox.close()
        for lane in lanes:
            lane.thread.join(0.1)
            if lane.thread.is_alive():
                node = lane.node or lane.hosts[0].node
                self.fail(NodeError(node, "stop", TimeoutError("did not return; left behind")))

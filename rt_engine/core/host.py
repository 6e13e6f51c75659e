"""A node inside a runner: delivery with a meter, failures with a policy, controls."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from rt_engine.core.clock import SECOND, Clock
from rt_engine.core.errors import NodeError, exists
from rt_engine.core.graph import Graph, Wire
from rt_engine.core.inbox import Inbox, LatestSlot, Slot
from rt_engine.core.meter import Meter, Stats
from rt_engine.core.node import Hold, Input, Node, Source, outputs
from rt_engine.core.packet import Controls, Packet

__all__ = ["RUNNER", "Host", "Strand", "Tap", "close_all", "route", "wire"]

Tap = Callable[[str, str, Packet | None], None]
"""Sees (node, output, packet) of everything emitted; None in place of a packet: a reset."""

Target = tuple[Callable[[Packet], None], Callable[[], None]]
"""What takes a packet, and what takes a reset."""

RUNNER = "!"  # the node's name in a tap for controls, where the runner applies them
BACKOFF = (0.25, 8.0)  # seconds before the first and before a late restart

log = logging.getLogger("rt_engine")


class Strand:
    """One line of execution: which node runs now (None when idle) and since when (ns)."""

    def __init__(self) -> None:
        self.node: Node | None = None
        self.since = 0
        self.nested = 0  # ns spent in nodes called by the one that runs now


class Host:
    """Runs one node, for one runner."""

    def __init__(self, node: Node, strand: Strand, clock: Clock, policy: str) -> None:
        self.node, self.strand, self.clock, self.policy = node, strand, clock, policy
        self.meter = Meter()
        self.slots: list[Slot] = []
        self.opened = False
        self._wait = 0.0  # s before the latest restart
        self._told = ""  # the last failure, until the node works again
        self._calm_at = self._down_until = self._warn_at = 0  # ns

    def open(self) -> None:
        """Open and reset the node; NodeError when that fails."""
        self.opened = True
        self.guard("open", self.node.open)
        self.guard("reset", self.node.reset)

    def close(self) -> None:
        """Close the node if it was opened, once."""
        if self.opened:
            self.opened = False
            self.guard("close", self.node.close)

    def reset(self) -> None:
        """Let the node, and all behind it, forget the stream."""
        self.guard("reset", self.node.reset)
        self.reset_downstream()

    def reset_downstream(self) -> None:
        """Let all behind the node forget the stream."""
        for output in outputs(self.node).values():
            output.gap()

    def guard(self, place: str, call: Callable[..., Any], *values: Any) -> Any:
        """Call and return; whatever is raised becomes a NodeError of this node."""
        strand, outer = self.strand, self.strand.node
        strand.since, strand.node = self.clock.now(), self.node
        try:
            return call(*values)
        except NodeError:
            raise
        except (Exception, SystemExit) as error:
            raise NodeError(self.node, place, error) from error
        finally:
            strand.since, strand.node = self.clock.now(), outer

    def handler(self, port: str) -> Callable[..., None]:
        """The metered call `deliver(packet, wait=0)` of an input; `wait` in ns."""
        node, strand = self.node, self.strand
        call, record, now = getattr(node, f"on_{port}"), self.meter.samples.append, self.clock.now
        lookahead = round(node.latency * SECOND)

        def deliver(packet: Packet, wait: int = 0) -> None:
            if self._down_until and not self._recovered():
                return
            start = now()
            outer, spent = strand.node, strand.nested
            strand.since, strand.node, strand.nested = start, node, 0
            try:
                call(packet)
            except NodeError:
                raise
            except (Exception, SystemExit) as error:
                self._failed(NodeError(node, _place(port, packet), error))
            end = now()
            total = end - start
            record((wait, total - strand.nested, end - packet.t + lookahead))
            strand.since, strand.node, strand.nested = end, outer, spent + total

        return deliver

    def slot(self, inbox: Inbox, port: str, deliver: Callable[..., None], waits: bool) -> Slot:
        """A place for an input in front of the node, with the policy of the port."""
        spec = self.node.ports[port]
        assert isinstance(spec, Input)
        cls = Slot if spec.keep == "all" else LatestSlot
        slot = cls(inbox, deliver, self.reset, partial(self._overran, port), spec.size, waits)
        self.slots.append(slot)
        return slot

    def control(self, packet: Packet) -> None:
        """Apply a `Control`. A user's wrong value is said, and changes nothing."""
        change = packet.data
        call = partial(self.node.control, packet.t, change.name, change.value)
        try:
            self.guard(f"control {change.name!r}", call)
        except NodeError as error:
            if error.node is not self.node:
                raise
            if isinstance(error.cause, ValueError | TypeError):
                self.node.log.warning("control %s %s: %s", change.name, change.value, error.cause)
            else:
                self._failed(error)

    def stats(self, now: int) -> Stats:
        """Counts, rates and latencies until engine time `now`."""
        dropped = sum(slot.dropped for slot in self.slots)
        return self.meter.stats(now, dropped, sum(slot.overruns for slot in self.slots))

    def delay(self) -> float:
        """Count a failure; seconds until the next try, doubled when it soon follows another."""
        first, last = BACKOFF
        now = self.clock.now()
        self._wait = min(self._wait * 2, last) if now < self._calm_at else first
        self._calm_at = now + round((self._wait + last) * SECOND)
        self.meter.restarts += 1
        return self._wait

    def _failed(self, error: NodeError) -> None:
        if self.policy != "restart" or isinstance(self.node, Source):
            raise error
        wait = self.delay()
        self._down_until = self.clock.now() + round(wait * SECOND)
        again = str(error) == self._told
        self._told = str(error)
        level = logging.DEBUG if again else logging.WARNING
        self.node.log.log(level, "%s; restart in %.3g s", error, wait)

    def _recovered(self) -> bool:
        """Restart the node once its time has come; until then its packets are dropped."""
        if self.clock.now() < self._down_until:
            return False
        try:
            self.close()
            self.open()
        except NodeError as error:
            self._failed(error)
            return False
        self._down_until, self._told = 0, ""
        self.node.log.warning("works again")
        self.reset_downstream()
        return True

    def _overran(self, port: str) -> None:
        if (now := self.clock.now()) >= self._warn_at:
            self._warn_at = now + SECOND
            log.warning(
                "node %r is too slow: its input %r overran, packets are lost", self.node.name, port
            )


def wire(
    graph: Graph,
    hosts: dict[str, Host],
    connect: Callable[[Wire], Target],
    control: Callable[[Packet], None],
    look: Callable[[], Mapping[str, Stats]],
    taps: Iterable[Tap],
) -> None:
    """Give every output its targets; wires to nodes without a host lead nowhere."""
    for name, host in hosts.items():
        host.node.bind(name, host.clock, zlib.crc32(f"{graph.name}/{name}".encode()), look)
        for port, output in outputs(host.node).items():
            output.seq = 0
            output.targets = [partial(tap, name, port) for tap in taps]
            output.resets = [partial(tap, name, port, None) for tap in taps]
            if isinstance(output.format, Controls):
                output.targets.append(control)
    for each in graph.wires:
        if each.source not in hosts or each.node not in hosts:
            continue
        output, node = outputs(hosts[each.source].node)[each.output], hosts[each.node].node
        if isinstance(node.ports[each.input], Hold):
            setattr(node, each.input, None)
            output.targets.append(partial(setattr, node, each.input))
            continue
        take, reset = connect(each)
        output.targets.append(take)
        output.resets.append(reset)


def route(graph: Graph, packet: Packet) -> str | None:
    """The node that a `Control` is for; None, and one line in the log, when there is none."""
    name: str = packet.data.node
    if name in graph.nodes:
        return name
    known = exists(name, graph.nodes, "nodes")
    log.warning("control for node %r, which does not exist%s", name, known)
    return None


def close_all(hosts: Iterable[Host], fail: Callable[[NodeError], None]) -> None:
    """Close every node, whatever happens in the others."""
    for host in hosts:
        try:
            host.close()
        except NodeError as error:
            fail(error)


def _place(port: str, packet: Packet) -> str:
    return f"input {port!r}, packet {packet.seq} at {packet.t / SECOND:.3f} s"

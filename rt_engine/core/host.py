"""A node inside a runner: delivery with a meter, failures with a policy, controls."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rt_engine.core.clock import SECOND, Clock
from rt_engine.core.errors import NodeError, exists
from rt_engine.core.graph import Graph
from rt_engine.core.meter import Meter, Stats
from rt_engine.core.node import Hold, Node, Output
from rt_engine.core.packet import Controls, Packet

__all__ = ["Host", "Strand", "Tap", "wire"]

Tap = Callable[[str, str, Packet | None], None]
"""Sees (node, output, packet) of everything emitted; None in place of a packet: a reset."""

BACKOFF = (0.25, 8.0)  # seconds before the first and before a late restart


class Strand:
    """One line of execution: which node runs now and since when (ns); 0 when idle."""

    def __init__(self) -> None:
        self.node: Node | None = None
        self.since = 0
        self.nested = 0  # ns spent in nodes called by the one that runs now


class Host:
    """Runs one node, for one runner."""

    def __init__(self, node: Node, strand: Strand, clock: Clock, policy: str) -> None:
        self.node, self.strand, self.clock, self.policy = node, strand, clock, policy
        self.meter = Meter()
        self.downstream: list[Callable[[], None]] = []  # resets of what this node feeds
        self.opened = False
        self._failures = 0
        self._down_until = 0

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
        for reset in self.downstream:
            reset()

    def guard(self, place: str, call: Callable[..., Any], *values: Any) -> Any:
        """Call and return; whatever is raised becomes a NodeError of this node."""
        try:
            return call(*values)
        except NodeError:
            raise
        except Exception as error:
            raise NodeError(self.node, place, error) from error

    def handler(self, port: str) -> Callable[..., None]:
        """The metered call `deliver(packet, wait=0)` of an input; `wait` in ns."""
        call = getattr(self.node, f"on_{port}")
        strand, record, now = self.strand, self.meter.samples.append, self.clock.now
        lookahead = round(self.node.latency * SECOND)

        def deliver(packet: Packet, wait: int = 0) -> None:
            if self._down_until and not self._recovered():
                return
            start = now()
            outer, spent = strand.node, strand.nested
            strand.node, strand.since, strand.nested = self.node, start, 0
            try:
                call(packet)
            except NodeError:
                raise
            except Exception as error:
                self._failed(NodeError(self.node, _place(port, packet), error))
            end = now()
            record((wait, end - start - strand.nested, end - packet.t + lookahead))
            strand.node, strand.since, strand.nested = outer, end, spent + end - start

        return deliver

    def control(self, packet: Packet) -> None:
        """Apply a `Control`. A user's wrong value is said, and changes nothing."""
        change = packet.data
        try:
            self.node.control(packet.t, change.name, change.value)
        except (ValueError, TypeError) as error:
            self.node.log.warning("control %s %s: %s", change.name, change.value, error)
        except Exception as error:
            self._failed(NodeError(self.node, f"control {change.name!r}", error))

    def delay(self) -> float:
        """Count a failure, and say how many seconds to wait before the next try."""
        first, last = BACKOFF
        self._failures += 1
        self.meter.restarts += 1
        return float(min(first * 2 ** (self._failures - 1), last))

    def healthy(self) -> None:
        """The node works again: its next failure is a first one."""
        self._failures = 0

    def _failed(self, error: NodeError) -> None:
        if self.policy != "restart":
            raise error
        wait = self.delay()
        self._down_until = self.clock.now() + round(wait * SECOND)
        self.node.log.warning("%s; restart in %.3g s", error, wait)

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
        self._down_until = 0
        self.reset_downstream()
        return True


def seed(graph: str, node: str) -> int:
    """The seed of a node's randomness: the same graph and name, the same numbers."""
    return zlib.crc32(f"{graph}/{node}".encode())


def wire(
    graph: Graph,
    hosts: dict[str, Host],
    connect: Callable[[str, str], tuple[Callable[[Packet], None], Callable[[], None]]],
    control: Callable[[Packet], None],
    look: Callable[[], Mapping[str, Stats]],
    taps: Iterable[Tap] = (),
) -> None:
    """Give every output its targets; wires to nodes without a host lead nowhere.

    `connect(node, input)` answers with what takes a packet and what takes a reset there.
    """
    for name, host in hosts.items():
        node = host.node
        node.bind(name, host.clock, seed(graph.name, name), look)
        host.downstream = [_reset_tap(tap, name) for tap in taps]
        for output in [p for p in vars(node).values() if isinstance(p, Output)]:
            output.seq = 0
            output.targets = [_tap(tap, name, output.name) for tap in taps]
            if isinstance(output.format, Controls):
                output.targets.append(control)
    for source, output_name, node_name, port in graph.wires:
        if source not in hosts or node_name not in hosts:
            continue
        output = getattr(hosts[source].node, output_name)
        if isinstance(hosts[node_name].node.ports[port], Hold):
            output.targets.append(_holder(hosts[node_name].node, port))
            continue
        take, reset = connect(node_name, port)
        output.targets.append(take)
        hosts[source].downstream.append(reset)


def route(hosts: dict[str, Host], packet: Packet, log: Any) -> Host | None:
    """The host that a `Control` is for; None, and one line in the log, when there is none."""
    name = packet.data.node
    if name not in hosts:
        log.warning(
            "control for node %r, which does not exist%s", name, exists(name, hosts, "nodes")
        )
    return hosts.get(name)


def _tap(tap: Tap, node: str, output: str) -> Callable[[Packet], None]:
    return lambda packet: tap(node, output, packet)


def _reset_tap(tap: Tap, node: str) -> Callable[[], None]:
    return lambda: tap(node, "", None)


def _holder(node: Node, name: str) -> Callable[[Packet], None]:
    return lambda packet: setattr(node, name, packet)


def _place(port: str, packet: Packet) -> str:
    return f"input {port!r}, packet {packet.seq} at {packet.t / SECOND:.3f} s"

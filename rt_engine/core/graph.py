"""Names, nodes and wires: checked completely when built; does nothing by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from rt_engine.core.errors import GraphError, exists, said
from rt_engine.core.node import Hold, Input, Node, Source, outputs

__all__ = ["Graph", "Wire"]

OnError = Literal["stop", "restart"]


class Wire(NamedTuple):
    """`output` of node `source` goes into port `input` of node `node`."""

    source: str
    output: str
    node: str
    input: str


class Graph:
    """Nodes in signal order: each is wired to nodes added before it, so there is no cycle."""

    def __init__(self, name: str = "graph", file: str = "") -> None:
        self.name, self.file = name, file
        self.nodes: dict[str, Node] = {}
        self.wires: list[Wire] = []
        self.threads: dict[str, bool] = {}  # where the default placement is overridden
        self.policies: dict[str, OnError] = {}

    def add(
        self,
        name: str,
        node: Node,
        inputs: str | Mapping[str, str] | None = None,
        thread: bool | None = None,
        on_error: OnError | None = None,
    ) -> Node:
        """Add `node`, wired to "node" or "node.output", or to a map from its ports to those.

        Raises GraphError when the name is taken, a port or its source does not exist, kinds
        or formats do not match, or the node cannot work with what it is given.
        """
        if not re.fullmatch(r"[A-Za-z][\w-]*", name):
            raise self.error(name, "nodes", "a name is a letter, then letters, digits, - and _")
        if name in self.nodes or node in self.nodes.values():
            raise self.error(name, "nodes", "this name, or this node, is already in the graph")
        wires = [self._wire(name, node, *pair) for pair in self._pairs(name, node, inputs)]
        self._check_complete(name, node, wires)
        try:
            node.plan()
        except Exception as error:
            raise self.error(name, "in" if wires else "settings", said(error)) from error
        self.nodes[name], self.wires = node, self.wires + wires
        if thread is not None:
            self.threads[name] = thread
        device = isinstance(node, Source) and node.device
        self.policies[name] = on_error or ("restart" if device else node.on_error)
        return node

    def error(self, node: str, key: str, text: str) -> GraphError:
        """An error of this graph that names where it is."""
        return GraphError(f"{self.file or self.name}: node {node!r}, {key!r}: {text}")

    def into(self, name: str) -> list[Wire]:
        """The wires that end at node `name`."""
        return [wire for wire in self.wires if wire.node == name]

    def feeders(self, name: str) -> list[str]:
        """The nodes whose packets make node `name` work: those behind its inputs, not its holds."""
        ports = self.nodes[name].ports
        return [wire.source for wire in self.into(name) if isinstance(ports[wire.input], Input)]

    def lanes(self) -> dict[str, str]:
        """For each node the one at the head of its thread; the node itself where one starts.

        A thread stands at sources, at nodes that ask for one, and where several threads meet.
        """
        lanes: dict[str, str] = {}
        for name, node in self.nodes.items():
            feeders = {lanes[feeder] for feeder in self.feeders(name)}
            own = isinstance(node, Source) or self.threads.get(name, node.threaded)
            lanes[name] = name if own or len(feeders) != 1 else feeders.pop()
        return lanes

    def way(self, name: str) -> list[str]:
        """The heads of the threads that data of the first source pass to node `name`."""
        lanes = self.lanes()
        way = [lanes[name]]
        while not isinstance(self.nodes[way[0]], Source) and (feeders := self.feeders(way[0])):
            way.insert(0, lanes[feeders[0]])
        return way

    def waits(self, name: str) -> bool:
        """Whether the streams of node `name` come from files alone, which may be kept waiting."""
        node = self.nodes[name]
        if isinstance(node, Source):
            return not node.device
        return all(self.waits(feeder) for feeder in self.feeders(name))

    def _pairs(
        self, name: str, node: Node, inputs: str | Mapping[str, str] | None
    ) -> list[tuple[str, str]]:
        ports = {n: p for n, p in node.ports.items() if isinstance(p, Input | Hold)}
        if isinstance(inputs, str):
            needed = [n for n, p in ports.items() if not p.optional] or list(ports)
            if len(needed) != 1:
                known = ", ".join(ports) or "none"
                raise self.error(name, "in", f"say which input {inputs!r} feeds (inputs: {known})")
            return [(needed[0], inputs)]
        for port in inputs or {}:
            if port not in ports:
                raise self.error(name, "in", f"no input {port!r}{exists(port, ports, 'inputs')}")
        return list((inputs or {}).items())

    def _wire(self, name: str, node: Node, port: str, origin: str) -> Wire:
        source, _, output = str(origin).partition(".")
        if source not in self.nodes:
            raise self.error(name, "in", f"no node {source!r} above it" + self._above(source))
        formats = {n: p.format for n, p in outputs(self.nodes[source]).items()}
        known = exists(output, formats, "outputs")
        if (output and output not in formats) or not formats:
            raise self.error(name, "in", f"node {source!r} has no output {output!r}{known}")
        wanted = node.ports[port].kind
        candidates = [output] if output else list(formats)
        reasons = {n: wanted.mismatch(formats[n]) for n in candidates}
        fitting = [n for n, reason in reasons.items() if reason is None]
        if len(fitting) != 1:
            clash = ", ".join(sorted({r for r in reasons.values() if r}))
            hint = " or ".join(f"{source}.{n}" for n in fitting)
            text = f"{origin!r} {clash}" if not fitting else f"say which of its outputs: {hint}"
            raise self.error(name, "in" if len(node.ports) == 1 else f"in.{port}", text)
        node.formats[port] = formats[fitting[0]]
        if isinstance(bound := getattr(node, port), Input):
            bound.format = node.formats[port]
        return Wire(source, fitting[0], name, port)

    def _above(self, found: str) -> str:
        return exists(found, self.nodes, "nodes above")

    def _check_complete(self, name: str, node: Node, wires: list[Wire]) -> None:
        wired = {wire.input for wire in wires}
        ports = {n: p for n, p in node.ports.items() if isinstance(p, Input)}
        missing = [n for n, p in ports.items() if not p.optional and n not in wired]
        if missing or (ports and not wired and not isinstance(node, Source)):
            need = ", ".join(missing or ports)
            raise self.error(name, "in", f"nothing is wired to {need}" + self._above(""))

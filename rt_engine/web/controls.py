"""Settings and actions, from the page to the node's own thread, and back."""

from __future__ import annotations

from typing import Any

from rt_engine.core import Graph, Live, Node
from rt_engine.core.errors import exists
from rt_engine.core.node import coerce, live_settings
from rt_engine.web.errors import PageError
from rt_engine.web.messages import Act, Set

__all__ = ["Echo", "steer"]

MOST = 1000  # characters of a text, and values of a list
LARGEST = 2**63


def steer(live: Live | None, asked: Set | Act) -> None:
    """Let the engine set or call what the page asked for; PageError where it cannot."""
    if live is None or live.stopping:
        raise PageError("no graph runs", "Start one first.")
    if asked.node not in live.graph.nodes:
        known = exists(asked.node, live.graph.nodes, "nodes")
        raise PageError(f"no node {asked.node!r}{known}", "Reload the page.")
    if not _plain([asked.value] if isinstance(asked, Set) else asked.values):
        raise PageError("a value is too long, too large or too deep", "Send numbers and words.")
    node = live.graph.nodes[asked.node]
    if isinstance(asked, Set):
        live.control(asked.node, asked.name, _checked(node, asked))
    elif asked.name in type(node).actions:
        live.control(asked.node, asked.name, *asked.values)
    else:
        known = exists(asked.name, type(node).actions, "actions")
        raise PageError(f"node {asked.node!r} has no action {asked.name!r}{known}")


def _plain(values: list[Any], depth: int = 2) -> bool:
    """Whether a record can hold these, and every page be told of them."""
    return len(values) <= MOST and all(
        isinstance(value, bool)
        or value is None
        or (isinstance(value, int | float) and abs(value) < LARGEST)
        or (isinstance(value, str) and len(value) <= MOST)
        or (isinstance(value, list) and depth > 0 and _plain(value, depth - 1))
        for value in values
    )


def _checked(node: Node, asked: Set) -> Any:
    live = live_settings(type(node))
    if asked.name not in live:
        known = exists(asked.name, live, "live settings")
        raise PageError(
            f"node {asked.node!r} has no live setting {asked.name!r}{known}",
            "Stop the graph, change it in its file, and start it again.",
        )
    try:
        coerce(type(node), asked.name, asked.value)
    except ValueError as error:
        raise PageError(
            f"node {asked.node!r}: {error}", "Choose a value within the range."
        ) from None
    return asked.value


class Echo:
    """Tells which live settings have changed, whoever changed them: page, OSC, MIDI, the node."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._told = {key: self._value(*key) for key in self._keys()}
        self._asked: set[tuple[str, str]] = set()

    def asked(self, node: str, name: str) -> None:
        """Somebody wants it changed: what came of it is told in any case."""
        self._asked.add((node, name))

    def changes(self) -> list[dict[str, Any]]:
        """The messages "set" since the last call."""
        now = {key: self._value(*key) for key in self._told}
        asked, self._asked = self._asked, set()
        fresh = [key for key, value in now.items() if value != self._told[key] or key in asked]
        self._told = now
        return [{"is": "set", "node": n, "name": s, "value": now[n, s]} for n, s in fresh]

    def _keys(self) -> list[tuple[str, str]]:
        nodes = self._graph.nodes
        return [(n, s) for n, node in nodes.items() for s in live_settings(type(node))]

    def _value(self, node: str, name: str) -> Any:
        return getattr(self._graph.nodes[node], name)

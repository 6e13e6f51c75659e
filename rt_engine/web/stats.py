"""What the meters say, for the page: nodes, and paths from the capture to what leaves."""

from __future__ import annotations

from typing import Any, NamedTuple

from rt_engine.core import Controls, Graph, Live, Source
from rt_engine.core.meter import Spread, Stats
from rt_engine.core.node import outputs

__all__ = ["BUDGET", "Path", "paths", "stats_of"]

BUDGET = 0.05  # s from capture to output, beyond what the nodes declare, that counts as good


class Path(NamedTuple):
    """The nodes from a source to a sink, both included; `declared` s of latency among them."""

    nodes: tuple[str, ...]
    declared: float

    def told(self) -> dict[str, Any]:
        """The path as the page has it."""
        ends = {"from": self.nodes[0], "to": self.nodes[-1]}
        return {**ends, "nodes": list(self.nodes), "declared": self.declared}


def paths(graph: Graph) -> list[Path]:
    """The shortest way from each source of data to each sink behind it."""
    sinks = [name for name in graph.nodes if not any(w.source == name for w in graph.wires)]
    ways = {name: _ways(graph, name) for name, node in graph.nodes.items() if _captures(node)}
    found = [(way[sink]) for way in ways.values() for sink in sinks if len(way.get(sink, ())) > 1]
    return [Path(nodes, sum(graph.nodes[n].latency for n in nodes)) for nodes in found]


def stats_of(live: Live, known: list[Path]) -> dict[str, Any]:
    """The message "stats" of a running graph."""
    found = live.stats()
    ends = [{"from": p.nodes[0], "to": p.nodes[-1]} for p in known]
    ages = [found[p.nodes[-1]].age for p in known]
    return {
        "is": "stats",
        "now": live.clock.now(),
        "nodes": {name: _told(stats) for name, stats in found.items()},
        "paths": [{**e, "p50": a.p50, "p99": a.p99} for e, a in zip(ends, ages, strict=True)],
    }


def _captures(node: Any) -> bool:
    formats = [port.format for port in outputs(node).values()]
    return isinstance(node, Source) and any(not isinstance(f, Controls) for f in formats)


def _ways(graph: Graph, source: str) -> dict[str, tuple[str, ...]]:
    """The shortest way from `source` to every node behind it; nodes come in signal order."""
    found: dict[str, tuple[str, ...]] = {source: (source,)}
    for name in graph.nodes:
        before = [found[feeder] for feeder in graph.feeders(name) if feeder in found]
        if before:
            found[name] = (*min(before, key=len), name)
    return found


def _told(stats: Stats) -> dict[str, Any]:
    lost = {"dropped": stats.dropped, "overruns": stats.overruns, "restarts": stats.restarts}
    spreads = {name: _pair(getattr(stats, name)) for name in ("wait", "work", "age")}
    rates = {"count": stats.count, "rate": stats.rate, "load": stats.load}
    return {**rates, **spreads, **lost}


def _pair(spread: Spread) -> list[float]:
    return [spread.p50, spread.p99]

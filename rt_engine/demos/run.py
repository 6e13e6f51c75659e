"""Which demonstrations there are, and how one is run."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from rt_engine.core import GraphError
from rt_engine.core.errors import exists
from rt_engine.demos.beat import BeatDemo
from rt_engine.demos.body import BodyDemo
from rt_engine.demos.conductor import ConductorDemo
from rt_engine.demos.dance import DanceDemo
from rt_engine.demos.expression import ExpressionDemo
from rt_engine.demos.show import Demo
from rt_engine.graphfile import build, graph_folder, read
from rt_engine.running import prune, run_live

__all__ = ["DEMOS", "GRAPHS", "demo"]

DEMOS: dict[str, type[Demo]] = {
    "beat": BeatDemo,
    "conductor": ConductorDemo,
    "dance": DanceDemo,
    "expression": ExpressionDemo,
    "avatar": BodyDemo,
    "landmarks": BodyDemo,
}
GRAPHS = {"dance": "dance_drums"}  # graphs that have another name than their demonstration


def demo(name: str, duration: float | None = None, live: bool = False) -> int:
    """Run graph `name` on its bundled material (or the device that it names); the exit code."""
    if name not in DEMOS:
        raise GraphError(
            f"demo {name!r}: no such graph with material{exists(name, DEMOS, 'demos')}"
        )
    show = DEMOS[name]()
    path = graph_folder() / f"{GRAPHS.get(name, name)}.yaml"
    missing = show.missing()
    with tempfile.TemporaryDirectory(prefix="rt-engine-") as folder:
        spec = read(path, {} if live else show.material(Path(folder)))
        spec = prune(spec, _unplayable(spec, missing), str(path))
        graph = build(spec, str(path))
        if not live:
            show.furnish(graph)
        print(f"{name}: {show.live if live else show.bundled}; Ctrl-C ends it")
        code = run_live(graph, [show.note], duration)
    if not live and (verdict := show.verdict()):
        print(f"\n{verdict}")
    return code


def _unplayable(spec: dict[str, Any], missing: dict[str, str]) -> list[str]:
    """Nodes that cannot run on this machine; said in one line each."""
    names = []
    for name, keys in spec["nodes"].items():
        reason = next((why for start, why in missing.items() if keys["is"].startswith(start)), None)
        if reason:
            print(f"left out: node {name!r}: {reason}")
            names.append(name)
    return names

"""Which demonstrations there are, and how one is run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rt_engine.core import Graph, GraphError
from rt_engine.core.errors import exists
from rt_engine.demos.beat import BeatDemo
from rt_engine.demos.body import BodyDemo
from rt_engine.demos.conductor import ConductorDemo
from rt_engine.demos.dance import DanceDemo
from rt_engine.demos.expression import ExpressionDemo
from rt_engine.demos.show import Demo
from rt_engine.demos.violin import ViolinDemo
from rt_engine.demos.violinist import ViolinistDemo
from rt_engine.graphfile import build, graph_folder, read
from rt_engine.running import prune, run_live

__all__ = ["DEMOS", "GRAPHS", "demo", "prepared"]

DEMOS: dict[str, type[Demo]] = {
    "beat": BeatDemo,
    "conductor": ConductorDemo,
    "dance": DanceDemo,
    "expression": ExpressionDemo,
    "avatar": BodyDemo,
    "landmarks": BodyDemo,
    "violin": ViolinDemo,
    "violinist": ViolinistDemo,
}
# Graphs that have another name than their demonstration.
GRAPHS = {"dance": "dance_drums", "violin": "violin_practice"}


def demo(
    name: str,
    duration: float | None = None,
    live: bool = False,
    stage: Callable[..., int] | None = None,
) -> int:
    """Run graph `name` on its bundled material (or the device that it names); the exit code.

    `stage` takes the place of `run_live`, with the content of the graph file in front.
    """
    if name not in DEMOS:
        raise GraphError(
            f"demo {name!r}: no such graph with material{exists(name, DEMOS, 'demos')}"
        )
    show = DEMOS[name]()
    path = graph_folder() / f"{GRAPHS.get(name, name)}.yaml"
    with tempfile.TemporaryDirectory(prefix="rt-engine-") as folder:
        spec, graph = prepared(show, path, None if live else Path(folder), print)
        print(f"{name}: {show.live if live else show.bundled}; Ctrl-C ends it")
        run = run_live if stage is None else partial(stage, spec)
        code = run(graph, [show.note], duration=duration)
    if not live and (verdict := show.verdict()):
        print(f"\n{verdict}")
    return code


def prepared(
    show: Demo,
    path: Path,
    folder: Path | None,
    say: Callable[[str], None],
    changes: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], Graph]:
    """The graph of a demonstration, and the content of its file without what cannot run here.

    Material goes into `folder`; None: the devices that the file names. `say` is told what is
    left out. `changes` are those of `rt_engine.graphfile.read`, made last.
    """
    material = show.material(folder) if folder else {}
    spec = read(path, {**material, **(changes or {})})
    spec = prune(spec, _unplayable(spec, show.missing(), say), str(path))
    graph = build(spec, str(path))
    if folder:
        show.furnish(graph)
    return spec, graph


def _unplayable(
    spec: dict[str, Any], missing: dict[str, str], say: Callable[[str], None]
) -> list[str]:
    """Nodes that cannot run on this machine; said in one line each."""
    names = []
    for name, keys in spec["nodes"].items():
        reason = next((why for start, why in missing.items() if keys["is"].startswith(start)), None)
        if reason:
            say(f"left out: node {name!r}: {reason}")
            names.append(name)
    return names

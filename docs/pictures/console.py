"""Draws docs/pictures/console.svg: the console display of the demonstration after 20 s."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console

from rt_engine.assets import RECORDING
from rt_engine.core import Live
from rt_engine.graphfile import build, graph_folder, read
from rt_engine.running import prune

SECONDS = 20.25


def main() -> None:
    """Run the graph for a while and export what the terminal would show."""
    path = graph_folder() / "beat.yaml"
    spec = prune(read(path, {"mic": str(RECORDING)}), ["midi", "control"], str(path))
    graph = build(spec, str(path))
    with Live(graph) as live:
        time.sleep(SECONDS)
        picture = graph.nodes["show"].picture(live.clock.now())  # type: ignore[attr-defined]
    console = Console(record=True, width=78, force_terminal=True)
    console.print("[bold]$ ./dev demo[/bold]\n", highlight=False)
    console.print(picture)
    svg = console.export_svg(title="rt-engine: live beats")
    (Path(__file__).parent / "console.svg").write_text(svg, "utf-8")


if __name__ == "__main__":
    main()

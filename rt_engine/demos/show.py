"""What a demonstration is, and how what it found is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from rt_engine.core import Graph, Packet
from rt_engine.devices import DeviceError, find
from rt_engine.nodes.audio import Speaker

__all__ = ["FOUND", "WINDOW", "Demo", "add_speaker", "hits", "speaker_missing"]

WINDOW = 0.07  # s; the tolerance of beat tracking evaluation (MIREX)
FOUND = 5.0  # s in which a beat is to be found


class Demo(Protocol):
    """What a graph needs to be shown, what is noted while it runs, and what it comes to."""

    live: str  # the device in words
    bundled: str  # what stands in for it

    def missing(self) -> dict[str, str]:
        """Beginnings of the names of node classes that cannot run here, and why not."""
        ...

    def material(self, folder: Path) -> dict[str, Any]:
        """Changes of the graph that replace its device; what they need goes into `folder`."""
        ...

    def furnish(self, graph: Graph) -> None:
        """Add to the graph what belongs to the bundled material."""
        ...

    def note(self, node: str, output: str, packet: Packet | None) -> None:
        """See a packet of the run."""
        ...

    def verdict(self) -> str:
        """How well it went on the bundled material; "" where nothing was seen."""
        ...


def speaker_missing() -> str:
    """Why nothing can be heard here; "" where there is a loudspeaker."""
    try:
        find("", "output")
    except DeviceError as error:
        return str(error)
    return ""


def add_speaker(graph: Graph) -> None:
    """Let the node `mic` be heard, where there is a loudspeaker."""
    if not speaker_missing():
        graph.add("speaker", Speaker(), "mic")


def hits(found: list[float], true: list[float], window: float = WINDOW) -> int:
    """How many of the `true` times have a time of their own in `found` within `window` s."""
    left, count = sorted(found), 0
    for t in sorted(true):
        near = next((f for f in left if abs(f - t) <= window), None)
        if near is not None:
            left.remove(near)
            count += 1
    return count

"""The graphs that a calibration listens to, and how it listens."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rt_engine.core import Graph, Live, Packet
from rt_engine.nodes.audio import Microphone
from rt_engine.nodes.pose import MediaPipe
from rt_engine.nodes.video import Camera, File

__all__ = ["av_graph", "body_graph", "gather"]


def body_graph(source: Camera | File) -> Graph:
    """`camera` and `pose`, for `calibrate_body`; poses are not smoothed."""
    graph = Graph("calibrate body")
    graph.add("camera", source)
    graph.add("pose", MediaPipe(), "camera")
    return graph


def av_graph(source: Camera | File, microphone: Microphone) -> Graph:
    """`mic`, `camera` and `pose`, for `calibrate_av`."""
    graph = body_graph(source)
    graph.name = "calibrate av"
    graph.add("mic", microphone)
    return graph


def gather(
    graph: Graph,
    outputs: Iterable[str],
    seconds: float,
    each: Callable[[float], None] = lambda left: None,
) -> dict[str, list[Packet]]:
    """Run `graph` for `seconds`, or to the end of its files; what "node.output" emitted.

    `each` is called some times a second with the seconds left. Raises NodeError.
    """
    taken: dict[str, list[Packet]] = {name: [] for name in outputs}

    def tap(node: str, output: str, packet: Packet | None) -> None:
        if packet is not None and (name := f"{node}.{output}") in taken:
            taken[name].append(packet)

    with Live(graph, [tap]) as live:
        end = live.clock.now() + round(seconds * 1e9)
        while (left := end - live.clock.now()) > 0:
            each(left * 1e-9)
            if live.wait(min(left * 1e-9, 0.1)):
                break
    return taken

"""rt_engine: one graph, where nodes run in the thread of what feeds them unless told otherwise."""

from __future__ import annotations

import sys

from rt_engine.core import Graph, Input, Live, Node, Output, Packet, Source
from rt_engine.kinds import Audio

from . import work


class Card(Source):
    """A feed as a source; a device loses what is not taken at once, a file waits."""

    audio = Output(Audio)

    def __init__(self, feed: work.Feed, device: bool, realtime: bool = False) -> None:
        super().__init__()
        self.feed = feed
        self.device, self.realtime = device, realtime  # type: ignore[misc]

    def read(self) -> bool:
        if packet := self.feed.read():
            self.audio.emit(*packet)
        return not self.feed.ended


class Light(Node):
    """One step."""

    audio = Input(Audio)
    out = Output(Audio)

    def __init__(self, step: work.Step) -> None:
        super().__init__()
        self.step = step

    def on_audio(self, packet: Packet) -> None:
        self.out.emit(packet.t, self.step(packet.data))

    def close(self) -> None:
        self.step.close()


class Last(Node):
    """The sink."""

    audio = Input(Audio)

    def __init__(self, sink: work.Sink) -> None:
        super().__init__()
        self.sink = sink

    def on_audio(self, packet: Packet) -> None:
        self.sink(packet.t, packet.data)


class Net(Node):
    """The model: in a thread of its own, and only the newest frame is worth its time."""

    threaded = True
    frame = Input(Audio, keep="latest")

    def __init__(self, model: work.Model) -> None:
        super().__init__()
        self.model = model

    def on_frame(self, packet: Packet) -> None:
        self.model()


def build(parts: work.Parts) -> Graph:
    """The task as a graph."""
    task, graph, before = parts.task, Graph(parts.task.scenario), "card"
    device = task.scenario != "throughput"
    graph.add(before, Card(parts.feed, device, task.realtime))
    for step in parts.steps:
        graph.add(step.name, Light(step), before, thread=task.threads)
        before = step.name
    graph.add("last", Last(parts.sink), before, thread=task.threads)
    if parts.model:
        graph.add("camera", Card(parts.camera, device=True))
        graph.add("net", Net(parts.model), "camera")
    return graph


def run(parts: work.Parts) -> dict[str, float] | None:
    """Run it live; how a user's failure or signal ends is the command line's affair."""
    graph = build(parts)
    if parts.task.scenario in ("failure", "signal"):
        from rt_engine.running import run_live

        sys.exit(run_live(graph, table=False))
    live = Live(graph)
    live.run()
    return {"overruns": sum(stats.overruns for stats in live.stats().values())}


if __name__ == "__main__":
    work.main(run)

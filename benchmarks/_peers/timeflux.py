"""timeflux: its worker's loop, without the process around it, at full speed (rate 0).

Ports carry the bare array, not a data frame, and the loop waits in the source's blocking read,
not in a relative sleep: its fastest configuration.
"""

# timeflux ships no types
# mypy: ignore-errors

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any, ClassVar

from timeflux.core.exceptions import WorkerInterrupt
from timeflux.core.manager import Manager
from timeflux.core.node import Node
from timeflux.core.scheduler import Scheduler
from timeflux.core.worker import Worker

from . import work


class Shared:
    """How nodes made from a text of settings come to the objects of the task."""

    parts: ClassVar[work.Parts]


class Card(Node):
    """The source; the camera's frame comes with the block that is read when it is due."""

    def __init__(self) -> None:
        self.feed, self.due = Shared.parts.feed, 0

    def update(self) -> None:
        if self.feed.ended:
            raise WorkerInterrupt()
        if packet := self.feed.read():
            self.o.meta["t"], self.o.data = packet
        if Shared.parts.model and work.now() >= self.due:
            self.due = max(self.due, work.now()) + work.FRAME_NS
            self.o_frame.data = Shared.parts.camera.block


class Light(Node):
    """One step."""

    def __init__(self, index: int) -> None:
        self.step = Shared.parts.steps[index]

    def update(self) -> None:
        if self.i.data is not None:
            self.o.data, self.o.meta = self.step(self.i.data), self.i.meta

    def terminate(self) -> None:
        self.step.close()


class Last(Node):
    """The sink."""

    def update(self) -> None:
        if self.i.data is not None:
            Shared.parts.sink(self.i.meta["t"], self.i.data)


class Net(Node):
    """The model."""

    def update(self) -> None:
        if self.i.data is not None and Shared.parts.model:
            Shared.parts.model()


def application(parts: work.Parts) -> dict[str, Any]:
    """The task as timeflux reads it."""
    names = ["card", *(step.name for step in parts.steps), "last"]
    lights = [
        {"id": step.name, "module": __name__, "class": "Light", "params": {"index": i}}
        for i, step in enumerate(parts.steps)
    ]
    nodes = [_node("card", "Card"), *lights, _node("last", "Last")]
    edges = [{"source": a, "target": b} for a, b in pairwise(names)]
    if parts.model:
        nodes.append(_node("net", "Net"))
        edges.append({"source": "card:frame", "target": "net"})
    return {"id": "graph", "rate": 0, "nodes": nodes, "edges": edges}


def _node(name: str, cls: str) -> dict[str, Any]:
    return {"id": name, "module": __name__, "class": cls, "params": {}}


def run(parts: work.Parts) -> None:
    """Run until the source interrupts; failures and signals meet the whole of timeflux."""
    Shared.parts = parts
    graph = application(parts)
    if parts.task.scenario in ("failure", "signal"):
        Manager({"graphs": [graph]}).run()
        sys.exit(0)
    path, nodes = Worker(graph).load()
    scheduler = Scheduler(path, nodes, 0)
    try:
        scheduler.run()
    except WorkerInterrupt:
        scheduler.terminate()


if __name__ == "__main__":
    work.main(run)

"""A thread for each node and a bounded `queue.Queue` before each: what people write by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Full, Queue
from typing import Any

from . import work

Line = Queue[Any]
SIZE = 64  # packets in a queue, as in rt_engine


def pump(feed: work.Feed, put: Callable[[work.Packet], None], realtime: bool = False) -> None:
    """Read the feed to its end."""
    work.realtime(realtime)
    while not feed.ended:
        if packet := feed.read():
            put(packet)


def stage(step: work.Step, line: Line, then: Line, realtime: bool) -> None:
    """Do one step, packet by packet; None is the end."""
    work.realtime(realtime)
    while (packet := line.get()) is not None:
        t, block = packet
        then.put((t, step(block)))
    then.put(None)


def drain(sink: work.Sink, line: Line, realtime: bool) -> None:
    """The sink's thread."""
    work.realtime(realtime)
    while (packet := line.get()) is not None:
        sink(*packet)


def think(model: work.Model, line: Line) -> None:
    """The model's thread."""
    while line.get() is not None:
        model()


def newest(line: Line) -> Callable[[work.Packet], None]:
    """Put into a queue of one, unless the model is still busy with the frame before."""

    def put(packet: work.Packet) -> None:
        try:
            line.put_nowait(packet)
        except Full:
            return

    return put


def run(parts: work.Parts) -> None:
    """Start all threads, then feed."""
    urgent = parts.task.realtime
    lines = [Line(SIZE) for _ in range(len(parts.steps) + 1)]
    jobs: list[tuple[Callable[..., None], tuple[Any, ...]]] = [
        (stage, (step, lines[i], lines[i + 1], urgent)) for i, step in enumerate(parts.steps)
    ]
    jobs.append((drain, (parts.sink, lines[-1], urgent)))
    seen: Line = Line(1)
    if parts.model:
        jobs.append((think, (parts.model, seen)))
        jobs.append((pump, (parts.camera, newest(seen))))
    jobs.append((pump, (parts.feed, lines[0].put, urgent)))
    threads = [threading.Thread(target=call, args=values) for call, values in jobs]
    for thread in threads:
        thread.start()
    threads[-1].join()
    lines[0].put(None)
    if parts.model:
        threads[-2].join()
        seen.put(None)
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    work.main(run)

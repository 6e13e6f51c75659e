"""csp: nodes in one engine thread, fed by a push adapter from the device's own thread."""

# csp ships no types, and its nodes are a language of their own
# mypy: ignore-errors

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone

import csp
from csp.impl.pushadapter import PushInputAdapter
from csp.impl.wiring import py_push_adapter_def

from . import work


class CardAdapter(PushInputAdapter):
    """Reads a feed in a thread and pushes what comes; an end is (0, None)."""

    def __init__(self, feed: work.Feed, ends: bool) -> None:
        self.feed, self.ends = feed, ends
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.running = False

    def start(self, starttime: datetime, endtime: datetime) -> None:
        self.running = True
        self.thread.start()

    def stop(self) -> None:
        self.running = False
        if threading.current_thread() is not self.thread:
            self.thread.join()

    def _read(self) -> None:
        while self.running and not self.feed.ended:
            if packet := self.feed.read():
                self.push_tick(packet)
        if self.ends and self.running:
            self.push_tick((0, None))


card = py_push_adapter_def("card", CardAdapter, csp.ts[object], feed=object, ends=bool)


@csp.node
def light(step: object, packet: csp.ts[object]) -> csp.ts[object]:
    with csp.stop():
        step.close()
    if csp.ticked(packet):
        t, block = packet
        return (t, block if block is None else step(block))


@csp.node
def last(sink: object, packet: csp.ts[object]):
    if csp.ticked(packet):
        t, block = packet
        if block is None:
            csp.stop_engine()
        else:
            sink(t, block)


@csp.node
def net(model: object, frame: csp.ts[object]):
    if csp.ticked(frame):
        model()


@csp.graph
def chain(parts: object):
    packet = card(parts.feed, True, push_mode=csp.PushMode.NON_COLLAPSING)
    for step in parts.steps:
        packet = light(step, packet)
    last(parts.sink, packet)
    if parts.model:
        net(parts.model, card(parts.camera, False, push_mode=csp.PushMode.LAST_VALUE))


def run(parts: work.Parts) -> None:
    """Run in real time until the sink has seen the end."""
    start = datetime.now(timezone.utc).replace(tzinfo=None)
    csp.run(chain, parts, starttime=start, endtime=timedelta(hours=1), realtime=True)


if __name__ == "__main__":
    work.main(run)

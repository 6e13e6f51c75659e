"""reactivex: operators called in the device's thread; the model observes on a thread of its own."""

# an optional peer: where it is not installed, it is left out
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import threading

from reactivex import Observable, Subject
from reactivex import operators as ops
from reactivex.scheduler import EventLoopScheduler

from . import work


def pump(feed: work.Feed, subject: Subject[work.Packet]) -> None:
    """Read the feed to its end."""
    while not feed.ended:
        if packet := feed.read():
            subject.on_next(packet)
    subject.on_completed()


def run(parts: work.Parts) -> None:
    """Subscribe, then feed."""
    sound: Subject[work.Packet] = Subject()
    stream: Observable[work.Packet] = sound
    for step in parts.steps:
        stream = stream.pipe(ops.map(lambda packet, step=step: (packet[0], step(packet[1]))))
    stream.subscribe(lambda packet: parts.sink(*packet))
    threads = [threading.Thread(target=pump, args=(parts.feed, sound))]
    if model := parts.model:
        video: Subject[work.Packet] = Subject()
        video.pipe(ops.observe_on(EventLoopScheduler())).subscribe(lambda _: model())
        threads.append(threading.Thread(target=pump, args=(parts.camera, video)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    work.main(run)

"""ezmsg: units in one event loop of one process; the model in a second process on demand."""

# ezmsg ships no types
# mypy: ignore-errors

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from itertools import pairwise
from typing import Any

import ezmsg.core as ez

from . import work


class CardSettings(ez.Settings):
    """What to read; `ends`: whether its end is told downstream, by (0, None)."""

    feed: Any
    ends: bool = True


class PartSettings(ez.Settings):
    """What to call."""

    part: Any


class Card(ez.Unit):
    """The source: a blocking device read belongs into the loop's pool of threads."""

    SETTINGS = CardSettings
    OUTPUT = ez.OutputStream(Any, num_buffers=64)

    @ez.publisher(OUTPUT)
    async def read(self) -> AsyncGenerator[Any, None]:
        feed = self.SETTINGS.feed
        blocking, loop = feed.period or not feed.count, asyncio.get_running_loop()
        while not feed.ended:
            packet = await loop.run_in_executor(None, feed.read) if blocking else feed.read()
            if packet:
                yield self.OUTPUT, packet
        if self.SETTINGS.ends:
            yield self.OUTPUT, (0, None)


class Light(ez.Unit):
    """One step."""

    SETTINGS = PartSettings
    INPUT = ez.InputStream(Any)
    OUTPUT = ez.OutputStream(Any, num_buffers=64)

    @ez.subscriber(INPUT)
    @ez.publisher(OUTPUT)
    async def work(self, packet: Any) -> AsyncGenerator[Any, None]:
        t, block = packet
        yield self.OUTPUT, (t, block if block is None else self.SETTINGS.part(block))

    async def shutdown(self) -> None:
        self.SETTINGS.part.close()


class Last(ez.Unit):
    """The sink."""

    SETTINGS = PartSettings
    INPUT = ez.InputStream(Any)

    @ez.subscriber(INPUT)
    async def take(self, packet: Any) -> None:
        t, block = packet
        if block is None:
            raise ez.NormalTermination
        self.SETTINGS.part(t, block)


class Net(ez.Unit):
    """The model; a leaky input keeps the newest frames."""

    SETTINGS = PartSettings
    INPUT = ez.InputStream(Any, leaky=True, max_queue=1)

    @ez.subscriber(INPUT)
    async def think(self, _: Any) -> None:
        self.SETTINGS.part()


def run(parts: work.Parts) -> None:
    """Run until the sink has seen the end."""
    units: dict[str, ez.Unit] = {"CARD": Card(CardSettings(parts.feed))}
    units |= {step.name.upper(): Light(PartSettings(step)) for step in parts.steps}
    units["LAST"] = Last(PartSettings(parts.sink))
    names = list(units)
    wires = [(units[a].OUTPUT, units[b].INPUT) for a, b in pairwise(names)]
    apart = []
    if parts.model:
        units["CAMERA"] = Card(CardSettings(parts.camera, ends=False))
        units["NET"] = Net(PartSettings(parts.model))
        wires.append((units["CAMERA"].OUTPUT, units["NET"].INPUT))
        apart = [units["NET"]] if parts.task.apart else []
    ez.run(components=units, connections=wires, process_components=apart)


if __name__ == "__main__":
    work.main(run)

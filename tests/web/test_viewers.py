"""Several who look: a stalled one delays nobody, and the engine least of all."""

from __future__ import annotations

import asyncio
import os
import socket
import time

import numpy as np
import pytest

from rt_engine.core import Graph, Packet
from rt_engine.web import messages, viewer
from rt_engine.web.hub import Hub
from rt_engine.web.stage import Stage
from tests.helpers import Count
from tests.web.conftest import Page, Server, connect

STREAMS = [("tone", "audio"), ("gain", "out"), ("level", "frames"), ("pulse", "beats")]


async def watch_all(page: Page, rate: float) -> None:
    for number, (node, output) in enumerate(STREAMS, 1):
        await page.say(do="watch", id=number, node=node, output=output, rate=rate)


async def stalled(port: int) -> socket.socket:
    """A viewer that asks for everything, and never reads."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    link.connect(("127.0.0.1", port))
    head = (
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    link.sendall(head.encode())
    for number, (node, output) in enumerate(STREAMS, 1):
        text = (
            f'{{"do":"watch","id":{number},"node":"{node}","output":"{output}","rate":120}}'
        ).encode()
        mask = os.urandom(4)
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(text))
        link.sendall(bytes([0x81, 0x80 | len(text)]) + mask + masked)
    return link


def test_a_stalled_viewer_delays_nobody(server: Server) -> None:
    async def play() -> tuple[list[float], list[int], dict]:
        async with connect(server.port) as one, connect(server.port) as two:
            pages = [Page(one), Page(two)]
            for page in pages:
                await page.next("graph")
            links = [await stalled(server.port) for _ in range(2)]
            await watch_all(pages[0], 30)
            await pages[1].say(do="watch", id=1, node="pulse", output="beats")
            late, indexes = [], []
            drain = asyncio.ensure_future(_drain(pages[0]))
            for _ in range(25):
                event = await pages[1].next("event")
                late.append(time.monotonic_ns() - event["t"])
                indexes.append(event["data"]["index"])
            stats = await pages[1].next("stats")
            drain.cancel()
            for link in links:
                link.close()
            return late, indexes, stats

    late, indexes, stats = asyncio.run(play())
    assert indexes == list(range(indexes[0], indexes[0] + 25))
    # a beat is told 50 ms before it is due, 10 a second: with a queue in front it would be late
    assert np.median(late) < 0.5e9
    assert sum(node["overruns"] for node in stats["nodes"].values()) == 0


async def _drain(page: Page) -> None:
    while True:
        await page.socket.recv()


def test_four_viewers_see_the_same(server: Server) -> None:
    async def look() -> set[int]:
        async with connect(server.port) as opened:
            page = Page(opened)
            await page.next("graph")
            await watch_all(page, 15)
            return {(await page.next("event"))["data"]["index"] for _ in range(20)}

    async def play() -> list[set[int]]:
        return await asyncio.gather(*(look() for _ in range(4)))

    seen = asyncio.run(play())
    assert len(set.intersection(*seen)) >= 10


def test_a_viewer_that_goes_leaves_nothing_watched(server: Server) -> None:
    async def play() -> dict:
        for _ in range(5):
            async with connect(server.port) as opened:
                page = Page(opened)
                await page.next("graph")
                await watch_all(page, 60)
                await page.binary()
        async with connect(server.port) as opened:
            page = Page(opened)
            await page.next("graph")
            return await page.next("stats")

    assert asyncio.run(play())["nodes"]["tone"]["count"] > 0


class Stuck:
    """A socket that takes nothing, and over which nothing comes."""

    application_state = None

    async def send_text(self, text: str) -> None:
        await asyncio.Event().wait()

    async def receive(self) -> dict:
        await asyncio.Event().wait()
        raise AssertionError


def test_who_takes_nothing_for_too_long_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer, "STALLED", 0.2)

    async def play() -> tuple[int, float]:
        stage = Stage()
        ticking = asyncio.ensure_future(stage.tick())
        begun = time.monotonic()
        stuck = viewer.Viewer(Stuck(), stage)  # type: ignore[arg-type]
        stuck.tell("{}")
        await asyncio.wait_for(stage.serve(stuck), 20)
        ticking.cancel()
        stage.close()
        return len(stage.viewers), time.monotonic() - begun

    left, took = asyncio.run(play())
    assert left == 0 and took >= 0.2


def test_a_slow_viewer_gets_the_newest_and_not_everything(graph: Graph) -> None:
    hub = Hub(lambda: None, lambda packet: None)
    hub.clear()
    stream, view = hub.watch(graph, "count", "out")
    ask = messages.Watch(1, "count", "out", 30.0)
    watch = viewer.Watch(ask, stream, view)
    for i in range(100):
        hub("count", "out", Packet(i, i, i))
    frame = watch.frame()
    assert frame is not None and frame.t == 99 and watch.frame() is None


@pytest.fixture
def graph() -> Graph:
    graph = Graph("test")
    graph.add("count", Count())
    return graph

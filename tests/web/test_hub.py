"""The tap: nothing is kept that nobody watches, and what is watched never piles up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rt_engine import kinds
from rt_engine.core import Control, Graph, Output, Packet, Source
from rt_engine.core.host import RUNNER
from rt_engine.web.hub import Hub


class Speaks(Source):
    audio = Output(kinds.Audio(rate=48_000))
    frames = Output(kinds.Frames)
    beats = Output(kinds.Beats)
    images = Output(kinds.Images)

    def read(self) -> bool:
        return False


@pytest.fixture
def graph() -> Graph:
    graph = Graph("test")
    graph.add("a", Speaks())
    return graph


@pytest.fixture
def hub() -> Hub:
    hub = Hub(lambda: None, lambda packet: None)
    hub.clear()
    return hub


def packet(i: int, data: Any = None) -> Packet:
    return Packet(i * 1000, np.full(3, i, np.float32) if data is None else data, i)


def test_only_what_came_after_the_last_look_is_seen(graph: Graph, hub: Hub) -> None:
    hub("a", "frames", packet(0))
    stream, _ = hub.watch(graph, "a", "frames")
    for i in (1, 2):
        hub("a", "frames", packet(i))
    seen, first = stream.since(0)
    hub("a", "frames", packet(3))
    seen, second = stream.since(seen)
    assert [p.seq for p in first] == [1, 2] and [p.seq for p in second] == [3]
    assert stream.since(seen) == (seen, [])


def test_a_picture_that_nobody_fetched_gives_way(graph: Graph, hub: Hub) -> None:
    stream, _ = hub.watch(graph, "a", "images")
    for i in range(1000):
        hub("a", "images", packet(i))
    assert [p.seq for p in stream.since(0)[1]] == [999]


def test_memory_is_bounded_whatever_comes(graph: Graph, hub: Hub) -> None:
    for output in ("audio", "frames", "beats", "images"):
        stream, _ = hub.watch(graph, "a", output)
        for i in range(5000):
            hub("a", output, packet(i))
        assert len(stream.since(0)[1]) <= 512


def test_a_gap_is_no_packet(graph: Graph, hub: Hub) -> None:
    stream, _ = hub.watch(graph, "a", "frames")
    hub("a", "frames", None)
    assert stream.since(0) == (0, [])


def test_the_last_one_who_looks_away_ends_the_stream(graph: Graph, hub: Hub) -> None:
    one, _ = hub.watch(graph, "a", "frames")
    other, _ = hub.watch(graph, "a", "frames")
    assert one is other and hub.watched("a", "frames")
    hub.unwatch("a", "frames", one)
    assert hub.watched("a", "frames")
    hub.unwatch("a", "frames", one)
    assert not hub.watched("a", "frames")
    hub("a", "frames", packet(1))
    assert one.since(0) == (0, [])


def test_events_wake_and_frames_do_not(graph: Graph) -> None:
    woken: list[int] = []
    hub = Hub(lambda: woken.append(1), lambda packet: None)
    hub.clear()
    hub.watch(graph, "a", "frames")
    hub.watch(graph, "a", "beats")
    hub("a", "frames", packet(1))
    assert not woken
    hub("a", "beats", packet(1))
    assert woken == [1]


def test_controls_are_seen_whoever_sends_them(graph: Graph) -> None:
    seen: list[Packet] = []
    hub = Hub(lambda: None, seen.append)
    hub.clear()
    hub(RUNNER, "controls", packet(1, Control("a", "gain", [2])))
    hub(RUNNER, "controls", None)
    assert [p.data.name for p in seen] == ["gain"]


def test_what_all_see_is_made_once(graph: Graph, hub: Hub) -> None:
    stream, view = hub.watch(graph, "a", "images")
    made = []
    view.make = lambda packets: made.append(packets[-1].seq)
    for i in (1, 2):
        hub("a", "images", packet(i))
        for _ in range(4):
            number, packets = stream.since(0)
            stream.frame(view, number, packets)
    assert made == [1, 2]

"""The socket of a running graph: what is told, shown, set and called."""

from __future__ import annotations

import asyncio
import json
import struct
import time

import numpy as np
import pytest

from tests.web.conftest import Page, Server, connect, on_page


def frame(raw: bytes) -> tuple[int, int, int, np.ndarray]:
    """Watch, form, time and content of a frame, read anew from the description."""
    watch, form, count, t = struct.unpack_from("<HBBq", raw)
    dims = struct.unpack_from(f"<{count}I", raw, 12)
    data = np.frombuffer(raw, np.float32 if form == 1 else np.uint8, offset=12 + 4 * count)
    return watch, form, t, data.reshape(dims)


def test_the_graph_is_told_with_nodes_ports_settings_and_paths(server: Server) -> None:
    async def scene(page: Page, graph: dict) -> dict:
        return graph

    graph = on_page(server.port, scene)
    nodes = {node["name"]: node for node in graph["nodes"]}
    assert graph["name"] == "small" and list(nodes) == ["tone", "level", "gain", "pulse", "osc"]
    assert nodes["tone"]["outputs"][0]["format"] == {"rate": 48_000, "channels": 1}
    assert nodes["level"]["inputs"] == [{"name": "audio", "from": "tone.audio", "hold": False}]
    gain = next(s for s in nodes["gain"]["settings"] if s["name"] == "gain")
    assert (gain["type"], gain["live"], gain["min"], gain["max"]) == ("float", True, 0, 10)
    assert (gain["default"], gain["value"]) == (1.0, 1.0)
    tap = nodes["gain"]["actions"][0]
    assert tap["name"] == "tap" and tap["args"] == [{"name": "value", "type": "int"}]
    assert nodes["osc"]["sends"] and not nodes["level"]["sends"]
    assert {(p["from"], p["to"]) for p in graph["paths"]} == {
        ("tone", "level"), ("tone", "gain"), ("pulse", "osc"),
    }  # fmt: skip
    assert len(graph["bones"]["names"]) == len(graph["bones"]["parents"]) == 55


def test_sound_comes_as_its_envelope(server: Server) -> None:
    async def scene(page: Page, graph: dict) -> list[bytes]:
        await page.say(do="watch", id=7, node="tone", output="audio", rate=20)
        return [await page.binary() for _ in range(8)]

    frames = [frame(raw) for raw in on_page(server.port, scene)]
    assert {f[:2] for f in frames} == {(7, 1)}
    columns = np.concatenate([f[3] for f in frames])
    assert columns.shape[1] == 2
    # 240 samples hold more than two periods of 440 Hz, of amplitude 0.5
    np.testing.assert_allclose(columns[:, 0], -0.5, atol=0.01)
    np.testing.assert_allclose(columns[:, 1], 0.5, atol=0.01)
    times = [f[2] for f in frames]
    assert times == sorted(times) and abs(times[-1] - time.monotonic_ns()) < 40e9


def test_features_come_as_rows_without_a_gap(server: Server) -> None:
    async def scene(page: Page, graph: dict) -> list[bytes]:
        await page.say(do="watch", id=1, node="level", output="frames", rate=10)
        return [await page.binary() for _ in range(4)]

    rows = [frame(raw)[3] for raw in on_page(server.port, scene)]
    assert all(len(found) > 1 for found in rows[1:])
    level = np.concatenate(rows)[5:]
    assert level.std() < 0.05 * abs(level.mean())


def test_events_come_all_and_say_how_far_ahead_they_are(server: Server) -> None:
    async def scene(page: Page, graph: dict) -> list[dict]:
        await page.say(do="watch", id=2, node="pulse", output="beats")
        return [await page.next("event") for _ in range(12)]

    events = on_page(server.port, scene)
    indexes = [event["data"]["index"] for event in events]
    assert indexes == list(range(indexes[0], indexes[0] + 12))
    assert all(event["ahead"] <= 0.051 for event in events)
    assert max(event["ahead"] for event in events) > 0.0


def test_a_setting_is_set_and_everybody_is_told(server: Server) -> None:
    async def play() -> list[dict]:
        async with connect(server.port) as one, connect(server.port) as other:
            first, second = Page(one), Page(other)
            await first.next("graph")
            await second.next("graph")
            await first.say(do="set", node="gain", name="gain", value=2.5)
            return [await page.next("set", name="gain") for page in (first, second)]

    for told in asyncio.run(play()):
        assert told == {"is": "set", "node": "gain", "name": "gain", "value": 2.5}


def test_an_action_changes_what_the_node_emits(server: Server) -> None:
    async def scene(page: Page, graph: dict) -> tuple[float, float]:
        await page.say(do="set", node="gain", name="gain", value=0.0)
        await page.say(do="watch", id=3, node="gain", output="out", rate=20)
        await page.next("set", name="gain", value=0.0)
        before = [frame(await page.binary())[3] for _ in range(4)][-1]
        await page.say(do="act", node="gain", name="tap", values=[3])
        for _ in range(100):
            after = frame(await page.binary())[3]
            if after[-1, 1] != before[-1, 1]:
                break
        await page.say(do="act", node="gain", name="tap", values=[-3])
        await page.say(do="set", node="gain", name="gain", value=1.0)
        return float(before[-1, 1]), float(after[-1, 1])

    before, after = on_page(server.port, scene)
    assert after - before == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"do": "set", "node": "gain", "name": "gain", "value": 11}, "<= 10"),
        ({"do": "set", "node": "gain", "name": "gian", "value": 1}, "did you mean 'gain'"),
        ({"do": "set", "node": "tone", "name": "block", "value": 64}, "no live setting 'block'"),
        ({"do": "act", "node": "gain", "name": "tab"}, "no action 'tab'"),
        ({"do": "watch", "id": 1, "node": "gone", "output": "x"}, "no node 'gone'"),
        ({"do": "watch", "id": 1, "node": "tone", "output": "x"}, "no output 'x'"),
        ({"do": "take", "what": "play"}, "Open"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_remedy(
    server: Server, message: dict, words: str
) -> None:
    async def scene(page: Page, graph: dict) -> dict:
        await page.say(**message)
        return await page.next("error")

    error = on_page(server.port, scene)
    assert words in error["text"] + error["remedy"] and error["remedy"]


def test_the_clock_answers_with_the_engines_time(server: Server) -> None:
    async def scene(page: Page, graph: dict) -> tuple[int, dict, int]:
        before = time.monotonic_ns()
        await page.say(do="clock", sent=12.5, offset=None, trip=None)
        return before, await page.next("clock"), time.monotonic_ns()

    before, clock, after = on_page(server.port, scene)
    assert clock["sent"] == 12.5 and before <= clock["engine"] <= after


def test_meters_are_told_four_times_a_second(server: Server) -> None:
    async def scene(page: Page, graph: dict) -> list[dict]:
        return [await page.next("stats") for _ in range(6)]

    found = on_page(server.port, scene)
    steps = np.diff([stats["now"] for stats in found]) * 1e-9
    assert 0.15 < np.median(steps) < 0.6
    level = found[-1]["nodes"]["level"]
    assert level["rate"] > 50 and level["age"][1] >= level["age"][0] > 0
    path = next(p for p in found[-1]["paths"] if p["to"] == "level")
    assert path["p50"] == level["age"][0]


def test_the_monitor_shows_what_a_node_sends_with_its_type_tags(server: Server) -> None:
    async def scene(page: Page, graph: dict) -> list[dict]:
        await page.say(do="watch", id=9, node="osc", output="")
        return [await page.next("sent") for _ in range(12)]

    sent = {message["address"]: message for message in on_page(server.port, scene)}
    assert {message["node"] for message in sent.values()} == {"osc"}
    beat = sent["/beat"]
    assert len(beat["tags"]) == len(beat["values"]) > 0


def test_what_is_not_watched_is_not_sent(server: Server) -> None:
    async def scene(page: Page, graph: dict) -> set[str]:
        await page.say(do="watch", id=9, node="tone", output="audio")
        await page.binary()
        await page.say(do="unwatch", id=9)
        await page.say(do="clock", sent=0)
        await page.next("clock")
        found = set()
        until = time.monotonic() + 1
        while time.monotonic() < until:
            raw = await asyncio.wait_for(page.socket.recv(), 5)
            found.add("frame" if isinstance(raw, bytes) else json.loads(raw)["is"])
        return found

    # A busy machine has something to log; of what is watched there is nothing.
    assert on_page(server.port, scene) <= {"stats", "set", "recording", "log"}

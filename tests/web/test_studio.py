"""Choosing and starting graphs on the page, and errors with what to do about them."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rt_engine.running import prune
from rt_engine.web.errors import GENERAL, remedy_of
from rt_engine.web.messages import media
from tests.web.conftest import PATIENCE, Page, Server, connect, on_page


def call(port: int, path: str, body: Any = None) -> tuple[int, Any]:
    """Status and JSON of an answer; with a body it is a POST."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2 * PATIENCE)
    raw = None if body is None else json.dumps(body)
    kind = {"content-type": "application/json"}
    connection.request("GET" if raw is None else "POST", path, raw, kind)
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


def until(port: int, running: bool) -> dict[str, Any]:
    """The state, once a graph runs, or none does."""
    end = time.monotonic() + PATIENCE
    while (state := call(port, "/api/state")[1])["running"] is not running:
        assert time.monotonic() < end, state
        time.sleep(0.1)
    return state


@pytest.fixture(scope="module")
def studio(folder: Path) -> Iterator[Server]:
    bad = "name: bad\nnodes:\n  mic: {is: audio.File, path: gone.wav}\n"
    (folder / "bad.yaml").write_text(bad)
    failing = (
        "name: failing\nnodes:\n  count: {is: tests.helpers.Count, every: 0.01, n: 1000}\n"
        "  add: {is: tests.helpers.Add, in: count, fail_at: 7}\n"
    )
    (folder / "failing.yaml").write_text(failing)
    camera = (
        "name: seen\nnodes:\n  eye: {is: video.Camera}\n  show: {is: tests.helpers.Newest, in: n}\n"
    )
    (folder / "broken.yaml").write_text(camera)
    names = ["small.yaml", "bad.yaml", "failing.yaml", "broken.yaml"]
    server = Server(folder, "studio", *names, "--port", "0")
    yield server
    server.end()


def test_every_graph_of_the_project_is_offered_with_its_sources(studio: Server) -> None:
    _, found = call(studio.port, "/api/graphs")
    cards = {card["name"]: card for card in found}
    assert {"beat", "conductor", "dance_drums", "violin_practice", "small"} <= set(cards)
    assert cards["dance_drums"]["demo"] == "dance" and cards["small"]["demo"] is None
    camera = next(s for s in cards["dance_drums"]["sources"] if s["node"] == "camera")
    assert (camera["kind"], camera["setting"], camera["bundled"]) == ("camera", "camera", True)
    assert cards["beat"]["description"].startswith("Beats of the music")


def test_devices_are_lists_of_names(studio: Server) -> None:
    _, found = call(studio.port, "/api/devices")
    assert set(found) == {"audio_in", "audio_out", "midi_in", "midi_out", "cameras"}
    assert all(isinstance(name, str) for names in found.values() for name in names)


def test_a_graph_is_started_changed_stopped_and_started_anew(studio: Server) -> None:
    status, state = call(
        studio.port, "/api/start", {"graph": "small", "changes": {"gain.gain": 2.0}}
    )
    assert status == 200, state
    assert until(studio.port, True)["name"] == "small"

    async def scene(page: Page, graph: dict) -> float:
        await page.say(do="act", node="gain", name="tap", values=[0])
        nodes = {node["name"]: node for node in graph["nodes"]}
        return next(s["value"] for s in nodes["gain"]["settings"] if s["name"] == "gain")

    assert on_page(studio.port, scene) == 2.0
    call(studio.port, "/api/start", {"graph": "small", "without": ["osc"]})
    until(studio.port, True)

    async def names(page: Page, graph: dict) -> list[str]:
        return [node["name"] for node in graph["nodes"]]

    assert "osc" not in on_page(studio.port, names)
    assert call(studio.port, "/api/stop", {})[1]["running"] is False
    assert call(studio.port, "/api/state")[1]["graph"] is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"graph": "smal"}, "did you mean 'small'"),
        ({"graph": "bad"}, "no such file"),
        ({"graph": "broken"}, "no node 'n'"),
        ({"graph": "small", "changes": {"gian.gain": 1}}, "did you mean 'gain'"),
        ({"graph": "small", "changes": {"gain.gain": 99}}, "<= 10"),
        ({"graph": "small", "without": ["gone"]}, "no such node"),
        ({"graph": "small", "demo": True}, "no bundled material"),
        ({"graph": "small", "changes": {"gone": "web.Camera"}}, "no node 'gone'"),
        ({"graph": "small", "changes": {"tone.path": "/etc/passwd"}}, "not be changed from the p"),
        ({"graph": "small", "changes": {"tone": "/etc/passwd"}}, "not be changed from the page"),
        ({"graph": "small", "changes": {"osc.to": ["192.0.2.1:9"]}}, "not be changed from the p"),
        ({"graph": "small", "changes": {"osc": {"is": "os.system"}}}, "not be changed from the p"),
    ],
)
def test_what_cannot_start_is_said_with_a_remedy(studio: Server, body: dict, words: str) -> None:
    status, answer = call(studio.port, "/api/start", body)
    assert 400 <= status < 500
    assert words in answer["error"] and answer["remedy"]


def test_a_failure_while_running_reaches_the_page_with_a_remedy(studio: Server) -> None:
    async def play() -> tuple[dict, dict]:
        async with connect(studio.port) as socket:
            page = Page(socket)
            start = asyncio.to_thread(call, studio.port, "/api/start", {"graph": "failing"})
            asked = asyncio.ensure_future(start)
            error = await page.next("error")
            ended = await page.next("ended")
            await asked
            return error, ended

    error, ended = asyncio.run(play())
    assert error["node"] == "add" and "seven by nothing" in error["text"] and error["remedy"]
    assert ended["code"] == 1
    assert until(studio.port, False)["error"]["node"] == "add"


def test_a_browsers_sound_reaches_the_graph_at_the_time_of_its_capture(studio: Server) -> None:
    import numpy as np

    call(studio.port, "/api/start", {"graph": "small", "changes": {"tone": "web.Microphone"}})
    until(studio.port, True)

    async def scene(page: Page, graph: dict) -> tuple[float, int]:
        await page.say(do="watch", id=1, node="tone", output="audio", rate=50)
        offset = 1000.0  # the browser's clock is that much behind the engine's
        sent = time.monotonic() - offset
        await page.say(do="clock", sent=sent, offset=offset, trip=0.001)
        begun = time.monotonic() - offset
        block = np.full(4800, 0.25, np.float32).tobytes()
        for i in range(10):
            head = struct.pack("<BBHd", 2, 0, 48_000, begun + i * 0.1 - 1.0)
            await page.socket.send(head + block)
            await asyncio.sleep(0.1)
        raw = await page.binary()
        _, _, count, t = struct.unpack_from("<HBBq", raw)
        top = np.frombuffer(raw, np.float32, offset=12 + 4 * count)
        await page.say(do="unwatch", id=1)
        await page.say(do="clock", sent=-1.0)
        await page.next("clock", sent=-1.0)  # what was under way is read
        return float(top[-1]), time.monotonic_ns() - t

    level, age = on_page(studio.port, scene)
    assert level == 0.25
    assert 0.9e9 < age < 2.5e9  # captured a second before it was sent
    call(studio.port, "/api/stop", {})


@pytest.mark.parametrize(
    ("rate", "samples", "what"),
    [(1, 100, "8000 to"), (7999, 100, "8000 to"), (8000, 8001, "most 1")],
)
def test_sound_that_would_grow_without_bounds_is_refused(
    rate: int, samples: int, what: str
) -> None:
    """A second of 1 Hz in a message of 2 MB would be six days at the rate of the graph."""
    raw = struct.pack("<BBHd", 2, 0, rate, 1.0) + bytes(4 * samples)
    with pytest.raises(ValueError, match=what):
        media(raw)


def test_two_browsers_do_not_mix_their_sound(studio: Server) -> None:
    call(studio.port, "/api/start", {"graph": "small", "changes": {"tone": "web.Microphone"}})
    until(studio.port, True)
    sound = struct.pack("<BBHd", 2, 0, 48_000, 1.0) + bytes(4800)

    async def play() -> dict:
        async with connect(studio.port) as one, connect(studio.port) as two:
            first, second = Page(one), Page(two)
            await first.next("graph")
            await second.next("graph")
            await one.send(sound)
            await first.say(do="clock", sent=0)
            await first.next("clock")
            await two.send(sound)
            return await second.next("error")

    assert "another browser" in asyncio.run(play())["text"]
    call(studio.port, "/api/stop", {})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_studio_idle_or_not(folder: Path, number: int) -> None:
    server = Server(folder, "studio", "small.yaml", "--port", "0")
    if number == signal.SIGINT:
        call(server.port, "/api/start", {"graph": "small"})
        until(server.port, True)
    code, said = server.end(number)
    assert "Traceback" not in said and code == 0, said


def test_a_signal_before_the_graph_runs_ends_it_too(folder: Path) -> None:
    server = Server(folder, "run", "small.yaml", "--web", "0")
    code, said = server.end(signal.SIGTERM)
    assert "Traceback" not in said and code == 0, said


def test_a_run_ends_with_its_signal_although_somebody_looks(folder: Path) -> None:
    server = Server(folder, "run", "small.yaml", "--web", "0")
    until(server.port, True)

    async def scene(page: Page, graph: dict) -> tuple[int, str]:
        return await asyncio.to_thread(server.end, signal.SIGTERM)

    code, said = on_page(server.port, scene)
    assert code == 0 and "Latency" in said and "Traceback" not in said


def test_a_node_wired_to_nothing_is_an_error_and_not_left_out() -> None:
    spec = {"name": "x", "nodes": {"a": {"is": "b"}, "c": {"is": "d", "in": "n"}}}
    assert prune(spec, [], "x.yaml") == spec


def test_a_run_that_the_page_has_stopped_waits_for_the_page(folder: Path) -> None:
    server = Server(folder, "run", "small.yaml", "--web", "0")
    until(server.port, True)
    call(server.port, "/api/stop", {})
    assert until(server.port, False)["graph"] is None and server.process.poll() is None
    assert server.end()[0] == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no MIDI system answers (ALSA sequencer: ...)", "modprobe"),
        ("there is no input device 'USB' (devices: none)", "Plug"),
        ("cv2 is not installed: pip install 'rt-engine[pose]'", "pip install 'rt-engine[pose]'"),
        ("UDP port 9001 on 127.0.0.1: Address already in use", "another port"),
        ("no node 'bat'; did you mean 'beat'? (nodes: beat)", "'beat'"),
        ("the device lost samples (3 times so far)", "larger block"),
        ("a datagram is no OSC (too short); more of them are only counted", "other program"),
        ("half the tempo lies outside [60, 200] BPM", "Widen"),
        ("sound of the browser was lost on its way; it may be lost again", "cable"),
        ("something nobody has thought of", GENERAL),
    ],
)
def test_errors_have_remedies(text: str, words: str) -> None:
    assert words in remedy_of(text)


@pytest.mark.parametrize("text", ["x", "1.2.3.4:", ":x", "1.2.3.4:99999", "mic=song.wav"])
def test_an_address_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    from rt_engine.cli import main

    assert main(["run", "beat", "--web", text]) == 2
    assert "HOST:PORT" in capsys.readouterr().err


def test_a_port_that_is_taken_is_said(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    from rt_engine.cli import main

    assert main(["run", "beat", "--web", str(server.port)]) == 2
    assert "choose another port" in capsys.readouterr().err

"""A browser's camera and microphone as sources: times, rates, losses, nothing at all."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import numpy as np
import pytest

from rt_engine import inlets
from rt_engine.core import SECOND, Packet, VirtualClock
from rt_engine.inlets import PICTURES, SOUND, Arrived
from rt_engine.nodes import web


@pytest.fixture(autouse=True)
def page() -> Iterator[None]:
    with inlets.serving():
        yield


class Running:
    """A source that is open, without a graph around it."""

    def __init__(self, node: web.FromBrowser, output: str) -> None:
        self.node, self.clock = node, VirtualClock()
        self.got: list[Packet] = []
        self.gaps = 0
        node.plan()
        node.bind("node", self.clock, 0, dict)
        port = getattr(node, output)
        port.targets.append(self.got.append)
        port.resets.append(self._gap)
        node.open()
        node.reset()

    def _gap(self) -> None:
        self.gaps += 1


def sound(rate: int, seconds: float, hz: float = 440.0) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate).astype(np.float32)


def send(running: Running, samples: np.ndarray, rate: int, size: int, start: int = 0) -> None:
    """What a browser at `rate` Hz captured from `start` (ns) on, in messages of `size` samples."""
    for i in range(0, len(samples), size):
        part = samples[i : i + size]
        inlets.pass_on(SOUND, Arrived(start + round(i * SECOND / rate), part.tobytes(), rate))
        running.node.read()


@pytest.mark.parametrize("size", [128, 441, 2048])
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_sound_comes_at_the_rate_and_block_of_the_graph(rate: int, size: int) -> None:
    running = Running(web.Microphone(rate=48_000, block=512), "audio")
    send(running, sound(rate, 3), rate, size)
    assert {len(p.data) for p in running.got} == {512} and running.gaps == 0
    # the same tone, at its own time: read from the phase of each block
    late = []
    for packet in running.got[40:]:
        t = np.arange(512) / 48_000
        turned = np.sum(packet.data * np.exp(-2j * np.pi * 440 * t))
        phase = np.angle(turned) + np.pi / 2 - 2 * np.pi * 440 * packet.t / SECOND
        late.append(np.angle(np.exp(1j * phase)) / (2 * np.pi * 440))
    assert np.max(np.abs(late)) < 0.0003
    running.node.close()


def test_blocks_do_not_depend_on_how_sound_was_cut() -> None:
    made = []
    for size in (100, 1000):
        running = Running(web.Microphone(rate=48_000, block=256), "audio")
        send(running, sound(48_000, 1), 48_000, size)
        made.append(np.concatenate([p.data for p in running.got]))
        running.node.close()
    length = min(map(len, made))
    np.testing.assert_array_equal(made[0][:length], made[1][:length])


def test_jitter_on_the_way_does_not_reach_the_times() -> None:
    running = Running(web.Microphone(rate=48_000, block=480), "audio")
    chance = np.random.default_rng(1)
    for i in range(500):
        t = round(i * SECOND / 100) + round(chance.normal(0, 0.002) * SECOND)
        inlets.pass_on(SOUND, Arrived(t, np.zeros(480, np.float32).tobytes(), 48_000))
        running.node.read()
    times = np.array([p.t for p in running.got[200:]])
    assert np.std(np.diff(times)) < 0.0005 * SECOND
    running.node.close()


def test_lost_sound_lets_all_behind_forget(caplog: pytest.LogCaptureFixture) -> None:
    running = Running(web.Microphone(), "audio")
    send(running, sound(48_000, 0.5), 48_000, 480)
    send(running, sound(48_000, 0.5), 48_000, 480, start=2 * SECOND)
    assert running.gaps == 1 and "lost" in caplog.text
    assert running.got[-1].t > 2.4 * SECOND
    running.node.close()


def test_sound_that_is_no_number_is_left_out() -> None:
    running = Running(web.Microphone(block=64), "audio")
    inlets.pass_on(SOUND, Arrived(0, np.full(256, np.nan, np.float32).tobytes(), 48_000))
    running.node.read()
    assert not running.got
    running.node.close()


def test_what_a_busy_graph_does_not_take_is_bounded() -> None:
    running = Running(web.Microphone(block=480), "audio")
    for i in range(1000):
        t = round(i * SECOND / 100)
        inlets.pass_on(SOUND, Arrived(t, np.full(480, i, np.float32).tobytes(), 48_000))
    for _ in range(web.SOUNDS):
        running.node.read()
    assert running.got[0].data[0] == 1000 - web.SOUNDS
    running.node.close()


def test_a_picture_has_the_time_of_its_capture() -> None:
    cv2 = pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")
    running = Running(web.Camera(mirror=True, delay_ms=10), "images")
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, :32] = (0, 0, 255)
    inlets.pass_on(PICTURES, Arrived(5 * SECOND, cv2.imencode(".jpg", image)[1].tobytes()))
    running.node.read()
    (packet,) = running.got
    assert packet.t == 5 * SECOND - 10_000_000
    assert packet.data.shape == (48, 64, 3) and packet.data.flags.c_contiguous
    assert packet.data[:, :28, 2].max() < 40 and packet.data[:, 36:, 2].min() > 215
    running.node.close()


def test_only_the_newest_picture_waits() -> None:
    cv2 = pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")
    running = Running(web.Camera(), "images")
    for i in range(5):
        image = np.full((16, 16, 3), 50 * i, np.uint8)
        inlets.pass_on(PICTURES, Arrived(i, cv2.imencode(".jpg", image)[1].tobytes()))
    for _ in range(5):
        running.node.read()
    assert [p.t for p in running.got] == [4]
    running.node.close()


def test_what_is_no_picture_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")
    running = Running(web.Camera(), "images")
    for _ in range(3):
        inlets.pass_on(PICTURES, Arrived(0, b"no picture at all"))
        running.node.read()
    assert not running.got and caplog.text.count("no JPEG") == 1
    running.node.close()


def test_a_picture_that_would_fill_memory_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A head of 65,500 pixels a side over a few bytes: 12.9 GB."""
    cv2 = pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")
    data = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    at = data.index(b"\xff\xc0") + 5
    bomb = data[:at] + (65_500).to_bytes(2, "big") * 2 + data[at + 4 :]
    unpacked: list[bool] = []
    monkeypatch.setattr(cv2, "imdecode", lambda *_: unpacked.append(True))
    running = Running(web.Camera(), "images")
    inlets.pass_on(PICTURES, Arrived(0, bomb))
    running.node.read()
    assert not running.got and not unpacked
    running.node.close()


def test_silence_is_said_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "PATIENCE", 0.0)
    running = Running(web.Camera(), "images")
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            running.clock.t += SECOND
            running.node.read()
    assert caplog.text.count("start sending on the page") == 1
    running.node.close()


def test_after_the_end_nothing_is_kept() -> None:
    running = Running(web.Camera(), "images")
    running.node.close()
    assert not inlets.pass_on(PICTURES, Arrived(0, b""))


def test_without_a_page_there_is_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inlets, "_pages", 0)
    node = web.Camera()
    with pytest.raises(OSError, match="--web"):
        node.open()
    node.close()

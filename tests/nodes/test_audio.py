from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from rt_engine.core import SECOND, Graph, Input, Live, Node, NodeError, Packet, Replay, collect
from rt_engine.kinds import Audio
from rt_engine.nodes import audio
from tests.rigs import JackServer, wait_for
from tests.steady import Witness

Samples = NDArray[np.float32]


@pytest.fixture(scope="module")
def noise() -> Samples:
    """0.7 s of soft stereo noise at 44.1 kHz, band-limited so that lossy codecs keep it."""
    rng = np.random.default_rng(11)
    white = rng.normal(0, 0.1, (30_870, 2))
    kernel = np.hanning(31) / np.hanning(31).sum()
    return np.apply_along_axis(np.convolve, 0, white, kernel, "same").astype(np.float32)


def written(folder: Path, name: str, data: Samples, rate: int = 44_100) -> str:
    soundfile.write(folder / name, data, rate)
    return str(folder / name)


def played(path: str, **settings: Any) -> tuple[list[Packet], Audio]:
    """All packets of a file, in virtual time, and their format."""
    node = audio.File(path=path, **settings)
    taken = collect(node)["audio"]
    while node.read():
        pass
    node.close()
    return taken, node.audio.format


def joined(packets: list[Packet]) -> Samples:
    return np.concatenate([p.data for p in packets])


@pytest.mark.parametrize(
    ("name", "tolerance"), [("a.wav", 1e-4), ("a.flac", 1e-4), ("a.ogg", 0.02), ("a.mp3", 0.02)]
)
@pytest.mark.parametrize("channels", [0, 1])
def test_formats_and_channels(
    tmp_path: Path, noise: Samples, name: str, tolerance: float, channels: int
) -> None:
    packets, form = played(written(tmp_path, name, noise), channels=channels)
    assert form == Audio(rate=44_100, channels=channels or 2)
    data = joined(packets)
    wanted = noise if channels == 0 else noise.mean(axis=1)
    assert data.dtype == np.float32 and data.ndim == wanted.ndim
    decoded = soundfile.read(tmp_path / name, dtype="float32", always_2d=True)[0]
    np.testing.assert_allclose(data, decoded if channels == 0 else decoded.mean(axis=1), atol=1e-7)
    size = min(len(data), len(wanted))
    assert size >= len(noise) and np.abs(data[:size] - wanted[:size]).mean() < tolerance


@pytest.mark.parametrize("block", [16, 100, 512, 16_384])
def test_blocks_are_of_the_size_asked_and_follow_without_a_gap(
    tmp_path: Path, noise: Samples, block: int
) -> None:
    packets, _ = played(written(tmp_path, "a.flac", noise[:, 0]), block=block)
    assert [len(p.data) for p in packets[:-1]] == [block] * (len(packets) - 1)
    assert sum(len(p.data) for p in packets) == len(noise)
    starts = np.cumsum([0, *[len(p.data) for p in packets[:-1]]])
    assert [p.t for p in packets] == [int(s) * SECOND // 44_100 for s in starts]
    assert [p.seq for p in packets] == list(range(len(packets)))


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000, 96_000])
@pytest.mark.parametrize("channels", [0, 1])
@pytest.mark.parametrize("block", [64, 512, 5000])
def test_resampling_equals_soxr_in_one_go(
    tmp_path: Path, noise: Samples, rate: int, channels: int, block: int
) -> None:
    path = written(tmp_path, "a.wav", noise)
    packets, form = played(path, rate=rate, channels=channels, block=block)
    data = soundfile.read(path, dtype="float32")[0]
    one = soxr.resample(data if channels == 0 else data.mean(axis=1), 44_100, rate)
    got = joined(packets)
    assert form.rate == rate and abs(len(got) - len(noise) * rate / 44_100) <= 1
    np.testing.assert_allclose(got, one[: len(got)], atol=1e-6)


def test_gain_is_in_db_and_can_change(tmp_path: Path, noise: Samples) -> None:
    node = audio.File(path=written(tmp_path, "a.wav", noise[:, 0]), gain=-6.0206)
    taken = collect(node)["audio"]
    node.read()
    node.control(0, "gain", [20])
    node.read()
    original = soundfile.read(tmp_path / "a.wav", dtype="float32")[0]
    np.testing.assert_allclose(taken[0].data, original[:512] / 2, rtol=1e-4)
    np.testing.assert_allclose(taken[1].data, original[512:1024] * 10, rtol=1e-4)
    node.close()


@pytest.mark.parametrize("rate", [0, 22_050])
def test_a_loop_goes_on_without_a_seam(tmp_path: Path, noise: Samples, rate: int) -> None:
    node = audio.File(path=written(tmp_path, "a.wav", noise[:, 0]), loop=True, rate=rate)
    taken = collect(node)["audio"]
    while sum(len(p.data) for p in taken) < 2.5 * len(noise) * (0.5 if rate else 1):
        assert node.read()
    node.close()
    original = soundfile.read(tmp_path / "a.wav", dtype="float32")[0]
    endless = np.tile(original, 3)
    wanted = soxr.resample(endless, 44_100, rate) if rate else endless
    size = round(2.4 * len(noise) * (0.5 if rate else 1))
    np.testing.assert_allclose(joined(taken)[:size], wanted[:size], atol=1e-6)


def test_a_second_run_is_the_first_one_again(tmp_path: Path, noise: Samples) -> None:
    node = audio.File(path=written(tmp_path, "a.wav", noise), rate=48_000)
    rounds = []
    for _ in range(2):
        taken = collect(node)["audio"]
        while node.read():
            pass
        node.close()
        rounds.append(joined(taken))
    np.testing.assert_array_equal(*rounds)


@pytest.mark.parametrize("content", [b"", b"words, no samples", b"RIFF\x00\x00\x00\x00WAVE"])
def test_what_is_no_sound_is_said_before_anything_opens(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(ValueError, match=r"sound file '.*a\.wav' cannot be read: "):
        audio.File(path=str(tmp_path / "a.wav")).plan()


def test_a_missing_file_and_an_empty_one_are_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone\.wav' cannot be read: no such file"):
        audio.File(path="gone.wav").plan()
    path = written(tmp_path, "empty.wav", np.zeros(0, np.float32))
    with pytest.raises(ValueError, match="has no samples"):
        audio.File(path=path).plan()


def test_a_file_cut_off_plays_as_far_as_it_goes(tmp_path: Path, noise: Samples) -> None:
    path = Path(written(tmp_path, "a.wav", noise[:, 0]))
    path.write_bytes(path.read_bytes()[:20_044])
    packets, _ = played(str(path))
    assert sum(len(p.data) for p in packets) == 10_000


class Ear(Node):
    """Keeps what it hears, with the time of arrival."""

    audio = Input(Audio)

    def open(self) -> None:
        self.heard: list[tuple[int, Packet]] = []
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1

    def on_audio(self, packet: Packet) -> None:
        self.heard.append((self.clock.now(), packet))

    def sound(self, blocks: int) -> Samples:
        return joined([p for _, p in self.heard[-blocks:]])


def hearing(source: Any) -> tuple[Graph, Ear]:
    graph, ear = Graph("test"), Ear()
    graph.add("mic", source)
    graph.add("ear", ear, "mic")
    return graph, ear


def test_live_a_file_keeps_its_own_pace_and_never_comes_early(
    tmp_path: Path, noise: Samples
) -> None:
    graph, ear = hearing(audio.File(path=written(tmp_path, "a.wav", noise[:, 0])))
    Live(graph).run()
    for now, packet in ear.heard:
        assert now >= packet.t + len(packet.data) * SECOND // 44_100
    first, last = ear.heard[0], ear.heard[-1]
    assert 0.65 < (last[0] - first[0]) / SECOND + 512 / 44_100 < 3


def test_replay_of_a_file_takes_no_time_and_gives_the_same_sound(
    tmp_path: Path, noise: Samples
) -> None:
    path = written(tmp_path, "a.wav", np.tile(noise[:, 0], 20))
    graph, ear = hearing(audio.File(path=path))
    begin = time.monotonic()
    Replay(graph).run()
    assert time.monotonic() - begin < 7  # of 14 s
    assert len(ear.sound(0)) == 20 * len(noise)


TONE = """
import sys, time
import numpy as np, sounddevice as sd
rate, hz = 48_000, float(sys.argv[1])
phase = 0
def play(out, frames, *_):
    global phase
    out[:, 0] = 0.25 * np.sin(2 * np.pi * hz * (phase + np.arange(frames)) / rate)
    phase += frames
device = next(i for i, d in enumerate(sd.query_devices()) if d["max_output_channels"])
with sd.OutputStream(rate, 128, device, 1, "float32", callback=play):
    print("playing", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def jack() -> Iterator[JackServer]:
    with JackServer(sync=True) as server:
        yield server


HEAR = """
import sys, time
import numpy as np, sounddevice as sd
heard = []
def hear(data, *_):
    heard.append(data[:, :2].copy())
device = next(i for i, d in enumerate(sd.query_devices()) if d["max_input_channels"])
with sd.InputStream(48_000, 128, device, 2, "float32", callback=hear):
    print("hearing", flush=True)
    sys.stdin.read()
np.save(sys.argv[1], np.concatenate(heard))
"""


@pytest.mark.jack
@pytest.mark.slow  # needs a machine with a core to spare
def test_a_speaker_plays_one_channel_on_both_sides(jack: JackServer, tmp_path: Path) -> None:
    tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(96_000) / 48_000)
    graph = Graph("test")
    path = written(tmp_path, "a.wav", tone.astype("f4"), 48_000)
    graph.add("file", audio.File(path=path, loop=True))
    graph.add("speaker", audio.Speaker(port="system", gain=-6.0206), "file")
    command = [sys.executable, "-c", HEAR, str(tmp_path / "heard.npy")]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None and child.stdout.readline() == b"hearing\n"
        live = Live(graph)
        live.start()
        for side in (0, 1):
            jack.connect(
                wait_for(lambda s=side: port(jack, f":out_{s}")), port(jack, f":in_{side}") or ""
            )
        live.wait(1.5)
        live.stop()
        live.wait()
        child.communicate(b"", timeout=10)
    finally:
        child.kill()
    heard = np.load(tmp_path / "heard.npy")
    loud = heard[np.abs(heard).max(axis=1) > 0.01]
    assert len(loud) > 24_000
    for side in (0, 1):
        middle = loud[12_000:-6_000, side]
        assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.125 / np.sqrt(2), rel=0.1)


def port(jack: JackServer, part: str) -> str | None:
    """The first port of a program with this part in its name."""
    return next((p for p in jack.ports() if part in p and not p.startswith("system:")), None)


@pytest.mark.jack
def test_an_unknown_device_is_an_error_that_lists_what_exists(jack: JackServer) -> None:
    graph, _ = hearing(audio.Microphone(port="Steinway"))
    with pytest.raises(NodeError) as caught:
        Live(graph).run()
    assert "node 'mic' (Microphone), open: there is no input device 'Steinway'" in str(caught.value)
    assert "'system'" in str(caught.value)


@pytest.mark.jack
def test_a_wrong_rate_is_an_error_that_says_what_the_device_offers(jack: JackServer) -> None:
    graph, _ = hearing(audio.Microphone(port="system", rate=44_100))
    with pytest.raises(NodeError, match=r"refuses 44100 Hz.*offers 48000 Hz"):
        Live(graph).run()


@pytest.mark.jack
def test_blocks_bear_the_times_at_which_they_sounded(jack: JackServer, witness: Witness) -> None:
    def trial() -> None:
        mic = audio.Microphone(port="system", block=512)
        graph, ear = hearing(mic)
        with Live(graph):
            wait_for(lambda: len(ear.heard) > 4 * 94, 15)
        assert abs(mic.drift) < 5000  # ppm
        times = np.array([p.t for _, p in ear.heard][94:])
        assert abs(np.median(np.diff(times)) / SECOND - 512 / 48_000) < 1e-5
        ages = np.array([now - p.t for now, p in ear.heard][94:]) / SECOND
        assert 0.010 < np.median(ages) < 0.060

    witness.judge(trial)


@pytest.mark.jack
def test_a_sine_of_another_process_is_heard_right_and_again_after_the_server_died(
    jack: JackServer, caplog: pytest.LogCaptureFixture
) -> None:
    mic = audio.Microphone(port="system", block=512)
    graph, ear = hearing(mic)
    with Live(graph) as live:
        wait_for(lambda: len(ear.heard) > 94, 15)
        check_tone(jack, ear, 997.0)
        restarts = live.stats()["mic"].restarts
        assert ear.resets == 1 + mic.overruns + restarts
        jack.stop()
        wait_for(lambda: live.stats()["mic"].restarts > restarts, 10)
        resets, heard = ear.resets, len(ear.heard)
        jack.start()
        wait_for(lambda: len(ear.heard) > heard + 50, 20)
        assert ear.resets > resets and not live.stopping
        check_tone(jack, ear, 440.0)
    assert "restart in 0.25 s" in caplog.text and "node 'mic' works again" in caplog.text


def check_tone(jack: JackServer, ear: Ear, hz: float) -> None:
    """A sine from another process into our port has its frequency and level."""
    child = subprocess.Popen(
        [sys.executable, "-c", TONE, str(hz)], stdout=subprocess.PIPE, env=dict(os.environ)
    )
    try:
        assert child.stdout is not None and child.stdout.readline() == b"playing\n"
        ours, theirs = wait_for(lambda: ends(jack, child.pid), 10)
        jack.connect(theirs, ours)
        wait_for(lambda: np.abs(ear.sound(4)).max() > 0.2, 5)
        heard = len(ear.heard)
        wait_for(lambda: len(ear.heard) > heard + 94, 10)
        sound = ear.sound(90).astype(float)
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 20))
        found = spectrum.argmax() * 48_000 / (1 << 20)
        assert found == pytest.approx(hz, abs=0.5)
        assert np.sqrt(np.mean(sound**2)) == pytest.approx(0.25 / np.sqrt(2), rel=0.02)
    finally:
        child.kill()
        child.wait()


def ends(jack: JackServer, pid: int) -> tuple[str, str] | None:
    """Our input port and the other process's output port, once both are there."""
    ports = [p for p in jack.ports() if not p.startswith("system:")]
    inputs = [p for p in ports if ":in_" in p]
    outs = [p for p in ports if ":out_" in p]
    return (inputs[0], outs[-1]) if inputs and outs else None

from __future__ import annotations

import json
import resource
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from mcap.reader import make_reader

from rt_engine import graphfile
from rt_engine.core import Event, Graph, GraphError, Live, Output, Packet, Replay, Source
from rt_engine.core.host import RUNNER
from rt_engine.core.packet import Controls
from rt_engine.kinds import Audio
from rt_engine.record import Digest, Recorder, Take
from tests.helpers import Numbers
from tests.rigs import wait_for


def never(error: OSError) -> None:
    raise AssertionError(f"the record failed: {error}")


def spec_of(nodes: dict[str, Any]) -> dict[str, Any]:
    return {"name": "test", "nodes": nodes}


def record(path: Path, spec: dict[str, Any]) -> Digest:
    """Run live and record; the digest of all outputs."""
    graph, sums = graphfile.build(spec), Digest()
    with Recorder(path, graph, spec, never) as recorder:
        Live(graph, [recorder, sums]).run()
    return sums


@pytest.fixture
def song(tmp_path: Path) -> str:
    """0.4 s of stereo noise."""
    noise = np.random.default_rng(3).normal(0, 0.1, (17_640, 2)).astype(np.float32)
    soundfile.write(tmp_path / "song.wav", noise, 44_100)
    return str(tmp_path / "song.wav")


@pytest.mark.parametrize("thread", [False, True])
@pytest.mark.parametrize("slow", [0.0, 0.002])
def test_a_replay_of_the_record_equals_the_live_run_bit_for_bit(
    song: str, tmp_path: Path, thread: bool, slow: float
) -> None:
    """Sound at another rate, and a stream of controls into nodes of it in several threads."""
    spec = spec_of(
        {
            "dials": {"is": "tests.helpers.Dials", "to": "second"},
            "mic": {"is": "audio.File", "path": song, "rate": 48_000, "block": 128},
            "first": {"is": "tests.helpers.Gain", "in": "mic", "thread": thread, "slow": slow},
            "second": {"is": "tests.helpers.Gain", "in": "first", "thread": thread},
        }
    )
    take = tmp_path / "take.mcap"
    live = record(take, spec)
    again = Digest()
    Replay(Take(take).graph(), Take(take).events(), [again]).run()
    assert again.outputs() == live.outputs() and again.total() == live.total()
    assert set(live.outputs()) >= {"mic.audio", "first.out", "second.out"}
    applied = [e for e in Take(take).events() if e.node == RUNNER]
    assert len(applied) > 5
    bare = Digest()
    events = (e for e in Take(take).events() if e.node != RUNNER)
    Replay(Take(take).graph(), events, [bare]).run()
    assert bare.outputs()["second.out"] != live.outputs()["second.out"], "controls had no effect"


def test_controls_from_python_are_recorded_too(song: str, tmp_path: Path) -> None:
    spec = spec_of(
        {
            "mic": {"is": "audio.File", "path": song},
            "gain": {"is": "tests.helpers.Gain", "in": "mic"},
        }
    )
    graph, sums, again = graphfile.build(spec), Digest(), Digest()
    take = tmp_path / "take.mcap"
    with Recorder(take, graph, spec, never) as recorder, Live(graph, [recorder, sums]) as live:
        wait_for(lambda: live.stats()["gain"].count > 3)
        live.control("gain", "gain", 0.5)
        live.wait(5)
    Replay(Take(take).graph(), Take(take).events(), [again]).run()
    assert again.outputs() == sums.outputs()


def test_a_replay_needs_neither_the_file_nor_the_device(song: str, tmp_path: Path) -> None:
    record(tmp_path / "take.mcap", spec_of({"mic": {"is": "audio.File", "path": song}}))
    Path(song).unlink()
    graph = Take(tmp_path / "take.mcap").graph()
    assert graph.nodes["mic"].audio.format == Audio(rate=44_100)  # type: ignore[attr-defined]
    sums = Digest()
    Replay(graph, Take(tmp_path / "take.mcap").events(), [sums]).run()
    assert set(sums.outputs()) == {"mic.audio"}


def test_resets_of_a_device_are_recorded_in_their_place(tmp_path: Path) -> None:
    spec = spec_of(
        {
            "device": {"is": "tests.helpers.Device", "n": 20, "fail_at": 10},
            "sink": {"is": "tests.helpers.Sink", "in": "device"},
        }
    )
    record(tmp_path / "take.mcap", spec)
    graph = Take(tmp_path / "take.mcap").graph()
    Replay(graph, Take(tmp_path / "take.mcap").events()).run()
    got = [p.data if isinstance(p, Packet) else p for p in graph.nodes["sink"].got]  # type: ignore[attr-defined]
    assert got == ["reset", *range(10), "reset", *range(10, 20)]


def test_other_programs_can_read_a_record(song: str, tmp_path: Path) -> None:
    record(tmp_path / "take.mcap", spec_of({"mic": {"is": "audio.File", "path": song}}))
    with (tmp_path / "take.mcap").open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary is not None and summary.statistics is not None
    topics = {c.topic: c.id for c in summary.channels.values()}
    counts = summary.statistics.channel_message_counts
    assert counts[topics["/mic/audio"]] == -(-17_640 // 512)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, list[Event]]:
    """A record of 40 numbers and some controls: its path, bytes and events."""
    spec = spec_of(
        {
            "count": {"is": "tests.helpers.Count", "n": 40, "every": 0.001},
            "dials": {"is": "tests.helpers.Dials", "to": "knobs"},
            "knobs": {"is": "tests.helpers.Knobs", "in": {"x": "count"}, "need": "x"},
        }
    )
    path = tmp_path_factory.mktemp("take") / "take.mcap"
    record(path, spec)
    return path, path.read_bytes(), list(Take(path).events())


@given(st.data())
def test_a_record_is_readable_whatever_is_cut_off(
    whole: tuple[Path, bytes, list[Event]], data: st.DataObject
) -> None:
    path, content, events = whole
    size = data.draw(st.integers(0, len(content)))
    cut = path.with_name("cut.mcap")
    cut.write_bytes(content[:size])
    try:
        take = Take(cut)
    except GraphError as error:
        assert "is no record of rt-engine" in str(error)
        assert size < content.index(b"/count/out"), "the graph was there"
        return
    found = list(take.events())
    assert found == events[: len(found)]
    if size == len(content):
        assert found == events
    take.graph()


def test_no_whole_message_is_lost_by_a_cut(whole: tuple[Path, bytes, list[Event]]) -> None:
    path, content, events = whole
    cut = path.with_name("cut.mcap")
    counts = []
    for size in range(len(content) // 3, len(content), 7):
        cut.write_bytes(content[:size])
        counts.append(len(list(Take(cut).events())))
    assert counts == sorted(counts) and counts[-1] == len(events)
    assert max(b - a for a, b in pairwise(counts)) <= 1


@pytest.mark.parametrize("content", [b"", b"nodes: {}", b"\x89MCAP0\r\n", b"\x89MCAP0\r\n" * 30])
def test_what_is_no_record_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mcap").write_bytes(content)
    with pytest.raises(GraphError, match=r"x\.mcap: is no record of rt-engine"):
        Take(tmp_path / "x.mcap")


def test_a_missing_record_and_an_unwritable_one_are_said(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="cannot be read: No such file"):
        Take(tmp_path / "gone.mcap")
    with pytest.raises(OSError, match="No such file"):
        Recorder(tmp_path / "no" / "x.mcap", Graph(), spec_of({}), never)


def test_a_full_disk_is_said_once_and_the_rest_goes_on(tmp_path: Path) -> None:
    spec = spec_of(
        {
            "count": {"is": "tests.helpers.Count", "n": 20_000},
            "sink": {"is": "tests.helpers.Sink", "in": "count"},
        }
    )
    graph, path, said = graphfile.build(spec), tmp_path / "take.mcap", []
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    try:
        with Recorder(path, graph, spec, said.append) as recorder:
            Live(graph, [recorder]).run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(said) == 1 and "File too large" in str(said[0]) and recorder.failed
    assert len(graph.nodes["sink"].got) == 20_001  # type: ignore[attr-defined]
    events = list(Take(path).events())
    assert [e.packet.data for e in events if e.packet] == list(range(len(events)))
    assert len(events) > 4000


class Odd(Source):
    """Emits what no bytes can hold."""

    out = Output(Numbers)

    def read(self) -> bool:
        self.out.emit(0, object())
        return False


def test_a_payload_without_bytes_is_said() -> None:
    graph, said = Graph(), []
    graph.add("odd", Odd())
    with Recorder("/dev/null", graph, spec_of({}), said.append) as recorder:
        Live(graph, [recorder]).run()
    assert len(said) == 1 and "no byte form" in str(said[0]) and recorder.failed


def test_at_most_a_second_is_not_yet_on_the_disk(tmp_path: Path) -> None:
    spec = spec_of({"count": {"is": "tests.helpers.Count", "n": 10**9, "every": 0.002}})
    graph, path = graphfile.build(spec), tmp_path / "take.mcap"
    with Recorder(path, graph, spec, never) as recorder, Live(graph, [recorder]) as live:
        wait_for(lambda: live.stats()["count"].count > 300)
        now = time.monotonic_ns()
        on_disk = tmp_path / "copy.mcap"
        on_disk.write_bytes(path.read_bytes())
    events = list(Take(on_disk).events())
    assert now - events[-1].arrival < 1e9


def test_digests_depend_on_time_number_and_payload_and_not_on_resets() -> None:
    def total(*packets: Packet | None) -> str:
        sums = Digest()
        for packet in packets:
            sums("n", "out", packet)
        return sums.total()

    base = total(Packet(1, 2, 3))
    assert total(Packet(1, 2, 3), None) == base
    others = [total(Packet(0, 2, 3)), total(Packet(1, 0, 3)), total(Packet(1, 2, 0)), total()]
    assert len({base, *others}) == 5


def test_the_graph_in_a_record_is_the_one_that_ran(tmp_path: Path) -> None:
    spec = spec_of({"count": {"is": "tests.helpers.Count", "n": 3, "rate": 5}})
    record(tmp_path / "take.mcap", spec)
    take = Take(tmp_path / "take.mcap")
    assert take.spec == json.loads(json.dumps(spec))
    formats = {(n, o): kind for n, o, kind in take.channels.values()}
    assert formats == {("count", "out"): Numbers(rate=5), (RUNNER, "controls"): Controls()}

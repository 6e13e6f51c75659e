from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine import graphfile
from rt_engine.core import GraphError, Live
from rt_engine.indexing import Index
from rt_engine.record import Recorder, Take
from tests.exports.nodes import never


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A take of two sources, one that stumbles, with two markers."""
    nodes: dict[str, Any] = {
        "count": {"is": "tests.helpers.Count", "n": 40, "every": 0.001},
        "device": {"is": "tests.helpers.Device", "n": 20, "fail_at": 10},
        "sink": {"is": "tests.helpers.Sink", "in": "device"},
    }
    path = tmp_path_factory.mktemp("take") / "take.mcap"
    spec = {"name": "test", "nodes": nodes}
    graph = graphfile.build(spec)
    with Recorder(path, graph, spec, never) as recorder:
        recorder.mark("before")
        Live(graph, [recorder]).run()
        recorder.mark("naïve — after")
    return path


def found_in(index: Index) -> dict[tuple[str, str], list[Any]]:
    return {
        place: [(t, index.packet(track, i)) for i, t in enumerate(track.times)]
        for place, track in index.tracks.items()
    }


def told_by(take: Take) -> dict[tuple[str, str], list[Any]]:
    told: dict[tuple[str, str], list[Any]] = {(n, o): [] for n, o, _ in take.channels.values()}
    for event in take.events():
        told[event.node, event.output].append((event.arrival, event.packet))
    return told


def test_every_packet_is_found_where_it_lies(take: Path) -> None:
    index = Index(take)
    assert found_in(index) == told_by(Take(take)) and index.ended
    assert [packet.data for _, packet in found_in(index)["count", "out"]] == list(range(40))
    assert [None for _, p in found_in(index)["device", "out"] if p is None], "the reset is there"


def test_markers_have_their_times_and_texts_and_are_no_events(take: Path) -> None:
    index = Index(take)
    before, after = index.markers
    assert (before.text, after.text) == ("before", "naïve — after")
    assert before.t <= 0.0 and after.t >= index.length > 0
    assert {e.output for e in Take(take).events()} <= {"out", "controls"}
    Take(take).graph()


def test_a_packet_is_found_by_its_time(take: Path) -> None:
    track = Index(take).tracks["count", "out"]
    assert track.before(track.times[0] - 1) == 0
    assert [track.before(t) for t in track.times] == list(range(1, 41))


@given(st.data())
def test_what_is_cut_off_is_found_as_far_as_it_goes(take: Path, data: st.DataObject) -> None:
    content = take.read_bytes()
    first = content.index(b"/device/out") + 200
    cut = take.with_name("cut.mcap")
    cut.write_bytes(content[: data.draw(st.integers(first, len(content) - 1))])
    index = Index(cut)
    assert found_in(index) == told_by(Take(cut))
    index.close()


def test_no_cut_through_the_end_of_a_file_is_a_surprise(take: Path) -> None:
    """What stands where the end should be can look like anything."""
    content = take.read_bytes()
    cut = take.with_name("end.mcap")
    for size in range(len(content) - 800, len(content)):
        cut.write_bytes(content[:size])
        index = Index(cut)
        assert found_in(index) == told_by(Take(cut)) and len(index.markers) <= 2
        index.close()


def test_a_file_that_grows_is_followed(take: Path, tmp_path: Path) -> None:
    content = take.read_bytes()
    grows = tmp_path / "grows.mcap"
    grows.write_bytes(content[: len(content) // 2])
    index = Index(grows)
    assert not index.ended
    with grows.open("ab") as file:
        file.write(content[len(content) // 2 :])
    shutil.move(grows, tmp_path / "renamed.mcap")
    assert index.extend() > 0 and index.ended and index.extend() == 0
    assert found_in(index) == told_by(Take(take))


def test_what_is_no_record_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.mcap").write_bytes(b"\x89MCAP0\r\n" * 9)
    with pytest.raises(GraphError, match="is no record of rt-engine"):
        Index(tmp_path / "x.mcap")


def test_a_long_record_is_found_in_pieces_and_tells_its_length_at_once(take: Path) -> None:
    index, whole = Index(take, 7), Index(take)
    assert sum(len(track.times) for track in index.tracks.values()) <= 7
    assert index.length == whole.length > 0
    while index.extend(9):
        pass
    assert found_in(index) == found_in(whole) and index.markers == whole.markers

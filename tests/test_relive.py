from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rt_engine import graphfile
from rt_engine.core import GraphError, Live, Packet, Replay
from rt_engine.record import Digest, Recorder, Take
from rt_engine.relive import relive
from tests.exports.nodes import never


def recorded(path: Path, nodes: dict[str, Any]) -> Any:
    """Run and record; the sink."""
    spec = {"name": "test", "nodes": nodes}
    graph = graphfile.build(spec)
    with Recorder(path, graph, spec, never) as recorder:
        Live(graph, [recorder]).run()
    return graph.nodes["sink"]


def test_a_take_comes_again_at_its_own_pace(tmp_path: Path) -> None:
    take = tmp_path / "take.mcap"
    first = recorded(
        take,
        {
            "count": {"is": "tests.helpers.Count", "n": 30, "every": 0.01},
            "add": {"is": "tests.helpers.Add", "in": "count"},
            "sink": {"is": "tests.helpers.Sink", "in": "add"},
        },
    )
    graph, _ = relive(take)
    Live(graph).run()
    before = [p for p in first.got if isinstance(p, Packet)]
    again = [p for p in graph.nodes["sink"].got if isinstance(p, Packet)]  # type: ignore[attr-defined]
    assert [p.data for p in again] == [p.data for p in before] == list(range(1, 31))
    shifts = {b.t - a.t for a, b in zip(before, again, strict=True)}
    assert len(shifts) == 1 and shifts.pop() > 0, "one shift for all: the pace is the same"


def test_resets_and_losses_come_again(tmp_path: Path) -> None:
    take = tmp_path / "take.mcap"
    first = recorded(
        take,
        {
            "device": {"is": "tests.helpers.Device", "n": 20, "fail_at": 10},
            "sink": {"is": "tests.helpers.Sink", "in": "device"},
        },
    )
    graph, _ = relive(take)
    Live(graph).run()

    def story(sink: Any) -> list[Any]:
        return [(p.data, p.seq) if isinstance(p, Packet) else p for p in sink.got]

    assert story(graph.nodes["sink"]) == story(first)


def test_settings_change_once_as_they_did(tmp_path: Path) -> None:
    """Every second turn of the dial adds to a sum, so that one too many would be seen."""
    take = tmp_path / "take.mcap"
    nodes: dict[str, Any] = {
        "dials": {"is": "tests.helpers.Dials", "to": "knobs", "n": 7, "every": 0.02},
        "count": {"is": "tests.helpers.Count", "n": 50, "every": 0.02},
        "knobs": {"is": "tests.helpers.Knobs", "in": {"x": "count"}, "need": "x"},
        "sink": {"is": "tests.helpers.Sink", "in": "knobs"},
    }
    recorded(take, nodes)
    changes = [e.packet.data for e in Take(take).events() if e.node == "!" and e.packet]
    seen: list[Any] = []

    def tap(node: str, output: str, packet: Packet | None) -> None:
        if node == "!" and packet is not None:
            seen.append(packet.data)

    again, _ = relive(take)
    Live(again, [tap]).run()
    assert seen == changes and len(seen) == 7
    assert again.nodes["knobs"].shift == 4  # type: ignore[attr-defined]


def test_a_take_of_what_was_played_again_can_be_replayed(tmp_path: Path) -> None:
    take, copy = tmp_path / "take.mcap", tmp_path / "copy.mcap"
    recorded(
        take,
        {
            "count": {"is": "tests.helpers.Count", "n": 5, "every": 0.005},
            "sink": {"is": "tests.helpers.Sink", "in": "count"},
        },
    )
    graph, spec = relive(take)
    sums = Digest()
    with Recorder(copy, graph, spec, never) as recorder:
        Live(graph, [recorder, sums]).run()
    again = Digest()
    Replay(Take(copy).graph(), Take(copy).events(), [again]).run()
    assert again.outputs()["count.out"] == sums.outputs()["count.out"]


def test_what_is_no_take_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.mcap").write_text("no")
    with pytest.raises(GraphError, match="is no record of rt-engine"):
        relive(tmp_path / "x.mcap")

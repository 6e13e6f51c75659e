"""MIDI learn: what is turned next is bound, does its work, and is there again tomorrow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Annotated, Any, Literal

import pytest
import yaml

from rt_engine.core import Graph, Input, Knob, Node, Packet
from rt_engine.protocols.midi_in import NoMidiError
from rt_engine.web.errors import PageError
from rt_engine.web.learning import Learner, entry_of
from rt_engine.web.messages import Learn
from tests.helpers import Count, Knobs, Numbers
from tests.rigs import wait_for


class Dial(Node):
    """A setting of three values."""

    x = Input(Numbers)
    mode: Annotated[Literal["one", "two", "three"], Knob(description="how")] = "one"

    def on_x(self, packet: Packet) -> None:
        pass


class Port:
    """A MIDI input whose messages the test sends."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[bytes] = SimpleQueue()
        self.closed = False

    def receive(self, timeout: float) -> bytes | None:
        try:
            return self.queue.get(timeout=timeout)
        except Empty:
            return None

    def close(self) -> None:
        self.closed = True


class Rig:
    def __init__(self, folder: Path) -> None:
        self.port, self.folder = Port(), folder
        self.set: list[tuple[Any, ...]] = []
        self.told: list[dict[str, Any]] = []
        self.graph = Graph("test")
        self.graph.add("count", Count())
        self.graph.add("knobs", Knobs(need="x"), "count")
        self.learner = self.make()

    def make(self) -> Learner:
        learner = Learner(
            lambda *values: self.set.append(values),
            self.told.append,
            lambda file, name: self.folder / f"{name}.presets.yaml",
            lambda: [self.port],  # type: ignore[list-item]
        )
        learner.enter(self.graph, None)
        return learner

    def learn(self, name: str, cc: int) -> None:
        self.learner.learn(Learn("knobs", name))
        wait_for(lambda: self.told and self.told[-1].get("state") == "waiting")
        self.port.queue.put(bytes([0x90, 60, 1]))  # a key is no controller
        self.port.queue.put(bytes([0xB0, cc, 1]))
        wait_for(lambda: self.told[-1].get("state") == "bound")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.learner.close()
    assert rig.port.closed or not rig.learner._ports


def test_the_next_controller_is_bound_to_the_range_of_the_setting(rig: Rig) -> None:
    rig.learn("gain", 7)
    assert rig.told[-1]["cc"] == "cc 7"
    for value in (0, 127, 64):
        rig.port.queue.put(bytes([0xB0, 7, value]))
    wait_for(lambda: len(rig.set) == 3)
    assert [values[:2] for values in rig.set] == [("knobs", "gain")] * 3
    assert [values[2] for values in rig.set] == pytest.approx([0, 10, 10 * 64 / 127])


def test_a_binding_is_there_again(rig: Rig) -> None:
    rig.learn("gain", 7)
    kept = yaml.safe_load((rig.folder / "test.midi.yaml").read_text())
    assert kept == {"cc 7": ["knobs.gain", 0.0, 10.0]}
    rig.learner.close()
    rig.learner = rig.make()
    assert rig.learner.bindings()["bindings"] == [{"cc": "cc 7", "node": "knobs", "name": "gain"}]
    rig.port.queue.put(bytes([0xB0, 7, 127]))
    wait_for(lambda: rig.set == [("knobs", "gain", 10.0)])


def test_a_setting_has_one_controller_and_can_be_forgotten(rig: Rig) -> None:
    rig.learn("gain", 7)
    rig.learn("gain", 8)
    assert [b["cc"] for b in rig.learner.bindings()["bindings"]] == ["cc 8"]
    rig.learner.learn(Learn("knobs", "gain", forget=True))
    assert rig.learner.bindings()["bindings"] == []


def test_whole_numbers_stay_whole(rig: Rig) -> None:
    assert entry_of(rig.graph, "knobs", "low") == ["knobs.low", 0, 20]
    rig.learn("low", 1)
    rig.port.queue.put(bytes([0xB0, 1, 127]))
    wait_for(lambda: rig.set == [("knobs", "low", 20)])


def test_a_choice_is_bound_to_all_that_it_offers() -> None:
    graph = Graph("test")
    graph.add("count", Count())
    graph.add("dial", Dial(), "count")
    assert entry_of(graph, "dial", "mode") == ["dial.mode", "one", "two", "three"]


@pytest.mark.parametrize("name", ["high", "gone"])
def test_only_live_settings_can_be_bound(rig: Rig, name: str) -> None:
    with pytest.raises(PageError, match="no live setting"):
        rig.learner.learn(Learn("knobs", name))


@pytest.mark.parametrize(
    "text", ["{", "[]", "cc 1: [gone.gain]", "cc 900: [knobs.gain, 0, 1]", "3"]
)
def test_a_broken_file_binds_nothing(rig: Rig, text: str) -> None:
    (rig.folder / "test.midi.yaml").write_text(text)
    rig.learner.enter(rig.graph, None)
    assert rig.learner.bindings()["bindings"] == []


def test_where_there_is_no_midi_that_is_said(rig: Rig) -> None:
    def fails() -> list[Any]:
        raise NoMidiError("no MIDI system answers")

    rig.learner._opening = fails
    rig.learner.learn(Learn("knobs", "gain"))
    wait_for(lambda: bool(rig.told))
    assert rig.told[-1]["state"] == "failed" and "modprobe" in rig.told[-1]["remedy"]
    time.sleep(0.05)
    assert not rig.set

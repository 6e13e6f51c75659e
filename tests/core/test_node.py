from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from rt_engine.core import Hold, Input, Knob, Node, Output, Packet, VirtualClock, collect
from tests.helpers import Add, Knobs, Numbers, Words


def test_settings_have_defaults_and_are_coerced() -> None:
    node = Knobs(need="x", gain=2, bpm=[90, 120])
    assert node.gain == 2.0 and isinstance(node.gain, float)
    assert node.bpm == [90.0, 120.0] and node.high == 20


@pytest.mark.parametrize(
    ("settings", "fragments"),
    [
        ({}, ["need"]),
        ({"need": 3}, ["str", "int", "need"]),
        ({"need": "x", "gain": 11}, ["gain", "<= 10"]),
        ({"need": "x", "gain": "loud"}, ["gain", "float"]),
        ({"need": "x", "high": 0}, ["high", ">= 1"]),
        ({"need": "x", "bpm": [60, "fast"]}, ["bpm", "[1]"]),
        ({"need": "x", "colour": "red"}, ["colour"]),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], fragments: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        Knobs(**settings)
    for fragment in fragments:
        assert fragment in str(caught.value)


class Chooser(Node):
    shape: Annotated[Literal["round", "square"], Knob()] = "round"
    sides: list[Literal[3, 4]] = []


def test_a_value_that_is_none_of_a_few_is_refused_with_all_of_them_and_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"'squar'; did you mean 'square'\? .*round, square\)"):
        Chooser(shape="squar")
    with pytest.raises(ValueError, match=r"5 \(choices: 3, 4\) - at `\$\.sides\[1\]`"):
        Chooser(sides=[3, 5])
    node = Chooser()
    with pytest.raises(ValueError, match=r"'shape'.*'flat'.*\(choices: round, square\)"):
        node.control(0, "shape", ["flat"])
    assert node.shape == "round"


class Programs(Node):
    programs: dict[int, int] = {}


@pytest.mark.parametrize("key", [10, "10"])
def test_numbers_as_keys_survive_a_record_which_keeps_settings_as_json(key: Any) -> None:
    assert Programs(programs={key: 32}).programs == {10: 32}


def test_list_defaults_are_not_shared_between_nodes() -> None:
    one, two = Knobs(need="x"), Knobs(need="x")
    one.bpm.append(1.0)
    one.nested[0].append(2)
    assert two.bpm == [60.0, 200.0] and two.nested == [[1]]
    assert Knobs(need="x").bpm == [60.0, 200.0] and Knobs(need="x").nested == [[1]]


def test_ports_are_not_shared_between_nodes() -> None:
    one, two = Add(), Add()
    taken = collect(one, x=Numbers(rate=5))
    one.on_x(Packet(0, 1, 0))
    assert two.y.targets == [] and two.y.seq == 0 and two.x.format == Numbers()
    assert [p.data for p in taken["y"]] == [2]


def test_an_input_needs_its_handler() -> None:
    with pytest.raises(TypeError, match="Deaf has an input 'x' but no on_x"):

        class Deaf(Node):
            x = Input(Numbers)


def test_subclasses_inherit_ports_settings_and_actions() -> None:
    class Louder(Knobs):
        more: Annotated[int, Meta(ge=0)] = 3
        high = 50

    node = Louder(need="x")
    assert {"x", "gate", "y"} == set(node.ports)
    assert node.more == 3 and node.high == 50 and node.actions == {"tap"}
    assert Knobs(need="x").high == 20


def test_a_hold_is_none_until_something_came() -> None:
    node = Knobs(need="x")
    assert node.gate is None
    assert isinstance(Knobs.ports["gate"], Hold) and not hasattr(Knobs, "gate")


@pytest.fixture
def node() -> Knobs:
    node = Knobs(need="x")
    collect(node)
    return node


def test_live_settings_change_and_are_coerced(node: Knobs) -> None:
    node.control(0, "gain", ["2.5"])
    assert node.gain == 2.5
    node.control(0, "gain", [4])
    assert node.gain == 4.0


@pytest.mark.parametrize(
    ("name", "value", "fragments"),
    [
        ("gain", [11], ["'gain'", "<= 10", "11"]),
        ("gain", ["loud"], ["'gain'", "float"]),
        ("gain", [], ["'gain'", "[]"]),
        ("low", [30], ["low must be below 20"]),
        ("high", [30], ["'high'", "gain, low, tap"]),
        ("volume", [1], ["'volume'", "gain, low, tap"]),
        ("reset", [], ["'reset'", "gain, low, tap"]),
    ],
)
def test_a_wrong_control_says_so_and_changes_nothing(
    node: Knobs, name: str, value: list[Any], fragments: list[str]
) -> None:
    with pytest.raises(ValueError) as caught:
        node.control(0, name, value)
    for fragment in fragments:
        assert fragment in str(caught.value)
    assert (node.gain, node.low, node.high) == (1.0, 10, 20)


def test_actions_get_the_time_and_the_values(node: Knobs) -> None:
    node.control(7, "tap", [1, 2])
    assert node.taps == [(7, (1, 2))]


def test_outputs_count_and_gaps_show_in_seq() -> None:
    class Out(Node):
        y = Output(Numbers)

    node = Out()
    taken = collect(node)["y"]
    resets: list[int] = []
    node.y.resets = [lambda: resets.append(1)]
    node.y.emit(1, 10)
    node.y.gap()
    node.y.emit(2, 11)
    assert taken == [Packet(1, 10, 0), Packet(2, 11, 2)] and resets == [1]


def test_collect_refuses_a_wrong_format_as_a_graph_does() -> None:
    with pytest.raises(ValueError, match="input 'x' carries Words, but Numbers is needed"):
        collect(Add(), x=Words())


def test_collect_gives_virtual_time_and_repeatable_chance() -> None:
    draws = []
    for _ in range(2):
        node = Add()
        collect(node)
        assert isinstance(node.clock, VirtualClock)
        draws.append(node.rng.random(3).tolist())
    assert draws[0] == draws[1]

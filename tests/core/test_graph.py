from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rt_engine.core import Graph, GraphError, Node, Wire
from tests.helpers import (
    Add,
    Count,
    Device,
    Dials,
    Knobs,
    Numbers,
    Reads,
    Sink,
    Speaks,
    Two,
    chain,
)


def built(*lines: tuple[Any, ...]) -> Graph:
    """Lines of name, node, inputs and, where wanted, thread."""
    graph = Graph("test")
    for line in lines:
        graph.add(*line)
    return graph


def test_a_row_runs_in_the_thread_of_its_source() -> None:
    graph = chain(Count(), Add(), Add(), Sink())
    assert set(graph.lanes().values()) == {"count"}
    assert graph.wires[0] == Wire("count", "out", "add", "x")


def test_each_source_has_a_thread_and_where_they_meet_is_another() -> None:
    graph = built(
        ("one", Count()),
        ("two", Count()),
        ("a", Add(), "one"),
        ("meet", Two(), {"a": "a", "b": "two"}),
        ("end", Sink(), "meet"),
    )
    assert graph.lanes() == {"one": "one", "two": "two", "a": "one", "meet": "meet", "end": "meet"}


def test_a_diamond_of_one_thread_stays_in_it() -> None:
    graph = built(
        ("one", Count()),
        ("a", Add(), "one"),
        ("b", Add(), "one"),
        ("meet", Two(), {"a": "a", "b": "b"}),
    )
    assert set(graph.lanes().values()) == {"one"}


def test_threads_are_forced_and_forbidden_by_the_graph() -> None:
    class Model(Add):
        threaded = True

    graph = built(
        ("one", Count()),
        ("model", Model(), "one"),
        ("after", Add(), "model"),
        ("own", Add(), "after", True),
        ("here", Model(), "own", False),
    )
    assert graph.lanes() == {
        "one": "one",
        "model": "model",
        "after": "model",
        "own": "own",
        "here": "own",
    }
    assert graph.way("here") == ["one", "model", "own"]


def test_a_hold_makes_no_thread() -> None:
    graph = built(
        ("one", Count()),
        ("two", Device()),
        ("knobs", Knobs(need="x"), {"x": "one", "gate": "two"}),
    )
    assert graph.lanes()["knobs"] == "one"
    assert graph.way("knobs") == ["one"]


def test_only_streams_of_files_wait() -> None:
    graph = built(
        ("file", Count()),
        ("device", Device()),
        ("a", Add(), "file"),
        ("b", Add(), "device"),
        ("both", Two(), {"a": "a", "b": "b"}),
        ("held", Knobs(need="x"), {"x": "file", "gate": "device"}),
    )
    waits = {name: graph.waits(name) for name in graph.nodes}
    assert waits == {
        "file": True, "device": False, "a": True, "b": False, "both": False, "held": True,
    }  # fmt: skip


def test_one_fitting_output_of_several_is_taken() -> None:
    graph = built(("s", Speaks()), ("sink", Sink(), "s"))
    assert graph.into("sink") == [Wire("s", "numbers", "sink", "x")]


def test_formats_flow_along_the_wires() -> None:
    graph = chain(Count(rate=7), Add(), Sink())
    assert graph.nodes["sink"].formats == {"x": Numbers(rate=7)}


def test_policies_come_from_the_graph_then_the_kind_of_node() -> None:
    class Careful(Add):
        on_error = "restart"

    graph = Graph("test")
    graph.add("file", Count())
    graph.add("device", Device())
    graph.add("hard", Device(), on_error="stop")
    graph.add("careful", Careful(), "file")
    graph.add("add", Add(), "file")
    assert graph.policies == {
        "file": "stop", "device": "restart", "hard": "stop", "careful": "restart", "add": "stop",
    }  # fmt: skip


class Picky(Node):
    """Says no in `plan`, in the way of `how`."""

    x: int = 0
    how: str = "value"

    def plan(self) -> None:
        match self.how:
            case "value":
                raise ValueError("rate 7 is not possible; use 8")
            case "file":
                Path("/no/such/file").read_text()
            case _:
                raise KeyError("lost")


SAME = Count()


@pytest.mark.parametrize(
    ("line", "fragments"),
    [
        (("1st", Count()), ["'1st'", "a name is a letter"]),
        (("", Count()), ["a name is a letter"]),
        (("a.b", Count()), ["'a.b'", "a name is a letter"]),
        (("s", Count()), ["'s'", "already"]),
        (("again", SAME), ["'again'", "already"]),
        (
            ("n", Sink()),
            ["'n'", "'in'", "nothing is wired to x", "nodes above: end, s, same, words"],
        ),
        (("n", Sink(), "t"), ["no node 't' above it", "s, same, words"]),
        (("n", Sink(), "wrds"), ["no node 'wrds'", "did you mean 'words'"]),
        (("n", Sink(), "n"), ["no node 'n' above it"]),
        (("n", Sink(), "s.outt"), ["'s' has no output 'outt'", "did you mean 'out'", "outputs"]),
        (("n", Sink(), "words.words"), ["'words.words' carries Words, but Numbers"]),
        (("n", Sink(), {"z": "s"}), ["no input 'z'", "inputs: x"]),
        (("n", Two(), "s"), ["say which input 's' feeds", "a, b"]),
        (("n", Two(), {"a": "s"}), ["nothing is wired to b"]),
        (("n", Count(), "s"), ["say which input", "none"]),
        (("n", Reads(), {"words": "words"}), ["say which", "words.words or words.more"]),
        (
            ("n", Reads(), {"words": "words.more", "numbers": "s"}),
            ["'in.numbers'", "'s' has rate 50, but 100 is needed"],
        ),
        (("n", Knobs(need="x"), {"gate": "s"}), ["nothing is wired to x"]),
        (("n", Sink(), "end"), ["'end' has no output"]),
        (("n", Picky()), ["'n'", "'settings'", "rate 7 is not possible; use 8"]),
        (("n", Picky(how="file")), ["'n'", "No such file", "/no/such/file"]),
        (("n", Picky(how="bug")), ["'n'", "KeyError", "lost"]),
    ],
)
def test_every_mistake_is_named(line: tuple[Any, ...], fragments: list[str]) -> None:
    same = SAME if line[1] is SAME else Count()
    graph = built(("s", Count(rate=50)), ("same", same), ("words", Speaks()), ("end", Sink(), "s"))
    before = dict(graph.nodes), list(graph.wires)
    with pytest.raises(GraphError) as caught:
        graph.add(*line)
    text = str(caught.value)
    assert text.startswith("test: node ") and "\n" not in text
    for fragment in fragments:
        assert fragment in text
    assert (graph.nodes, graph.wires) == before


def test_controls_alone_need_no_wire() -> None:
    graph = built(("dials", Dials(to="k")), ("s", Count()), ("k", Knobs(need="x"), "s"))
    assert graph.into("k") == [Wire("s", "out", "k", "x")]

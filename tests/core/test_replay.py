from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rt_engine.core import (
    SECOND,
    Control,
    Event,
    Graph,
    GraphError,
    Input,
    Live,
    Node,
    Output,
    Packet,
    Replay,
)
from rt_engine.core.host import RUNNER
from rt_engine.record import Digest
from tests.helpers import Add, Count, Device, Knobs, Newest, Numbers, Sink, Two, chain, failure
from tests.helpers import numbers as data


class Dice(Node):
    """Adds chance from `self.rng`."""

    x = Input(Numbers)
    y = Output(Numbers)

    def on_x(self, packet: Packet) -> None:
        self.y.emit(packet.t, packet.data + int(self.rng.integers(1000)))


def dice_graph() -> Graph:
    graph = Graph("dice")
    graph.add("count", Count(n=50, every=0.001))
    graph.add("dice", Dice(), "count")
    graph.add("own", Dice(), "dice", thread=True)
    graph.add("sink", Sink(), "own")
    return graph


def digest(runner: type[Replay] | type[Live], graph: Graph) -> Digest:
    sums = Digest()
    runner(graph, taps=[sums]).run()
    return sums


def test_the_same_bits_twice_in_new_graphs_and_in_the_same_one() -> None:
    graph = dice_graph()
    first = digest(Replay, graph).outputs()
    assert digest(Replay, dice_graph()).outputs() == first
    graph.nodes["count"].plan()
    assert digest(Replay, graph).outputs() == first
    assert set(first) == {"count.out", "dice.y", "own.y"}


def test_chance_depends_on_the_nodes_name_and_the_graphs() -> None:
    sums = digest(Replay, dice_graph())
    other = dice_graph()
    other.name = "other"
    assert digest(Replay, other).outputs()["dice.y"] != sums.outputs()["dice.y"]


def values(graph: Graph) -> list[Any]:
    sink: Any = list(graph.nodes.values())[-1]
    return data(sink.got)


def test_live_equals_replay_on_a_deterministic_graph() -> None:
    live, replay = dice_graph(), dice_graph()
    Live(live).run()
    Replay(replay).run()
    assert values(live) == values(replay)


def test_a_graph_can_run_live_after_a_replay() -> None:
    graph = chain(Count(n=10), Sink())
    Replay(graph).run()
    graph.nodes["count"].plan()
    Live(graph).run()
    assert values(graph) == ["reset", *range(10)]


def test_two_sources_are_merged_by_time() -> None:
    graph = Graph("test")
    graph.add("a", Count(n=4, every=0.003))
    graph.add("b", Count(n=6, every=0.002))
    graph.add("two", Two(), {"a": "a", "b": "b"})
    Replay(graph).run()
    due = [(3 * (i + 1), "a", i) for i in range(4)] + [(2 * (i + 1), "b", i) for i in range(6)]
    assert graph.nodes["two"].got == [(n, i) for _, n, i in sorted(due)]  # type: ignore[attr-defined]


def test_virtual_time_follows_the_packets() -> None:
    class Clocked(Add):
        def on_x(self, packet: Packet) -> None:
            self.y.emit(packet.t, self.clock.now())

    graph = chain(Count(n=3, every=2.0), Clocked(), Sink())
    Replay(graph).run()
    assert values(graph)[1:] == [2 * SECOND, 4 * SECOND, 6 * SECOND]


def slow_graph(source: type[Count], sink: type[Sink]) -> Graph:
    graph = chain(source(n=100, every=0.01), sink(), thread=True)
    return graph


def test_cost_predicts_what_latest_drops() -> None:
    """Every 10 ms a packet, 25 ms of work: number 0, then the newest before 35, 60, 85 ms..."""
    graph = slow_graph(Count, Newest)
    replay = Replay(graph, cost={"newest": 0.025})
    replay.run()
    expected = [0, *((t - 1) // 10 - 1 for t in range(35, 1000, 25))]
    got = values(graph)[1:]
    assert got[: len(expected)] == expected and got[-1] == 99
    assert replay.lost() == {"newest": 100 - len(got)}
    assert replay.stats()["newest"].dropped == 100 - len(got)


def served(n: int, every: int, cost: int, size: int) -> tuple[list[Any], int]:
    """Oracle, in ms: one server, `size` places, after a loss none taken until half are free."""
    events: list[Any] = []
    queue: list[Any] = []
    free_at, lost, gap = 0, 0, False
    for i in range(n):
        now = (i + 1) * every
        while queue and free_at <= now:
            start = free_at
            head = queue.pop(0)
            while head == "reset":
                events.append(head)
                head = queue.pop(0)
            events.append(head)
            free_at = start + cost
        waiting = sum(item != "reset" for item in queue)
        if waiting >= ((size + 1) // 2 if gap else size):
            lost, gap = lost + 1, True
            continue
        if gap:
            gap = False
            queue.append("reset")
        if not queue and free_at <= now:
            events.append(i)
            free_at = now + cost
        else:
            queue.append(i)
    return events + queue, lost


@pytest.mark.parametrize("cost", [0.005, 0.011, 0.015, 0.04])
def test_cost_predicts_the_overruns_of_a_device(cost: float) -> None:
    class Short(Sink):
        x = Input(Numbers, size=5)

    graph = chain(Count(n=200, every=0.01), Short(), thread=True)
    take = [Event((i + 1) * 10**7, "device", "out", Packet(i, i, i)) for i in range(200)]
    graph = chain(Device(), Short(), thread=True)
    replay = Replay(graph, take, cost={"short": cost})
    replay.run()
    expected, lost = served(200, 10, round(cost * 1000), 5)
    assert values(graph)[1:] == expected
    assert replay.lost() == {"short": lost} and replay.stats()["short"].overruns == lost
    assert (lost > 0) == (cost > 0.01)


def test_a_file_would_wait_so_nothing_is_lost() -> None:
    graph = slow_graph(Count, Sink)
    replay = Replay(graph, cost={"sink": 0.04})
    replay.run()
    assert values(graph) == ["reset", *range(100)]
    assert replay.lost() == {"sink": 0}
    assert replay.stats()["sink"].age.max == pytest.approx(4.0 - 0.99, abs=0.05)


def test_one_server_works_on_one_packet_of_any_input_at_a_time() -> None:
    graph = Graph("test")
    graph.add("a", Count(n=3, every=0.010))
    graph.add("b", Count(n=3, every=0.010))
    graph.add("two", Two(), {"a": "a", "b": "b"})
    times: list[int] = []
    replay = Replay(graph, taps=[lambda n, o, p: times.append(replay.clock.now() // 10**6)
                                 if n == "two" else None], cost={"two": 0.004})  # fmt: skip
    replay.run()
    assert times == [14, 18, 24, 28, 34, 38]


def test_devices_and_wrong_costs_are_refused() -> None:
    with pytest.raises(GraphError, match=r"'device', 'is': a replay needs a file or a record"):
        Replay(chain(Device(), Sink()))
    for name in ("snk", "count"):
        with pytest.raises(GraphError, match=f"cost is given for '{name}'.*nodes: sink"):
            Replay(chain(Count(), Sink()), cost={name: 1})


def test_nodes_of_the_outside_world_are_left_out(journal: list[str]) -> None:
    class Loud(Sink):
        live_only = True

    graph = chain(Count(n=3), Add(), Loud())
    replay = Replay(graph)
    replay.run()
    assert "open add" in journal and "open loud" not in journal
    assert set(replay.stats()) == {"count", "add"}


def test_a_failure_names_the_node_and_all_are_closed(journal: list[str]) -> None:
    graph = chain(Count(), Add(fail_at=7, fail_in="close"), Sink())
    error = failure(Replay(graph))
    assert "node 'add' (Add), input 'x', packet 7 at" in str(error)
    assert sorted(s for s in journal if "close" in s) == ["close add", "close count", "close sink"]


def test_a_failing_open_or_close_closes_the_others(journal: list[str]) -> None:
    failure(Replay(chain(Count(), Add(fail_in="open"), Sink())))
    assert sorted(s for s in journal if "close" in s) == ["close add", "close sink"]
    journal.clear()
    failure(Replay(chain(Count(), Add(fail_in="close"), Sink())))
    assert sorted(s for s in journal if "close" in s) == ["close add", "close count", "close sink"]


def test_restart_happens_in_virtual_time() -> None:
    graph = Graph("test")
    graph.add("count", Count(n=100, every=0.01))
    graph.add("add", Add(fail_at=10), "count", on_error="restart")
    graph.add("sink", Sink(), "add")
    Replay(graph).run()
    # the failure is at 0.11 s, the restart 0.25 s later: with the packet of 0.36 s, number 35
    assert values(graph) == ["reset", *range(1, 11), "reset", *range(36, 101)]


def events(*items: tuple[int, str, str, Any]) -> Iterator[Event]:
    for seq, (t, node, output, value) in enumerate(items):
        packet = None if value is None else Packet(t, value, seq)
        yield Event(t, node, output, packet)


def test_recorded_resets_and_controls_take_effect_in_their_place() -> None:
    graph = chain(Device(), Knobs(need="x"), Sink())
    take = events(
        (1, "device", "out", 4),
        (2, RUNNER, "controls", Control("knobs", "gain", [10])),
        (3, "device", "out", 5),
        (4, RUNNER, "controls", Control("knobs", "gain", [99])),
        (5, RUNNER, "controls", Control("device", "n", [1])),
        (6, RUNNER, "controls", Control("nobody", "n", [1])),
        (7, "device", "out", None),
        (8, "device", "out", 6),
    )
    Replay(graph, take).run()
    assert values(graph) == ["reset", 4, 50, "reset", 60]


def test_a_record_of_another_graph_is_refused() -> None:
    for node, output in (("mic", "out"), ("device", "audio")):
        with pytest.raises(GraphError, match=rf"no {node}\.{output}.*device\.out"):
            Replay(chain(Device(), Sink()), events((1, node, output, 4))).run()

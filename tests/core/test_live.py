from __future__ import annotations

import logging
import sys
import threading
import time
from itertools import pairwise
from typing import Any

import pytest

from rt_engine.core import Control, Graph, Live, Node, NodeError, Packet
from rt_engine.core import live as runner
from rt_engine.core.host import RUNNER
from tests.helpers import (
    Add,
    Count,
    Device,
    Dials,
    Knobs,
    Newest,
    Numbers,
    Sink,
    Two,
    chain,
    failure,
    numbers,
)
from tests.rigs import wait_for


@pytest.fixture(autouse=True)
def patient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine threads may need long to end; only what hangs shall be left behind."""
    if "hung" not in request.node.name:
        monkeypatch.setattr(runner, "GRACE", 10.0)


def sink_of(graph: Graph) -> Any:
    """The last node."""
    return list(graph.nodes.values())[-1]


@pytest.mark.parametrize("thread", [None, True])
def test_all_packets_arrive_in_order_and_the_end_of_the_sources_drains(
    thread: bool | None,
) -> None:
    graph = chain(Count(n=500), Add(), Add(), Sink(), thread=thread)
    live = Live(graph)
    live.run()
    sink = sink_of(graph)
    assert numbers(sink.got) == ["reset", *range(2, 502)]
    assert [p.seq for p in sink.got[1:]] == list(range(500))
    stats = live.stats()
    assert [stats[n].count for n in graph.nodes] == [500] * 4
    assert all(s.overruns == s.dropped == 0 for s in stats.values())


@pytest.mark.parametrize("thread", [None, True])
def test_consumers_open_before_what_feeds_them_and_each_is_closed(
    thread: bool | None, journal: list[str]
) -> None:
    Live(chain(Count(n=3), Add(), Sink(), thread=thread)).run()
    opens = [line for line in journal if line.startswith("open")]
    assert opens[-1] == "open count" and sorted(opens) == ["open add", "open count", "open sink"]
    closes = sorted(line for line in journal if line.startswith("close"))
    assert closes == ["close add", "close count", "close sink"]
    for name in ("add", "count", "sink"):
        own = [line.split()[0] for line in journal if line.endswith(name)]
        assert own == ["open", "reset", "close"]


@pytest.mark.parametrize("thread", [None, True])
@pytest.mark.parametrize("run", range(3))
def test_a_failing_open_closes_all_that_was_opened(
    thread: bool | None, run: int, journal: list[str]
) -> None:
    graph = chain(Count(), Add(), Add(fail_in="open"), Sink(), thread=thread)
    error = failure(Live(graph))
    assert str(error) == "node 'add2' (Add), open: no such thing"
    opened = {line.split()[1] for line in journal if line.startswith("open")}
    closed = [line.split()[1] for line in journal if line.startswith("close")]
    assert sorted(closed) == sorted(opened) and "add2" in opened and "count" not in opened


@pytest.mark.parametrize("thread", [None, True])
def test_a_failing_close_is_an_error_and_the_others_close(
    thread: bool | None, journal: list[str]
) -> None:
    graph = chain(Count(n=3), Add(fail_in="close"), Sink(), thread=thread)
    error = failure(Live(graph))
    assert "node 'add' (Add), close: does not shut" in str(error)
    assert sorted(s for s in journal if s.startswith("close")) == [
        "close add", "close count", "close sink",
    ]  # fmt: skip


@pytest.mark.parametrize("thread", [None, True])
def test_a_failing_handler_names_node_port_packet_and_stops_all(
    thread: bool | None, journal: list[str]
) -> None:
    graph = chain(Count(n=10**9, every=0.001), Add(), Add(fail_at=8), Sink(), thread=thread)
    graph.add("forever", Count(n=10**9, every=0.01))
    begin = time.monotonic()
    error = failure(Live(graph))
    assert time.monotonic() - begin < 5
    assert error.node is graph.nodes["add2"] and isinstance(error.cause, ZeroDivisionError)
    assert str(error).startswith("node 'add2' (Add), input 'x', packet 7 at ")
    assert str(error).endswith("ZeroDivisionError: seven by nothing")
    assert sum(s.startswith("close") for s in journal) == 5
    assert [t.name for t in threading.enumerate() if t.name.startswith("rt-")] == []


def test_a_failing_source_of_the_stop_policy_stops_all(journal: list[str]) -> None:
    error = failure(Live(chain(Count(fail_at=5), Sink())))
    assert str(error) == "node 'count' (Count), read: cable pulled"
    assert "close sink" in journal


class Quits(Add):
    """Calls sys.exit where it must not."""

    def on_x(self, packet: Packet) -> None:
        sys.exit(0)


@pytest.mark.parametrize("thread", [None, True])
def test_a_node_that_exits_is_a_failure_too(thread: bool | None) -> None:
    error = failure(Live(chain(Count(), Quits(), thread=thread)))
    assert "'quits'" in str(error) and "SystemExit" in str(error)


class Rude(Add):
    """Emits a control that is none."""

    def on_x(self, packet: Packet) -> None:
        raise NodeError(self, "nowhere", ValueError("several\nlines\n  of text"))


def test_messages_are_one_line() -> None:
    error = failure(Live(chain(Count(), Rude())))
    assert str(error).endswith("several lines of text")


def test_the_first_failure_wins_and_the_others_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    graph = Graph("test")
    graph.add("one", Count(every=0.001))
    graph.add("early", Add(fail_at=3, fail_in="close"), "one")
    graph.add("two", Count(every=0.001))
    graph.add("late", Add(fail_at=90, fail_in="close"), "two")
    error = failure(Live(graph))
    assert "'early' (Add), input 'x', packet 3" in str(error)
    also = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert len(also) == 2 and all(text.startswith("also: node ") for text in also)


def test_a_node_with_restart_drops_meanwhile_and_resets_what_follows(journal: list[str]) -> None:
    graph = Graph("test")
    graph.add("count", Count(n=120, every=0.005))
    graph.add("add", Add(fail_at=10), "count", on_error="restart")
    graph.add("sink", Sink(), "add")
    live = Live(graph)
    live.run()
    got = numbers(sink_of(graph).got)
    mark = got.index("reset", 1)
    assert got[:mark] == ["reset", *range(1, 11)]
    assert got.count("reset") == 2
    after = got[mark + 1 :]
    assert after == list(range(after[0], 121)) and after[0] > 30
    seqs = [p.seq for p in sink_of(graph).got if p != "reset"]
    assert seqs[mark - 1] == seqs[mark - 2] + 2, "the loss shows in seq"
    assert live.stats()["add"].restarts == 1
    assert [s for s in journal if s.endswith("add")] == [
        "open add", "reset add", "close add", "open add", "reset add", "close add",
    ]  # fmt: skip


@pytest.mark.parametrize("thread", [None, True])
def test_a_device_that_fails_is_opened_again(thread: bool | None, journal: list[str]) -> None:
    graph = chain(Device(n=60, every=0.002, fail_at=20), Sink(), thread=thread)
    live = Live(graph)
    live.run()
    assert numbers(sink_of(graph).got) == ["reset", *range(20), "reset", *range(20, 60)]
    assert live.stats()["device"].restarts == 1
    assert [s for s in journal if s.endswith("device")] == [
        "open device", "reset device", "close device", "open device", "reset device",
        "close device",
    ]  # fmt: skip


class Gone(Device):
    """Is lost in the first read, and not found again in the next two tries."""

    def open(self) -> None:
        super().open()
        self.tries = getattr(self, "tries", 0) + 1
        self.at = [*getattr(self, "at", []), self.clock.now()]
        if self.tries in (2, 3):
            raise OSError("still gone")


def test_pauses_between_tries_grow_and_a_failure_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    graph = chain(Gone(n=5, fail_at=0), Sink())
    Live(graph).run()
    gone: Any = graph.nodes["gone"]
    pauses = [(b - a) / 1e9 for a, b in pairwise(gone.at)]
    assert len(pauses) == 3
    for pause, least in zip(pauses, (0.25, 0.5, 1.0), strict=True):
        assert least <= pause
    said = [r.getMessage() for r in caplog.records]
    assert said[1:] == [  # the second failure to open is not told again
        "node 'gone' (Gone), open: still gone; restart in 0.5 s",
        "node 'gone' works again",
    ]


def test_stop_ends_a_graph_whose_device_is_gone(journal: list[str]) -> None:
    class Never(Gone):
        def open(self) -> None:
            super().open()
            if self.tries > 1:
                raise OSError("gone for ever")

    live = Live(chain(Never(fail_at=0), Sink()))
    live.start()
    wait_for(lambda: live.stats()["never"].restarts >= 2)
    begin = time.monotonic()
    live.stop()
    assert live.wait(5) and time.monotonic() - begin < 4
    assert "close sink" in journal


def test_a_failing_reset_behind_a_restarted_device_is_that_nodes_failure() -> None:
    class Once(Sink):
        def reset(self) -> None:
            super().reset()
            if self.got.count("reset") > 1:
                raise OSError("cannot forget")

    error = failure(Live(chain(Device(fail_at=2), Once())))
    assert str(error) == "node 'once' (Once), reset: cannot forget"


@pytest.mark.parametrize("thread", [None, True])
def test_a_hung_handler_is_named(thread: bool | None) -> None:
    graph = chain(Count(n=10**9), Add(), Add(hang_at=5), Sink(), thread=thread)
    begin = time.monotonic()
    error = failure(Live(graph, hang=0.3))
    assert error.node is graph.nodes["add2"]
    assert "did not return within 0.3 s" in str(error)
    assert time.monotonic() - begin < 8


class Stuck(Count):
    """Hangs in the method that `fail_at` numbers."""

    def open(self) -> None:
        super().open()
        if self.fail_at == 0:
            threading.Event().wait()

    def read(self) -> bool:
        if self.fail_at == 1:
            threading.Event().wait()
        return False

    def close(self) -> None:
        super().close()
        if self.fail_at == 2:
            threading.Event().wait()


@pytest.mark.parametrize("where", [0, 1, 2])
def test_a_hung_source_is_named_wherever_it_hangs(where: int, journal: list[str]) -> None:
    graph = chain(Stuck(fail_at=where), Sink(), thread=True)
    begin = time.monotonic()
    error = failure(Live(graph, hang=0.3))
    assert "node 'stuck' (Stuck)" in str(error) and "did not return" in str(error)
    assert time.monotonic() - begin < 8
    assert "close sink" in journal


def test_an_idle_node_is_not_taken_for_a_hung_one() -> None:
    graph = chain(Count(n=4, every=0.25), Sink(), thread=True)
    Live(graph, hang=0.6).run()
    assert len(sink_of(graph).got) == 5


@pytest.mark.parametrize("thread", [None, True])
def test_controls_arrive_in_the_nodes_own_thread(thread: bool | None) -> None:
    graph = chain(Count(n=10**9, every=0.002), Knobs(need="x"), Sink(), thread=thread)
    knobs: Any = graph.nodes["knobs"]
    with Live(graph) as live:
        wait_for(lambda: len(knobs.threads))
        live.control("knobs", "gain", 0)
        live.control("knobs", "tap", 5)
        wait_for(lambda: knobs.taps)
        wait_for(lambda: numbers(sink_of(graph).got)[-1:] == [5])
    assert knobs.gain == 0.0 and len(knobs.threads) == 1
    assert abs(knobs.taps[0][0] - live.clock.now()) < 60e9


def test_wrong_controls_are_logged_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    graph = chain(Count(n=10**9, every=0.002), Knobs(need="x"), Sink())
    with Live(graph) as live:
        live.control("knob", "gain", 1)
        live.control("knobs", "gane", 1)
        live.control("knobs", "gain", 99)
        live.control("knobs", "tap", "x")
        wait_for(lambda: len(caplog.records) >= 4)
        assert not live.stopping
    texts = "\n".join(r.getMessage() for r in caplog.records)
    assert "control for node 'knob', which does not exist; did you mean 'knobs'" in texts
    for part in ("'gane'", "<= 10", "'x'"):
        assert part in texts
    assert graph.nodes["knobs"].gain == 1.0  # type: ignore[attr-defined]


def test_a_failing_action_is_a_failure_of_the_node() -> None:
    live = Live(chain(Count(n=10**9, every=0.002), Knobs(need="x"), Sink()))
    live.start()
    live.control("knobs", "tap", -1)
    with pytest.raises(NodeError, match=r"node 'knobs' .* control 'tap': RuntimeError: negative"):
        live.wait(5)


class Shouts(Add):
    """Emits when it is told to: behind an action another node may fail."""

    from rt_engine.core import action

    @action
    def shout(self, t: int, number: int) -> None:
        self.y.emit(t, number)


class Deaf(Sink):
    """Refuses negative numbers, by a ValueError."""

    def on_x(self, packet: Packet) -> None:
        if packet.data < 0:
            raise ValueError("negative number")


def test_a_failure_behind_an_action_is_of_the_node_that_failed() -> None:
    """And no wrong control, though it is a ValueError."""
    live = Live(chain(Count(n=10**9, every=0.01), Shouts(), Deaf()))
    live.start()
    live.control("shouts", "shout", -5)
    with pytest.raises(NodeError, match=r"node 'deaf' \(Deaf\), input 'x'.* negative number"):
        live.wait(5)
        live.stop()


def test_a_stream_of_controls_reaches_its_node_and_ends_with_the_music() -> None:
    graph = Graph("test")
    graph.add("dials", Dials(to="knobs"))
    graph.add("count", Count(n=60, every=0.003))
    graph.add("knobs", Knobs(need="x"), "count", thread=True)
    seen: list[Control] = []

    def tap(node: str, output: str, packet: Packet | None) -> None:
        if node == RUNNER and packet:
            seen.append(packet.data)

    Live(graph, [tap]).run()
    knobs: Any = graph.nodes["knobs"]
    assert len(knobs.taps) >= 3
    assert len(knobs.taps) == sum(c.name == "tap" for c in seen)


def test_controls_pass_while_a_device_is_away() -> None:
    class Away(Gone):
        def open(self) -> None:
            super().open()
            if self.tries > 1:
                raise OSError("gone for ever")

    graph = chain(Away(fail_at=0), Knobs(need="x"))
    with Live(graph) as live:
        wait_for(lambda: live.stats()["away"].restarts >= 3)  # the next try is in 1 s
        live.control("knobs", "gain", 3)
        wait_for(lambda: graph.nodes["knobs"].gain == 3.0, 0.9)  # type: ignore[attr-defined]


def test_holds_have_the_newest_and_trigger_nothing() -> None:
    class Gated(Knobs):
        def on_x(self, packet: Packet) -> None:
            self.y.emit(packet.t, self.gate.data if self.gate else -1)

    graph = Graph("test")
    graph.add("count", Count(n=50))
    graph.add("add", Add(k=1000), "count")
    graph.add("gated", Gated(need="x"), {"x": "count", "gate": "add"})
    graph.add("sink", Sink(), "gated")
    Live(graph).run()
    assert numbers(sink_of(graph).got) == ["reset", *range(1000, 1050)]


def test_a_hold_is_empty_when_a_graph_runs_again() -> None:
    graph = Graph("test")
    graph.add("late", Count(n=1))
    graph.add("count", Count(n=2, every=0.05))
    graph.add("knobs", Knobs(need="x"), {"x": "count", "gate": "late"})
    knobs: Any = graph.nodes["knobs"]
    Live(graph).run()
    assert knobs.gate is not None
    Live(graph).run()  # both counts are at their end
    assert knobs.gate is None


@pytest.mark.parametrize("cls", [Count, Device])
def test_a_slow_consumer_holds_a_file_up_and_loses_packets_of_a_device(
    cls: type[Count], caplog: pytest.LogCaptureFixture
) -> None:
    graph = chain(cls(n=300), Sink(slow=0.002), thread=True)
    live = Live(graph)
    live.run()
    sink, stats = sink_of(graph), live.stats()[list(graph.nodes)[-1]]
    data = [n for n in numbers(sink.got) if n != "reset"]
    if cls is Count:
        assert data == list(range(300)) and stats.overruns == 0 and not caplog.records
        return
    assert stats.overruns > 0 and len(data) + stats.overruns == 300
    assert "node 'sink' is too slow: its input 'x' overran, packets are lost" in caplog.text
    jumps = sum(b != a + 1 for a, b in pairwise(data))
    assert sink.got.count("reset") == 1 + jumps


def test_a_file_beside_a_device_still_waits() -> None:
    class SlowTwo(Two):
        def on_a(self, packet: Packet) -> None:
            time.sleep(0.001)
            super().on_a(packet)

    graph = Graph("test")
    graph.add("file", Count(n=300))
    graph.add("device", Device(n=10, every=0.01))
    graph.add("two", SlowTwo(), {"a": "file", "b": "device"})
    live = Live(graph)
    live.run()
    two: Any = graph.nodes["two"]
    assert [n for port, n in two.got if port == "a"] == list(range(300))
    assert live.stats()["two"].overruns == 0


def test_latest_drops_in_front_of_the_slow_node_and_ends_with_the_newest() -> None:
    graph = chain(Device(n=100, every=0.0005), Newest(slow=0.004), thread=True)
    live = Live(graph)
    live.run()
    data = [n for n in numbers(sink_of(graph).got) if n != "reset"]
    stats = live.stats()["newest"]
    assert stats.dropped > 30 and stats.overruns == 0
    assert len(data) + stats.dropped == 100 and data == sorted(data) and data[-1] == 99
    assert stats.age.p50 < 0.05


def test_an_ended_source_with_inputs_keeps_nobody_waiting() -> None:
    class Ends(Count):
        x = type(Sink.ports["x"])(Numbers, size=2)

        def on_x(self, packet: Packet) -> None: ...

    graph = Graph("test")
    graph.add("count", Count(n=200))
    graph.add("ends", Ends(n=1), "count")
    live = Live(graph)
    live.start()
    assert live.wait(5)


def test_stop_drains_what_was_sent(journal: list[str]) -> None:
    graph = chain(Count(n=10**9, every=0.002), Add(), Sink(), thread=True)
    with Live(graph) as live:
        wait_for(lambda: len(getattr(sink_of(graph), "got", [])) > 20)
    sent = live.stats()["count"].count
    assert len(sink_of(graph).got) == sent + 1
    assert sum(s.startswith("close") for s in journal) == 3


def test_stop_cuts_a_queue_that_would_take_too_long(journal: list[str]) -> None:
    graph = chain(Count(n=10**9), Sink(slow=0.1), thread=True)
    live = Live(graph)
    live.start()
    wait_for(lambda: len(getattr(sink_of(graph), "got", [])) > 2)
    begin = time.monotonic()
    live.stop()
    assert live.wait(5) and time.monotonic() - begin < 5
    assert "close sink" in journal and "close count" in journal


def test_live_stats_while_it_runs() -> None:
    graph = chain(Count(n=10**9, every=0.005), Add(slow=0.001), Newest(), thread=True)
    with Live(graph) as live:
        live.stats()
        wait_for(lambda: live.stats()["newest"].count > 100)
        stats = live.stats()
    assert stats["add"].work.p50 >= 0.001 and stats["add"].load >= 0
    assert stats["newest"].age.p50 >= stats["add"].work.p50
    assert 0 <= stats["newest"].wait.p50 < 0.1


class Looker(Node):
    """Looks at the meters of the graph."""

    x = type(Sink.ports["x"])(Numbers)

    def on_x(self, packet: Packet) -> None:
        self.seen = dict(self.look())


def test_a_node_can_see_the_meters_of_all() -> None:
    graph = chain(Count(n=20), Looker())
    Live(graph).run()
    assert graph.nodes["looker"].seen["count"].count == 20  # type: ignore[attr-defined]


def test_the_interpreter_is_left_as_it_was() -> None:
    before = sys.getswitchinterval()
    Live(chain(Count(n=3), Sink())).run()
    assert sys.getswitchinterval() == before

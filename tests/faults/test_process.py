"""The engine as a process: signals, failures, kills and full disks, as a musician meets them."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rt_engine.record import Take
from tests.rigs import wait_for

ROOT = Path(__file__).parent.parent.parent
SOON = 4.0  # s; a stop takes under 1 s on an idle machine, process end included


class Engine:
    """`rt-engine ARGUMENTS` as a process of its own in `folder`, with a diary of its nodes."""

    def __init__(
        self, folder: Path, *arguments: str, before: Callable[[], None] | None = None
    ) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rt_engine.cli", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,
        )

    def diary(self) -> list[str]:
        """What the nodes wrote down."""
        path = self.folder / "diary"
        return path.read_text().splitlines() if path.exists() else []

    def started(self) -> Engine:
        """Wait until all three nodes are ready."""
        wait_for(lambda: sum(line.startswith("reset") for line in self.diary()) == 3, 20)
        time.sleep(0.2)
        return self

    def signal(self, number: int) -> float:
        """Send a signal; now."""
        self.process.send_signal(number)
        return time.monotonic()

    def end(self, timeout: float = 20) -> tuple[int, str]:
        """Exit code and what was said on stderr."""
        _, said = self.process.communicate(timeout=timeout)
        return self.process.returncode, said

    def closes(self) -> list[str]:
        return sorted(line for line in self.diary() if line.startswith("close"))


ALL = ["close add", "close count", "close sink"]


def graph(folder: Path, add: str = "", sink: str = "", every: float = 0.005) -> str:
    """A graph file of count, add and sink, with more settings of the last two."""
    (folder / "graph.yaml").write_text(
        "nodes:\n"
        f"  count: {{is: tests.helpers.Count, n: 1000000000, every: {every}, file: diary}}\n"
        f"  add: {{is: tests.helpers.Add, in: count, file: diary{add}}}\n"
        f"  sink: {{is: tests.helpers.Sink, in: add, file: diary{sink}}}\n"
    )
    return "graph.yaml"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("thread", ["", ", thread: true"])
def test_one_signal_ends_it_well(tmp_path: Path, number: int, thread: str) -> None:
    engine = Engine(tmp_path, "run", graph(tmp_path, thread, thread)).started()
    begin = engine.signal(number)
    code, said = engine.end()
    assert time.monotonic() - begin < SOON
    assert code == 0 and said == "" and engine.closes() == ALL


def test_a_signal_while_a_slow_node_has_a_long_queue(tmp_path: Path) -> None:
    options = ", thread: true, slow: 0.15"
    engine = Engine(tmp_path, "run", graph(tmp_path, sink=options)).started()
    begin = engine.signal(signal.SIGINT)
    code, said = engine.end()
    assert time.monotonic() - begin < SOON + 0.5
    assert code == 0 and said == "" and engine.closes() == ALL


def test_two_signals_cut_it_off(tmp_path: Path) -> None:
    options = ", thread: true, slow: 0.3"
    engine = Engine(tmp_path, "run", graph(tmp_path, sink=options)).started()
    engine.signal(signal.SIGINT)
    time.sleep(0.05)
    begin = engine.signal(signal.SIGINT)
    code, said = engine.end()
    assert time.monotonic() - begin < SOON
    assert code == 130 and "Traceback" not in said and engine.closes() == ALL


def test_signals_end_a_graph_whose_node_hangs(tmp_path: Path) -> None:
    engine = Engine(tmp_path, "run", graph(tmp_path, ", thread: true, hang_at: 3")).started()
    wait_for(lambda: "hangs add" in engine.diary(), 20)
    begin = engine.signal(signal.SIGINT)
    code, said = engine.end()
    assert time.monotonic() - begin < SOON + 0.5
    assert code == 1 and "node 'add' (Add), stop: " in said and "did not return" in said
    assert "close count" in engine.closes()  # the sink runs in the thread that hangs


@pytest.mark.parametrize("thread", ["", ", thread: true"])
def test_a_failure_is_one_line_and_exit_code_1(tmp_path: Path, thread: str) -> None:
    engine = Engine(tmp_path, "run", graph(tmp_path, thread + ", fail_at: 20", thread))
    code, said = engine.end()
    assert code == 1 and engine.closes() == ALL
    lines = said.splitlines()
    assert len(lines) == 1 and "Traceback" not in said
    for part in ("rt-engine: error: graph.yaml", "'add' (Add)", "input 'x'", "packet 20",
                 "ZeroDivisionError: seven by nothing"):  # fmt: skip
        assert part in lines[0]


def test_a_failing_open_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    engine = Engine(tmp_path, "run", graph(tmp_path, ", fail_in: open"))
    code, said = engine.end()
    assert code == 1 and len(said.splitlines()) == 1
    assert "node 'add' (Add), open: no such thing" in said
    assert engine.closes() == ["close add", "close sink"]


def test_a_bad_graph_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    engine = Engine(tmp_path, "run", graph(tmp_path, ", speed: 3"))
    code, said = engine.end()
    assert code == 2 and len(said.splitlines()) == 1 and "'speed'" in said
    assert engine.diary() == []


def test_the_end_of_the_sources_and_of_the_duration_are_fine(tmp_path: Path) -> None:
    for options in (["count.n=20"], ["--duration", "0.3"]):
        engine = Engine(tmp_path, "run", graph(tmp_path), *options)
        code, said = engine.end()
        assert code == 0 and said == "" and engine.closes() == ALL
        (tmp_path / "diary").unlink()


def test_a_record_of_a_killed_process_is_readable_to_its_last_second(tmp_path: Path) -> None:
    engine = Engine(tmp_path, "record", graph(tmp_path), "-o", "take.mcap").started()
    time.sleep(1.5)
    now = time.monotonic_ns()
    engine.signal(signal.SIGKILL)
    engine.end()
    take = Take(tmp_path / "take.mcap")
    events = list(take.events())
    data = [event.packet.data for event in events if event.packet]
    assert data == list(range(len(data))) and len(data) > 100
    assert now - events[-1].arrival < 1.0e9
    code, said = Engine(tmp_path, "replay", "take.mcap", "--digest").end()
    assert code == 0 and said == ""


def few_bytes() -> None:
    """No file may grow over 50 kB, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))


def test_a_full_disk_stops_a_recording_with_one_line(tmp_path: Path) -> None:
    path = graph(tmp_path, every=0.0005)
    engine = Engine(tmp_path, "record", path, "-o", "take.mcap", before=few_bytes)
    code, said = engine.end(40)
    assert code == 1 and engine.closes() == ALL
    assert len(said.splitlines()) == 1 and "take.mcap" in said and "readable" in said
    assert len(list(Take(tmp_path / "take.mcap").events())) > 500


def test_a_full_disk_lets_a_show_go_on_and_tells_at_the_end(tmp_path: Path) -> None:
    path = graph(tmp_path, every=0.0005)
    options = ["--record", "take.mcap", "--duration", "2"]
    engine = Engine(tmp_path, "run", path, *options, before=few_bytes)
    code, said = engine.end(40)
    assert code == 1 and len(said.splitlines()) == 1 and "take.mcap" in said
    assert len(list(Take(tmp_path / "take.mcap").events())) > 500

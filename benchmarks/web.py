"""The engine with its page: nobody looking, one viewer, four of whom one is stalled.

    python benchmarks/web.py [--seconds 20] [--rounds 3] [--minutes 2]

A graph of a sound card (375 blocks a second through 16 nodes), a camera, a body, features, beats
and a MIDI clock over JACK runs as a process, without a page and with one; the conditions take
turns. Viewers watch everything at 30 frames a second. `--minutes` is how long memory is watched.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _web.viewers import Looked, looking, percentile, stalled
from common import Bar, Table, bar_table, report, summary

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

BLOCK = 128 / 48_000  # s
SETTLE = 1.5  # s from the first block until the process is measured
STEPS = 16
ALONE, EMPTY, ONE, FOUR = "no page", "page, nobody looks", "one viewer", "four, one stalled"
POLICIES = {os.SCHED_OTHER: "the usual one", os.SCHED_RR: "real-time (chrt -r), for a busy machine"}
CONDITIONS = {ALONE: 0, EMPTY: 0, ONE: 1, FOUR: 3}


class Measured(NamedTuple):
    """One run: lateness of blocks (s), CPU (cores), MIDI clock (p50, p99, max ms), viewers."""

    late: np.ndarray
    cpu: float
    clock: list[float]
    looked: list[Looked]


def graph(folder: Path, jack: str | None) -> Path:
    """The graph file."""
    lines = ["name: performance", "nodes:", "  card: {is: _web.nodes.Card}"]
    before = "card"
    for number in range(STEPS):
        lines.append(f"  step{number}: {{is: _web.nodes.Step, in: {before}}}")
        before = f"step{number}"
    lines.append(f"  judge: {{is: _web.nodes.Judge, in: {before}, file: late.npy}}")
    lines += [f"  {name.lower()}: {{is: _web.nodes.{name}}}"
              for name in ("Camera", "Body", "Mel", "Beats")]  # fmt: skip
    if jack:
        lines.append("  ahead: {is: _web.nodes.Ahead}")
        lines.append("  clock: {is: _web.nodes.Clock, in: ahead, api: jack, file: clock.txt}")
    path = folder / "performance.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


class Process:
    """The engine as a process, with or without its page."""

    def __init__(self, folder: Path, page: bool, jack: str | None) -> None:
        path = f"{ROOT}{os.pathsep}{Path(__file__).parent}"
        env = {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
        env |= {"JACK_DEFAULT_SERVER": jack} if jack else {}
        web = ["--web", "0"] if page else []
        command = [sys.executable, "-m", "rt_engine.cli", "run", str(graph(folder, jack)), *web]
        self.folder, self.port = folder, 0
        self.process = subprocess.Popen(
            command, cwd=folder, env=env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if page:
            assert self.process.stdout
            self.port = int(re.search(r":(\d+)/", self.process.stdout.readline())[1])  # type: ignore[index]
        until = time.monotonic() + 60
        while not (folder / "running").exists() and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(SETTLE)

    def cpu(self) -> float:
        """CPU time so far, in s."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident memory, in MB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def end(self) -> None:
        """Stop it; RuntimeError where it failed, and left nothing to measure."""
        self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate(timeout=30)
        if self.process.returncode:
            last = next((line for line in said.splitlines() if "error" in line), said)
            print(f"web: {last}", file=sys.stderr)
            if not (self.folder / "late.npy").exists():
                raise RuntimeError(f"the engine failed: {said}")


@contextlib.contextmanager
def server() -> Iterator[str | None]:
    """A JACK server of our own; None where there is no JACK."""
    from tests.rigs import JackServer

    with contextlib.ExitStack() as stack:
        try:
            found: str | None = stack.enter_context(JackServer()).name
        except (OSError, RuntimeError) as error:
            print(f"no JACK server, so no MIDI clock: {error}", file=sys.stderr)
            found = None
        yield found


def measure(condition: str, seconds: float, jack: str | None) -> Measured:
    """Run the engine under a condition."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        engine = Process(folder, condition != ALONE, jack)
        if condition == FOUR:
            stack.enter_context(stalled(engine.port))
        before, begun = engine.cpu(), time.monotonic()
        viewers = CONDITIONS[condition]
        looked = looking(engine.port, seconds, viewers) if viewers else []
        time.sleep(max(0.0, seconds - (time.monotonic() - begun)))
        cpu = (engine.cpu() - before) / (time.monotonic() - begun)
        ended = time.monotonic()
        engine.end()
        t, late = np.load(folder / "late.npy").T * 1e-9
        late = late[(t > begun) & (t < ended)]
        clock = folder / "clock.txt"
        figures = [float(word) for word in clock.read_text().split()] if clock.exists() else []
        return Measured(late, cpu, figures, looked)


def memory(minutes: float, jack: str | None) -> list[float]:
    """Resident memory every few s with two viewers."""
    found: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        engine = Process(Path(name), True, jack)
        arguments = (engine.port, minutes * 60, 2)
        viewers = threading.Thread(target=looking, args=arguments)
        viewers.start()
        while viewers.is_alive():
            viewers.join(5.0)
            found.append(engine.memory())
        engine.end()
    return found[1:-1] or found


def undisturbed(rounds: dict[str, list[Measured]]) -> tuple[Table, list[Bar]]:
    """Lateness of blocks and of the MIDI clock under each condition."""
    rows = []
    shares = {}
    for condition, found in rounds.items():
        late = np.concatenate([m.late for m in found])
        shares[condition] = float(np.mean(late > BLOCK)) * 100
        clock = [m.clock for m in found if m.clock]
        p99 = f"{statistics.median(c[1] for c in clock):.2f}" if clock else "-"
        rows.append((
            condition, f"{shares[condition]:.2f}", f"{np.median(late) * 1e3:.2f}",
            f"{np.percentile(late, 99) * 1e3:.2f}", p99,
            f"{statistics.median(m.cpu for m in found) * 100:.0f}",
        ))  # fmt: skip
    columns = ("", "late, %", "p50, ms", "p99, ms", "MIDI clock p99, ms", "CPU, %")
    title = "Blocks later than one block (2.67 ms) behind 16 nodes, and the MIDI clock"
    bars = [Bar("blocks late, four viewers, one stalled", "<= 0.5 %", f"{shares[FOUR]:.2f} %",
                shares[FOUR] <= 0.5)]  # fmt: skip
    clocks = [m.clock[1] for m in rounds[FOUR] if m.clock]
    if clocks:
        worst = statistics.median(clocks)
        bars.append(Bar("MIDI clock p99, four viewers", "<= 1 ms", f"{worst:.2f} ms", worst <= 1))
    return Table(title, columns, rows), bars


def viewers(rounds: dict[str, list[Measured]]) -> tuple[Table, list[Bar]]:
    """What the viewers got, and what it cost."""
    rows, bars = [], []
    base = statistics.median(m.cpu for m in rounds[EMPTY])
    for condition in (ONE, FOUR):
        looked = [each for m in rounds[condition] for each in m.looked]
        late = [value for each in looked for value in each.late]
        p95 = percentile(late, 0.95) * 1e3
        cost = (statistics.median(m.cpu for m in rounds[condition]) - base) * 100
        frames = statistics.median(each.frames for each in looked)
        size = statistics.median(each.size for each in looked) / 1e6
        rows.append((condition, f"{frames:.0f}", f"{size:.1f}", f"{p95:.1f}", f"{cost:.1f}"))
        bars.append(Bar(f"beat event to message p95, {condition}", "<= 20 ms",
                        f"{p95:.1f} ms", p95 <= 20))  # fmt: skip
        if condition == ONE:
            bars.append(Bar("CPU of one viewer at 30 frames/s", "<= 10 % of a core",
                            f"{cost:.1f} %", cost <= 10))  # fmt: skip
    columns = ("", "frames a viewer", "MB a viewer", "beat to message p95, ms", "CPU more, %")
    return Table("What viewers get, and what they cost", columns, rows), bars


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=2.0, help="of the look at memory")
    parser.add_argument("--quick", action="store_true", help="half a minute, coarser, not kept")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds, options.minutes = 5.0, 1, 0.2
    with server() as jack:
        rounds: dict[str, list[Measured]] = {condition: [] for condition in CONDITIONS}
        for _ in range(options.rounds):
            for condition, found in rounds.items():
                found.append(measure(condition, options.seconds, jack))
        grown = memory(options.minutes, jack)
    first, bars = undisturbed(rounds)
    second, more = viewers(rounds)
    half = len(grown) // 2
    growth = statistics.median(grown[half:]) - statistics.median(grown[: half or 1])
    bars += [*more, Bar(f"memory over {options.minutes:g} minutes, two viewers", "<= 5 MB more",
                        f"{growth:+.1f} MB ({grown[-1]:.0f} MB)", growth <= 5)]  # fmt: skip
    notes = [
        "Viewers watch a picture of 640 x 480, a skeleton, an envelope, 80 features and beats.",
        "CPU more: of the whole process, beside the page that nobody looks at.",
        "The stalled viewer never reads, and is cut after 10 s.",
        f"Scheduling of all processes: {POLICIES.get(os.sched_getscheduler(0), 'other')}.",
        "The MIDI clock is measured where its process hands messages to JACK.",
        f"{options.rounds} rounds of {options.seconds:g} s; conditions take turns.",
    ]
    report(
        "web", "The stage page", [bar_table("Bars", bars), first, second], notes, not options.quick
    )
    print(summary(bars))
    return 0


if __name__ == "__main__":
    sys.exit(main())

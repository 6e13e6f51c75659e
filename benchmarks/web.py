"""The engine with its page: nobody looking, one viewer, four of whom one is stalled.

    python benchmarks/web.py [--seconds 20] [--rounds 3]

A graph of a sound card (375 blocks a second through 16 nodes), a camera, a body, features, beats
and a MIDI clock over JACK runs as a process, without a page and with one; the conditions take
turns. Viewers watch everything at 30 frames a second. The MIDI clock is heard by a process of
its own, as in benchmarks/midi_clock.py.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _web.engine import Process, scheduling, server
from _web.viewers import Looked, looking, percentile, stalled
from common import Bar, Table, bar_table, report, summary
from midi_clock import TICK, figures

BLOCK = 128 / 48_000  # s
CONDITIONS = {"no page": 0, "page, nobody looks": 0, "one viewer": 1, "four, one stalled": 3}
ALONE, EMPTY, ONE, FOUR = CONDITIONS
LISTEN = [sys.executable, str(Path(__file__).with_name("midi_clock.py").resolve()), "--listen"]


class Measured(NamedTuple):
    """One run: lateness of blocks (s), CPU (cores), ticks at the ear, viewers."""

    late: np.ndarray
    cpu: float
    clock: dict[str, float]
    looked: list[Looked]


@contextlib.contextmanager
def ear(folder: Path, jack: str | None) -> Iterator[None]:
    """A process that hears the MIDI clock, and writes heard.npz at the end."""
    if jack is None:
        yield
        return
    with subprocess.Popen(
        [*LISTEN, str(folder / "heard.npz")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout
        process.stdout.readline()
        yield
        process.stdin.close()


def ticks(folder: Path, begun: float, ended: float) -> dict[str, float]:
    """How late the ticks between two moments (s) were heard, in ms; empty without JACK."""
    if not (folder / "heard.npz").exists():
        return {}
    beats = np.load(folder / "beats.npy")
    beats = beats[(beats > begun * 1e9) & (beats < ended * 1e9)]
    t, frame, status = np.load(folder / "heard.npz")["jack"]
    chosen = (status == TICK) & (t > beats[0] - 10_000_000) & (t < beats[-1])
    return figures(t[chosen], frame[chosen], beats)


def measure(condition: str, seconds: float, jack: str | None) -> Measured:
    """Run the engine under a condition."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        with ear(folder, jack):
            engine = Process(folder, condition != ALONE, jack, noted=True)
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
        return Measured(late, cpu, ticks(folder, begun, ended), looked)


def undisturbed(rounds: dict[str, list[Measured]]) -> tuple[Table, list[Bar]]:
    """Lateness of blocks and of the MIDI clock under each condition."""
    rows, shares, heard = [], {}, {}
    for condition, found in rounds.items():
        late = np.concatenate([m.late for m in found])
        shares[condition] = float(np.mean(late > BLOCK)) * 100
        clocks = [m.clock for m in found if m.clock]
        heard[condition] = {
            name: statistics.median(c[name] for c in clocks)
            for name in ("p50", "p99", "sd", "lost")
            if clocks
        }
        rows.append((
            condition, f"{shares[condition]:.2f}", f"{np.median(late) * 1e3:.2f}",
            f"{np.percentile(late, 99) * 1e3:.2f}",
            *(f"{heard[condition].get(name, np.nan):.2f}" for name in ("p50", "p99", "sd")),
            f"{statistics.median(m.cpu for m in found) * 100:.0f}",
        ))  # fmt: skip
    columns = ("", "late, %", "p50, ms", "p99, ms", "tick p50, ms", "tick p99, ms", "tick sd, ms",
               "CPU, %")  # fmt: skip
    title = "Blocks later than one block (2.67 ms) behind 16 nodes, and the MIDI clock at the ear"
    return Table(title, columns, rows), disturbed(shares, heard)


def disturbed(shares: dict[str, float], heard: dict[str, dict[str, float]]) -> list[Bar]:
    """The bars of part 1, with four viewers."""
    bars = [Bar("blocks late, four viewers, one stalled", "<= 0.5 %", f"{shares[FOUR]:.2f} %",
                shares[FOUR] <= 0.5)]  # fmt: skip
    for name, words, limit in (("sd", "MIDI clock sd", 1), ("p99", "MIDI clock p99", 4)):
        if clock := heard[FOUR]:
            worst = f"{clock[name]:.2f} ms"
            bars.append(
                Bar(f"{words}, four viewers", f"<= {limit} ms", worst, clock[name] <= limit)
            )
    return bars


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
    parser.add_argument("--quick", action="store_true", help="half a minute, coarser, not kept")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = 5.0, 1
    with server() as jack:
        rounds: dict[str, list[Measured]] = {condition: [] for condition in CONDITIONS}
        for _ in range(options.rounds):
            for condition, found in rounds.items():
                found.append(measure(condition, options.seconds, jack))
    first, bars = undisturbed(rounds)
    second, more = viewers(rounds)
    bars += more
    notes = [
        "Viewers watch a picture of 640 x 480, a skeleton, an envelope, 80 features and beats.",
        "CPU more: of the whole process, beside the page that nobody looks at.",
        "The stalled viewer never reads, and is cut after 10 s.",
        scheduling(),
        "The MIDI clock is heard by a receiver in a process of its own, each tick against the even "
        "grid between the beats; medians of the rounds. Bars: those of benchmarks/midi_clock.py.",
        f"{options.rounds} rounds of {options.seconds:g} s; conditions take turns.",
        "Memory over half an hour: web_memory.md.",
    ]
    report(
        "web", "The stage page", [bar_table("Bars", bars), first, second], notes, not options.quick
    )
    print(summary(bars))
    return 0


if __name__ == "__main__":
    sys.exit(main())

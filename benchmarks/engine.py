"""The engine beside its peers, on the same work in one run: the figures that it shall reach.

    python benchmarks/engine.py [--quick] [--only SECTION ...]

Every figure is taken in a process of its own, peers take turns, and medians over the rounds
count. Ratios to a peer in the same run tell more than absolute times on a shared machine.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from _peers import lab, work
from _peers.work import Task
from common import Bar, Table, bar_table, report, summary

Measures = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """Who takes part in a section: a name in the table, a module, what differs in its task."""

    name: str
    module: str
    changes: Measures = field(default_factory=dict)
    rounds: int = 99  # at most


OURS = Entry("rt_engine", "ours")
QUEUES = Entry("queue.Queue threads", "queues")
PEERS = [
    QUEUES,
    Entry("ezmsg", "ezmsg"),
    Entry("csp", "csp"),
    Entry("timeflux", "timeflux"),
    Entry("reactivex", "reactivex"),
]


@dataclass
class Bench:
    """What the sections share: how long to measure, and what they found."""

    quick: bool
    tables: list[Table] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def rounds(self, count: int) -> int:
        return max(1, count // 3) if self.quick else count

    def seconds(self, seconds: float) -> float:
        return seconds / 2 if self.quick else seconds

    def bar(self, what: str, bar: str, figure: str, met: bool) -> None:
        self.bars.append(Bar(what, bar, figure, met))

    def measure(self, entries: list[Entry], task: Task, rounds: int) -> dict[str, list[Measures]]:
        """Let the entries take turns; what each measured, by name, round by round."""
        found: dict[str, list[Measures]] = {entry.name: [] for entry in entries}
        for turn in range(self.rounds(rounds)):
            for entry in entries:
                if turn < entry.rounds and lab.installed(entry.module):
                    asked = replace(task, started=work.now(), **entry.changes)
                    outcome = lab.perform(entry.module, asked)
                    if not outcome.measures:
                        raise RuntimeError(f"{entry.name}, {task.scenario}: {outcome.error}")
                    found[entry.name].append(outcome.measures)
        return {name: measures for name, measures in found.items() if measures}


def median(measures: list[Measures], key: str) -> float:
    return float(statistics.median(measure[key] for measure in measures))


def lost(measures: list[Measures]) -> int:
    return sum(measure["sent"] - measure["received"] for measure in measures)


def chain(bench: Bench) -> None:
    """16 light nodes in a row: from the source's emit to the sink."""
    task = Task("chain", bench.seconds(2.5), steps=16)
    found = bench.measure([OURS, *PEERS], task, 3)
    rows = [
        (name, f"{median(m, 'p50') * 1e6:.0f}", f"{median(m, 'p99') * 1e6:.0f}", str(lost(m)))
        for name, m in found.items()
    ]
    title = "16 light nodes in a row, 375 blocks of 128 samples a second, end to end"
    bench.tables.append(Table(title, ("", "p50, us", "p99, us", "lost"), rows))
    p50 = median(found[OURS.name], "p50") * 1e6
    bench.bar("16 light nodes, p50", "<= 60 us", f"{p50:.0f} us", p50 <= 60)


def hop(bench: Bench) -> None:
    """One hop into a waiting thread."""
    task = Task("hop", bench.seconds(2.0), steps=0, threads=True)
    found = bench.measure([OURS, QUEUES], task, 9)
    pairs = zip(*(found[entry.name] for entry in (OURS, QUEUES)), strict=True)
    ratios = [ours["p50"] / theirs["p50"] for ours, theirs in pairs]
    ratio = statistics.median(ratios)
    rows = [
        (name, f"{median(m, 'p50') * 1e6:.1f}", f"{median(m, 'p99') * 1e6:.0f}", str(lost(m)))
        for name, m in found.items()
    ]
    title = f"A hop through a thread, 375 a second, meters on ({len(ratios)} rounds)"
    bench.tables.append(Table(title, ("", "p50, us", "p99, us", "lost"), rows))
    spread = f"{ratio:.2f} x (rounds {min(ratios):.2f} to {max(ratios):.2f})"
    bench.bar("hop through a thread, p50", "<= 1.15 x queue.Queue", spread, ratio <= 1.15)


URGENT = {"realtime": True}
LATE = [
    OURS,
    Entry("rt_engine, real-time priority", "ours", URGENT),
    *(replace(peer, rounds=1) for peer in PEERS),
    Entry("queue.Queue threads, real-time priority", "queues", URGENT, 1),
    Entry("ezmsg, model in a process of its own", "ezmsg", {"apart": True}, 1),
]


def late(bench: Bench) -> None:
    """Audio beside a model of 25 ms at 30 frames a second, in the same graph."""
    bars = {"native": (5.0, 0.5), "python": (10.0, 5.0)}
    for kind, limits in bars.items():
        iterations = work.calibrate(kind)
        seconds = bench.seconds(4.0)
        task = Task("late", seconds, steps=16, model=kind, iterations=iterations)
        found = bench.measure(LATE, task, 3)
        _late_table(bench, kind, found)
        ours = [found[entry.name] for entry in LATE[:2]]
        for measures, limit, mode in zip(ours, limits, ("", ", real-time"), strict=True):
            share = median(measures, "late") * 100
            what = f"late beside a {kind} model{mode}"
            bench.bar(what, f"<= {limit:g} %", f"{share:.2f} %", share <= limit)
        if kind == "native":
            p99 = median(ours[1], "p99") * 1e3
            bench.bar(
                f"p99 beside a {kind} model, real-time", "<= 0.5 ms", f"{p99:.2f} ms", p99 <= 0.5
            )
        gone = sum(map(lost, ours)) + sum(m["overruns"] for ms in ours for m in ms)
        bench.bar(f"blocks lost beside a {kind} model", "none", str(gone), not gone)
    allowed = ours[1][0]["realtime"]
    bench.notes.append(
        f"Real-time priority (SCHED_RR, {work.PRIORITY}) was {'' if allowed else 'not '}allowed."
    )


def _late_table(bench: Bench, kind: str, found: dict[str, list[Measures]]) -> None:
    rows = [
        (
            name,
            f"{median(m, 'late') * 100:.1f}",
            f"{median(m, 'p50') * 1e3:.2f}",
            f"{median(m, 'p99') * 1e3:.2f}",
            str(lost(m)),
            f"{median(m, 'frames'):.0f}" if m[0]["frames"] else "-",
            f"{median(m, 'model') * 1e3:.0f}" if m[0]["frames"] else "-",
        )
        for name, m in found.items()
    ]
    words = {"native": "native (one C call, GIL released)", "python": "pure Python"}[kind]
    columns = ("", "late, %", "p50, ms", "p99, ms", "lost", "frames/s", "ms a frame")
    title = f"Blocks later than one block (2.67 ms), 16 nodes beside a 25 ms model, {words}"
    bench.tables.append(Table(title, columns, rows))


def throughput(bench: Bench) -> None:
    """Four nodes, as fast as they go; nothing lost, nothing unbounded but csp."""
    count = 50_000 if bench.quick else 150_000
    entries = [
        replace(OURS, name="rt_engine, fused"),
        Entry("rt_engine, threads", "ours", {"threads": True}),
        *(replace(p, changes={"count": count // 5}) if p.name == "ezmsg" else p for p in PEERS),
    ]
    found = bench.measure(entries, Task("throughput", count=count), 3)
    rows = [
        (name, f"{median(m, 'throughput') / 1e3:.0f}", str(lost(m))) for name, m in found.items()
    ]
    title = "Throughput, 4 nodes (source, two light nodes, sink)"
    bench.tables.append(Table(title, ("", "thousand packets/s", "lost"), rows))
    by_hand = median(found[QUEUES.name], "throughput") / 1e3
    for entry, limit in zip(entries[:2], (200, 80), strict=True):
        rate = median(found[entry.name], "throughput") / 1e3
        what = f"throughput, {entry.name.partition(', ')[2]}"
        figure = f"{rate:.0f} k/s ({rate / by_hand:.2f} x queue.Queue)"
        bench.bar(what, f">= {limit} k/s", figure, rate >= limit)


def idle(bench: Bench) -> None:
    """Four nodes and a device that says nothing."""
    task = Task("idle", bench.seconds(3.0), threads=True)
    found = bench.measure([OURS, *(replace(peer, rounds=1) for peer in PEERS)], task, 2)
    rows = [(name, f"{median(m, 'cpu') * 100:.2f}") for name, m in found.items()]
    bench.tables.append(Table("Idle, 4 nodes waiting for a silent device", ("", "CPU, %"), rows))
    cpu = median(found[OURS.name], "cpu") * 100
    bench.bar("idle CPU, 4 nodes", "< 0.2 %", f"{cpu:.2f} %", cpu < 0.2)


def start(bench: Bench) -> None:
    """From the request for a process to the first packet in the sink; memory then."""
    rounds = 5
    found = bench.measure([OURS, *PEERS], Task("first"), rounds)
    name = "rt_engine, a graph file by the command line"
    found[name] = [_command_line() for _ in range(bench.rounds(rounds))]
    rows = [
        (name, f"{median(m, 'first'):.2f}", f"{median(m, 'memory') / 1e6:.0f}")
        for name, m in found.items()
    ]
    title = "Start of a fresh process to its first packet, and its resident memory, no model"
    bench.tables.append(Table(title, ("", "start, s", "memory, MB"), rows))
    for who, what in ((OURS.name, "graph in Python"), (name, "graph file, command line")):
        first, memory = median(found[who], "first"), median(found[who], "memory") / 1e6
        bench.bar(f"start to first packet, {what}", "<= 0.3 s", f"{first:.2f} s", first <= 0.3)
        bench.bar(f"resident memory, {what}", "<= 45 MB", f"{memory:.0f} MB", memory <= 45)


def _command_line() -> Measures:
    asked = work.now()
    outcome = lab.listen([sys.executable, "-m", "_peers.console"], signal.SIGTERM)
    said = dict(outcome.said)
    if "running" not in said:
        raise RuntimeError(f"the command line: {outcome.error}")
    return {"first": (int(said["running"]) - asked) * 1e-9, "memory": float(said["memory"])}


GRAPHS = [
    ("onset strength, blocks of 512", "onset", 512),
    ("five features, blocks of 512", "five", 512),
    ("five features, blocks of 4096", "five", 4096),
]


def replay(bench: Bench) -> None:
    """Features of the bundled music, in virtual time."""
    rows, length = [], 0.0
    for what, graph, block in GRAPHS:
        runs = [_replayed(graph, block) for _ in range(bench.rounds(3) + 1)]
        speed, sums = median(runs, "speed"), sorted({run["sha256"] for run in runs})
        length = runs[0]["length"]
        rows.append((what, f"{speed:.0f}", ", ".join(total[:12] for total in sums)))
        same = f"{len(runs)} runs, {len(sums)} digest{'s' * (len(sums) > 1)}"
        bench.bar(f"replay of {what}", ">= 100 x", f"{speed:.0f} x", speed >= 100)
        bench.bar(f"same sha256, {what}", "one digest", same, len(sums) == 1)
    title = f"Replay of {length:.0f} s of music, decoding included, one thread"
    columns = ("", "x real time", "sha256 of all outputs")
    bench.tables.append(Table(title, columns, rows))
    bench.notes.append("The five features: log-mel, onset strength, chroma, MFCC, RMS.")


def _replayed(graph: str, block: int) -> Measures:
    outcome = lab.perform("offline", Task(f"replay {graph}", count=block))
    if not outcome.measures:
        raise RuntimeError(f"replay: {outcome.error}")
    return outcome.measures


ENDS: list[tuple[str, str, int | None]] = [
    ("a step raises", "failure", None),
    ("SIGINT", "signal", signal.SIGINT),
    ("SIGTERM", "signal", signal.SIGTERM),
]
STEPS = 4


def stop(bench: Bench) -> None:
    """The end of a process whose node fails, or that gets a signal."""
    rows = []
    for what, scenario, number in ENDS:
        for entry in [OURS, *(peer for peer in PEERS[1:4] if lab.installed(peer.module))]:
            task = Task(scenario, 60.0, steps=STEPS, threads=entry is OURS)
            rounds = range(bench.rounds(3) if entry is OURS else 1)
            ends = [lab.perform(entry.module, task, number, patience=8.0) for _ in rounds]
            end = max(ends, key=lambda outcome: outcome.took)
            closed = min(sum(word == "closed" for word, _ in e.said) for e in ends)
            code = "killed" if end.code is None else str(end.code)
            took = "never" if end.code is None else f"{end.took:.2f}"
            rows.append((what, entry.name, took, code, f"{closed} of {STEPS}"))
            if entry is OURS:
                right = int(scenario == "failure")
                met = all(e.code == right and e.took < 1 for e in ends) and closed == STEPS
                figure = f"{took} s, code {code}, {closed} of {STEPS} closed"
                bench.bar(f"stop: {what}", f"< 1 s, code {right}, all closed", figure, met)
    columns = ("what happens", "", "end after, s", "exit code", "nodes closed")
    bench.tables.append(Table("Clean stop, four light nodes on live sound", columns, rows))


SECTIONS: dict[str, Callable[[Bench], None]] = {
    section.__name__: section
    for section in (chain, hop, late, throughput, idle, start, replay, stop)
}

NOTES = [
    "All peers do the same work: blocks of 128 float32 samples at 375 a second; a light node "
    "counts the block and passes it on. The device is a blocking read with absolute deadlines.",
    "rt_engine: fused nodes in the source's thread unless a table says threads; queue.Queue: a "
    "thread and a queue of 64 for each node; ezmsg: one process, one loop, blocking reads in its "
    "pool, buffers of 64; csp: a push adapter per device, Python nodes in its engine thread, "
    "unbounded; timeflux: the worker's loop at full speed in this process, bare arrays on its "
    "ports; reactivex: operators in the device's thread, the model on a scheduler of its own.",
    "A block's lateness beside the model counts from when the device had it, so late wake-ups "
    "count. Beside a model, blocks that are late stay in the device and are not lost.",
    "The model is a fixed amount of work, calibrated at the start of its table to 25 ms of CPU "
    "time; `ms a frame` is what it took beside the audio.",
    "MIDI clock: see midi_clock.md, measured by benchmarks/midi_clock.py.",
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="about a minute, coarser")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    options = parser.parse_args()
    bench = Bench(options.quick)
    begin, others = work.now(), lab.Others()
    busy = []
    for name in options.only:
        print(f"engine: {name} ...", file=sys.stderr, flush=True)
        SECTIONS[name](bench)
        busy.append(f"{name} {others.cores():.1f}")
    rest = f"Cores that other people's processes took meanwhile: {', '.join(busy)}."
    absent = [peer.name for peer in PEERS if not lab.installed(peer.module)]
    missing = [f"Not installed, so not measured: {', '.join(absent)}."] if absent else []
    took = f"The run took {(work.now() - begin) * 1e-9:.0f} s."
    part = options.quick or len(options.only) < len(SECTIONS)
    tables = [bar_table("Bars", bench.bars), *bench.tables]
    notes = [rest, *bench.notes, *NOTES, *missing, took]
    report("engine", "The engine beside its peers", tables, notes, keep=not part)
    print(summary(bench.bars))
    return 0


if __name__ == "__main__":
    sys.exit(main())

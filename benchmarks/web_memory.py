"""Memory of the engine with its page over half an hour: four viewers, one of whom stalls.

    python benchmarks/web_memory.py [--minutes 30]

The graph of benchmarks/web.py runs as a process, with sound, pictures, a body, features, beats and
a MIDI clock. Three viewers watch everything at 30 frames a second; a fourth one never reads, is
cut, and comes again.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from _web.engine import Process, scheduling, server
from _web.viewers import looking, stalled
from common import Bar, Table, bar_table, report, summary

EVERY = 5.0  # s between two looks
CUT = 15.0  # s after which the stalled viewer comes again
WARM = 0.1  # share of the time in which buffers fill and caches are made
GROWN = 5.0  # MB


def measure(minutes: float, jack: str | None) -> list[tuple[float, float]]:
    """Time in s, and resident memory in MB."""
    found: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as name:
        engine = Process(Path(name), True, jack)
        begun = time.monotonic()
        viewers = threading.Thread(target=looking, args=(engine.port, minutes * 60, 3))
        ending = threading.Event()
        lazy = threading.Thread(target=stall, args=(engine.port, ending))
        viewers.start()
        lazy.start()
        while viewers.is_alive():
            viewers.join(EVERY)
            found.append((time.monotonic() - begun, engine.memory()))
        ending.set()
        lazy.join()
        engine.end()
    return found[:-1]


def stall(port: int, ending: threading.Event) -> None:
    """One viewer after the other that never reads."""
    while not ending.is_set():
        with stalled(port):
            ending.wait(CUT)


def medians(found: list[tuple[float, float]], parts: int = 10) -> list[tuple[float, float]]:
    """Minutes and median memory of each tenth."""
    size = max(1, len(found) // parts)
    chunks = [found[i : i + size] for i in range(0, size * parts, size) if found[i : i + size]]
    return [(c[-1][0] / 60, statistics.median(m for _, m in c)) for c in chunks]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--no-report", action="store_true")
    options = parser.parse_args()
    with server() as jack:
        found = measure(options.minutes, jack)
    warm = [each for each in found if each[0] > WARM * options.minutes * 60]
    half = len(warm) // 2
    first, last = (statistics.median(m for _, m in part) for part in (warm[:half], warm[half:]))
    grown = last - first
    bar = Bar(f"second half of {options.minutes:g} minutes against the first", f"<= {GROWN:g} MB",
              f"{grown:+.1f} MB", grown <= GROWN)  # fmt: skip
    rows = [(f"{minute:.0f}", f"{memory:.1f}") for minute, memory in medians(found)]
    tables = [bar_table("Bars", [bar]), Table("Resident memory", ("until minute", "MB"), rows)]
    notes = [
        f"Looked at every {EVERY:g} s; the first {WARM:.0%} of the time do not count for the bar.",
        f"The stalled viewer is cut after 10 s; another one comes {CUT:g} s after the one before.",
        scheduling(),
    ]
    report("web_memory", "Memory of the stage page", tables, notes, not options.no_report)
    print(summary([bar]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

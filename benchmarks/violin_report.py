"""What the report of a practice take costs, part by part, beside a pitch tracker alone.

    python benchmarks/violin_report.py [--runs 3]

Records the simulated violinist of `rt-engine demo violin` (sound and landmarks, no device) as
`rt-engine record` would, and makes the report of that take. Writes `results/violin_report.md`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import librosa
import soundfile
from common import Bar, Table, bar_table, report, summary

from rt_engine.core import Replay
from rt_engine.demos.violin import ViolinDemo
from rt_engine.graphfile import build, graph_folder, read
from rt_engine.record import Recorder
from rt_engine.running import prune
from rt_engine.violin.report import listen, render, summarise, worst

GRAPH = graph_folder() / "violin_practice.yaml"
BAR = 2.0  # s of processor a minute of take


def take(folder: Path) -> Path:
    """The take of the demo, in the graph's own streams."""
    changes = ViolinDemo().material(folder)
    spec = read(GRAPH, {**changes, "mic.rate": 0})
    kept = prune(spec, ["control", "camera", "show", "sound"], str(GRAPH))
    graph = build(kept)
    path = folder / "take.mcap"

    def fail(error: OSError) -> None:
        raise error

    with Recorder(path, graph, kept, fail) as recorder:
        Replay(graph, taps=[recorder]).run()
    return path


def spent(call: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """Least processor seconds of some runs, and what the last one gave."""
    least, found = float("inf"), None
    for _ in range(runs):
        begin = time.process_time()
        found = call()
        least = min(least, time.process_time() - begin)
    return least, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of which the least counts (3)")
    parser.add_argument("--no-keep", dest="keep", action="store_false", help="print only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = take(Path(folder))
        heard, session = spent(lambda: listen(path), options.runs)
        drawn, page = spent(
            lambda: render(session, summarise(session), worst(session)), options.runs
        )
        sound, rate = soundfile.read(Path(folder) / "etude.wav", dtype="float32")
        peer, _ = spent(lambda: librosa.pyin(sound, fmin=180, fmax=3600, sr=rate), 1)
    minutes = session.seconds / 60
    rows = [
        ("listening again", f"{heard / minutes:.2f}"),
        ("figures, worst moments, page", f"{drawn / minutes:.2f}"),
        ("the whole report", f"{(heard + drawn) / minutes:.2f}"),
        ("librosa.pyin, pitch alone", f"{peer / minutes:.2f}"),
    ]
    whole = (heard + drawn) / minutes
    bars = [Bar("report, processor s a minute", f"<= {BAR:g}", f"{whole:.2f}", whole <= BAR)]
    tables = [
        bar_table("Bar", bars),
        Table("Processor seconds a minute of take", ("what", "s a minute"), rows),
    ]
    notes = [
        f"Take: {session.seconds:.1f} s, {len(session.notes)} notes, sound and landmarks of the "
        f"simulated player; page of {len(page) / 1000:.0f} kB; least of {options.runs} runs on "
        "one core.",
    ]
    report("violin_report", "The report of a practice take", tables, notes, options.keep)
    print(summary(bars))


if __name__ == "__main__":
    main()

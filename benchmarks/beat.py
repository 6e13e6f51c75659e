"""Live beat tracking on real mixes, beside the trackers of the field on the same sound.

    python benchmarks/beat.py [--data ../shared/data/beats_dev]

Writes what we say as `.beats` files, lets the field's own script (`../shared/bench`) score them
and the stored peers alike, and keeps the table in `benchmarks/results/beat.md`. The recordings
are for evaluation only: nothing is fitted on them, but their scores were seen during development.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import soundfile
from common import Bar, Table, bar_table, report, summary

from rt_engine.core import SECOND, Packet, Replay
from rt_engine.graphfile import build, read
from rt_engine.rhythm import Tracker
from rt_engine.signal.onset import OnsetStrength

REPO = Path(__file__).parent.parent
BLOCK = 512  # samples of a block, as a microphone gives them
GRAPH = REPO / "graphs" / "beat_light.yaml"

Said = list[tuple[float, int, float]]  # due time, position in the bar, announce time, all in s


class Way(NamedTuple):
    """A path from a sound to beats, and by how many decibels the sound is changed before it."""

    name: str
    track: Callable[[Path, float], tuple[Said, float]]
    decibels: float = 0.0


def by_functions(path: Path, decibels: float) -> tuple[Said, float]:
    """Onset strength and tracker, called directly; what was said, and processor seconds."""
    sound, rate = soundfile.read(path, dtype="float32")
    sound *= np.float32(10 ** (decibels / 20))
    begin = time.process_time()
    onset = OnsetStrength(rate)
    tracker = Tracker(onset.frame_rate)
    said: Said = []
    for start in range(0, len(sound), BLOCK):
        rows = onset.process(sound[start : start + BLOCK])
        here = min(start + BLOCK, len(sound)) / rate
        for centre, row in zip(onset.times.tolist(), rows, strict=True):
            for beat in tracker.step(row, centre / rate).beats:
                said.append((beat.due, beat.position, max(here, beat.due)))
    return said, time.process_time() - begin


def by_graph(path: Path, decibels: float) -> tuple[Said, float]:
    """The same by the nodes of `graphs/beat_light.yaml` in replay, file reading included."""
    changes = {"mic": str(path), "mic.rate": 0, "mic.gain": decibels, "mic.block": BLOCK}
    begin = time.process_time()
    said: Said = []
    starts: list[int] = []

    def hear(node: str, port: str, packet: Packet | None) -> None:
        if node == "mic" and packet is not None and not starts:
            starts.append(packet.t)
        if (node, port) == ("beat", "beats") and packet is not None:
            due, here = packet.t - starts[0], replay.clock.now() - starts[0]
            said.append((due / SECOND, packet.data.position, max(here, due) / SECOND))

    spec = read(GRAPH, changes)
    path_to_beats = {name: spec["nodes"][name] for name in ("mic", "onset", "beat")}
    replay = Replay(build({**spec, "nodes": path_to_beats}, str(GRAPH)), taps=[hear])
    replay.run()
    return said, time.process_time() - begin


def run(way: Way, manifest: Path, out: Path) -> float:
    """Write the beats and stats of one way into a folder; processor seconds a second of sound."""
    out.mkdir(parents=True)
    stats: list[tuple[str, float, float, float]] = []
    for name, path in pieces(manifest):
        begin = time.perf_counter()
        said, cpu = way.track(path, way.decibels)
        wall = time.perf_counter() - begin
        length = soundfile.info(path).duration
        stats.append((name, length, cpu, wall))
        heard = [beat for beat in said if beat[2] <= length]  # the others were never given out
        lines = [f"{due:.4f} {position} {told:.4f}\n" for due, position, told in heard]
        (out / f"{name}.beats").write_text("".join(lines), encoding="utf-8")
    with (out / "stats.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("id", "dur", "cpu_s", "wall_s"), *stats])
    return sum(row[2] for row in stats) / sum(row[1] for row in stats)


def pieces(manifest: Path) -> Iterator[tuple[str, Path]]:
    """Name and sound file of every piece of a manifest."""
    with manifest.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield row["id"], manifest.parent / row["audio"]


def score(script: Path, manifest: Path, folders: Sequence[Path], out: Path) -> list[list[str]]:
    """The lines of the field's script for these folders, header first, as cells."""
    command = [sys.executable, str(script), *map(str, folders), "--one-line"]
    command += ["--manifest", str(manifest), "--csv", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines() if line.strip()]
    return [["", *lines[0]], *lines[1:]]


def per_piece(path: Path, ways: Sequence[str]) -> Table:
    """F, CMLt, AMLt and downbeat F of each piece, as our first way did, from the script's csv."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["peer"] == ways[0]]
    columns = ("F", "CMLt", "AMLt", "dbF")
    cells = [[row["id"], *(f"{100 * float(row[c]):.1f}" for c in columns)] for row in rows]
    return Table(f"Each piece, {ways[0]}", ("piece", *columns), cells)


def bars(table: list[list[str]], cpu: float) -> list[Bar]:
    """The bars of the project, from the line of our first way."""
    ours = dict(zip(table[0][1:], table[-len(WAYS)][1:], strict=True))
    f, level, told = (float(ours[name]) for name in ("F", "CMLt", "Fann"))
    return [
        Bar("F", ">= 91", f"{f}", f >= 91),
        Bar("CMLt", ">= 90", f"{level}", level >= 90),
        Bar("Fann within 1 point of F", "<= 1", f"{abs(f - told):.1f}", abs(f - told) <= 1),
        Bar("processor seconds a second of sound", "<= 0.02", f"{cpu:.4f}", cpu <= 0.02),
    ]


WAYS = (
    Way("rt_engine", by_functions),
    Way("rt_engine_minus_30_dB", by_functions, -30.0),
    Way("rt_engine_graph", by_graph),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared/data/beats_dev")
    data = parser.parse_args().data
    manifest, script = data / "manifest.csv", data.parent.parent / "bench" / "score_beats.py"
    if missing := [str(path) for path in (manifest, script) if not path.exists()]:
        print("not there:", ", ".join(missing), "(see --data)", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        costs = [run(way, manifest, out / way.name) for way in WAYS]
        peers = sorted(path for path in (data / "peers").iterdir() if path.is_dir())
        ours = [out / way.name for way in WAYS]
        table = score(script, manifest, [*peers, *ours], out / "pieces.csv")
        each = per_piece(out / "pieces.csv", [way.name for way in WAYS])
    reached = bars(table, costs[0])
    tables = [bar_table("Bars", reached), Table("Trackers", table[0], table[1:]), each]
    report("beat", "Live beat tracking on real mixes", tables, NOTES)
    print(summary(reached))
    return 0


NOTES = (
    "13 mixes of MDB Drums, for evaluation only. Weights come from material rendered by the "
    "project (General MIDI songs, Groove drums, POP909, clicks); the scores here were in view "
    "while constants were chosen, so they are those of a development set, and optimistic.",
    "F to Cem, dbF, Fann in %, beats before 5 s left out; Tst in s; lat50, lat90, bias in ms; cpu "
    "in processor seconds a second of sound. The cpu of the peers was measured elsewhere.",
    "Fann takes the moment at which a beat may leave as its time: the later of its due time and "
    "the stream position at which it was decided.",
    "rt_engine: functions only, blocks of 512 samples, resampling and reading excluded. "
    "rt_engine_graph: mic, onset and beat of graphs/beat_light.yaml by the replay runner, "
    "reading the file included.",
)


if __name__ == "__main__":
    sys.exit(main())

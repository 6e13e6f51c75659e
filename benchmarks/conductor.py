"""The pattern conductor, measured from the motion that it gives out.

- where the hand strikes against known beats: a MIDI file (the bundled score), the bundled recording
  and the development set of real mixes, both heard by graphs/conductor.yaml
- a tempo that changes by a fifth, half an hour without a pause, and the cost of it all
- whether 2/4, 3/4 and 4/4 are told apart by classifiers made of real strokes alone

    python benchmarks/conductor.py [--quick]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks._conducting.strokes import (  # noqa: E402
    Recognizer,
    Take,
    left_out,
    real_takes,
)
from benchmarks.common import Bar, Table, bar_table, report, summary  # noqa: E402
from rt_engine.assets import BEATS, RECORDING  # noqa: E402
from rt_engine.conducting.performance import Played, perform  # noqa: E402
from rt_engine.conducting.style import drawn  # noqa: E402
from rt_engine.core import SECOND, Packet, Replay, collect  # noqa: E402
from rt_engine.graphfile import build, read  # noqa: E402
from rt_engine.kinds import Beat, Beats, Frames  # noqa: E402
from rt_engine.motion.kinematics import IctusDetector  # noqa: E402
from rt_engine.motion.skeleton import INDEX, forward  # noqa: E402
from rt_engine.nodes.conducting import Conductor  # noqa: E402
from rt_engine.protocols.midi_score import read_score  # noqa: E402
from rt_engine.running import prune  # noqa: E402

GRAPH = ROOT / "graphs" / "conductor.yaml"
DEVELOPMENT = ROOT.parent / "shared/data/beats_dev"
STROKES = ROOT.parent / "shared/data/conducting"
SETTLING = 5.0  # s that are left out, as by the measures of beats
MEDIAN, NEAR, SHARE = 25.0, 60.0, 0.90  # ms, ms, of the beats
COST, DRIFT = 15.0, 1.0  # % of one core, ms
FOLLOWED, RECOGNISED = 3, 0.90  # beats, of the bars
HAND = INDEX["RightHand"]
UNSEEN, LEARNED = ("vmc", "osc", "view", "control", "show"), ("told", "learned")

Floats = npt.NDArray[np.float64]


class Run(NamedTuple):
    """What came out of a graph, in s from the start of the music."""

    lowest: Floats  # of the right wrist, by forward kinematics of the skeletons
    heard: Floats  # beats that the conductor was told
    wall: float


class Watch:
    """Takes skeletons and beats, and turns them to a Run."""

    def __init__(self) -> None:
        self.start: int | None = None
        self.times: list[int] = []
        self.poses: list[Any] = []
        self.beats: list[int] = []

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        if packet is None:
            return
        if self.start is None and output in ("audio", "pace"):
            self.start = packet.t
        if output == "skeletons":
            self.times.append(packet.t)
            self.poses.append(packet.data[0])
        elif output == "beats":
            self.beats.append(packet.t)

    def run(self, wall: float) -> Run:
        times = (np.array(self.times) - (self.start or 0)) / SECOND
        return Run(lowest(times, self.poses), self.seconds(self.beats), wall)

    def seconds(self, times: list[int]) -> Floats:
        return (np.array(times) - (self.start or 0)) / SECOND


def lowest(times: Floats, poses: list[Any]) -> Floats:
    """Times at which the right wrist was lowest."""
    rotations = np.array([pose.rotations for pose in poses], float)
    roots = np.array([pose.root for pose in poses], float)
    heights = forward(rotations, roots)[:, HAND, 1]
    detector = IctusDetector(depth=0.005, turn=0.05)
    found = (detector.step(t, h) for t, h in zip(times.tolist(), heights.tolist(), strict=True))
    return np.array([ictus.t for ictus in found if ictus])


def conducted(changes: dict[str, Any]) -> Run:
    """graphs/conductor.yaml in replay, with changes; what only shows is left out."""
    spec = read(GRAPH, changes)
    spec = prune(spec, [*UNSEEN, *(() if "body.mode" in changes else LEARNED)], str(GRAPH))
    watch, began = Watch(), time.perf_counter()
    Replay(build(spec, str(GRAPH)), taps=[watch]).run()
    return watch.run(time.perf_counter() - began)


def scored(path: Path) -> Run:
    """A MIDI file, conducted from its score."""
    wires = {name: f"score.{name}" for name in ("beats", "expression", "pace")}
    nodes = {
        "score": {"is": "beats.MidiFile", "path": str(path), "start": 0.0},
        "body": {"is": "conducting.Conductor", "in": wires},
    }
    watch, began = Watch(), time.perf_counter()
    Replay(build({"name": "score", "nodes": nodes}), taps=[watch]).run()
    return watch.run(time.perf_counter() - began)


def away(run: Run, beats: Floats) -> Floats:
    """From each beat, after the first seconds, to the nearest stroke, in ms."""
    beats = beats[(beats >= SETTLING) & (beats < run.lowest[-1])]
    return np.array([np.abs(run.lowest - beat).min() for beat in beats]) * 1e3


def row(name: str, found: Floats, heard: Floats | None = None) -> list[str]:
    own = "" if heard is None else f"{np.median(heard):.1f}, {(heard <= NEAR).mean():.1%}"
    share = f"{(found <= NEAR).mean():.1%}"
    figures = f"{np.median(found):.1f}", f"{np.percentile(found, 90):.1f}", share
    return [name, str(len(found)), *figures, own]


def ictus(quick: bool) -> tuple[Table, list[Bar]]:
    """Strokes against beats."""
    rows, parts = [], {}
    score = read_score(RECORDING.with_suffix(".mid"))
    parts["score"] = away(
        scored(RECORDING.with_suffix(".mid")), np.array([t for t, _ in score.beats])
    )
    rows.append(row("bundled score (MIDI file)", parts["score"]))
    run, true = conducted({"mic": str(RECORDING)}), annotated(BEATS)
    parts["recording"] = away(run, true)
    rows.append(row("bundled recording, heard", parts["recording"], heard(run, true)))
    for mode in ("blend", "learned"):
        run = conducted({"mic": str(RECORDING), "body.mode": mode})
        rows.append(row(f"the same, mode {mode}", away(run, true), heard(run, true)))
    real, told = [], []
    for file in sorted(DEVELOPMENT.glob("*.flac"))[: 2 if quick else None]:
        run, true = conducted({"mic": str(file)}), annotated(file.with_suffix(".beats"))
        real.append(away(run, true))
        told.append(heard(run, true))
        rows.append(row(file.stem, real[-1], told[-1]))
    if real:
        parts["development set"] = np.concatenate(real)
        rows.append(row("development set, all", parts["development set"], np.concatenate(told)))
    bars = []
    for name, found in parts.items():
        figure = f"{np.median(found):.1f} ms, {(found <= NEAR).mean():.1%}"
        met = bool(np.median(found) <= MEDIAN and (found <= NEAR).mean() >= SHARE)
        words = f"median <= {MEDIAN:g} ms, {SHARE:.0%} within {NEAR:g} ms"
        bars.append(Bar(f"stroke against beat, {name}", words, figure, met))
    columns = ("music", "beats", "median ms", "90 % ms", "within 60 ms", "tracker's own")
    return Table("Strokes of the right wrist against the true beats", columns, rows), bars


def heard(run: Run, beats: Floats) -> Floats:
    """The same error (ms) of the beats that the conductor was told: what it cannot do better."""
    beats = beats[(beats >= SETTLING) & (beats < run.lowest[-1])]
    return np.array([np.abs(run.heard - beat).min() for beat in beats]) * 1e3


def annotated(path: Path) -> Floats:
    lines = [line.split() for line in path.read_text().splitlines() if line[:1].isdigit()]
    return np.array([float(line[0]) for line in lines])


def tempo() -> tuple[Table, list[Bar]]:
    """A sudden change of tempo: strokes behind it that are off by more than the median's bar."""
    rows, worst = [], 0
    for bpm in (80.0, 100.0, 120.0, 140.0):
        for factor in (0.8, 1.2):
            first, then = 60 / bpm, 60 / bpm / factor
            times = np.concatenate([np.arange(12) * first, 12 * first + np.arange(12) * then]) + 1.5
            beats = [Played(t, i % 4 + 1, 4) for i, t in enumerate(times.tolist())]
            motion = perform(beats, rate=100.0)
            heights = motion.joints[:, 10, 1].astype(float)
            detector = IctusDetector(depth=0.005, turn=0.05)
            pairs = zip(motion.times.tolist(), heights.tolist(), strict=True)
            lows = np.array([i.t for i in (detector.step(*pair) for pair in pairs) if i])
            off = np.array([np.abs(lows - t).min() for t in times[12:-1]]) * 1e3
            count = int(np.flatnonzero(off > MEDIAN)[-1] + 1) if (off > MEDIAN).any() else 0
            worst = max(worst, count)
            errors = ", ".join(f"{ms:.0f}" for ms in off[:4])
            rows.append([f"{bpm:g} to {bpm * factor:g} BPM", errors, str(count)])
    columns = (
        "change, told as the beats are",
        "first strokes behind it, ms off",
        "beats until followed",
    )
    bar = Bar("tempo changed by 20 %", f"<= {FOLLOWED} beats", f"{worst} beats", worst <= FOLLOWED)
    return Table("A tempo that changes by a fifth from one beat to the next", columns, rows), [bar]


def soak(minutes: float) -> tuple[Table, list[Bar]]:
    """The node alone, beats of 0.5 s, in virtual time: drift and processor time."""
    node = Conductor()
    out = collect(node, beats=Beats(), pace=Frames(50.0, 1, "pace"))
    steps, told, made, began = int(minutes * 60 * 50), 0, 0, time.process_time()
    pace = np.zeros(1, np.float32)
    lows: list[Floats] = []
    for step in range(steps):
        while told * 0.5 - 0.2 <= step / 50:
            beat = Beat(told, told % 4 + 1, 4, 120.0, 0.5, 1.0)
            node.on_beats(Packet(told * SECOND // 2, beat, told))
            told += 1
        node.on_pace(Packet(step * SECOND // 50, pace, step))
        if len(out["skeletons"]) >= 3000 or step == steps - 1:
            made += len(out["skeletons"])
            spent = time.process_time() - began
            times = np.array([p.t for p in out["skeletons"]]) / SECOND
            lows.append(lowest(times, [p.data[0] for p in out["skeletons"]]))
            for packets in out.values():
                packets.clear()
            began = time.process_time() - spent
    share = spent / (minutes * 60) * 100
    off = [np.median((part + 0.25) % 0.5 - 0.25) * 1e3 for part in (lows[1], lows[-1])]
    rows = [
        ["strokes of the second minute against the beats, ms (median)", f"{off[0]:+.2f}"],
        ["strokes of the last minute, ms (median)", f"{off[1]:+.2f}"],
        ["processor time a frame, ms", f"{spent / made * 1e3:.3f}"],
        ["at 50 frames/s, % of one core", f"{share:.1f}"],
    ]
    drift = abs(off[1] - off[0])
    bars = [
        Bar(
            f"drift over {minutes:g} minutes", f"<= {DRIFT:g} ms", f"{drift:.2f} ms", drift <= DRIFT
        ),
        Bar(
            "cost beside the rhythm model",
            f"<= {COST:g} % of a core",
            f"{share:.1f} %",
            share <= COST,
        ),
    ]
    return Table(f"{minutes:g} minutes of 120 BPM, in virtual time", ("what", "figure"), rows), bars


def recognised(quick: bool) -> tuple[Table, list[Bar]]:
    """Metres told apart by real strokes."""
    takes = real_takes(STROKES)
    real = {way: [0, 0] for way in ("nearest", "repeats")}
    for take, others in left_out(takes):
        for way, count in real.items():
            found = getattr(others, way)(take)
            count[0] += found.count(take.metre)
            count[1] += len(found)
    judge, rng = Recognizer(takes), np.random.default_rng(0)
    rows = [["real takes, each left out in turn", *(f"{a / b:.1%}" for a, b in real.values())]]
    every: dict[str, list[bool]] = {way: [] for way in real}
    kinds = {"legato": 0.0, "as usual": 0.3, "neutral": 0.5, "detached": 0.75, "staccato": 1.0}
    for name, detached in kinds.items():
        for metre in (2, 3, 4):
            right: dict[str, list[bool]] = {way: [] for way in real}
            for seed in range(2 if quick else 5):
                take = generated(metre, detached, seed, rng)
                for way, found in right.items():
                    found += [m == metre for m in getattr(judge, way)(take)]
            rows.append([f"{metre}/4 {name}", *(f"{np.mean(f):.0%}" for f in right.values())])
            for way, found in right.items():
                every[way] += found
    rows.append(["all that was generated", *(f"{np.mean(f):.1%}" for f in every.values())])
    bars = [
        Bar(
            f"metre recognised, {words}",
            f">= {RECOGNISED:.0%}",
            f"{np.mean(every[way]):.1%}",
            bool(np.mean(every[way]) >= RECOGNISED),
        )
        for way, words in (
            ("repeats", "by which strokes repeat"),
            ("nearest", "by nearest real bars"),
        )
    ]
    columns = ("bars", "nearest real bars", "which strokes repeat")
    return Table("2/4, 3/4 and 4/4 told apart by what real strokes taught", columns, rows), bars


def generated(metre: int, detached: float, seed: int, rng: np.random.Generator) -> Take:
    """Ten bars of another person, 30 frames a second, from the second downbeat on."""
    period, level = rng.uniform(0.45, 0.8), rng.uniform(0.3, 0.8)
    beats = [
        Played(2 + i * period, i % metre + 1, metre, level, detached) for i in range(10 * metre)
    ]
    motion = perform(beats, drawn(rng), seed)
    path = motion.joints[:, 10, :2].astype(float) * (-1.0, -1.0)
    frames = np.array([beat.t * 30 for beat in beats[2 * metre :]])
    return Take("generated", metre, path, frames)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less of everything; nothing is kept")
    quick = parser.parse_args().quick
    parts = [ictus(quick), tempo(), soak(3 if quick else 30)]
    if STROKES.is_dir():
        parts.append(recognised(quick))
    bars = [bar for _, found in parts for bar in found]
    notes = [
        "Strokes are the lowest points of the right wrist in the skeletons that the node emits, "
        "by forward kinematics at 50 frames/s (`motion.kinematics.IctusDetector`), not the plan.",
        "The development set was in view while the rhythm tracker was made; the conductor was not "
        "fitted to it. 'Tracker's own' is the error of the beats that it was told.",
        "The real strokes are one person's, seen by MediaPipe, beats by key press; in five of the "
        "16 takes the wrist was mostly lost. They taught the classifiers and nothing else.",
        "The nearest real bars know only how that person moves, which is not staccato.",
        summary(bars),
    ]
    tables = [bar_table("Bars", bars), *(table for table, _ in parts)]
    report("conductor", "The pattern conductor", tables, notes, keep=not quick)


if __name__ == "__main__":
    main()

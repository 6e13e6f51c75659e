"""The live drummer: whether it follows the body, is ever late, and how near the grid it plays.

    python benchmarks/dance.py [--minutes 28] [--bodies 6] [--data ../shared/data] [--work FOLDER]

Parts: onsets of the drums beside beats and accents of bodies, against shuffled and random rhythms;
bars and strokes that came too late, in a replay with virtual costs and live; hits against the
announced grid over JACK MIDI. `--work` keeps what the live part and the detector found, so that
a run that was cut short goes on from there. Writes `benchmarks/results/dance.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from _dance import bodies, follow, late, live
from common import Bar, Table, bar_table, report, summary

from rt_engine.drums.writing import HitsWriter, StepWriter

REPO = Path(__file__).parents[1]
WRITERS: dict[str, Callable[[], Any]] = {
    "pattern": lambda: None,
    "bar model": lambda: HitsWriter(complete=True),
    "step model": StepWriter,
}
REPLAYED = 1800.0  # s of virtual time
MARGIN = 3.0  # times the slowest bar that was measured: the cost in the replay
AHEAD = 25.0  # points that following must win by

Figures = dict[str, Any]


def followed(people: Sequence[bodies.Body]) -> dict[str, dict[str, float]]:
    """Mean percent of onsets with the body, by writer and rhythm."""
    found: dict[str, dict[str, float]] = {}
    for name, make in WRITERS.items():
        found[name] = {}
        for rhythm in follow.RHYTHMS:
            shares = [
                follow.share(follow.play(b, follow.known(b.beats), rhythm, make()), b.moments)
                for b in people
            ]
            found[name][rhythm] = float(np.mean(shares))
    return found


def kept(path: Path, make: Callable[[], Figures]) -> Figures:
    """What the file holds, or what `make` finds, which it then holds."""
    if not path.is_file():
        path.write_text(json.dumps(make()))
    return dict(json.loads(path.read_text()))


def follow_table(title: str, found: dict[str, dict[str, float]], chance: float) -> Table:
    rows = [
        (name, *(f"{row[r]:.1f}" for r in follow.RHYTHMS), f"{margin(row):+.1f}")
        for name, row in found.items()
    ]
    return Table(
        f"{title}: % of onsets within 70 ms of a beat or accent (chance {chance:.0f})",
        ("writer", "body's rhythm", "no answers", "shuffled", "random", "ahead of the better"),
        rows,
    )


def margin(row: dict[str, float]) -> float:
    return row["body"] - max(row["shuffled"], row["random"])


def late_rows(slowest: float) -> Iterator[tuple[str, late.Count]]:
    cost = MARGIN * slowest
    yield f"bar model, {1000 * cost:.0f} ms a bar", late.replayed(REPLAYED, "desk", cost)
    yield "patterns", late.replayed(REPLAYED, "pattern", 0.0)


def live_table(rows: dict[str, Figures]) -> Table:
    columns = ("bars", "missed", "least", "strokes", "late", "dropped", "heard", "hanging",
               "planned", "mean", "sd", "p99")  # fmt: skip
    body = [(name, *(text(row[c]) for c in columns)) for name, row in rows.items()]
    return Table("Live, over JACK MIDI (times in ms)", ("what", *columns), body)


def text(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.2f}"


def compare(asked: argparse.Namespace, work: Path) -> None:
    """All parts, and the report."""
    made = [*bodies.retimed(asked.data, asked.bodies), *bodies.dancers(asked.bodies)]
    film = bodies.filmed(asked.data, work)
    tables, bars = [], []
    for title, people in ((f"{len(made)} simulated bodies", made), ("mgt_dancer.avi", [film])):
        found = followed(people)
        chance = float(np.mean([follow.chance(b.moments, b.seconds) for b in people]))
        tables.append(follow_table(title, found, chance))
        ahead = margin(found["bar model"])
        bars.append(Bar(f"follows, {title}", ">= 25 points", f"{ahead:+.1f}", ahead >= AHEAD))
    took = late.times()
    counts = dict(late_rows(float(took["bar"].max())))
    tables.append(late_table(counts, took))
    missed = sum(c.missed + c.late for c in counts.values())
    bars.append(Bar("late in 30 min of replay", "0", str(missed), missed == 0))
    steady = kept(work / "steady.json", lambda: live.measured(60, "bar", (120, 120)))
    sweep = kept(work / "sweep.json", lambda: live.measured(60 * asked.minutes, "bar", (60, 180)))
    tables.append(live_table({"120 BPM": steady, f"60 to 180 BPM, {asked.minutes:g} min": sweep}))
    bars.append(Bar(f"bars missed in {asked.minutes:g} min live", "0", str(sweep["missed"]),
                    sweep["missed"] == 0))  # fmt: skip
    for name, row in (("120 BPM", steady), ("60 to 180 BPM", sweep)):
        bars.append(Bar(f"sd against the grid, {name}", "<= 5 ms", f"{row['sd']:.2f} ms",
                        row["sd"] <= 5))  # fmt: skip
        bars.append(Bar(f"notes that hang, {name}", "0", str(row["hanging"]), row["hanging"] == 0))
    report("dance", "Live drummer", [bar_table("Bars", bars), *tables], NOTES)
    print(summary(bars))


def late_table(counts: dict[str, late.Count], took: dict[str, Any]) -> Table:
    rows = [
        (name, str(c.bars), str(c.missed), f"{c.least:.2f}", str(c.strokes), str(c.late))
        for name, c in counts.items()
    ]
    means = ", ".join(f"{name} {1000 * t.mean():.1f} (most {1000 * t.max():.1f})"
                      for name, t in took.items())  # fmt: skip
    title = f"Replay of {REPLAYED / 60:g} minutes, 60 to 180 BPM; processor, ms: {means}"
    return Table(title, ("writer", "bars", "missed", "told ahead, s", "strokes", "late"), rows)


NOTES = [
    "Following is measured on the drummer alone: beats are told 0.3 s ahead by who knows them "
    "(simulated bodies), or are the minima of the joints' speed (film); accents are those of the "
    "detector of motion.Style on noisy keypoints, told 80 ms after the movement. Settings are the "
    "usual ones, fills and answers to accents included; the first 6 s do not count. An answer "
    "comes 80 ms after its accent at the earliest, so by this measure it is mostly a miss.",
    "No answers: the bars of the same drummer, deaf to accents as they come. Shuffled: the steps "
    "of the body's own rhythm in a drawn order, bar by bar; random: each step with a chance of "
    "one half, as in table 5 of RhythmicNet. Neither of these two answers accents.",
    "Missed: bars that a pattern stood in for because the model was late, also where a fill was "
    "played over it, but for the first bar. In the replay each bar that the model writes takes "
    f"{MARGIN:g} times the slowest measured, in time of the processor. Least, told ahead: time "
    "from the announcement of a bar to its first step.",
    "Planned: sd of the due times of the notes against the grid between the beats, which moves "
    "while the tempo does; mean, sd, p99: arrivals at a JACK client against the same grid, with "
    "humanise 0. Beats are told with the period of the beat before.",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=28.0, help="of the live part")
    parser.add_argument("--bodies", type=int, default=6, help="of each kind")
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data")
    parser.add_argument("--work", type=Path, help="folder that keeps what takes long")
    parser.add_argument("--listen", metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument("--play", nargs=5, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.listen:
        live.listen(asked.listen)
    elif asked.play:
        seconds, write, low, high, file = asked.play
        live.play(float(seconds), write, (float(low), float(high)), file)
    else:
        with tempfile.TemporaryDirectory() as folder:
            work = asked.work or Path(folder)
            work.mkdir(parents=True, exist_ok=True)
            compare(asked, work)


if __name__ == "__main__":
    main()

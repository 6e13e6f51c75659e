"""Beats from a moving body: the ablations of RhythmicNet rebuilt, the live network, real people.

    python benchmarks/motion_rhythm.py --work work/motion [--data ../shared/data]

`--work` is the folder that `rt-engine train motion` filled, with `test.npz` and, for the
ablations, one folder a network. Writes `benchmarks/results/motion_rhythm.md`. The conducting
recordings and the film are for evaluation only.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import torch
from _motion import film
from common import Bar, Table, bar_table, report, summary
from numpy.typing import NDArray

from rt_engine.inference.session import Session
from rt_engine.models.motion_rhythm import evaluate as ev
from rt_engine.models.motion_rhythm.decode import decode
from rt_engine.models.motion_rhythm.material import Excerpt, frames, load
from rt_engine.models.motion_rhythm.network import DELAY
from rt_engine.models.motion_rhythm.recordings import read_conducting
from rt_engine.models.motion_rhythm.references import ABLATIONS
from rt_engine.models.motion_rhythm.train import load_best
from rt_engine.models.training import read_log
from rt_engine.motion.dance import FPS

REPO = Path(__file__).parent.parent
MODEL = "motion_rhythm"
WINDOW, SINCE = 0.1, 4.0  # s, of the conducting recordings
BEST = "stgcn_tf_ssm_rel"
# Table 1 of the paper, on AIST: CMLc, CMLt, Cemgil, F in %.
PAPER = {
    "tcn": (44.97, 45.15, 48.14, 63.04), "tf": (16.07, 16.24, 32.85, 46.90),
    "stgcn": (54.89, 55.45, 49.23, 64.78), "stgcn_tf": (61.89, 62.34, 55.09, 71.93),
    "stgcn_tf_ssm": (63.20, 63.58, 57.72, 73.07), "stgcn_tf_rel": (68.01, 68.31, 59.19, 74.67),
    "stgcn_tf_ssm_rel": (71.43, 71.94, 61.59, 75.79),
}  # fmt: skip

Beats = NDArray[np.float64]


def shipped(session: Session, excerpt: Excerpt) -> NDArray[np.float32]:
    """The activation (n,) of the exported model."""
    session.reset()
    return session.run({"dance": excerpt.frames.astype(np.float32)})["beat"][:, 0]


def live(session: Session, excerpt: Excerpt) -> Beats:
    """Beats as the graph announces them: predicted, never taken back."""
    return ev.track(shipped(session, excerpt))


def whole(session: Session, excerpt: Excerpt) -> Beats:
    """The same activation, decoded at the end."""
    return decode(shipped(session, excerpt)) - DELAY / FPS


def ways(session: Session, work: Path) -> dict[str, ev.Way]:
    """Everything that is compared, by name."""
    found: dict[str, ev.Way] = {}
    for name in ABLATIONS:
        if (work / f"{name}_0" / "best.pt").is_file():
            found[name] = ev.offline(load_best(work / f"{name}_0", name))
    found["causal, decoded at the end"] = partial(whole, session)
    found["causal, live"] = partial(live, session)
    found["kinematic offsets, autocorrelation"] = ev.offsets
    found["always 120 BPM"] = ev.steady
    return found


def spent(work: Path, name: str) -> str:
    """Minutes and steps of a training."""
    folder = work / f"{'causal' if name.startswith('causal') else name}_0"
    if not (folder / "log.jsonl").is_file():
        return "-"
    last = read_log(folder)[-1]
    return f"{last['minutes']:.1f} / {last['step']:.0f}"


def scores_table(
    found: dict[str, ev.Way], tests: Sequence[Excerpt], work: Path
) -> tuple[Table, dict[str, ev.Scores]]:
    """All ways on the held-out excerpts, beside the paper's figures."""
    rows, scores = [], {}
    for name, way in found.items():
        scores[name] = ev.means(way, tests)
        ours = [f"{scores[name][metric]:.1f}" for metric in (*ev.METRICS, "AMLt")]
        paper = " / ".join(f"{x:.1f}" for x in PAPER[name]) if name in PAPER else "-"
        rows.append([name, *ours, paper, spent(work, name)])
    columns = (
        "",
        *ev.METRICS,
        "AMLt",
        "paper on AIST: CMLc / CMLt / Cemgil / F",
        "minutes / steps",
    )
    return Table("Held-out simulated motion", columns, rows), scores


def by_kind(found: dict[str, ev.Way], tests: Sequence[Excerpt]) -> Table:
    """F / CMLt of some ways, kind by kind."""
    kinds = sorted({e.kind for e in tests if len(e.beats) > 2})
    rows = []
    for name, way in found.items():
        each = [ev.means(way, [e for e in tests if e.kind == kind]) for kind in kinds]
        rows.append([name, *(f"{x['F']:.1f} / {x['CMLt']:.1f}" for x in each)])
    return Table("By kind of motion, F / CMLt", ("", *kinds), rows)


def conducting(found: dict[str, ev.Way], folder: Path) -> tuple[Table, dict[str, float]]:
    """F to +-100 ms after 4 s of each recorded conductor, and the mean."""
    takes = [read_conducting(path) for path in sorted(folder.glob("*.csv"))]
    rows, means = [], {}
    for name, way in found.items():
        each = [conducted(take, way(take)) for take in takes]
        means[name] = float(np.mean(each))
        low, middle, high = np.percentile(each, (0, 50, 100))
        rows.append([name, f"{means[name]:.1f}", f"{low:.0f} / {middle:.0f} / {high:.0f}"])
    title = f"{len(takes)} recordings of one conducting wrist: F to 100 ms after 4 s"
    return Table(title, ("", "mean", "least / median / most"), rows), means


def conducted(take: Excerpt, said: Beats) -> float:
    """F of a recording, to its end."""
    return ev.score(take.beats, said, len(take.frames) / FPS, SINCE, WINDOW)["F"]


def dancer(session: Session, path: Path, kept: Path) -> tuple[Table, str]:
    """The tempo that is found in a filmed dancer, beside that of the sound of the film."""
    seen = film.poses_of(path, kept)
    count = int(seen.t[-1] * FPS)
    excerpt = Excerpt(path.stem, "film", frames(seen, count), film.beats_of_sound(path))
    said, sound = live(session, excerpt), excerpt.beats
    rows = []
    for start in np.arange(0.0, seen.t[-1], 10.0):
        cells = [tempo(x[(x >= start) & (x < start + 10.0)]) for x in (said, sound)]
        rows.append([f"{start:.0f} to {start + 10:.0f} s", *cells])
    both = ev.score(sound, said, count / FPS, SINCE)
    rows.append(["all", tempo(said), tempo(sound)])
    note = (
        f"Film: against the beats of its sound F {both['F']:.1f}, CMLt {both['CMLt']:.1f}, "
        f"AMLt {both['AMLt']:.1f} %, from 4 s on."
    )
    return Table(
        f"A filmed dancer ({path.name}), BPM", ("", "motion, live", "its sound"), rows
    ), note


def tempo(beats: Beats) -> str:
    """Median tempo of beats in BPM."""
    return f"{60.0 / np.median(np.diff(beats)):.0f}" if len(beats) > 2 else "-"


def bars(scores: dict[str, ev.Scores], people: dict[str, float]) -> list[Bar]:
    """The bars of the project."""
    reached = people["causal, live"]
    found = [Bar("conducting, F to 100 ms after 4 s", ">= 75", f"{reached:.1f}", reached >= 75)]
    if BEST not in scores:
        found.append(Bar("causal behind offline", "<= 8 points", f"{BEST} is not trained", False))
    else:
        for metric in ev.METRICS:
            behind = scores[BEST][metric] - scores["causal, live"][metric]
            what = f"causal behind offline, {metric}"
            found.append(Bar(what, "<= 8 points", f"{behind:.1f}", behind <= 8))
    return found


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data")
    parser.add_argument("--work", type=Path, required=True, help="of `rt-engine train motion`")
    parser.add_argument("--model", default=MODEL, help="name or path of the exported model")
    parser.add_argument("--most", type=int, default=130, help="held-out excerpts (130)")
    parser.add_argument("--film", action="store_true", help="the dancer too (needs MediaPipe)")
    return parser.parse_args(arguments)


def main() -> int:
    options = options_of()
    torch.set_num_threads(1)
    folder = options.data / "conducting"
    if missing := [str(p) for p in (options.work / "test.npz", folder) if not p.exists()]:
        print("not there:", ", ".join(missing), "(see --work and --data)", file=sys.stderr)
        return 2
    session = Session(options.model, "cpu")
    tests = load(options.work / "test.npz")[: options.most]
    found = ways(session, options.work)
    first, scores = scores_table(found, tests, options.work)
    last = {name: way for name, way in found.items() if name == BEST or name not in ABLATIONS}
    people, means = conducting(last, folder)
    tables, notes = [first, by_kind(last, tests), people], [*NOTES, f"{len(tests)} excerpts."]
    if options.film:
        path = options.data / "video" / "mgt_dancer.avi"
        table, note = dancer(session, path, options.work / "dancer.npz")
        tables, notes = [*tables, table], [*notes, note]
    reached = bars(scores, means)
    bar = bar_table("Bars", reached)
    report("motion_rhythm", "Beats from a moving body", [bar, *tables], notes)
    print(summary(reached))
    return 0


NOTES = (
    "Held-out simulated motion: takes of CMU and drawn persons of which nothing was trained on, "
    "20 s each, seen by a simulated camera and detector. All of it is simulation; the paper's "
    "figures are of AIST, real dance, and stand beside ours for the order of the parts alone.",
    "Scores by mir_eval in %, after 4 s. Networks without `causal` see the whole excerpt and are "
    "decoded by the likeliest path; `live` is the exported model with the live tracker: beats are "
    "predicted and never taken back.",
    "Minutes / steps: of the last training, on part of a core; the card tells what went before.",
    "Conducting: 30 pictures a second are assumed, the files do not tell; beats are key presses.",
)


if __name__ == "__main__":
    sys.exit(main())

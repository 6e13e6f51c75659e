"""Drums for a rhythm: the paper's figures, ours, and what a simpler thing reaches.

    rt-engine train drums --data ../shared/data --work DIR
    python benchmarks/drums.py --work DIR [--samples 9000]

Protocol of RhythmicNet (Su, Liu and Shlizerman, NeurIPS 2021), section 4, on the official split of
the Groove MIDI Dataset. Reads the trainings in DIR and the exported models; writes
`results/drums.md` and `docs/pictures/drums.png`. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import torch
from common import Bar as Goal
from common import Table, bar_table, report, summary
from numpy.typing import NDArray
from torch import nn

from rt_engine.drums.bar import STEPS, Bar, empty
from rt_engine.drums.kit import DRUMS
from rt_engine.drums.writing import HitsWriter, StepWriter
from rt_engine.models.drums.command import folder_name
from rt_engine.models.drums.data import read_takes, vocabulary, windows
from rt_engine.models.drums.evaluate import (
    SAMPLES,
    drawn_rows,
    frequencies,
    likelihood,
    mean_touch,
    obedience,
)
from rt_engine.models.drums.generate import live_bars, live_touch, touched, written_hits
from rt_engine.models.drums.lessons import numbers, rows
from rt_engine.models.drums.measure import BINS, Bins, squared_errors
from rt_engine.models.drums.rhythms import exact
from rt_engine.models.drums.train import PARTS, load_best
from rt_engine.models.training import read_log

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
CLOSED = DRUMS.index("closed hi-hat")
PAPER = {
    "GrooVAE": (46, 0.0437, 0.0402),
    "transformer, all outputs, no words": (44, 0.0507, 0.0348),
    "transformer, all outputs, words": (39, 0.0493, 0.0369),
    "transformer, words, and U-Net": (39, 0.0267, 0.0169),
}
BEST = PAPER["transformer, words, and U-Net"]
SLACK = 1.15  # for the live network
LIMITS = 100.0, 2.0  # ms a bar of HitsWriter, a step of StepWriter
NOTES = (
    "NDB: cells of 50 (k-means over the hits of all training windows of two bars, hop a bar) "
    "whose share differs at 0.05 by the two-proportion z-test from that in training. It says how "
    "much like the training drums are, not whether they follow the rhythm: training windows at "
    "random do best. The drummers' own test windows are the mark for a method that obeys.",
    "MSE: for the hits of the test part, as they were struck; velocities 0..1, offsets in "
    "sixteenths. `hits`: mean over the strokes. `all`: mean over all cells, 0 where nothing is "
    "struck. The paper does not say which of the two it gives; the bars are put to both.",
    "`bar before`: the second bar of each window, its first one told with its touch, as "
    "`HitsWriter` does it. The live network and ours of GrooVAE are told the true steps before.",
    "F of the rhythm: of the steps that are struck, against those of the input.",
)


Load = Callable[[str], nn.Module]


class Result(NamedTuple):
    """hits: generated windows, for the rhythms of the samples. errors: by name, or none."""

    name: str
    hits: NDArray[np.bool_] | None
    errors: dict[str, float]


def rhythm_f(hits: NDArray[np.bool_], source: Bar) -> float:
    ours, theirs = hits.any(axis=-1), source.hits.any(axis=-1)
    return float(2 * (ours & theirs).sum() / (ours.sum() + theirs.sum()))


def second_bars(touch: tuple[NDArray, NDArray], bars: Bar) -> dict[str, float]:
    own = slice(STEPS, None)
    true = Bar(*(x[:, own] for x in (bars.hits, bars.velocities, bars.offsets)))
    return squared_errors(touch[0][:, own], touch[1][:, own], true)


def results(load: Load, words, train: Bar, test: Bar, chosen: Bar) -> Iterator[Result]:
    """Every method on the same windows."""
    rng = np.random.default_rng(0)
    yield Result("the drummers themselves", chosen.hits, {})
    at_random = rng.integers(len(train.hits), size=len(chosen.hits))
    yield Result("training windows at random", rows(train, at_random).hits, {})
    taps = np.zeros_like(chosen.hits)
    taps[..., CLOSED] = chosen.hits.any(axis=-1)
    yield Result("copy the rhythm on a hi-hat", taps, {})
    yield Result("means of the drums", None, squared_errors(*mean_touch(train, test), test))
    unet = load("touch")
    known = touched(unet, test, known=True)
    yield Result("U-Net, bar before", None, second_bars(known, test))
    written = written_hits(load("hits"), words, exact(chosen), rng)
    yield Result("transformer and U-Net", written, squared_errors(*touched(unet, test), test))
    net = load("live")
    live, _ = live_bars(net, words, chosen, rng, None)
    yield Result("live", live.hits, squared_errors(*live_touch(net, test), test))
    yield groovae(load("groovae"), test, chosen)


def groovae(net, test: Bar, chosen: Bar) -> Result:
    random = torch.Generator().manual_seed(0)
    drawn = net.generate(torch.from_numpy(exact(chosen)), random)[..., : len(DRUMS)].numpy() > 0
    touch = net.touch(torch.from_numpy(exact(test)), torch.from_numpy(numbers(test)))
    return Result("ours of GrooVAE", drawn, squared_errors(*(x.numpy() for x in touch), test))


ERRORS = ("velocity MSE, hits", "offset MSE, hits", "velocity MSE, all cells",
          "offset MSE, all cells")  # fmt: skip


def row(r: Result, bins: Bins, chosen: Bar) -> tuple[str, ...]:
    """A line of the table; it goes to stderr as well, since all of them take long."""
    line = (
        r.name,
        "-" if r.hits is None else f"{bins.different(r.hits)}",
        "-" if r.hits is None else f"{bins.distance(r.hits):.3f}",
        "-" if r.hits is None else f"{rhythm_f(r.hits, chosen):.3f}",
        *(f"{r.errors[name]:.4f}" if name in r.errors else "-" for name in ERRORS),
    )
    print(*line, sep="  ", file=sys.stderr, flush=True)
    return line


def figures(cells: list[tuple[str, ...]], number: int) -> Table:
    paper = [(f"paper: {name}", f"{ndb}", "-", "-", f"{loud}", f"{late}", "?", "?")
             for name, (ndb, loud, late) in PAPER.items()]  # fmt: skip
    columns = ("", f"NDB of {BINS}", "distance of shares", "F of the rhythm", *ERRORS)
    return Table(f"{number} windows of two bars", columns, [*cells, *paper])


def goals(found: list[Result], bins: Bins, times: tuple[float, float]) -> list[Goal]:
    every = {r.name: r for r in found}
    bars = []
    for name, slack in (("transformer and U-Net", 1.0), ("live", SLACK)):
        r = every[name]
        assert r.hits is not None
        figure = bins.different(r.hits)
        bars.append(
            Goal(f"{name}: NDB", f"<= {BEST[0] * slack:g}", f"{figure}", figure <= BEST[0] * slack)
        )
        for what, best in zip(("velocity", "offset"), BEST[1:], strict=True):
            for over in ("hits", "all cells"):
                error = r.errors[f"{what} MSE, {over}"]
                bars.append(Goal(f"{name}: {what} MSE, {over}", f"<= {best * slack:.4f}",
                                 f"{error:.4f}", error <= best * slack))  # fmt: skip
    for what, limit, took in zip(("a bar of HitsWriter", "a step of StepWriter"), LIMITS, times,
                                 strict=True):  # fmt: skip
        bars.append(Goal(what, f"< {limit:g} ms", f"{took:.2f} ms", took < limit))
    return bars


def timed() -> tuple[float, float]:
    """Medians in ms: a bar of 16 steps with a bar before it; a step."""
    rng = np.random.default_rng(0)
    rhythm = (rng.random(STEPS) < 0.4).astype(np.float32)
    writer, live, past = HitsWriter(), StepWriter(), empty()
    bars, steps = [], []
    for _ in range(40):
        start = time.perf_counter()
        past = writer.write(rhythm, past, 1.0, rng)
        bars.append(time.perf_counter() - start)
    for k in range(400):
        start = time.perf_counter()
        live.step(k, float(rhythm[k % STEPS]), 0.7, 0.5, 0.5, 1.0, rng)
        steps.append(time.perf_counter() - start)
    return 1e3 * float(np.median(bars)), 1e3 * float(np.median(steps))


def draw(nets: dict, words, test: Bar) -> None:
    """A few windows of drummers, and what is written for their rhythms."""
    rng = np.random.default_rng(3)
    some = rows(test, rng.permutation(len(test.hits))[:4])
    hits = written_hits(nets["hits"], words, exact(some), rng)
    ours = Bar(hits, *touched(nets["touch"], Bar(hits, some.velocities, some.offsets)))
    live, _ = live_bars(nets["live"], words, some, rng, None)
    figure, grid = plt.subplots(
        4, 3, figsize=(13, 8), sharex=True, sharey=True, layout="constrained"
    )
    for line, axes in enumerate(grid):
        for title, bars, ax in zip(("drummer", "transformer and U-Net", "live"), (some, ours, live),
                                   axes, strict=True):  # fmt: skip
            struck = np.argwhere(bars.hits[line])
            loud, late = (x[line][tuple(struck.T)] for x in (bars.velocities, bars.offsets))
            ax.scatter(struck[:, 0] + late, struck[:, 1], s=10 + 60 * loud, c=loud, vmin=0, vmax=1,
                       cmap="viridis")  # fmt: skip
            ax.set_title(title if line == 0 else "")
            ax.set_yticks(range(len(DRUMS)), DRUMS, fontsize=7)
            ax.set_xticks(range(0, 2 * STEPS, 4))
            ax.grid(alpha=0.3, axis="x")
    figure.supxlabel("sixteenths; size and colour: velocity")
    figure.savefig(PICTURES / "drums.png", dpi=80)


def trained(work: Path) -> Table:
    """Minutes and steps of every network."""
    lines = [(name, read_log(work / folder_name(name, 0))) for name in PARTS]
    cells = [(name, f"{log[-1]['minutes']:.1f}", f"{log[-1]['step']:.0f}",
              f"{min(x['valid_loss'] for x in log if 'valid_loss' in x):.4f}")
             for name, log in lines]  # fmt: skip
    return Table(
        "Training", ("network", "minutes", "steps", "best loss on the validation part"), cells
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    options = parser.parse_args()
    torch.set_num_threads(1)
    path = options.work / "groove.pickle"
    takes = read_takes(path, "train")
    words = vocabulary(takes)
    train, test = windows(takes), windows(read_takes(path, "test"))

    @cache
    def load(name: str) -> nn.Module:
        return load_best(name, words, options.work / folder_name(name, 0))

    chosen = drawn_rows(test, np.random.default_rng(0), options.samples)
    bins = Bins(train.hits)
    found, cells = [], []
    for result in results(load, words, train, test, chosen):
        found.append(result)
        cells.append(row(result, bins, chosen))
    bars = goals(found, bins, timed())
    nets = {name: load(name) for name in PARTS}
    draw(nets, words, test)
    obeys = obedience(nets["live"], words, chosen)
    known = [
        ("transformer", f"{likelihood(nets, words, test):.3f}"),
        ("live", f"{likelihood(nets, words, test, live=True):.3f}"),
        ("frequencies of words", f"{frequencies(words, train.hits, test.hits):.3f}"),
    ]
    tables = [
        bar_table("Bars", bars),
        figures(cells, len(chosen.hits)),
        Table("Likelihood of the true words of the test part", ("", "NLL, nat a word"), known),
        Table("Does the live network obey", ("", "share or mean"),
              [(name, f"{value:.3f}") for name, value in obeys.items()]),
        trained(options.work),
    ]  # fmt: skip
    report("drums", "Drums for a rhythm", tables, NOTES, keep=options.samples == SAMPLES)
    print(summary(bars), file=sys.stderr)
    return 0 if all(bar.met for bar in bars) else 1


if __name__ == "__main__":
    sys.exit(main())

"""`rt-engine train rhythm`: excerpts, training, scores, and the exported model."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import torch

from rt_engine.models.card import begun_with
from rt_engine.models.rhythm.committee import Committee
from rt_engine.models.rhythm.evaluate import Scores, table
from rt_engine.models.rhythm.losses import EVENTS
from rt_engine.models.rhythm.material.store import collect
from rt_engine.models.rhythm.networks import NETS, earlier
from rt_engine.models.rhythm.publish import publish_rhythm
from rt_engine.models.rhythm.store import read_store
from rt_engine.models.rhythm.train import Recipe, train
from rt_engine.models.training import Schedule, row, say

AGAIN = 2e-3  # highest learning rate of weights that have learnt before
EVALUATIONS = 15  # at most
SCORED = 60  # excerpts of the test part that the table is made of


def run(options: argparse.Namespace) -> int:
    """Make what is missing of the excerpts, train, score, export; the exit code.

    Raises FileNotFoundError where data are missing, ValueError for a choice that is none.
    """
    for value, known in ((options.size, NETS), (options.loss, EVENTS)):
        if value not in known:
            raise ValueError(f"{value!r} is unknown; there are {', '.join(known)}")
    if options.minutes <= 0:
        raise ValueError(f"--minutes {options.minutes:g}: needed is a number above 0")
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)  # of parts that an older file has not got
    # What is wrong with a file is told now, not after hours of rendering.
    others = [net for path in options.beside for net in earlier(options.size, path)]
    start = earlier(options.size, options.start)[-1] if options.start else None
    collect(options.data, options.work, options.hours, options.disk, options.seed)
    test = read_store(options.work / "test", SCORED)  # that none is there is told now, too
    schedule = Schedule(
        options.minutes,
        rate=AGAIN if options.start else Schedule.rate,
        evaluate=max(Schedule.evaluate, 60 * options.minutes / EVALUATIONS),
    )
    recipe = Recipe(options.size, options.loss, options.seed, schedule, half=options.half)
    folder = options.work / f"{options.size}_{options.loss}_{options.seed}"
    net = train(options.work, folder, recipe, options.resume, start)
    if others:
        net = Committee([*others, net]).eval()
    scores = {"test": table(net, test, recipe.mix.delay)}
    show(scores["test"])
    if options.size in ("small", "large"):
        card = publish_rhythm(
            net, options.size, options.output, read_store(options.work / "train"), scores,
            recipe.mix.delay, training=repeated(options),
        )  # fmt: skip
        say(f"exported: {options.output / card.file}", end="\n")
    return 0


def repeated(options: argparse.Namespace) -> str:
    """The command that trains the same again, but for the places of the folders."""
    names = ("hours", "minutes", "size", "loss", "seed")
    values = vars(options)
    files = [("start", options.start)] if options.start else []
    files += [("beside", path) for path in options.beside]
    started = [begun_with(name, path) for name, path in files]
    half = ["--half"] if options.half else []
    told = (f"--{name} {values[name]}" for name in names)
    return " ".join(["rt-engine train rhythm", *told, *half, *started])


def show(rows: Mapping[str, Scores]) -> None:
    """Print a table of scores."""
    for name, scores in rows.items():
        say(f"{name:24s} {row(scores)}", end="\n")

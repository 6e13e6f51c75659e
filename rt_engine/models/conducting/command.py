"""`rt-engine train conductor`: excerpts, simulated conductors, training, scores, the model."""

from __future__ import annotations

import argparse

import torch

from rt_engine.models.conducting.evaluate import scores_of
from rt_engine.models.conducting.publish import publish_conductor
from rt_engine.models.conducting.simulate import collect
from rt_engine.models.conducting.train import Recipe, train
from rt_engine.models.rhythm.material.store import collect as render
from rt_engine.models.training import Schedule, row, say

EVALUATIONS = 15  # at most
VALID, SCORED = 48, 40  # performances that choose the best weights, and that the card speaks of


def run(options: argparse.Namespace) -> int:
    """Make what is missing of the pairs, train, score, export; the exit code.

    Raises FileNotFoundError where data are missing, ValueError for a choice that is none.
    """
    for name in ("minutes", "pairs"):
        if getattr(options, name) <= 0:
            raise ValueError(f"--{name} {getattr(options, name):g}: needed is a number above 0")
    torch.set_num_threads(options.threads)
    store = options.store or options.work / "excerpts"
    if options.store is None:
        if options.data is None:
            raise ValueError("--data (MIDI to render) or --store (excerpts) is needed")
        render(options.data, store, options.hours, options.disk, options.seed)
    pairs = collect(store, options.work, "train", options.pairs, options.seed)
    valid = collect(store, options.work, "valid", VALID, options.seed)
    test = collect(store, options.work, "test", SCORED, options.seed)
    schedule = Schedule(
        options.minutes, rate=Recipe().schedule.rate, decay=Recipe().schedule.decay,
        evaluate=max(Schedule.evaluate, 60 * options.minutes / EVALUATIONS),
    )  # fmt: skip
    recipe = Recipe(seed=options.seed, schedule=schedule)
    net = train(pairs, valid, options.work / "live", recipe, options.resume)
    scores = scores_of(net, test)
    say(row(scores), end="\n")
    card = publish_conductor(net, options.output, pairs, scores, training=repeated(options))
    say(f"exported: {options.output / card.file}", end="\n")
    return 0


def repeated(options: argparse.Namespace) -> str:
    """The command that trains the same again, but for the places of the folders."""
    values = vars(options)
    names = ("minutes", "pairs", "hours", "seed")
    return " ".join(["rt-engine train conductor", *(f"--{n} {values[n]}" for n in names)])

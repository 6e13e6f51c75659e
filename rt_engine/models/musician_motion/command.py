"""`rt-engine train musician`: takes, training, scores, and the exported model."""

from __future__ import annotations

import argparse

import torch

from rt_engine.models.musician_motion import baselines, inverse
from rt_engine.models.musician_motion.evaluate import (
    Scores,
    clips,
    live_motion,
    offline_motion,
    scores,
)
from rt_engine.models.musician_motion.material import load
from rt_engine.models.musician_motion.publish import NAME, publish_musician
from rt_engine.models.musician_motion.train import LIVE, recipe_of, train
from rt_engine.models.training import row, say
from rt_engine.models.violinists import make

__all__ = ["run"]

SCORED = 80  # clips of the test part that the card speaks of


def run(options: argparse.Namespace) -> int:
    """Make what is missing of the takes, train, score, export; the exit code.

    Raises FileNotFoundError where data are missing, ValueError for a choice that is none.
    """
    for name in ("minutes", "hours"):
        if getattr(options, name) <= 0:
            raise ValueError(f"--{name} {getattr(options, name):g}: needed is a number above 0")
    torch.set_num_threads(options.threads)
    takes = options.takes or options.work / "takes"
    if options.takes is None:
        if options.data is None:
            raise ValueError("--data (recordings to simulate players for) or --takes is needed")
        make(options.data, takes, options.hours, options.threads)
    pieces, valid, test = (load(takes, part) for part in ("train", "valid", "test"))
    recipe = recipe_of(options.net, options.minutes, options.seed)
    net = train(pieces, valid, options.work / options.net, recipe, options.resume)
    chosen, body = clips(test, SCORED), inverse.fit(pieces)
    maker = live_motion(net) if options.net == LIVE else offline_motion(net, body)
    found = {"test takes": scores(chosen, maker)}
    found["test takes, the mean pose"] = scores(chosen, baselines.still)
    other = baselines.another(chosen, clips(pieces))
    found["test takes, the motion of another piece"] = scores(chosen, other)
    _show(found)
    if options.net == LIVE:
        publish_musician(net, options.output, pieces, found, training=repeated(options))
        say(f"exported: {options.output / NAME}.onnx", end="\n")
    return 0


def repeated(options: argparse.Namespace) -> str:
    """The command that trains the same again, but for the places of the folders."""
    names = ("net", "minutes", "hours", "seed")
    return " ".join(["rt-engine train musician", *(f"--{n} {vars(options)[n]}" for n in names)])


def _show(tables: dict[str, Scores]) -> None:
    for name, found in tables.items():
        say(f"{name:40s} {row(found)}", end="\n")

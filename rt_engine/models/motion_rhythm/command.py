"""`rt-engine train motion`: excerpts, training, scores, and the exported model."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import torch

from rt_engine.models.card import begun_with
from rt_engine.models.motion_rhythm.evaluate import Scores, means, offsets, steady, table
from rt_engine.models.motion_rhythm.material import SECONDS, collect, load
from rt_engine.models.motion_rhythm.publish import NAME, publish_motion
from rt_engine.models.motion_rhythm.train import NETS, Recipe, train, way
from rt_engine.models.training import Schedule, row, say

__all__ = ["run"]

SCORED = 40  # excerpts of the test part that the card's table is made of


def run(options: argparse.Namespace) -> int:
    """Make what is missing of the excerpts, train, score, export; the exit code.

    Raises FileNotFoundError where data are missing, ValueError for a choice that is none.
    """
    if options.net not in NETS:
        raise ValueError(f"{options.net!r} is unknown; there are {', '.join(NETS)}")
    for name in ("minutes", "excerpts"):
        if getattr(options, name) <= 0:
            raise ValueError(f"--{name} {getattr(options, name):g}: needed is a number above 0")
    torch.set_num_threads(options.threads)
    collect(options.data, options.work, options.excerpts, options.seed)
    recipe = Recipe(options.net, options.seed, schedule(options.minutes))
    folder = options.work / f"{options.net}_{options.seed}"
    net = train(options.work, folder, recipe, options.resume, options.start)
    test = load(options.work / "test.npz")[:SCORED]
    found = {"test": table(way(net, options.net), test)}
    show(found["test"])
    if options.net == "causal":
        found["test, always 120 BPM"] = {"all": means(steady, test)}
        found["test, autocorrelation of the kinematic offset"] = {"all": means(offsets, test)}
        hours = len(load(options.work / "train.npz")) * SECONDS / 3600
        publish_motion(net, options.output, hours, found, training=repeated(options))
        say(f"exported: {options.output / NAME}.onnx", end="\n")
    return 0


def schedule(minutes: float) -> Schedule:
    """The schedule of a recipe, so long, scored twice on the way."""
    told = Recipe().schedule
    return Schedule(
        minutes, told.rate, average=told.average, evaluate=max(30.0 * minutes - 1.0, 1.0)
    )


def repeated(options: argparse.Namespace) -> str:
    """The command that trains the same again, but for the places of the folders."""
    names = ("excerpts", "minutes", "net", "seed")
    started = [begun_with("start", options.start)] if options.start else []
    told = (f"--{name} {vars(options)[name]}" for name in names)
    return " ".join(["rt-engine train motion", *told, *started])


def show(rows: Mapping[str, Scores]) -> None:
    """Print a table of scores."""
    for name, scores in rows.items():
        say(f"{name:24s} {row(scores)}", end="\n")

"""`rt-engine train drums`: performances, the networks one by one, scores, the exported models."""

from __future__ import annotations

import argparse

import torch

from rt_engine.models.drums.data import collect, read_takes, vocabulary, windows
from rt_engine.models.drums.evaluate import scores
from rt_engine.models.drums.publish import publish_drums
from rt_engine.models.drums.train import PARTS, Recipe, train
from rt_engine.models.training import say

__all__ = ["folder_name", "run"]


def run(options: argparse.Namespace) -> int:
    """Read the performances, train, score on the test part, export; the exit code.

    Raises FileNotFoundError where data are missing, ValueError for minutes that are none.
    """
    if options.minutes <= 0:
        raise ValueError(f"--minutes {options.minutes:g}: needed is a number above 0")
    torch.set_num_threads(options.threads)
    path = collect(options.data, options.work)
    takes, valid, test = (read_takes(path, split) for split in ("train", "valid", "test"))
    words = vocabulary(takes)
    recipe = Recipe(options.minutes, options.seed)
    nets = {}
    for name in PARTS:
        folder = options.work / folder_name(name, options.seed)
        nets[name] = train(name, takes, valid, words, folder, recipe, options.resume)
    found = scores(nets, words, windows(takes), windows(test))
    for name, figures in found.items():
        for figure in figures:
            say(f"{name:6s} {figure.what:40s} {figure.value:g} {figure.unit}", end="\n")
    command = f"rt-engine train drums --minutes {options.minutes:g} --seed {options.seed}"
    for card in publish_drums(nets, words, options.output, takes, found, command):
        say(f"exported: {options.output / card.file}", end="\n")
    return 0


def folder_name(part: str, seed: int) -> str:
    """Of a network's training, in the folder of work."""
    return f"{part}_{seed}"

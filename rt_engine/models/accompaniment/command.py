"""`rt-engine train accompaniment`: songs, training, scores, and the exported models."""

from __future__ import annotations

import argparse
from dataclasses import replace

import torch

from rt_engine.models.accompaniment.data import collect, read_takes
from rt_engine.models.accompaniment.evaluate import frequencies, likelihood
from rt_engine.models.accompaniment.publish import publish_accompaniment
from rt_engine.models.accompaniment.train import Recipe, load_best, train
from rt_engine.models.card import begun_with
from rt_engine.models.training import BEST, row, say

__all__ = ["folder_name", "run"]


def run(options: argparse.Namespace) -> int:
    """Read the songs, train, score on titles that were held out, export; the exit code.

    Without memory nothing is exported: that network is there to be compared with. Raises
    FileNotFoundError where data are missing, ValueError for a choice that is none.
    """
    if options.minutes <= 0:
        raise ValueError(f"--minutes {options.minutes:g}: needed is a number above 0")
    torch.set_num_threads(options.threads)
    path = collect(options.data, options.work)
    takes, valid, test = (read_takes(path, split) for split in ("train", "valid", "test"))
    memory = not options.no_memory
    recipe = Recipe(memory, not options.any_key, options.seed)
    recipe = replace(recipe, schedule=replace(recipe.schedule, minutes=options.minutes))
    folder = options.work / folder_name(memory, options.seed)
    net = train(takes, valid, folder, recipe, options.resume, options.start)
    way = "with memory" if memory else "without memory"
    scores = {
        f"test NLL, {way}": likelihood(net, test, recipe.home),
        "test NLL, frequencies of tokens": frequencies(takes, test, recipe.home),
    }
    other = options.work / folder_name(not memory, options.seed)
    if memory and (other / BEST).exists():
        plain = load_best(other, replace(recipe, memory=False))
        scores["test NLL, without memory"] = likelihood(plain, test, recipe.home)
    for name, found in scores.items():
        say(f"{name:34s} {row(found)}", end="\n")
    if memory:
        cards = publish_accompaniment(net, options.output, takes, scores, repeated(options))
        for card in cards:
            say(f"exported: {options.output / card.file}", end="\n")
    return 0


def folder_name(memory: bool, seed: int) -> str:
    """Of a training, in the folder of work."""
    return f"{'memory' if memory else 'plain'}_{seed}"


def repeated(options: argparse.Namespace) -> str:
    """The command that trains the same again, but for the places of the folders."""
    command = f"rt-engine train accompaniment --minutes {options.minutes:g} --seed {options.seed}"
    command += " --any-key" * options.any_key
    command += f" {begun_with('start', options.start)}" if options.start else ""
    return f"{command}; beside it, with --no-memory, the network that it is compared with"

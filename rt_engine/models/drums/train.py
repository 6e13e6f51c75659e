"""The recipe: from takes to the networks, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from rt_engine.drums.words import Words
from rt_engine.models.drums.counts import Counts, counted, unknown
from rt_engine.models.drums.data import WINDOW, Take, hours, windows
from rt_engine.models.drums.groovae import GrooveVae
from rt_engine.models.drums.hits import HitsNet
from rt_engine.models.drums.lessons import (
    GrooveLesson,
    HitsLesson,
    Lesson,
    LiveLesson,
    TouchLesson,
)
from rt_engine.models.drums.live import LiveNet
from rt_engine.models.drums.touch import TouchNet
from rt_engine.models.training import BEST, Schedule, Trainer, count_parameters, say

__all__ = ["PARTS", "Part", "Recipe", "load_best", "train"]

LONG = 4 * 16  # steps that the live network is trained on at a time


class Part(NamedTuple):
    """One of the networks. share: of the minutes of the whole training. length: steps of its
    windows. lesson: from a network, its windows, the words and a seed.
    """

    build: Callable[[Counts, Words], nn.Module]
    lesson: Callable[..., Lesson]
    share: float
    rate: float
    length: int = WINDOW


PARTS = {
    "hits": Part(lambda counts, words: HitsNet(counts), HitsLesson, 0.40, 2e-3),
    "live": Part(LiveNet, LiveLesson, 0.28, 3e-3, LONG),
    "touch": Part(
        lambda counts, words: TouchNet(counts),
        lambda net, bars, words, seed: TouchLesson(net, bars, seed),
        0.18, 4e-3,
    ),
    "groovae": Part(
        lambda counts, words: GrooveVae(),
        lambda net, bars, words, seed: GrooveLesson(net, bars, seed),
        0.14, 4e-3,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """What a training is made of; minutes: of all networks together."""

    minutes: float = 28.0
    seed: int = 0

    def schedule(self, part: Part) -> Schedule:
        """That of a part."""
        return Schedule(part.share * self.minutes, part.rate, average=0.99, evaluate=150.0)


def train(
    name: str, takes: list[Take], valid: list[Take], words: Words, folder: Path, recipe: Recipe,
    resume: bool = False,
) -> nn.Module:  # fmt: skip
    """Train the part `name`, choose by its loss on `valid`; the best averaged network.

    Checkpoints and curves go into `folder`. With `resume` an earlier start is gone on with.
    """
    part = PARTS[name]
    torch.manual_seed(recipe.seed)
    bars = windows(takes, part.length)
    net = part.build(counted(windows(takes), words, recipe.seed), words)
    lesson = part.lesson(net, bars, words, recipe.seed)
    held = windows(valid, part.length)
    told = f"{count_parameters(net)} parameters, {hours(takes):.1f} h"
    say(f"{name}: {told}, {len(words)} words", end="\n")
    trainer = Trainer(
        net, lesson, folder, recipe.schedule(part), lambda x: lesson.judge(x, held), lesson
    )
    if resume and trainer.resume():
        say(f"goes on after {trainer.seconds / 60:.1f} min", end="\n")
    trainer.fit()
    return load_best(name, words, folder)


def load_best(name: str, words: Words, folder: Path) -> nn.Module:
    """The best network of a training's folder."""
    net = PARTS[name].build(unknown(len(words)), words)
    net.load_state_dict(torch.load(folder / BEST))
    return net.eval()

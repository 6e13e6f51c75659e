"""The recipe: from takes to a network, with and without memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from rt_engine.models.accompaniment.batches import IGNORED, Sampler
from rt_engine.models.accompaniment.data import Take, hours
from rt_engine.models.accompaniment.evaluate import likelihood
from rt_engine.models.accompaniment.network import AccompanimentNet, Size
from rt_engine.models.training import BEST, Schedule, Scores, Trainer, count_parameters, say
from rt_engine.models.weights import begin

__all__ = ["Recipe", "load_best", "train"]


@dataclass(frozen=True)
class Recipe:
    """What a training is made of.

    memory: whether the bars before are remembered. home: all songs in one key, else in any.
    """

    memory: bool = True
    home: bool = True
    seed: int = 0
    size: Size = field(default_factory=Size)
    schedule: Schedule = field(default_factory=lambda: Schedule(rate=2e-3, average=0.995))
    rows: int = 8  # windows of a batch


class Lesson:
    """One training step after the other: draws a batch, runs the network, tells the loss."""

    def __init__(self, net: AccompanimentNet, takes: list[Take], recipe: Recipe) -> None:
        self.net, self.sampler = net, Sampler(takes, recipe.seed, recipe.rows, recipe.home)

    def __call__(self) -> dict[str, Tensor]:
        batch = self.sampler.draw()
        logits = self.net(*batch.inputs)
        loss = nn.functional.cross_entropy(
            logits.flatten(0, 1), batch.target.flatten(), ignore_index=IGNORED
        )
        return {"loss": loss}

    def state_dict(self) -> dict[str, Any]:
        """Where the draws stand."""
        return {"rng": self.sampler.rng.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on drawing from there."""
        self.sampler.rng.bit_generator.state = state["rng"]


def train(
    takes: list[Take], valid: list[Take], folder: Path, recipe: Recipe, resume: bool = False,
    start: Path | None = None,
) -> AccompanimentNet:  # fmt: skip
    """Train, choose by the likelihood of `valid`; the best averaged network.

    Checkpoints and curves go into `folder`. With `resume` an earlier start is gone on with;
    `start`: weights to begin with, `best.pt` of an earlier training.
    """
    torch.manual_seed(recipe.seed)
    net = AccompanimentNet(recipe.size, recipe.memory)
    if start:
        begin(net, start)
    say(f"{count_parameters(net)} parameters, {hours(takes):.1f} h", end="\n")

    def judge(judged: nn.Module) -> Scores:
        found = likelihood(cast(AccompanimentNet, judged), valid, recipe.home)
        return {**found, "score": -found["all"]}

    lesson = Lesson(net, takes, recipe)
    trainer = Trainer(net, lesson, folder, recipe.schedule, judge, lesson)
    if resume and trainer.resume():
        say(f"goes on after {trainer.seconds / 60:.1f} min", end="\n")
    trainer.fit()
    return load_best(folder, recipe)


def load_best(folder: Path, recipe: Recipe) -> AccompanimentNet:
    """The best network of a training's folder."""
    net = AccompanimentNet(recipe.size, recipe.memory)
    net.load_state_dict(torch.load(folder / BEST))
    return net.eval()

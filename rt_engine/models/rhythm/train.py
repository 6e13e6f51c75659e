"""The recipe: from a store of excerpts to a network, and to its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from rt_engine.models.rhythm.batches import Mix, Sampler
from rt_engine.models.rhythm.evaluate import Scores, quick
from rt_engine.models.rhythm.losses import Loss, class_weights
from rt_engine.models.rhythm.network import Outputs, StreamingNet
from rt_engine.models.rhythm.networks import NETS
from rt_engine.models.rhythm.store import Excerpt, hours, read_store
from rt_engine.models.training import BEST, Schedule, Trainer, count_parameters, say

SHORT = ((600, 5),)  # batches of a network that sees a whole at once: a fifth, for more steps
CARRY = 0.4  # share of batches that go on from where the last one of their shape ended
CLASS_POWER = 0.5  # between every frame and every class counting the same


@dataclass(frozen=True)
class Recipe:
    """What a training is made of; see `Mix`, `Loss` and `Schedule`."""

    size: str = "small"
    loss: str = "widened"
    seed: int = 0
    schedule: Schedule = field(default_factory=Schedule)
    mix: Mix = field(default_factory=Mix)
    valid: int = 30  # excerpts that are tracked at each evaluation
    half: bool = False  # the network's own sums in bfloat16


class Lesson:
    """One training step after the other: draws a batch, runs the network, tells the losses."""

    def __init__(self, net: StreamingNet, excerpts: list[Excerpt], recipe: Recipe) -> None:
        self.net, self.sampler = net, Sampler(excerpts, recipe.seed, recipe.mix)
        counts = {
            name: count(excerpts, name, n) for name, n in (("dynamics", 6), ("articulation", 3))
        }
        weights = {name: class_weights(c, CLASS_POWER) for name, c in counts.items()}
        self.loss = Loss(recipe.loss, weights["dynamics"], weights["articulation"])
        self.half = recipe.half
        self._kept: dict[int, Any] = {}

    def __call__(self) -> dict[str, Tensor]:
        batch = self.sampler.draw()
        rows = len(batch.mel)
        state = self._kept.pop(rows, None)
        if state is None or self.sampler.rng.random() > CARRY:
            state = self.net.initial_state(rows)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            outputs, after = self.net(*batch.inputs, state)
        self._kept[rows] = {name: x.detach().float() for name, x in after.items()}
        return self.loss(Outputs(*(x.float() for x in outputs)), batch)

    def state_dict(self) -> dict[str, Any]:
        """Where the draws stand."""
        return {
            "rng": self.sampler.rng.bit_generator.state,
            "torch_rng": self.sampler.torch_rng.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on drawing from there."""
        self.sampler.rng.bit_generator.state = state["rng"]
        self.sampler.torch_rng.set_state(state["torch_rng"])


def count(excerpts: list[Excerpt], name: str, classes: int) -> Tensor:
    """Frames of each class."""
    total = np.zeros(classes, np.int64)
    for excerpt in excerpts:
        labels = getattr(excerpt, name)
        total += np.bincount(labels[labels >= 0], minlength=classes)
    return torch.from_numpy(total)


def spread(excerpts: list[Excerpt], number: int, seed: int) -> list[Excerpt]:
    """Some of the excerpts, every kind with its share, the same ones for a seed."""
    rng = np.random.default_rng(seed)
    shuffled = [excerpts[k] for k in rng.permutation(len(excerpts))]
    shuffled.sort(key=lambda e: e.kind)
    picked = np.linspace(0, len(shuffled) - 1, min(number, len(shuffled))).astype(int)
    return [shuffled[k] for k in picked]


def train(
    store: Path,
    folder: Path,
    recipe: Recipe,
    resume: bool = False,
    start: StreamingNet | None = None,
) -> StreamingNet:
    """Train on STORE/train, choose by STORE/valid; the best averaged network.

    Checkpoints and curves go into `folder`. With `resume` an earlier start is gone on with.
    start: a network to begin with, as `networks.earlier` reads them.
    """
    torch.manual_seed(recipe.seed)
    net = NETS[recipe.size]()
    if start is not None:
        net.load_state_dict(start.state_dict())
    excerpts = read_store(store / "train")
    valid = spread(read_store(store / "valid"), recipe.valid, recipe.seed)
    told = f"{count_parameters(net)} parameters, {hours(excerpts):.1f} h"
    say(f"{recipe.size}: {told}", end="\n")
    if not net.initial_state():
        recipe = replace(recipe, mix=recipe.mix._replace(lengths=SHORT))
    lesson = Lesson(net, excerpts, recipe)
    trainer = Trainer(net, lesson, folder, recipe.schedule, judge(valid, recipe), lesson)
    if resume and trainer.resume():
        say(f"goes on after {trainer.seconds / 60:.1f} min", end="\n")
    trainer.fit()
    return load_best(folder, recipe.size)


def judge(valid: list[Excerpt], recipe: Recipe) -> Callable[[nn.Module], Scores]:
    """The evaluation of a training."""
    return lambda net: quick(cast(StreamingNet, net), valid, recipe.mix.delay)


def load_best(folder: Path, size: str) -> StreamingNet:
    """The best network of a training's folder."""
    net = NETS[size]()
    net.load_state_dict(torch.load(folder / BEST))
    return net.eval()

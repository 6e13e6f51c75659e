"""The recipe: from takes of simulated violinists to networks that correct poses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rt_engine.models.pose_correction import seen
from rt_engine.models.pose_correction.batches import Pool
from rt_engine.models.pose_correction.evaluate import Scores, valid_stream, valid_windows
from rt_engine.models.pose_correction.mapnet import WINDOW, WINDOWED, Windowed
from rt_engine.models.pose_correction.material import Material, to_and_fro, varied
from rt_engine.models.pose_correction.network import PoseNet
from rt_engine.models.pose_correction.prior import fitted
from rt_engine.models.training import BEST, Schedule, Trainer, count_parameters, say
from rt_engine.models.weights import begin

__all__ = ["LOOKAHEADS", "NETS", "Recipe", "load_best", "train"]

LOOKAHEADS = {"stream_0": 0, "stream_100": 5, "stream_300": 15}  # steps of 20 ms
FIRST = "stream_100"
NETS = (*LOOKAHEADS, *WINDOWED)
LENGTH = 600  # steps of other motion that are scored
SPEED, BEND = 1.0, 2.0  # weights of the errors of the first and the second difference


@dataclass(frozen=True)
class Recipe:
    """What a training is made of. rows, steps: of a batch of the streaming network; windows: of
    3 s, of the others. pool, stretch: bodies and steps that are drawn at once. valid: takes that
    are scored at each evaluation.
    """

    net: str = "stream_100"
    seed: int = 0
    schedule: Schedule = field(default_factory=lambda: Schedule(rate=2e-3, average=0.996))
    rows: int = 16
    steps: int = 400
    windows: int = 16
    pool: int = 64
    stretch: int = 900
    valid: int = 4

    @property
    def lookahead(self) -> int:
        """Steps of the future that a streaming network sees."""
        return LOOKAHEADS[self.net]


class StreamLesson:
    """A step of training of the streaming network."""

    def __init__(self, net: PoseNet, material: Material, recipe: Recipe) -> None:
        self.net, self.recipe = net, recipe
        self.rng = np.random.default_rng(recipe.seed)
        rng, lookahead = self.rng, recipe.lookahead
        self.pool = Pool(material, lookahead, net.prior, rng, recipe.pool, recipe.stretch)

    def __call__(self) -> dict[str, Tensor]:
        batch = self.pool.draw(self.recipe.rows, self.recipe.steps)
        front, sound, heard, true, asked = (torch.from_numpy(part) for part in batch)
        inputs = {"front": front, "sound": sound, "heard": heard}
        found = self.net(inputs, self.net.initial_state(len(front)))[0]["pose"]
        return loss_of(found, true, asked)

    def state_dict(self) -> dict[str, Any]:
        """Where the draws stand."""
        return {"rng": self.rng.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on drawing from there."""
        self.rng.bit_generator.state = state["rng"]


class WindowLesson(StreamLesson):
    """A step of training of a network of windows, with the paper's loss (section 3.6)."""

    def __init__(self, net: Windowed, material: Material, recipe: Recipe) -> None:
        self.windowed, self.material, self.recipe = net, material, recipe
        self.rng = np.random.default_rng(recipe.seed)

    def __call__(self) -> dict[str, Tensor]:
        rows = [self._row() for _ in range(self.recipe.windows)]
        poses, there, sound, true = (torch.from_numpy(np.stack(x)) for x in zip(*rows, strict=True))
        found = self.windowed(poses.flatten(2), there[..., 0], sound)
        return {"loss": distance(found, true.flatten(2))}

    def _row(self) -> tuple[Any, ...]:
        rng, takes = self.rng, self.material.takes
        take = takes[rng.integers(len(takes))]
        start = int(rng.integers(max(len(take.joints) - WINDOW, 0) + 1))
        order = to_and_fro(len(take.joints), start, WINDOW)
        stride = int(rng.choice(list(seen.STRIDES.values())))
        joints = varied(take.joints[order], rng, False)
        view = seen.at_strides(joints, stride, rng)
        return view.x, view.there, take.features[order], view.true


def distance(found: Tensor, true: Tensor, asked: Tensor | None = None) -> Tensor:
    """Mean distance of joints of poses (batch, n, 39), of those asked for: (batch, n, 13)."""
    away = ((found - true).unflatten(2, (-1, 3)).square().sum(dim=-1) + 1e-8).sqrt()
    return away.mean() if asked is None else (away * asked).sum() / asked.sum().clamp(min=1.0)


def loss_of(found: Tensor, true: Tensor, asked: Tensor) -> dict[str, Tensor]:
    """Distance, and that of the differences from step to step, in m."""
    place = distance(found, true, asked)
    moved, truly = found.diff(dim=1), true.diff(dim=1)
    speed = distance(moved, truly, asked[:, 1:])
    bend = distance(moved.diff(dim=1), truly.diff(dim=1), asked[:, 2:])
    return {"loss": place + SPEED * speed + BEND * bend, "place": place, "bend": bend}


def train(material: Material, valid: Material, folder: Path, recipe: Recipe,
          resume: bool = False) -> Any:  # fmt: skip
    """The best averaged network; checkpoints and curves go into `folder`.

    The streaming networks of other lookaheads start from the weights of FIRST, where these lie
    beside `folder`. With `resume` an earlier start is gone on with. StoppedError after a signal.
    """
    torch.manual_seed(recipe.seed)
    net = made(recipe.net)
    fit(net, material)
    first = folder.parent / f"{FIRST}_{recipe.seed}" / BEST
    if recipe.net in LOOKAHEADS and recipe.net != FIRST and first.exists():
        begin(net, first)
    takes = valid.takes[: recipe.valid]
    lesson: StreamLesson
    judge: Callable[[Any], Scores]
    if isinstance(net, PoseNet):
        lesson = StreamLesson(net, material, recipe)
        others = [x[to_and_fro(len(x), 0, LENGTH)] for x in valid.others[: recipe.valid]]
        judge = partial(valid_stream, takes=takes, lookahead=recipe.lookahead, others=others)
    else:
        lesson = WindowLesson(net, material, recipe)
        judge = partial(valid_windows, takes=takes)
    say(f"{recipe.net}: {count_parameters(net)} parameters, {len(material.takes)} takes", end="\n")
    trainer = Trainer(net, lesson, folder, recipe.schedule, judge, lesson)
    if resume and trainer.resume():
        say(f"goes on after {trainer.seconds / 60:.1f} min", end="\n")
    trainer.fit()
    return load_best(folder, recipe.net)


def made(name: str) -> PoseNet | Windowed:
    """A new network by its name in NETS."""
    return PoseNet() if name in LOOKAHEADS else WINDOWED[name]()


def fit(net: PoseNet | Windowed, material: Material) -> None:
    """Give a network the scale of what it hears, and the mean or the prior of the poses."""
    sound = np.concatenate([take.features for take in material.takes[::3]])
    if isinstance(net, PoseNet):
        net.fit_sound(sound)
        net.fit_prior(fitted([take.joints for take in material.takes]))
    else:
        poses = np.concatenate([seen.from_toe(take.joints) for take in material.takes[::3]])
        net.fit(torch.from_numpy(poses).flatten(1), torch.from_numpy(sound))


def load_best(folder: Path, name: str) -> Any:
    """The best network of a training's folder."""
    net = made(name)
    net.load_state_dict(torch.load(folder / BEST))
    return net.eval()

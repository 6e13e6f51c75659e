"""The recipe: from excerpts of simulated motion to a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn

from rt_engine.models.motion_rhythm.evaluate import Scores, Way, causal, means, offline
from rt_engine.models.motion_rhythm.figure import JOINTS, PAIRS
from rt_engine.models.motion_rhythm.material import FRAMES, Excerpt, load
from rt_engine.models.motion_rhythm.network import DELAY, MotionNet
from rt_engine.models.motion_rhythm.references import ABLATIONS
from rt_engine.models.rhythm.losses import widened
from rt_engine.models.training import BEST, Schedule, Trainer, count_parameters, say
from rt_engine.models.weights import begin_with_parts
from rt_engine.motion.dance import FPS, NUMBERS, SIZE

__all__ = ["NETS", "Lesson", "Recipe", "load_best", "train", "varied"]

NETS: dict[str, Callable[[], Any]] = {"causal": MotionNet, **ABLATIONS}
LONG = 2 * FPS  # frames that are left out of the loss at the start: nothing is known yet
LOST = 0.15  # share of rows that lose a part of their joints
SPEED = (0.85, 1.18)  # of a row that is played slower or faster


@dataclass(frozen=True)
class Recipe:
    """What a training is made of; net: one of `NETS`; frames, rows: of a batch."""

    net: str = "causal"
    seed: int = 0
    schedule: Schedule = field(default_factory=lambda: Schedule(rate=2.5e-3, average=0.995))
    frames: int = 320
    rows: int = 8
    valid: int = 12  # excerpts that are scored at each evaluation

    @property
    def delay(self) -> int:
        """Frames that the output lies behind the input: the causal network's alone."""
        return DELAY if self.net == "causal" else 0


class Lesson:
    """One training step after the other: draws a batch, runs the network, tells the loss."""

    def __init__(self, net: Any, excerpts: list[Excerpt], recipe: Recipe) -> None:
        self.net, self.excerpts, self.recipe = net, excerpts, recipe
        self.rng = np.random.default_rng(recipe.seed)

    def __call__(self) -> dict[str, Tensor]:
        picked = self.rng.integers(len(self.excerpts), size=self.recipe.rows)
        rows = [self._row(self.excerpts[k]) for k in picked]
        dance, beat, known = (torch.from_numpy(np.stack(x)) for x in zip(*rows, strict=True))
        return {"loss": widened(self.net.logits(dance), beat, known)}

    def _row(self, excerpt: Excerpt) -> tuple[Any, Any, Any]:
        """Frames (n, 85) of an excerpt, its beats as 0 or 1 (n,), and where they count."""
        rng, count = self.rng, self.recipe.frames
        speed = float(np.exp(rng.uniform(*np.log(SPEED)))) if rng.random() < 0.5 else 1.0
        needed = int(np.ceil(count * speed)) + 1
        start = int(rng.integers(max(FRAMES - needed, 1)))
        frames = excerpt.frames[start : start + needed].astype(np.float32)
        at = np.arange(count) * speed
        values = _stretched(frames, at)
        beat = np.zeros(count, np.float32)
        places = np.rint((excerpt.beats * FPS - start) / speed).astype(int) + self.recipe.delay
        beat[places[(places >= 0) & (places < count)]] = 1.0
        known = np.ones(count, np.float32)
        known[:LONG] = 0.0 if self.recipe.net == "causal" else 1.0
        return varied(values, rng), beat, known * (at <= len(frames) - 1)

    def state_dict(self) -> dict[str, Any]:
        """Where the draws stand."""
        return {"rng": self.rng.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on drawing from there."""
        self.rng.bit_generator.state = state["rng"]


def _stretched(frames: Any, at: Any) -> Any:
    """Frames (n, 85) read at places between them; a joint is there where both neighbours have it.

    Velocities stay in the units of a lively body, which do not change with the speed.
    """
    low = np.minimum(at.astype(int), len(frames) - 1)
    high = np.minimum(low + 1, len(frames) - 1)
    share = (at - low).clip(0.0, 1.0).astype(np.float32)[:, None]
    values = frames[low] * (1 - share) + frames[high] * share
    joints = values.reshape(len(at), JOINTS, NUMBERS)
    both = [frames[k].reshape(len(at), JOINTS, NUMBERS)[..., 4] > 0 for k in (low, high)]
    joints[~(both[0] & both[1])] = 0.0
    return joints.reshape(len(at), SIZE)


def varied(frames: Any, rng: Generator) -> Any:
    """The same motion seen otherwise: mirrored, larger, livelier, leaning, with joints unseen."""
    x = frames.reshape(-1, JOINTS, NUMBERS).copy()
    if rng.random() < 0.5:
        order = np.arange(JOINTS)
        for left, right in PAIRS:
            order[[left, right]] = right, left
        x = x[:, order]
        x[..., (0, 2)] *= -1.0
    angle = rng.normal(0.0, 0.15)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    x[..., :2] = x[..., :2] @ turn * np.exp(rng.normal(0.0, 0.15))
    x[..., 2:4] = x[..., 2:4] @ turn * np.exp(rng.normal(0.0, 0.25))
    if rng.random() < LOST and (x[..., 4] > 0).any(axis=0).sum() > 2:
        x[:, rng.random(JOINTS) < rng.uniform(0.1, 0.7)] = 0.0
    x[..., :4] += rng.normal(0.0, rng.uniform(0.0, 0.05), (*x.shape[:2], 4)) * (x[..., 4:] > 0)
    return x.reshape(-1, SIZE).astype(np.float32)


def train(
    work: Path, folder: Path, recipe: Recipe, resume: bool = False, start: Path | None = None
) -> Any:
    """Train on WORK/train.npz, choose by WORK/valid.npz; the best averaged network.

    Checkpoints and curves go into `folder`. With `resume` an earlier start is gone on with.
    start: `best.pt` of another training, whose weights are taken wherever a part is the same.
    """
    torch.manual_seed(recipe.seed)
    net = NETS[recipe.net]()
    if start is not None:
        begin_with_parts(net, start)
    excerpts, valid = load(work / "train.npz"), load(work / "valid.npz")[: recipe.valid]
    say(f"{recipe.net}: {count_parameters(net)} parameters, {len(excerpts)} excerpts", end="\n")
    lesson = Lesson(net, excerpts, recipe)
    trainer = Trainer(net, lesson, folder, recipe.schedule, judge(valid, recipe), lesson)
    if resume and trainer.resume():
        say(f"goes on after {trainer.seconds / 60:.1f} min", end="\n")
    trainer.fit()
    return load_best(folder, recipe.net)


def judge(valid: list[Excerpt], recipe: Recipe) -> Callable[[nn.Module], Scores]:
    """The evaluation of a training: "score" is the mean of what the paper's table shows."""

    def scores(net: nn.Module) -> Scores:
        found = means(way(net, recipe.net), valid)
        return found | {"score": (found["CMLc"] + found["CMLt"] + found["Cemgil"] + found["F"]) / 4}

    return scores


def way(net: Any, name: str) -> Way:
    """The way from excerpts to beats of a network: live for the causal one, else the paper's."""
    return causal(net) if name == "causal" else offline(net)


def load_best(folder: Path, name: str) -> Any:
    """The best network of a training's folder."""
    net = NETS[name]()
    net.load_state_dict(torch.load(folder / BEST))
    return net.eval()

"""Training: the four networks of the ablation, and the live one, from takes of violinists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rt_engine.models.musician_motion import losses
from rt_engine.models.musician_motion.material import (
    HEARD,
    INDEX,
    RATE,
    Floats,
    Piece,
    alternating,
)
from rt_engine.models.musician_motion.network import DELAY, LiveMusician
from rt_engine.models.musician_motion.network import UNIT as LIVE_UNIT
from rt_engine.models.musician_motion.references import FRAMES, METHODS, STEP, UNIT, Musician
from rt_engine.models.musician_motion.varied import varied
from rt_engine.models.training import BEST, Schedule, Trainer, count_parameters, say

__all__ = [
    "LIVE",
    "Clips",
    "LiveClips",
    "Recipe",
    "clip_of",
    "load_best",
    "recipe_of",
    "targets",
    "train",
]

LIVE = "live"
ROWS = FRAMES * STEP  # of a clip
LIVE_ROWS = 250  # of one of the live network, which forgets sooner
TURN = 2  # rows to either side of a turn in which it counts as one
START = 50  # rows at the beginning of a clip in which the live network has heard too little
TURNING, SOUNDING = 4.0, 0.3  # weights of two losses beside that of motion, 1
RARE = 4.0  # weight of rows with a turn, which are few
EVALUATIONS = 8
VALID = 64  # clips that an evaluation looks at


@dataclass(frozen=True)
class Recipe:
    """net: one of `METHODS`, or `LIVE`. clips: of a batch (the paper: 16, and this rate)."""

    net: str = LIVE
    seed: int = 0
    clips: int = 12
    schedule: Schedule = field(
        default_factory=lambda: Schedule(rate=2e-3, average=0.99, decay=1e-4)
    )


def recipe_of(net: str, minutes: float, seed: int = 0) -> Recipe:
    """The recipe of a network, so long, evaluated some times on the way."""
    told = Recipe(net, seed, clips=24 if net == LIVE else Recipe.clips)
    every = max(60.0 * minutes / EVALUATIONS, 1.0)
    return replace(told, schedule=replace(told.schedule, minutes=minutes, evaluate=every))


class Clips:
    """Clips of takes at random, for the networks of the ablation."""

    rows = ROWS

    def __init__(self, net: Any, pieces: Sequence[Piece], recipe: Recipe) -> None:
        self.net, self.recipe = net, recipe
        self.pieces = [piece for piece in pieces if len(piece) >= self.rows]
        if not self.pieces:
            raise ValueError(f"no take of {self.rows / RATE:g} s or more to train on")
        self.rng = np.random.default_rng(recipe.seed)

    def __call__(self) -> dict[str, Tensor]:
        heard, moves = (torch.from_numpy(np.stack(x)) for x in zip(*self.draw(), strict=True))
        return {"loss": loss_of(self.net, heard, moves)}

    def draw(self) -> list[tuple[Any, ...]]:
        """As many clips as a batch has."""
        lengths = np.array([len(piece) for piece in self.pieces], np.float64)
        picked = self.rng.choice(len(lengths), self.recipe.clips, p=lengths / lengths.sum())
        pieces = [self.pieces[k] for k in picked]
        return [self.cut(p, int(self.rng.integers(len(p) - self.rows + 1))) for p in pieces]

    def cut(self, piece: Piece, start: int) -> tuple[Any, ...]:
        """What goes in and what shall come out, for a clip."""
        return clip_of(piece, start)

    def state_dict(self) -> dict[str, Any]:
        """Where the draws stand."""
        return {"rng": self.rng.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on drawing from there."""
        self.rng.bit_generator.state = state["rng"]


class LiveClips(Clips):
    """The same for the live network."""

    rows = LIVE_ROWS

    def __call__(self) -> dict[str, Tensor]:
        heard, *real = (torch.from_numpy(np.stack(x)) for x in zip(*self.draw(), strict=True))
        return live_losses(self.net, heard, dict(zip(LIVE_UNIT, real, strict=True)))

    def cut(self, piece: Piece, start: int) -> tuple[Any, ...]:
        """Features, in the training as of another violin, and what `targets` has."""
        rows = slice(start, start + self.rows)
        heard = piece.heard[rows]
        if self.net.training:
            heard = varied(heard, self.net.spread, self.rng)
        return heard, *(x[rows] for x in targets(piece))


def clip_of(piece: Piece, start: int, heard_turns: bool = False) -> tuple[Floats, Floats]:
    """Sound (ROWS, 36) and motion (FRAMES, 39) of a clip of the ablation.

    The direction of the bow that the network is told is the true one; with `heard_turns` nothing
    of the truth is in it: it begins downwards and flips at each turn that was heard.
    """
    rows = slice(start, start + ROWS)
    heard = piece.heard[rows]
    direction = alternating(heard) if heard_turns else piece.direction[rows]
    told = np.concatenate([heard, direction[:, None]], axis=1)
    return told.astype(np.float32), piece.moves[rows][::STEP]


def targets(piece: Piece) -> tuple[Floats, Floats, Floats]:
    """What the live network shall say of a take: `right`, `left` and `torso`, see `network`."""
    turned = np.zeros(len(piece), np.float32)
    for at in np.rint(piece.turns * RATE).astype(int):
        turned[max(at - TURN, 0) : at + TURN + 1] = 1.0
    right = np.stack([piece.speed, turned, piece.string, piece.sounding], axis=1)
    joints = piece.moves.reshape(len(piece), -1, 3)
    return right, joints[:, INDEX["LMWR"]], joints[:, INDEX["C7"]]


def loss_of(net: Musician, heard: Tensor, moves: Tensor) -> Tensor:
    """The loss of a method of the ablation; sound (batch, ROWS, 36), motion (batch, FRAMES, 39)."""
    columns = net.method.columns()
    real = {part: moves[..., at] / UNIT for part, at in columns.items()}
    return net.method.loss(net(heard), real)


def live_losses(net: LiveMusician, heard: Tensor, real: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Losses of the live network: those of MOSA for what moves, cross entropy for yes and no."""
    raw, _ = net.raw(heard, net.initial_state(len(heard)))
    known = {part: x[:, START:] for part, x in raw.items()}
    rows = slice(START - DELAY, -DELAY)
    true = {part: x[:, rows] / x.new_tensor(LIVE_UNIT[part]) for part, x in real.items()}
    made = known["right"]
    known["right"] = torch.stack((nn.functional.softplus(made[..., 0]), made[..., 2]), dim=-1)
    turned, sounds = true["right"][..., 1], true["right"][..., 3]
    true["right"] = true["right"][..., (0, 2)]
    yes_no = nn.functional.binary_cross_entropy_with_logits
    found = {
        "motion": losses.weighted({part: losses.even(x, true[part]) for part, x in known.items()}),
        "turn": yes_no(made[..., 1], turned, weight=1.0 + (RARE - 1.0) * turned),
        "sounding": yes_no(made[..., 3], sounds),
    }
    loss = found["motion"] + TURNING * found["turn"] + SOUNDING * found["sounding"]
    return {"loss": loss, **found}


def network(name: str) -> Any:
    """A new network of a recipe. ValueError names those that there are."""
    if name == LIVE:
        return LiveMusician()
    if name not in METHODS:
        raise ValueError(f"{name!r} is unknown; there are {', '.join((LIVE, *METHODS))}")
    return Musician(METHODS[name])


def measure(net: Any, pieces: Sequence[Piece]) -> None:
    """Tell a network in which units the sound of the pieces is."""
    rows = torch.from_numpy(np.concatenate([piece.heard for piece in pieces]))
    net.centre[:HEARD].copy_(rows.mean(dim=0))
    net.spread[:HEARD].copy_(rows.std(dim=0).clamp(min=1e-3))


def judge(pieces: Sequence[Piece], recipe: Recipe) -> Callable[[nn.Module], dict[str, float]]:
    """The evaluation of a training: its own loss, on fixed clips of other pieces, negative."""

    def scores(net: nn.Module) -> dict[str, float]:
        lesson = LiveClips if recipe.net == LIVE else Clips
        clips = lesson(net, pieces, Recipe(recipe.net, recipe.seed, VALID))
        with torch.no_grad():
            found = {name: float(x) for name, x in clips().items()}
        return found | {"score": -found["loss"]}

    return scores


def train(
    pieces: Sequence[Piece],
    valid: Sequence[Piece],
    folder: Path,
    recipe: Recipe,
    resume: bool = False,
) -> Any:
    """Train on `pieces`, choose by `valid`; the best averaged network.

    Checkpoints and curves go into `folder`; with `resume` an earlier start is gone on with.
    """
    torch.manual_seed(recipe.seed)
    net = network(recipe.net)
    measure(net, pieces)
    say(f"{recipe.net}: {count_parameters(net)} parameters, {len(pieces)} takes", end="\n")
    lesson = (LiveClips if recipe.net == LIVE else Clips)(net, pieces, recipe)
    trainer = Trainer(net, lesson, folder, recipe.schedule, judge(valid, recipe), lesson)
    if resume and trainer.resume():
        say(f"goes on after {trainer.seconds / 60:.1f} min", end="\n")
    trainer.fit()
    return load_best(folder, recipe.net)


def load_best(folder: Path, name: str) -> Any:
    """The best network of a training's folder; FileNotFoundError where there is none."""
    net = network(name)
    net.load_state_dict(torch.load(folder / BEST))
    return net.eval()

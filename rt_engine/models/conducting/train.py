"""Training of the live conductor, from pairs of music and motion.

One piece has as many performances as conductors, so the noise of each performance is learnt along
with the network, as a distribution that is held close to the one that will be drawn from: a
variational auto-decoder (Zadeh et al. 2019, "Variational Auto-Decoder"). Windows are short and
many, because the network has no memory but its filters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rt_engine.models.conducting.autodecoder import AutoDecoder, Batch, Song, random_noise
from rt_engine.models.conducting.network import (
    HEAR_TAPS,
    PHASES,
    SLOW,
    TAPS,
    TURN_TAPS,
    LiveGenerator,
    filtered,
    hearing,
    smoothing,
    turning,
)
from rt_engine.models.conducting.simulate import Pair
from rt_engine.models.rhythm.streams import FPS
from rt_engine.models.training import BEST, Schedule, Trainer, count_parameters, say

LEAST = 0.01  # m: a coordinate that moves less than this counts as if it moved so much
ORDERS = (1.0, 0.6, 0.1)  # weights of the errors of place, velocity and acceleration
MATCHED, MOST = 120, 1.4  # songs that the spread of joints is taken from; their highest gain
DRAWS = 8  # performances of a song that an evaluation looks at
EXPRESSION = 4  # the last slow columns: dynamics and articulation


@dataclass(frozen=True)
class Recipe:
    """What a training is made of.

    frames, rows: of a batch, windows of which each is of another performance. divergence: weight
    of the Kullback-Leibler divergence (nats) of a performance's noise from what will be drawn;
    a style's counts for a whole performance, a moment's for a second. unheard: share of windows in
    which dynamics and articulation are not told, so that they must be heard. swift: how many times
    faster the noise is learnt than the network.
    """

    frames: int = 12
    rows: int = 192
    divergence: float = 2e-3
    unheard: float = 0.3
    swift: float = 10.0
    seed: int = 0
    schedule: Schedule = field(default_factory=lambda: Schedule(rate=4e-3, decay=1e-4))


def prepared(pair: Pair) -> Song:
    """Filter a pair's sound and slow controls once for all epochs."""
    mel = torch.from_numpy(pair.mel)[None]
    phases, slow = torch.from_numpy(pair.controls)[None].split((PHASES, SLOW), dim=-1)
    heard = filtered(nn.functional.pad(mel, (0, 0, HEAR_TAPS - 1, 0)), hearing())
    slowly = filtered(nn.functional.pad(slow, (0, 0, TURN_TAPS - 1, 0)), turning())
    joints = torch.from_numpy(pair.joints.reshape(len(pair.joints), -1).astype(np.float32))
    return Song(heard[0].half(), phases[0], slowly[0], joints)


class Lesson:
    """One training step after the other."""

    def __init__(self, net: AutoDecoder, songs: Sequence[Song], recipe: Recipe) -> None:
        self.net, self.songs, self.recipe = net, songs, recipe
        self.rng = np.random.default_rng(recipe.seed)
        self.torch_rng = torch.Generator().manual_seed(recipe.seed)

    def __call__(self) -> dict[str, Tensor]:
        batch = self.draw()
        made, nats = self.net(batch, self.torch_rng)
        g = self.net.generator
        real = (batch.joints[:, len(TAPS) - 1 :] - g.centre) / g.spread
        losses = errors(made, real)
        total = sum_up(losses) + self.recipe.divergence * nats.mean()
        return {"loss": total, **losses, "nats": nats.mean()}

    def draw(self) -> Batch:
        """The next batch."""
        r = self.recipe
        song = self.rng.integers(len(self.songs), size=r.rows)
        start = [int(self.rng.integers(len(self.songs[k].joints) - r.frames + 1)) for k in song]
        windows = [
            [x[at : at + r.frames] for x in self.songs[k]]
            for k, at in zip(song, start, strict=True)
        ]
        heard, phases, slow, joints = (torch.stack(x) for x in zip(*windows, strict=True))
        silent = torch.from_numpy(self.rng.random(r.rows) < r.unheard)
        slow[silent, :, SLOW - EXPRESSION :] = 0.0
        where = torch.from_numpy(song), torch.tensor(start)
        return Batch(heard.float(), phases, slow, joints, *where)

    def state_dict(self) -> dict[str, Any]:
        """Where the draws stand."""
        return {"rng": self.rng.bit_generator.state, "torch_rng": self.torch_rng.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on drawing from there."""
        self.rng.bit_generator.state = state["rng"]
        self.torch_rng.set_state(state["torch_rng"])


def errors(made: Tensor, real: Tensor) -> dict[str, Tensor]:
    """Mean squares of the errors of place, velocity and acceleration, in units of the training.

    Velocity and acceleration are differences over a fifth of a second and its square, so that
    all three have a like size.
    """
    step = FPS / 5.0
    off = made - real
    speed, turn = torch.diff(off, dim=1) * step, torch.diff(off, 2, dim=1) * step**2
    return {"place": (off**2).mean(), "velocity": (speed**2).mean(), "bend": (turn**2).mean()}


def sum_up(losses: dict[str, Tensor]) -> Tensor:
    """The weighted sum of what `errors` found."""
    total = torch.zeros(())
    for weight, value in zip(ORDERS, losses.values(), strict=True):
        total = total + weight * value
    return total


def measure(songs: Sequence[Song], net: LiveGenerator) -> None:
    """Tell a generator in which units the motion of the songs is: mean pose, and spread."""
    rows = torch.cat([song.joints[::5] for song in songs])
    net.centre.copy_(rows.mean(dim=0))
    net.spread.copy_(rows.std(dim=0).clamp(min=LEAST))


def perform(net: LiveGenerator, song: Song, draws: int, rng: torch.Generator) -> Tensor:
    """Joints (draws, n, 39) of performances of a whole song whose noise is drawn."""
    frames = len(song.joints)
    noise = random_noise(draws, frames, rng)
    heard, phases, slow = (x.float().expand(draws, -1, -1) for x in song[:3])
    moved = nn.functional.pad(net.moved(heard, phases, slow, noise), (0, 0, len(TAPS) - 1, 0))
    return net.placed(filtered(moved, smoothing()))


def match(net: LiveGenerator, songs: Sequence[Song], seed: int) -> None:
    """Let every joint move as much as those of the songs do, over performances of drawn noise.

    What a network has learnt by squared errors moves less than its teachers, by what it could not
    foresee. Joints become up to `MOST` times as lively about their mean pose, never less.
    """
    rng, made, real = torch.Generator().manual_seed(seed), [], []
    with torch.no_grad():
        for song in songs:
            made.append(perform(net, song, 2, rng).std(dim=1).mean(dim=0))
            real.append(song.joints.std(dim=0))
    by_joint = [torch.stack(x).mean(dim=0).reshape(-1, 3).norm(dim=1) for x in (real, made)]
    gain = (by_joint[0] / by_joint[1].clamp(min=1e-6)).clamp(1.0, MOST)
    net.spread.mul_(gain.repeat_interleave(3))


def judge(songs: Sequence[Song], seed: int) -> Callable[[nn.Module], dict[str, float]]:
    """The evaluation of a training: performances of drawn noise against real ones.

    spread: of the coordinates over time, in % of the real one. middle: distance of the mean of
    `DRAWS` performances from the real one, in units of the training, squared; a network that
    does not listen to the beat has the variance of a pose there. score: - middle; the spread is
    seen to by `match`.
    """

    def evaluate(net: nn.Module) -> dict[str, float]:
        assert isinstance(net, AutoDecoder)
        rng, g = torch.Generator().manual_seed(seed), net.generator
        middle, spread = [], []
        with torch.no_grad():
            for song in songs:
                made = perform(g, song, DRAWS, rng)
                off = (made.mean(dim=0) - song.joints) / g.spread
                middle.append(float((off - off.mean(dim=0)).square().mean()))
                spread.append((float(made.std(dim=1).mean()), float(song.joints.std(dim=0).mean())))
        moved = 100 * float(np.divide(*np.mean(spread, axis=0)))
        found = {"middle": float(np.mean(middle)), "spread": moved}
        return found | {"score": -found["middle"]}

    return evaluate


def train(
    pairs: Sequence[Pair], valid: Sequence[Pair], folder: Path, recipe: Recipe, resume: bool = False
) -> LiveGenerator:
    """Train on `pairs`, choose by `valid`; the best averaged generator.

    Checkpoints and curves go into `folder`; with `resume` an earlier start is gone on with.
    """
    torch.manual_seed(recipe.seed)
    songs = [prepared(pair) for pair in pairs]
    longest = max(len(song.joints) for song in songs)
    net = AutoDecoder(len(songs), longest // FPS, recipe.swift)
    measure(songs, net.generator)
    say(f"{count_parameters(net.generator)} parameters, {len(songs)} performances", end="\n")
    lesson = Lesson(net, songs, recipe)
    check = judge([prepared(pair) for pair in valid], recipe.seed)
    trainer = Trainer(net, lesson, folder, recipe.schedule, check, lesson)
    if resume and trainer.resume():
        say(f"goes on after {trainer.seconds / 60:.1f} min", end="\n")
    trainer.fit()
    best = load_best(folder)
    match(best, songs[:: max(1, len(songs) // MATCHED)], recipe.seed)
    return best


def load_best(folder: Path) -> LiveGenerator:
    """The best generator of a training's folder; FileNotFoundError where there is none."""
    net, prefix = LiveGenerator(), "generator."
    found = torch.load(folder / BEST)
    kept = {name.removeprefix(prefix): x for name, x in found.items() if name.startswith(prefix)}
    net.load_state_dict(kept)
    return net.eval()

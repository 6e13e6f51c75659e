"""A training step of each network: draw windows, run, tell the loss. And how each is judged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn

from rt_engine.drums.bar import STEPS, Bar
from rt_engine.drums.words import Words
from rt_engine.models.drums.groovae import GrooveVae
from rt_engine.models.drums.hits import HitsNet
from rt_engine.models.drums.live import LiveNet
from rt_engine.models.drums.rhythms import (
    density_of,
    exact,
    intensity_of,
    seen,
    strengths,
    thinned,
)
from rt_engine.models.drums.touch import TouchNet, touch_error

__all__ = [
    "GrooveLesson",
    "HitsLesson",
    "Lesson",
    "LiveFeed",
    "LiveLesson",
    "TouchLesson",
    "live_feed",
    "numbers",
    "rows",
    "told_touch",
]

Losses = dict[str, Tensor]
Floats = NDArray[np.float32]

TOUCH = 10.0  # weight of the squared errors beside the cross-entropy of the live network
NOISE = 0.05  # of what the live network is told of strength, density and intensity
JUDGED = 192  # windows of the validation part


def rows(bars: Bar, which: NDArray[np.int64]) -> Bar:
    """Some of the windows."""
    return Bar(bars.hits[which], bars.velocities[which], bars.offsets[which])


def numbers(bars: Bar) -> Floats:
    """Hits, velocities and offsets side by side: (..., 27)."""
    return np.concatenate([bars.hits, bars.velocities, bars.offsets], -1, dtype=np.float32)


def told_touch(bars: Bar, known: NDArray[np.bool_]) -> Floats:
    """What `TouchNet` is told: hits, and the touch of the first bar in the rows `known` (n,)."""
    flags = np.zeros((*bars.hits.shape[:2], 1), np.float32)
    flags[known, :STEPS] = 1.0
    touch = np.concatenate([bars.velocities, bars.offsets], axis=-1) * flags
    return np.concatenate([bars.hits, touch, flags], axis=-1, dtype=np.float32)


class LiveFeed(NamedTuple):
    """The inputs of `LiveNet`: (n, steps, 27) and (n, steps, 20)."""

    previous: Floats
    now: Floats


def live_feed(
    bars: Bar, rhythm: Floats, strength: Floats, density: Floats, level: Floats
) -> LiveFeed:
    """The live network's inputs for windows that begin with a bar; all but bars (n, steps)."""
    step = numbers(bars)
    previous = np.concatenate([np.zeros_like(step[:, :1]), step[:, :-1]], axis=1)
    place = np.eye(STEPS, dtype=np.float32)[np.arange(step.shape[1]) % STEPS]
    place = np.broadcast_to(place, (*step.shape[:2], STEPS))
    told = np.stack([rhythm, strength, density, level], axis=-1)
    return LiveFeed(previous, np.concatenate([place, told], axis=-1, dtype=np.float32))


class Lesson(ABC):
    """Draws windows of `bars`; its generator goes on where a checkpoint was written."""

    def __init__(self, net: nn.Module, bars: Bar, seed: int, size: int = 64) -> None:
        self.net, self.bars, self.size = net, bars, size
        self.rng = np.random.default_rng(seed)

    def __call__(self) -> Losses:
        which = self.rng.integers(len(self.bars.hits), size=self.size)
        return self.losses(self.net, rows(self.bars, which), self.rng)

    @abstractmethod
    def losses(self, net: nn.Module, bars: Bar, rng: Generator) -> Losses:
        """What the network does with these windows."""

    @torch.no_grad()
    def judge(self, net: nn.Module, bars: Bar) -> dict[str, float]:
        """The losses on windows that were held out, the same draws each time."""
        rng = np.random.default_rng(0)
        which = rng.permutation(len(bars.hits))[:JUDGED]
        found = {k: v.item() for k, v in self.losses(net, rows(bars, which), rng).items()}
        return {**found, "score": -found["loss"]}

    def state_dict(self) -> dict[str, Any]:
        """Where the draws stand."""
        return {"rng": self.rng.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on drawing from there."""
        self.rng.bit_generator.state = state["rng"]


class HitsLesson(Lesson):
    """The next word, from the words before and a rhythm."""

    def __init__(self, net: nn.Module, bars: Bar, words: Words, seed: int) -> None:
        super().__init__(net, bars, seed, 32)
        self.words = words

    def losses(self, net: nn.Module, bars: Bar, rng: Generator) -> Losses:
        rhythm = torch.from_numpy(seen(bars, rng))
        words = torch.from_numpy(self.words.of(bars.hits))
        logits = cast(HitsNet, net)(rhythm, words)
        return {"loss": nn.functional.cross_entropy(logits.flatten(0, 1), words.flatten())}


class TouchLesson(Lesson):
    """Velocities and offsets, from hits; every second time with the touch of the bar before."""

    def losses(self, net: nn.Module, bars: Bar, rng: Generator) -> Losses:
        known = rng.random(len(bars.hits)) < 0.5
        found = cast(TouchNet, net)(torch.from_numpy(told_touch(bars, known)))
        fresh = np.ones((*bars.hits.shape[:2], 1), np.bool_)
        fresh[known, :STEPS] = False
        true = torch.from_numpy(bars.velocities), torch.from_numpy(bars.offsets)
        loud, late = touch_error(found, true, torch.from_numpy((bars.hits & fresh) * 1.0).float())
        return {"loss": loud + late, "velocity": loud, "offset": late}


class LiveLesson(Lesson):
    """The next step, from the steps before and what the body does."""

    def __init__(self, net: nn.Module, bars: Bar, words: Words, seed: int) -> None:
        super().__init__(net, bars, seed, 32)
        self.words = words

    def losses(self, net: nn.Module, bars: Bar, rng: Generator) -> Losses:
        feed = self._feed(bars, rng)
        live = cast(LiveNet, net)
        state = live.initial_state(len(bars.hits))
        found, _ = live({name: torch.from_numpy(x) for name, x in feed._asdict().items()}, state)
        words = torch.from_numpy(self.words.of(bars.hits))
        cross = nn.functional.cross_entropy(found["words"].flatten(0, 1), words.flatten())
        true = torch.from_numpy(bars.velocities), torch.from_numpy(bars.offsets)
        hits = torch.from_numpy(bars.hits).float()
        loud, late = touch_error((found["velocities"], found["offsets"]), true, hits)
        loss = cross + TOUCH * (loud + late)
        return {"loss": loss, "words": cross, "velocity": loud, "offset": late}

    def _feed(self, bars: Bar, rng: Generator) -> LiveFeed:
        """As a body would tell it: exact or thinned, strengths known or not, a bit wrong."""
        thin, dull = rng.random((2, len(bars.hits), 1)) < 0.5
        rhythm = np.where(thin, thinned(bars, rng), exact(bars)[..., 0]).astype(np.float32)
        density, level = (
            np.clip(x + rng.normal(0, NOISE, (len(x), 1)), 0, 1)
            for x in (density_of(bars), intensity_of(bars))
        )
        loud = np.clip(np.maximum(strengths(bars), 0.3) + rng.normal(0, NOISE, rhythm.shape), 0, 1)
        loud = np.where(dull, level, loud)
        return live_feed(bars, rhythm, loud * rhythm, density, level)


class GrooveLesson(Lesson):
    """Everything at once, from the exact rhythm."""

    def losses(self, net: nn.Module, bars: Bar, rng: Generator) -> Losses:
        rhythm = torch.from_numpy(exact(bars))
        return cast(GrooveVae, net).losses(rhythm, torch.from_numpy(numbers(bars)))

"""The first stage: M2S-Net learns whether music and motion belong together.

Liu et al. 2022, sections 4.4.1, 4.5 and 6.1. Passages of 10 s, positive and negative pairs in
equal numbers, binary cross entropy; easy negatives first, then hard ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from rt_engine.models.conducting.m2s import M2SNet
from rt_engine.models.conducting.music import BANDS, MOTION_RATE
from rt_engine.models.conducting.sets import Take, cut, passages, stack
from rt_engine.models.training import BEST, Schedule, Trainer

Negatives = Literal["easy", "hard", "super-hard"]
Rng = np.random.Generator

APART = 10.0  # s between the two of a hard negative, at least
SHIFT = (0.5, 5.0)  # s of a super-hard one


@dataclass(frozen=True)
class Contrast:
    """What the first stage is made of; `easy` is the share of the time with easy negatives."""

    negatives: Negatives = "hard"
    seconds: int = 10
    rows: int = 10
    easy: float = 0.2
    bands: int = BANDS
    seed: int = 0
    schedule: Schedule = field(default_factory=lambda: Schedule(rate=1e-3, decay=0.0))


def negative(
    kind: Negatives, takes: Sequence[Take], take: int, start: int, seconds: int, rng: Rng
) -> tuple[int, int]:
    """Take and start (frames) of a motion that does not belong to the music at `start` of `take`.

    easy: of another take. hard: of the same one, 10 s away at least. super-hard: of the same one,
    0.5 to 5 s away. ValueError where the take is too short, or there is no other.
    """
    length = seconds * MOTION_RATE
    if kind == "easy":
        if len(takes) < 2:
            raise ValueError("easy negatives need two takes")
        other = (take + 1 + int(rng.integers(len(takes) - 1))) % len(takes)
        return other, int(rng.integers(len(takes[other].motion) - length + 1))
    last = len(takes[take].motion) - length
    low, high = (APART, np.inf) if kind == "hard" else SHIFT
    near, far = round(low * MOTION_RATE), high * MOTION_RATE
    possible = [k for k in range(last + 1) if near <= abs(k - start) <= far]
    if not possible:
        raise ValueError(f"{takes[take].name}: too short for {kind} negatives of {seconds} s")
    return take, possible[int(rng.integers(len(possible)))]


class Pairing:
    """Draws pairs and tells the loss: each passage with its own motion, and with a wrong one."""

    def __init__(self, net: M2SNet, takes: Sequence[Take], contrast: Contrast) -> None:
        self.net, self.takes, self.contrast = net, takes, contrast
        self.rng = np.random.default_rng(contrast.seed)
        self.progress: Callable[[], float] = lambda: 1.0

    @property
    def kind(self) -> Negatives:
        """Of the negatives that are drawn now."""
        return "easy" if self.progress() < self.contrast.easy else self.contrast.negatives

    def __call__(self) -> dict[str, Tensor]:
        logits = self.judged(self.kind)
        right = torch.zeros_like(logits)
        right[: len(logits) // 2] = 1.0
        loss = nn.functional.binary_cross_entropy_with_logits(logits, right)
        return {"loss": loss, "accuracy": accuracy(logits.detach())}

    def judged(self, kind: Negatives) -> Tensor:
        """Logits (2 rows, time, 1) of a batch, those of the positive pairs first."""
        c = self.contrast
        batch, drawn = passages(self.takes, c.seconds, c.rows, self.rng)
        wrong = [self._wrong(kind, *place) for place in drawn]
        music = self.net.music(batch.mel)
        motion = self.net.motion(torch.cat((batch.motion, stack(wrong).motion)))
        return self.net.logits(torch.cat((music, music)), motion)

    def _wrong(self, kind: Negatives, take: int, start: int) -> Any:
        seconds = self.contrast.seconds
        other, place = negative(kind, self.takes, take, start, seconds, self.rng)
        return cut(self.takes[other], place, seconds)

    def state_dict(self) -> dict[str, Any]:
        """Where the draws stand."""
        return {"rng": self.rng.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on drawing from there."""
        self.rng.bit_generator.state = state["rng"]


def accuracy(logits: Tensor) -> Tensor:
    """Share of the pairs whose mean over time is on the right side; positive ones first."""
    told = torch.sigmoid(logits).mean(dim=(1, 2)) > 0.5
    half = len(told) // 2
    return torch.cat((told[:half], ~told[half:])).float().mean()


def accuracies(net: M2SNet, takes: Sequence[Take], contrast: Contrast) -> dict[str, float]:
    """Share of pairs told right, by kind of negatives, as in table 3 of the paper."""
    found: dict[str, float] = {}
    kinds: tuple[Negatives, ...] = ("easy", "hard", "super-hard")
    with torch.no_grad():
        for kind in kinds:
            pairing = Pairing(net.eval(), takes, contrast)
            found[kind] = float(np.mean([float(accuracy(pairing.judged(kind))) for _ in range(3)]))
    return found


def learn_sync(
    takes: Sequence[Take], valid: Sequence[Take], folder: Path, contrast: Contrast
) -> M2SNet:
    """Train an M2S-Net; checkpoints and curves go into `folder`. The best of them by `valid`."""
    torch.manual_seed(contrast.seed)
    net = M2SNet(contrast.bands)
    pairing = Pairing(net, takes, contrast)

    def judge(averaged: nn.Module) -> dict[str, float]:
        assert isinstance(averaged, M2SNet)
        found = accuracies(averaged, valid, contrast)
        return found | {"score": found[contrast.negatives]}

    trainer = Trainer(net, pairing, folder, contrast.schedule, judge, pairing)
    pairing.progress = lambda: trainer.seconds / (60.0 * contrast.schedule.minutes)
    trainer.resume()
    trainer.fit()
    net.load_state_dict(torch.load(folder / BEST))
    return net.eval()

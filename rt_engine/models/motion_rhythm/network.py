"""A small causal network from a body in motion to the beat, frame by frame.

What moves is first summed up by fixed rules: of each joint its height, speed, vertical and
sideways velocity, the growth and the loss of its speed, and how sharply it turns; over each part
of the body, over all joints, and over all joints by how lively each was in the last second. So
one wrist alone is understood as well as a whole body. Convolutions, dilated ones and a recurrent
layer follow. The state is an argument and a result: a stream fed frame by frame gives what the
whole gives at once.

Input: `dance` (batch, time, 85), as of `rt_engine.motion.dance`. Output: `beat` (batch, time, 1),
the probability that a beat lies DELAY frames before the frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as f

from rt_engine.models.motion_rhythm.figure import ARMS, HEAD, JOINTS, LEGS
from rt_engine.models.rhythm.network import Block, State, perceptron, recur
from rt_engine.motion.dance import FPS, NUMBERS, SIZE

__all__ = ["DELAY", "INPUTS", "OUTPUTS", "Deployed", "MotionNet", "Size", "State", "Summary"]

INPUTS = {"dance": SIZE}
OUTPUTS = {"beat": 1}
DELAY = round(0.1 * FPS)  # frames that the output lies behind the input: to see that a limb turned
PARTS = (HEAD, (5, 6, 11, 12), ARMS[0][1:], ARMS[1][1:], LEGS[0][1:] + LEGS[1][1:])


@dataclass(frozen=True)
class Size:
    """Numbers of channels: of the convolutions, and of the recurrent layer."""

    width: int = 48
    hidden: int = 64
    dropout: float = 0.05


class Summary(nn.Module):
    """The body in SIZE numbers a frame, by fixed rules: (batch, time, SIZE)."""

    CONTEXT = FPS  # frames before the first that are needed
    RATES = 8  # numbers of a joint
    SIZE = (len(PARTS) + 2) * RATES + 3 + len(PARTS)
    parts: Tensor  # (17, parts): 1 where a joint belongs to a part

    def __init__(self) -> None:
        super().__init__()
        parts = torch.zeros(JOINTS, len(PARTS))
        for k, joints in enumerate(PARTS):
            parts[list(joints), k] = 1.0
        self.register_buffer("parts", parts, persistent=False)

    def forward(self, dance: Tensor) -> Tensor:
        """dance: (batch, CONTEXT + time, 85)."""
        x = dance.unflatten(2, (JOINTS, NUMBERS))
        rates, there = self._rates(x)
        lively = rates[..., 1].transpose(1, 2).flatten(0, 1)[:, None]
        recent = f.avg_pool1d(lively, self.CONTEXT, 1)[:, 0].unflatten(0, (-1, JOINTS))
        now, there = rates[:, self.CONTEXT - 1 :], there[:, self.CONTEXT - 1 :]
        weights = recent.transpose(1, 2) * there
        parts = torch.einsum("btj,jk->btkj", there, self.parts)
        every = torch.cat((parts, there[:, :, None], weights[:, :, None]), dim=2)
        sums = every @ now / (every.sum(dim=3, keepdim=True) + 1e-2)
        largest = (now[..., (1, 5, 6)] * there[..., None]).amax(dim=2)
        seen = parts.sum(dim=3) / self.parts.sum(dim=0)
        return torch.cat((sums.flatten(2), largest, seen), dim=-1)

    def _rates(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Numbers of each joint (batch, time - 1, 17, RATES), and whether it is there."""
        velocity, before = x[:, 1:, :, 2:4], x[:, :-1, :, 2:4]
        there = ((x[:, 1:, :, 4] > 0) & (x[:, :-1, :, 4] > 0)).float()
        speed = (x[..., 2].square() + x[..., 3].square() + 1e-6).sqrt()
        growth = speed[:, 1:] - speed[:, :-1]
        turn = ((velocity - before).square().sum(dim=-1) + 1e-6).sqrt()
        along = (velocity * before).sum(dim=-1) / (speed[:, 1:] * speed[:, :-1] + 0.1)
        numbers = (
            x[:, 1:, :, 1], speed[:, 1:], velocity[..., 1], velocity[..., 0].abs(),
            growth.clamp(min=0.0), (-growth).clamp(min=0.0), turn, along,
        )  # fmt: skip
        return torch.stack(numbers, dim=-1) * there[..., None], there


class MotionNet(nn.Module):
    """The network of this module; gives logits."""

    DILATIONS = (1, 4)
    KERNEL = 5  # frames of the first convolution

    def __init__(self, size: Size | None = None) -> None:
        super().__init__()
        self.size = s = size or Size()
        self.summary = Summary()
        self.enter = nn.Conv1d(Summary.SIZE, s.width, self.KERNEL)
        self.norm = nn.LayerNorm(s.width)
        self.blocks = nn.ModuleList(Block(s.width, d, s.dropout) for d in self.DILATIONS)
        self.recurrent = nn.LSTM(s.width, s.hidden, batch_first=True)
        self.drop = nn.Dropout(s.dropout)
        self.head = perceptron(s.hidden + s.width, s.width, 1)

    def initial_state(self, batch: int = 1) -> State:
        """What is remembered before the first frame: zeros, with the shapes of the state."""
        s = self.size
        shapes = {"dance": (batch, Summary.CONTEXT + self.KERNEL - 1, SIZE)}
        for k, dilation in enumerate(self.DILATIONS):
            shapes[f"block{k}"] = (batch, Block.past(dilation), s.width)
        for part in "hc":
            shapes[f"recurrent_{part}"] = (1, batch, s.hidden)
        return {name: torch.zeros(shape) for name, shape in shapes.items()}

    def forward(self, dance: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (batch, time, 1) and the state after; state: of `initial_state` or a call."""
        after: State = {}
        longer = torch.cat((state["dance"], dance), dim=1)
        after["dance"] = longer[:, -(Summary.CONTEXT + self.KERNEL - 1) :]
        summed = self.enter(self.summary(longer).transpose(1, 2)).transpose(1, 2)
        x: Tensor = torch.relu(self.norm(summed))
        for k, block in enumerate(self.blocks):
            x, after[f"block{k}"] = block(x, state[f"block{k}"])
        y = recur(self.recurrent, "recurrent", self.drop(x), state, after)
        logits = self.head(torch.cat((self.drop(y), x), dim=-1))
        return logits, {name: after[name] for name in state}

    def logits(self, dance: Tensor) -> Tensor:
        """Logits (batch, time) of whole excerpts."""
        return self(dance, self.initial_state(len(dance)))[0][..., 0]


class Deployed(nn.Module):
    """The network with probabilities by name, as it is exported."""

    inputs = INPUTS
    outputs = OUTPUTS

    def __init__(self, net: MotionNet) -> None:
        super().__init__()
        self.net = net.eval()

    def initial_state(self, batch: int = 1) -> State:
        """Zeros."""
        return self.net.initial_state(batch)

    def forward(self, inputs: State, state: State) -> tuple[State, State]:
        logits, after = self.net(inputs["dance"], state)
        return {"beat": torch.sigmoid(logits)}, after

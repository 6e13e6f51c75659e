"""What encoder and decoder are made of: attention with kept keys, rotation by musical time.

Sources: Vaswani et al., "Attention is all you need" (NeurIPS 2017); Su et al., "RoFormer" (2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

__all__ = [
    "FAR",
    "Attention",
    "Perceptron",
    "Size",
    "State",
    "longer",
    "numbered",
    "ones",
    "rotated",
    "turns",
]

State = dict[str, Tensor]

PERIODS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)  # sixteenths of the rotations
FAR = -1e4  # added to what must not be attended to


@dataclass(frozen=True)
class Size:
    """width: of every vector. encoder, decoder: layers. memory: tokens. bars: of drums before."""

    width: int = 128
    heads: int = 4
    hidden: int = 320
    encoder: int = 2
    decoder: int = 3
    memory: int = 256
    bars: int = 3
    dropout: float = 0.1


class Attention(nn.Module):
    """Attention of many heads; keys and values are made apart, so that they can be kept."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.query = nn.Linear(size.width, size.width)
        self.pair = nn.Linear(size.width, 2 * size.width)
        self.out = nn.Linear(size.width, size.width)

    def split(self, x: Tensor) -> Tensor:
        """(batch, n, width) to (batch, heads, n, width of a head)."""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
        """query: (batch, t, width); key, value: (batch, n, width); bias: to (.., .., t, n)."""
        q, k, v = (self.split(x) for x in (query, key, value))
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5 + bias
        mixed = torch.softmax(scores, dim=-1) @ v
        return cast(Tensor, self.out(mixed.transpose(1, 2).flatten(2)))


class Perceptron(nn.Module):
    """Two layers after a norm."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size.width)
        self.widen, self.narrow = (
            nn.Linear(size.width, size.hidden),
            nn.Linear(size.hidden, size.width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.narrow(torch.relu(self.widen(self.norm(x)))))


def rotated(x: Tensor, angles: tuple[Tensor, Tensor], heads: int) -> Tensor:
    """Pairs of numbers of each head turned by the angles of `turns`; the others stay."""
    cos, sin = angles
    one, two = x.unflatten(2, (heads, 2, -1)).unbind(3)
    turned = torch.stack((one * cos - two * sin, one * sin + two * cos), dim=3)
    return turned.flatten(2)


def turns(time: Tensor, pairs: int) -> tuple[Tensor, Tensor]:
    """Cosine and sine (batch, t, 1, pairs) of times (batch, t) in sixteenths."""
    periods = torch.tensor([*PERIODS, *[float("inf")] * (pairs - len(PERIODS))])
    angles = (2.0 * torch.pi * time[..., None] / periods)[:, :, None]
    return torch.cos(angles), torch.sin(angles)


def ones(x: Tensor) -> Tensor:
    """As many ones as `x` has vectors, (batch, n, 1); the exporter would fix `ones_like`."""
    return 0.0 * x[..., :1] + 1.0


def numbered(x: Tensor) -> Tensor:
    """0, 1, ... along the second axis, which stays free in an exported file."""
    return torch.cumsum(ones(x)[0, :, 0], dim=0).long() - 1


def longer(name: str, x: Tensor, state: State, after: State) -> Tensor:
    """What is remembered under a name, then `x`; as much of the end is remembered as before."""
    if name not in state:
        return x
    whole = torch.cat((state[name], x), dim=1)
    after[name] = whole[:, -state[name].shape[1] :]
    return whole

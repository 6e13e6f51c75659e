"""The paper's networks, which see a whole excerpt: ST-GCN, transformer, and a TCN to compare with.

`Offline` is Video2Rhythm with any of its parts left out, as in table 1 of the paper: a spatial
graph convolution and a temporal one a layer, ten of them; a transformer encoder of two layers
with two heads, whose attention takes a relative position encoding and the convolved
self-similarity matrix of the motion features. Differences, all for two cores: 16 channels, and
the frame rate is halved twice on the way, as the first ST-GCN did; every feature answers for its
four frames.

Source: RhythmicNet (2021), section 3 "Music Beats Prediction" and section 4; the graph
convolution by the distance partition of Yan, Xiong and Lin 2018, "Spatial temporal graph
convolutional networks"; relative attention after Shaw, Uszkoreit and Vaswani 2018; the TCN after
Davies and Boeck 2019, "Temporal convolutional networks for musical audio beat tracking".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as f

from rt_engine.models.motion_rhythm.figure import EDGES, JOINTS
from rt_engine.motion.dance import NUMBERS, SIZE

__all__ = ["ABLATIONS", "Offline", "Tcn", "adjacency"]

CHANNELS, LAYERS, KERNEL = 16, 10, 9
SLOWER, PACE = (0, 2), 4  # layers that halve the frame rate; frames a feature then answers for
WIDTH, HEADS, DEPTH = 48, 2, 2  # of the transformer
REACH = 80  # features, a bit over 10 s: farther apart is all the same


def adjacency() -> Tensor:
    """From which neighbours a joint takes, with equal shares: (17, 17), rows sum to 1."""
    near = torch.zeros(JOINTS, JOINTS)
    for a, b in EDGES:
        near[a, b] = near[b, a] = 1.0
    return near / near.sum(dim=1, keepdim=True)


class GraphLayer(nn.Module):
    """X -> A X W_S W_T: a joint and its neighbours, then over time; beside a shortcut."""

    near: Tensor  # (17, 17)

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.register_buffer("near", adjacency().T.contiguous(), persistent=False)
        self.spatial = nn.Conv2d(inputs, 2 * outputs, 1)
        self.norm = nn.BatchNorm2d(outputs)
        half = KERNEL // 2
        self.temporal = nn.Conv2d(outputs, outputs, (KERNEL, 1), (stride, 1), (half, 0))
        self.shortcut, self.stride = nn.Conv2d(inputs, outputs, 1), stride

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, time, 17) to (batch, outputs, time / stride, 17)."""
        own, near = self.spatial(x).chunk(2, dim=1)
        y = torch.relu(self.norm(own + near @ self.near))
        return torch.relu(self.temporal(y) + self.shortcut(x[:, :, :: self.stride]))


class Graph(nn.Module):
    """Ten layers, then the mean over the joints: (batch, time / 4, CHANNELS)."""

    def __init__(self) -> None:
        super().__init__()
        sizes = [NUMBERS] + LAYERS * [CHANNELS]
        self.layers = nn.ModuleList(
            GraphLayer(a, b, 2 if k in SLOWER else 1) for k, (a, b) in enumerate(pairwise(sizes))
        )

    def forward(self, dance: Tensor) -> Tensor:
        x = dance.unflatten(2, (JOINTS, NUMBERS)).permute(0, 3, 1, 2).contiguous()
        for layer in self.layers:
            x = layer(x)
        return x.mean(dim=3).transpose(1, 2)


class Plain(nn.Module):
    """In place of the graph: all numbers of four frames through one linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(PACE * SIZE, CHANNELS)

    def forward(self, dance: Tensor) -> Tensor:
        return torch.relu(self.project(dance.unflatten(1, (-1, PACE)).flatten(2)))


class Attention(nn.Module):
    """softmax((Q K' + S + R) / sqrt(d)) V with S and R where they are wanted."""

    def __init__(self, relative: bool) -> None:
        super().__init__()
        self.project, self.join = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        size = 2 * REACH + 1
        self.distance = nn.Parameter(0.02 * torch.randn(size, WIDTH // HEADS)) if relative else None

    def forward(self, x: Tensor, similar: Tensor | None) -> Tensor:
        """x: (batch, time, WIDTH); similar: (batch, 1, time, time)."""
        q, k, v = (part.unflatten(2, (HEADS, -1)).transpose(1, 2) for part in
                   self.project(x).chunk(3, dim=-1))  # fmt: skip
        scores = q @ k.transpose(2, 3)
        if self.distance is not None:
            at = torch.arange(x.shape[1])
            apart = (at[None] - at[:, None]).clamp(-REACH, REACH) + REACH
            every = q @ self.distance.T
            scores = scores + every.gather(3, apart.expand(*scores.shape))
        if similar is not None:
            scores = scores + similar
        weights = torch.softmax(scores / math.sqrt(q.shape[-1]), dim=-1)
        return self.join((weights @ v).transpose(1, 2).flatten(2))


class Encoder(nn.Module):
    """A layer of the transformer, normalised before each part."""

    def __init__(self, relative: bool) -> None:
        super().__init__()
        self.attention = Attention(relative)
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.widen, self.narrow = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, x: Tensor, similar: Tensor | None) -> Tensor:
        x = x + self.attention(self.before(x), similar)
        return x + self.narrow(torch.relu(self.widen(self.between(x))))


class Offline(nn.Module):
    """Video2Rhythm with the parts that are wanted; without `relative` positions are sinusoids."""

    def __init__(self, graph: bool, transformer: bool, similarity: bool, relative: bool) -> None:
        super().__init__()
        self.body: nn.Module = Graph() if graph else Plain()
        self.widen = nn.Linear(CHANNELS, WIDTH)
        self.encoders = nn.ModuleList(Encoder(relative) for _ in range(DEPTH * transformer))
        self.similar = nn.Conv2d(1, 1, 5, padding=2) if similarity else None
        self.sinusoids = transformer and not relative
        self.head = nn.Linear(WIDTH, PACE)

    def logits(self, dance: Tensor) -> Tensor:
        """Logits (batch, time) of excerpts (batch, time, 85); time is a multiple of 4."""
        features = self.body(dance)
        x = self.widen(features)
        if self.sinusoids:
            x = x + positions(x.shape[1])
        similar = None if self.similar is None else self.similar(likeness(features))
        for encoder in self.encoders:
            x = encoder(x, similar)
        return self.head(x).flatten(1)

    forward = logits


def likeness(features: Tensor) -> Tensor:
    """The self-similarity matrix (batch, 1, time, time): softmax of minus squared distances."""
    squares = features.square().sum(dim=-1)
    apart = squares[:, :, None] + squares[:, None, :] - 2.0 * features @ features.transpose(1, 2)
    return torch.softmax(-apart.clamp(min=0.0), dim=-1)[:, None]


def positions(count: int) -> Tensor:
    """Sinusoids (count, WIDTH)."""
    rates = torch.exp(torch.arange(0, WIDTH, 2) * (-math.log(1e4) / WIDTH))
    angles = torch.arange(count)[:, None] * rates
    return torch.cat((angles.sin(), angles.cos()), dim=1)


class Tcn(nn.Module):
    """Dilated convolutions over all numbers of a frame, reaching 8 s to both sides."""

    def __init__(self, width: int = 32, levels: int = 7) -> None:
        super().__init__()
        self.enter = nn.Conv1d(SIZE, width, 5, padding=2)
        self.layers = nn.ModuleList(
            nn.Conv1d(width, width, 5, dilation=2**k, padding=2 * 2**k) for k in range(levels)
        )
        self.leave = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(levels))
        self.head = nn.Conv1d(width, 1, 1)

    def logits(self, dance: Tensor) -> Tensor:
        """Logits (batch, time) of excerpts (batch, time, 85)."""
        x = f.elu(self.enter(dance.transpose(1, 2)))
        for layer, leave in zip(self.layers, self.leave, strict=True):
            x = x + leave(f.elu(layer(x)))
        return self.head(x)[:, 0]

    forward = logits


ABLATIONS: dict[str, Callable[[], Any]] = {
    "tcn": Tcn,
    "tf": lambda: Offline(False, True, False, False),
    "stgcn": lambda: Offline(True, False, False, False),
    "stgcn_tf": lambda: Offline(True, True, False, False),
    "stgcn_tf_ssm": lambda: Offline(True, True, True, False),
    "stgcn_tf_rel": lambda: Offline(True, True, False, True),
    "stgcn_tf_ssm_rel": lambda: Offline(True, True, True, True),
}

"""MOSA's two architectures for beats, downbeats, phrases and expression, made causal.

Differences from the paper (IEEE Access 2024, section IV B): convolutions and attention see the
past alone; 50 frames a second and 80 bands in place of 40 and 128; one trunk a stream and one
network for all heads in place of one network a task; fewer channels, so that two cores train them.
They keep no state between calls: they are compared offline.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as f

from rt_engine.models.rhythm.network import Outputs, State, StreamingNet
from rt_engine.models.rhythm.streams import INPUTS, PLACES

KERNEL = 21  # frames, of every convolution in time
HEADS = (1, 1, 1, 6, 3, PLACES)
POOLED = {80: (2, 2, 2, 2, 2, 2), 39: (2, 2, 2, 2, 2, 1), 7: (2, 2, 1, 1, 1, 1)}
WINDOW = 800  # frames that attention looks back, 16 s as MOSA's clips


class _Reference(StreamingNet):
    """Trunks of the streams, summed where present, and a trunk of the heads."""

    trunks: nn.ModuleList
    shared: nn.Module
    out: nn.Module

    def forward(
        self, mel: Tensor, motion: Tensor, video: Tensor, present: Tensor, state: State
    ) -> tuple[Outputs, State]:
        """As `RhythmNet.forward`, with an empty state."""
        streams = (mel, motion, video)
        joined = torch.zeros(())
        for k, (trunk, x) in enumerate(zip(self.trunks, streams, strict=True)):
            joined = joined + trunk(x) * present[..., k : k + 1]
        return Outputs(*self.out(self.shared(joined)).split(HEADS, dim=-1)), state


class ConvBlock(nn.Module):
    """Convolution over time and features, normalisation, maximum over features."""

    def __init__(self, inputs: int, outputs: int, pool: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, (KERNEL, 5), padding=(0, 2))
        self.norm = nn.BatchNorm2d(outputs)
        self.pool = nn.MaxPool2d((1, pool))

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, channels, time, features)."""
        x = self.conv(f.pad(x, (0, 0, KERNEL - 1, 0)))
        return torch.as_tensor(self.pool(torch.relu(self.norm(x))))


class ConvTrunk(nn.Module):
    """Six blocks over one stream: (batch, time, features) to (batch, time, channels)."""

    def __init__(self, size: int, channels: int) -> None:
        super().__init__()
        pools = POOLED[size]
        inputs = (1, *[channels] * (len(pools) - 1))
        self.blocks = nn.Sequential(
            *(ConvBlock(i, channels, p) for i, p in zip(inputs, pools, strict=True))
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.blocks(x[:, None]).mean(dim=3).transpose(1, 2))


class CausalConvs(nn.Module):
    """Six convolutions in time, (batch, time, channels)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv1d(channels, channels, KERNEL) for _ in range(6))

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2)
        for conv in self.convs:
            x = torch.relu(conv(f.pad(x, (KERNEL - 1, 0))))
        return x.transpose(1, 2)


class MosaCnn(_Reference):
    """Six convolutional blocks a stream, six more and three dense layers for the heads."""

    def __init__(self, channels: int = 12) -> None:
        super().__init__()
        sizes = list(INPUTS.values())[:3]
        self.trunks = nn.ModuleList(ConvTrunk(size, channels) for size in sizes)
        self.shared = nn.Sequential(CausalConvs(channels), nn.Dropout(0.5))
        self.out = nn.Sequential(
            nn.Linear(channels, 64),
            nn.ReLU(),
            nn.Linear(64, 64),
            nn.ReLU(),
            nn.Linear(64, sum(HEADS)),
        )
        self.apply(_keep_size)


def _keep_size(layer: nn.Module) -> None:
    """Weights that pass a signal on as large as it came: a dozen usual layers would lose it."""
    if isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")


class Attention(nn.Module):
    """A transformer encoder block that sees the last `WINDOW` frames."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query = nn.Linear(width, 3 * width)
        self.join = nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)
        )
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        batch, frames, width = x.shape
        parts = self.query(self.first(x)).view(batch, frames, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        ago = torch.arange(frames)[:, None] - torch.arange(frames)
        seen = (ago >= 0) & (ago < WINDOW)
        y = f.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        x = x + self.drop(self.join(y.transpose(1, 2).reshape(batch, frames, width)))
        return torch.as_tensor(x + self.drop(self.feed(self.second(x))))


class Embedding(nn.Module):
    """A convolution in time, and sines of the frame's number: (batch, time, width)."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(size, width, KERNEL)
        self.rates: Tensor
        self.register_buffer("rates", 1e-4 ** torch.linspace(0.0, 1.0, width // 2))

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(f.pad(x.transpose(1, 2), (KERNEL - 1, 0))).transpose(1, 2)
        angle = torch.arange(x.shape[1])[:, None] * self.rates
        return torch.as_tensor(y + torch.cat((angle.sin(), angle.cos()), dim=-1))


class MosaTransformer(_Reference):
    """Three encoder blocks a stream, three more and a dense layer for the heads."""

    def __init__(self, width: int = 64, heads: int = 4) -> None:
        super().__init__()
        sizes = list(INPUTS.values())[:3]
        self.trunks = nn.ModuleList(
            nn.Sequential(Embedding(size, width), *(Attention(width, heads) for _ in range(3)))
            for size in sizes
        )
        self.shared = nn.Sequential(*(Attention(width, heads) for _ in range(3)))
        self.out = nn.Linear(width, sum(HEADS))

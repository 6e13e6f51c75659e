"""MAPnet and what its paper compares it with: networks that see windows of 3 s.

All take `poses` (batch, 150, 39) in metres, zeros where no picture is, `there` (batch, 150), 1
where one is, and `sound` (batch, 150, 35), and give poses (batch, 150, 39). The grid with a flag
serves all rates of pictures at once; the paper trains a network for each.

Source: Shrestha et al. 2022, "AIMusicGuru: Music Assisted Human Pose Correction", section 3 and
tables 2, 4 and 5. Not said there and chosen here: 4 heads, feed-forward layers of 320, norms
before the layers, and fewer layers by `depth` for a training in minutes.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from rt_engine.models.pose_correction.network import SOUND
from rt_engine.violin.pose_front import PLACES

__all__ = ["LAYERS", "WINDOW", "WINDOWED", "Mapnet", "PoseLstm", "PoseOnly"]

WINDOW = 150  # steps: 3 s at 50 a second
H1, H2 = 160, 150  # widths of an embedding, and steps after the rebalancing layer
HEADS, FORWARD = 4, 320
LAYERS = {"late": (12, 2), "balanced": (7, 7), "early": (2, 12)}  # of each stream, of the fusion


def transformer(layers: int) -> nn.Module:
    """An encoder of so many layers."""
    layer = nn.TransformerEncoderLayer(
        H1, HEADS, FORWARD, dropout=0.0, batch_first=True, norm_first=True
    )
    return nn.TransformerEncoder(layer, layers, nn.LayerNorm(H1), enable_nested_tensor=False)


def positions(count: int) -> Tensor:
    """The usual sines and cosines (count, H1): Vaswani et al. 2017, section 3.5."""
    rates = torch.exp(torch.arange(0, H1, 2) * (-math.log(10_000.0) / H1))
    angles = torch.arange(count)[:, None] * rates
    return torch.stack((torch.sin(angles), torch.cos(angles)), dim=2).flatten(1)


def head(width: int = H1) -> nn.Sequential:
    """The three fully connected layers at the end."""
    return nn.Sequential(
        nn.Linear(width, H1), nn.ReLU(), nn.Linear(H1, H1), nn.ReLU(), nn.Linear(H1, PLACES)
    )


class Windowed(nn.Module):
    """What they share: the first layer of each stream, and the scale of the sound."""

    middle: Tensor
    scale: Tensor
    mean: Tensor
    places: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("middle", torch.zeros(SOUND))
        self.register_buffer("scale", torch.ones(SOUND))
        self.register_buffer("mean", torch.zeros(PLACES))
        self.register_buffer("places", positions(WINDOW), persistent=False)

    def fit(self, poses: Tensor, sound: Tensor) -> None:
        """Take the scale of the sound (n, 35) and the mean pose (n, 39) from examples."""
        self.middle.copy_(sound.mean(dim=0))
        self.scale.copy_(sound.std(dim=0).clamp(min=1e-2))
        self.mean.copy_(poses.mean(dim=0))

    def streams(self, poses: Tensor, there: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Poses with their flag (batch, 150, 40), and scaled sound (batch, 150, 35)."""
        flag = there[..., None]
        seen = torch.cat(((poses - self.mean) * flag, flag), dim=2)
        return seen, ((sound - self.middle) / self.scale).clamp(-5.0, 5.0)


class Mapnet(Windowed):
    """The network of the paper's figure 2; `rebalance` is its section 3.5."""

    def __init__(self, fusion: str = "late", rebalance: bool = True, depth: int = 4) -> None:
        super().__init__()
        alone, together = (max(1, round(n / depth)) for n in LAYERS[fusion])
        self.see, self.hear = nn.Linear(PLACES + 1, H1), nn.Linear(SOUND, H1)
        self.pose, self.audio = transformer(alone), transformer(alone)
        self.balance: nn.ModuleList | None = None
        if rebalance:
            self.balance = nn.ModuleList(nn.Linear(WINDOW, H2) for _ in range(2))
        self.fuse = transformer(together)
        self.out = head(2 * H1)

    def forward(self, poses: Tensor, there: Tensor, sound: Tensor) -> Tensor:
        seen, heard = self.streams(poses, there, sound)
        x = self.pose(self.see(seen) + self.places)
        y = self.audio(self.hear(heard) + self.places)
        if self.balance is not None:
            x, y = (
                layer(z.transpose(1, 2)).transpose(1, 2)
                for layer, z in zip(self.balance, (x, y), strict=True)
            )
        one, other = self.fuse(torch.cat((x, y), dim=1)).split((x.shape[1], y.shape[1]), dim=1)
        return self.mean + self.out(torch.cat((one, other), dim=2))


class PoseOnly(Windowed):
    """The pose-only transformer (PoT): as deep as both parts of late fusion together."""

    def __init__(self, depth: int = 4) -> None:
        super().__init__()
        self.see = nn.Linear(PLACES + 1, H1)
        self.pose = transformer(max(1, round(sum(LAYERS["late"]) / depth)))
        self.out = head()

    def forward(self, poses: Tensor, there: Tensor, sound: Tensor) -> Tensor:
        seen, _ = self.streams(poses, there, sound)
        return self.mean + self.out(self.pose(self.see(seen) + self.places))


class PoseLstm(Windowed):
    """The LSTM of tables 2 and 3, of poses or of poses and sound; one direction, as usual."""

    def __init__(self, audio: bool, layers: int = 2) -> None:
        super().__init__()
        self.audio = audio
        self.recurrent = nn.LSTM(PLACES + 1 + SOUND * audio, H1, layers, batch_first=True)
        self.out = head()

    def forward(self, poses: Tensor, there: Tensor, sound: Tensor) -> Tensor:
        seen, heard = self.streams(poses, there, sound)
        x = torch.cat((seen, heard), dim=2) if self.audio else seen
        return self.mean + self.out(self.recurrent(x)[0])


WINDOWED: dict[str, Callable[[], Windowed]] = {
    "mapnet_late": Mapnet,
    "mapnet_balanced": lambda: Mapnet("balanced"),
    "mapnet_early": lambda: Mapnet("early"),
    "mapnet_unbalanced": lambda: Mapnet(rebalance=False),
    "pose_transformer": PoseOnly,
    "lstm_pose": lambda: PoseLstm(False),
    "lstm_pose_audio": lambda: PoseLstm(True),
}

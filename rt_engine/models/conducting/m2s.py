"""M2S-Net and M2S-GAN: what the two stages of the paper train (Liu et al. 2022, section 4.3)."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from rt_engine.models.conducting.motion import AXES, JOINTS, MotionEncoder
from rt_engine.models.conducting.music import BANDS, FEATURES, MusicEncoder

NOISE = 8  # numbers a second
WIDTH = 64
BLOCKS = 6
KERNEL = 5


class M2SNet(nn.Module):
    """Whether music and motion belong together: (batch, time, 1), 0 to 1, 30 a second."""

    def __init__(self, bands: int = BANDS) -> None:
        super().__init__()
        self.music = MusicEncoder(bands)
        self.motion = MotionEncoder()
        self.fuse = nn.Sequential(
            nn.Conv1d(2 * FEATURES, WIDTH, 1), nn.ReLU(), nn.Conv1d(WIDTH, WIDTH, 1), nn.ReLU(),
            nn.Conv1d(WIDTH, 1, 1),
        )  # fmt: skip

    def forward(self, mel: Tensor, motion: Tensor) -> Tensor:
        """mel: (batch, 3 n, bands); motion: (batch, n, 13, 2)."""
        return torch.sigmoid(self.logits(self.music(mel), self.motion(motion)))

    def logits(self, music: Tensor, motion: Tensor) -> Tensor:
        """The same from features (batch, n, 64) of both, before the sigmoid."""
        joined = torch.cat((music, motion), dim=-1).transpose(1, 2)
        return cast(Tensor, self.fuse(joined)).transpose(1, 2)


class TemporalBlock(nn.Module):
    """Two dilated convolutions of kernel 5, centred, beside a shortcut: (batch, channels, time)."""

    def __init__(self, inputs: int, outputs: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = weight_norm(centred(inputs, outputs, dilation))
        self.norm1 = nn.BatchNorm1d(outputs)
        self.conv2 = weight_norm(centred(outputs, outputs, dilation))
        self.norm2 = nn.BatchNorm1d(outputs)
        self.smooth = nn.AvgPool1d(3, stride=1, padding=1)
        same = inputs == outputs
        self.shortcut: nn.Module = nn.Identity() if same else nn.Conv1d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm1(self.conv1(x)))
        y = self.smooth(torch.relu(self.norm2(self.conv2(y))))
        return torch.relu(y + self.shortcut(x))


def centred(inputs: int, outputs: int, dilation: int) -> nn.Conv1d:
    """A convolution that keeps the length; its ends are reflected."""
    reach = dilation * (KERNEL // 2)
    return nn.Conv1d(
        inputs, outputs, KERNEL, padding=reach, dilation=dilation, padding_mode="reflect"
    )


class NoiseUp(nn.Module):
    """Noise (batch, s, 8), one row a second, to (batch, 64, 30 s)."""

    SHAPES = ((8, 16, 3, 1, 1), (16, 16, 11, 5, 3), (16, 32, 5, 3, 1), (32, 64, 6, 2, 2))

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ConvTranspose1d(a, b, size, stride, pad) for a, b, size, stride, pad in self.SHAPES
        )
        self.norm = nn.BatchNorm1d(WIDTH)

    def forward(self, noise: Tensor) -> Tensor:
        x = noise.transpose(1, 2)
        for layer in self.layers:
            x = torch.relu(layer(x))
        return cast(Tensor, self.norm(x))


class Generator(nn.Module):
    """Music features (batch, 30 s, 64) and noise (batch, s, 8) to motion (batch, 30 s, 13, 2).

    Coordinates of the picture, 0 to 1. Not causal: reaches 8.8 s to each side of the music.
    """

    def __init__(self) -> None:
        super().__init__()
        self.noise = NoiseUp()
        self.blocks = nn.ModuleList(
            TemporalBlock(WIDTH if k else 2 * FEATURES, WIDTH, 2**k) for k in range(BLOCKS)
        )
        self.linear = nn.Linear(WIDTH, WIDTH)
        self.joints = nn.Sequential(
            nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(),
            nn.Linear(WIDTH, JOINTS * AXES),
        )  # fmt: skip

    def forward(self, music: Tensor, noise: Tensor) -> Tensor:
        x = torch.cat((music.transpose(1, 2), self.noise(noise)), dim=1)
        for block in self.blocks:
            x = block(x)
        y = torch.sigmoid(self.joints(self.linear(x.transpose(1, 2))))
        return y.unflatten(-1, (JOINTS, AXES))


class M2SGan(nn.Module):
    """Music encoder and generator: mel (batch, 90 s, bands) and noise to motion."""

    def __init__(self, bands: int = BANDS) -> None:
        super().__init__()
        self.music = MusicEncoder(bands)
        self.generator = Generator()

    def forward(self, mel: Tensor, noise: Tensor) -> Tensor:
        return cast(Tensor, self.generator(self.music(mel), noise))


class Discriminator(nn.Module):
    """How real a motion (batch, time, 13, 2) looks: a number for each, (batch,).

    One branch of three convolutions with pooling (12 to 1), as the published implementation has
    it; the paper draws two.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, stride in ((JOINTS * AXES, 3), (WIDTH, 2), (WIDTH, 2)):
            layers += [nn.Conv1d(inputs, WIDTH, KERNEL, padding=2), nn.ReLU()]
            layers.append(nn.MaxPool1d(5, stride))
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Linear(WIDTH, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1)
        )

    def forward(self, motion: Tensor) -> Tensor:
        x = self.features(motion.flatten(2).transpose(1, 2))
        return cast(Tensor, self.head(x.transpose(1, 2))).mean(dim=(1, 2))

"""The music encoder of M2S-Net: a mel spectrum at 90 frames a second to 64 features at 30.

Liu et al. 2022, "Self-Supervised Music Motion Synchronization Learning for Music-Driven
Conducting Motion Generation", section 4.3.2.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

BANDS = 128
FEATURES = 64
MEL_RATE, MOTION_RATE = 90, 30  # frames a second; the encoder leaves out two of three


class Residual(nn.Module):
    """A 3 x 3 convolution, norm and ReLU; the input is added behind the ReLU."""

    def __init__(self, inputs: int, outputs: int, shortcut: bool = True) -> None:
        super().__init__()
        self.layer = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect"),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )
        self.shortcut = shortcut
        self.residual: nn.Module = nn.Identity()
        if shortcut and inputs != outputs:
            self.residual = nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x)
        return y + self.residual(x) if self.shortcut else y


def pool(size: int, stride: int) -> nn.Sequential:
    """The maximum over size x size, `stride` in time and 2 in frequency; one axis at a time."""
    return nn.Sequential(
        nn.MaxPool2d((1, size), (1, 2), (0, size // 2)),
        nn.MaxPool2d((size, 1), (stride, 1), (size // 2, 0)),
    )


class MusicEncoder(nn.Module):
    """Mel (batch, 3 n, bands) to features (batch, n, 64).

    bands: a multiple of 8. Two layers in the second group, as in the published weights; the text
    of the paper has three.
    """

    def __init__(self, bands: int = BANDS) -> None:
        super().__init__()
        if bands % 8:
            raise ValueError(f"{bands} bands: needed is a multiple of 8")
        self.first = nn.Sequential(Residual(1, 16, False), Residual(16, 16), Residual(16, 16))
        self.second = nn.Sequential(Residual(16, 32), Residual(32, 32))
        self.third = nn.Sequential(Residual(32, 32), Residual(32, 32))
        self.pools = nn.ModuleList(pool(*shape) for shape in ((5, 1), (5, 3), (3, 1)))
        self.project = nn.Sequential(
            nn.Conv1d(32 * (bands // 8), FEATURES, 1), nn.BatchNorm1d(FEATURES)
        )

    def forward(self, mel: Tensor) -> Tensor:
        x = mel.unsqueeze(1)
        for group, reduce in zip((self.first, self.second, self.third), self.pools, strict=True):
            x = reduce(group(x))
        x = x.transpose(2, 3).flatten(1, 2)
        return cast(Tensor, self.project(x)).transpose(1, 2)

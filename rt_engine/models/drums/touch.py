"""From hits to velocities and offsets: a U-Net over the steps.

Source: RhythmicNet (Su, Liu and Shlizerman, NeurIPS 2021), sections 3 and 4: four
down-sampling blocks of 16 to 128 channels, the mean squared error. Here the drums are channels and
the convolutions run over time alone, since neighbours in the list of drums are no neighbours in
anything; and the touch of the bar before can be told, so that a drummer stays the same.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rt_engine.drums.bar import STEPS
from rt_engine.drums.kit import DRUMS
from rt_engine.models.drums.counts import Counts, lagged_touch, mean_touch
from rt_engine.models.drums.data import WINDOW

__all__ = ["NUMBERS", "TouchNet", "touch_error"]

NUMBERS = 3 * len(DRUMS) + 1  # of a step: hits, velocities, offsets, and 1 where these are told
WIDTHS = (16, 32, 64, 128)
AGAIN = 0.4  # how much of the touch of the bar before is taken, to begin with


class Block(nn.Module):
    """Two convolutions over three steps."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.one = nn.Conv1d(before, after, 3, padding=1)
        self.two = nn.Conv1d(after, after, 3, padding=1)
        self.norm = nn.GroupNorm(8, after)

    def forward(self, x: Tensor) -> Tensor:
        """(n, before, steps) to (n, after, steps)."""
        x = torch.relu(self.norm(self.one(x)))
        return torch.relu(self.two(x))


class TouchNet(nn.Module):
    """Hits of `WINDOW` steps, and what is told of their touch, to velocities and offsets."""

    def __init__(self, counts: Counts, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.means = mean_touch(counts)
        self.again = nn.Parameter(torch.full((2 * len(DRUMS),), AGAIN))
        self.places = nn.Parameter(0.1 * torch.randn(STEPS, WINDOW // 2))
        sizes = [NUMBERS + STEPS, *widths]
        self.down = nn.ModuleList(Block(a, b) for a, b in zip(sizes, widths, strict=False))
        self.deep = Block(widths[-1], widths[-1])
        ups = list(reversed(widths))
        self.up = nn.ModuleList(Block(a + b, b) for a, b in zip([ups[0], *ups], ups, strict=False))
        self.out = nn.Conv1d(widths[0], 2 * len(DRUMS), 1)
        nn.init.zeros_(self.out.weight)
        self.drop = nn.Dropout(0.1)

    def forward(self, told: Tensor) -> tuple[Tensor, Tensor]:
        """told: (n, WINDOW, NUMBERS); velocities 0..1 and offsets -0.5..0.5, (n, WINDOW, 9)."""
        places = self.places.repeat(1, 2).expand(told.shape[0], -1, -1)
        x = torch.cat([told.transpose(1, 2), places], dim=1)
        kept = []
        for block in self.down:
            x = block(x)
            kept.append(x)
            x = nn.functional.max_pool1d(x, 2)
        x = self.drop(self.deep(x))
        for block in self.up:
            x = nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = block(torch.cat([x, kept.pop()], dim=1))
        found = self.out(x).transpose(1, 2) + self._usual(told)
        velocities, offsets = found.chunk(2, dim=-1)
        return torch.sigmoid(velocities), 0.5 * torch.tanh(offsets)

    def _usual(self, told: Tensor) -> Tensor:
        """The mean touch (n, WINDOW, 18); in the second bar as it was in the first, where told."""
        first = told[:, :STEPS, :-1]
        again = told[:, :STEPS, -1:] * lagged_touch(first, self.means) * self.again
        return torch.cat([0.0 * again + self.means, again + self.means], dim=1)


def touch_error(
    found: tuple[Tensor, Tensor], true: tuple[Tensor, Tensor], hits: Tensor
) -> tuple[Tensor, Tensor]:
    """Mean squared error of velocities and of offsets over the strokes, all (n, steps, 9)."""
    number = hits.sum().clamp(min=1.0)
    one, two = (((a - b) ** 2 * hits).sum() / number for a, b in zip(found, true, strict=True))
    return one, two

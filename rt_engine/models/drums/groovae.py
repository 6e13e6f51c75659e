"""A network to compare with: hits, velocities and offsets at once, in the manner of GrooVAE.

Source: J. Gillick et al., "Learning to groove with inverse sequence transformations" (ICML
2019): a bidirectional LSTM reads what was tapped, a Gaussian holds it, and an LSTM writes all
three matrices step by step. Smaller than the published one, and trained for less time than ours:
the recipe (`train.PARTS`) gives it 14 % of the minutes, and 40 % and 18 % to the networks of hits
and of touch, which do the same work.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rt_engine.drums.kit import DRUMS
from rt_engine.models.drums.rhythms import CHANNELS
from rt_engine.models.drums.touch import touch_error

__all__ = ["GrooveVae"]

CODE = 48
BETA, FREE = 0.2, 0.25  # weight of the divergence; nats a number of the code that cost nothing
TOUCH = 10.0  # weight of the squared errors beside the cross-entropy of 9 drums


class GrooveVae(nn.Module):
    """Rhythm to a code, and the code with the step before to the next step."""

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        self.read = nn.LSTM(CHANNELS, width, batch_first=True, bidirectional=True)
        self.code = nn.Linear(2 * width, 2 * CODE)
        self.begin = nn.Linear(CODE, 2 * width)
        self.write = nn.LSTM(CODE + 3 * len(DRUMS), width, batch_first=True)
        self.out = nn.Linear(width, 3 * len(DRUMS))

    def encode(self, rhythm: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of the code, from (n, steps, CHANNELS)."""
        read, _ = self.read(rhythm)
        half = read.shape[-1] // 2
        ends = torch.cat([read[:, -1, :half], read[:, 0, half:]], dim=-1)
        mean, variance = self.code(ends).chunk(2, dim=-1)
        return mean, variance

    def step(
        self, code: Tensor, previous: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[tuple[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Logits of hits, velocities, offsets (n, t, 9) after `previous` (n, t, 27)."""
        held = code[:, None].expand(-1, previous.shape[1], -1)
        x, state = self.write(torch.cat([held, previous], dim=-1), state)
        hits, velocities, offsets = self.out(x).chunk(3, dim=-1)
        return (hits, torch.sigmoid(velocities), 0.5 * torch.tanh(offsets)), state

    def start(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """The state of the writer before the first step."""
        hidden, cell = torch.tanh(self.begin(code)).chunk(2, dim=-1)
        return hidden[None].contiguous(), cell[None].contiguous()

    def losses(self, rhythm: Tensor, steps: Tensor) -> dict[str, Tensor]:
        """What is to be made lower; steps: (n, steps, 27), hits, velocities and offsets."""
        mean, variance = self.encode(rhythm)
        code = mean + torch.randn_like(mean) * torch.exp(0.5 * variance)
        before = torch.cat([torch.zeros_like(steps[:, :1]), steps[:, :-1]], dim=1)
        (logits, *touch), _ = self.step(code, before, self.start(code))
        hits, velocities, offsets = steps.chunk(3, dim=-1)
        cross = nn.functional.binary_cross_entropy_with_logits(logits, hits) * len(DRUMS)
        found = (touch[0], touch[1])
        loud, late = touch_error(found, (velocities, offsets), hits)
        divergence = 0.5 * (mean**2 + variance.exp() - 1.0 - variance)
        kept = divergence.mean(dim=0).clamp(min=FREE).sum() / steps.shape[1]
        loss = cross + TOUCH * (loud + late) + BETA * kept
        return {"loss": loss, "hits": cross, "velocity": loud, "offset": late, "divergence": kept}

    @torch.no_grad()
    def generate(self, rhythm: Tensor, generator: torch.Generator) -> Tensor:
        """Drums for a rhythm (n, steps, CHANNELS): (n, steps, 27), drawn."""
        mean, variance = self.encode(rhythm)
        noise = torch.randn(mean.shape, generator=generator)
        code = mean + noise * torch.exp(0.5 * variance)
        state, previous, rows = self.start(code), torch.zeros(len(code), 1, 3 * len(DRUMS)), []
        for _ in range(rhythm.shape[1]):
            (logits, loud, late), state = self.step(code, previous, state)
            hits = (torch.rand(logits.shape, generator=generator) < torch.sigmoid(logits)).float()
            previous = torch.cat([hits, hits * loud, hits * late], dim=-1)
            rows.append(previous)
        return torch.cat(rows, dim=1)

    @torch.no_grad()
    def touch(self, rhythm: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Velocities and offsets (n, steps, 9) after the true steps before each."""
        code, _ = self.encode(rhythm)
        before = torch.cat([torch.zeros_like(steps[:, :1]), steps[:, :-1]], dim=1)
        (_, velocities, offsets), _ = self.step(code, before, self.start(code))
        return velocities, offsets

"""One step at a time: what to strike now, from what was played and what the body does."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from rt_engine.drums.bar import STEPS
from rt_engine.drums.kit import DRUMS
from rt_engine.drums.words import Words
from rt_engine.models.drums.counts import LAGS, Counts, Repeats, lagged_touch, log_odds, mean_touch

__all__ = ["NOW", "PREVIOUS", "LiveNet"]

PREVIOUS = 3 * len(DRUMS)
NOW = STEPS + 4
AGAIN, DENSE, LOUD = 0.4, 0.7, 0.6  # to begin with: how much the last bar and the wishes count
USUAL_DENSITY, USUAL_INTENSITY = 1.1, 0.0  # log odds of the wishes that change nothing
Tensors = dict[str, Tensor]


class LiveNet(nn.Module):
    """Two layers of gated recurrent units; velocities and offsets as if each drum were struck.

    The last bar is kept as well, for what was played a bar, half a bar and a beat ago.
    `forward` and the attributes are as `rt_engine.models.export.Streaming` asks.
    """

    word_of: Tensor
    rest: Tensor

    def __init__(self, counts: Counts, words: Words, width: int = 128) -> None:
        super().__init__()
        self.inputs = {"previous": PREVIOUS, "now": NOW}
        self.outputs = {"words": len(words), "velocities": len(DRUMS), "offsets": len(DRUMS)}
        self.width = width
        self.first = nn.Linear(len(LAGS) * PREVIOUS + NOW, width)
        self.one = nn.GRU(width, width, batch_first=True)
        self.two = nn.GRU(width, width, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.words = head(2 * width, len(words))
        self.touch = head(2 * width, 2 * len(DRUMS))
        self.repeats = Repeats(counts)
        self.means = mean_touch(counts)
        self.again = nn.Parameter(torch.full((2 * len(DRUMS),), AGAIN))
        self.dense, self.loud = (nn.Parameter(torch.tensor(x)) for x in (DENSE, LOUD))
        every = (np.arange(2 ** len(DRUMS))[:, None] >> np.arange(len(DRUMS))) & 1
        self.register_buffer("rest", torch.from_numpy(~words.hits.any(axis=1)).float())
        self.register_buffer("word_of", torch.from_numpy(words.of(every > 0)))

    def initial_state(self, batch: int = 1) -> Tensors:
        """Nothing was played."""
        layers = {name: torch.zeros(1, batch, self.width) for name in ("one", "two")}
        return {"past": torch.zeros(batch, STEPS - 1, PREVIOUS), **layers}

    def forward(self, inputs: Tensors, state: Tensors) -> tuple[Tensors, Tensors]:
        """(batch, steps, n) by name, and the state after."""
        now = inputs["now"]
        past = torch.cat([state["past"], inputs["previous"]], dim=1)
        steps = inputs["previous"].shape[1]
        ago = [past[:, STEPS - lag : STEPS - lag + steps] for lag in LAGS if lag > 1]
        x = torch.relu(self.first(torch.cat([inputs["previous"], *ago, now], dim=-1)))
        one, after = self.one(self.drop(x), state["one"])
        two, last = self.two(self.drop(one), state["two"])
        x = self.drop(torch.cat([x, one + two], dim=-1))
        velocities, offsets = (self.touch(x) + self._usual(past, now)).chunk(2, dim=-1)
        outputs = {
            "words": self.words(x) + self._repeated(past, now),
            "velocities": torch.sigmoid(velocities),
            "offsets": 0.5 * torch.tanh(offsets),
        }
        return outputs, {"past": past[:, 1 - STEPS :], "one": after, "two": last}

    def _repeated(self, past: Tensor, now: Tensor) -> Tensor:
        """What counting says; to it every rhythm is one that does not tell all."""
        bits = 2.0 ** torch.arange(len(DRUMS))
        masks = (past[..., : len(DRUMS)].round() * bits).sum(dim=-1).long()
        struck = (now[..., STEPS] > 0.5).long()
        logits = self.repeats(now[..., :STEPS].argmax(dim=-1), struck, self.word_of[masks])
        wish = self.dense * (log_odds(now[..., STEPS + 2 : STEPS + 3]) - USUAL_DENSITY)
        return logits - wish * self.rest

    def _usual(self, past: Tensor, now: Tensor) -> Tensor:
        """The mean touch, as it was a bar ago, and as loud as is wished."""
        means = now[..., :STEPS] @ self.means
        ago = past[:, : now.shape[1]]
        loud = self.loud * (log_odds(now[..., STEPS + 3 :]) - USUAL_INTENSITY)
        velocities, offsets = (means + self.again * lagged_touch(ago, means)).chunk(2, dim=-1)
        return torch.cat([velocities + loud, offsets], dim=-1)


def head(width: int, numbers: int) -> nn.Sequential:
    """Two layers that begin by saying nothing."""
    last = nn.Linear(width // 2, numbers)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(width, width // 2), nn.ReLU(), last)

"""From a rhythm to hits: an encoder-decoder transformer over words of drums.

Source: RhythmicNet (Su, Liu and Shlizerman, NeurIPS 2021), section 3, "Rhythm2Drum": 3 layers and
4 heads in both parts, cross-entropy over words of hits. What the encoder made of the rhythm at a
step is also added to what the decoder knows there, so that it need not learn to look it up.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from rt_engine.drums.bar import STEPS
from rt_engine.models.attention import (
    FAR,
    Attention,
    Perceptron,
    Size,
    State,
    longer,
    numbered,
    ones,
)
from rt_engine.models.drums.counts import Counts, Repeats
from rt_engine.models.drums.data import WINDOW
from rt_engine.models.drums.rhythms import CHANNELS

__all__ = ["SIZE", "HitsNet", "kind_of"]

LAGS = (16, 8, 4, 1)  # steps at which drums repeat themselves
FIRST_LOOK = 4.0

SIZE = Size(width=64, heads=4, hidden=128, encoder=3, decoder=3, memory=WINDOW - 1, dropout=0.1)


class Encoder(nn.Module):
    """A rhythm of `WINDOW` steps to a vector for each."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.rhythm = nn.Linear(CHANNELS, size.width)
        self.places = nn.Parameter(0.1 * torch.randn(WINDOW, size.width))
        self.norms = nn.ModuleList(nn.LayerNorm(size.width) for _ in range(size.encoder))
        self.attend = nn.ModuleList(Attention(size) for _ in range(size.encoder))
        self.think = nn.ModuleList(Perceptron(size) for _ in range(size.encoder))
        self.last = nn.LayerNorm(size.width)
        self.drop = nn.Dropout(size.dropout)
        self.none = nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(self, rhythm: Tensor) -> Tensor:
        """rhythm: (n, WINDOW, CHANNELS); (n, WINDOW, width)."""
        x = self.drop(self.rhythm(rhythm) + self.places)
        for norm, part, think in zip(self.norms, self.attend, self.think, strict=True):
            y, attend = norm(x), cast(Attention, part)
            key, value = attend.pair(y).chunk(2, dim=-1)
            x = x + self.drop(attend(attend.query(y), key, value, self.none))
            x = x + self.drop(think(x))
        return cast(Tensor, self.last(x))


class Layer(nn.Module):
    """Attention to the words before, to the rhythm, and a perceptron."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.pre, self.mid = nn.LayerNorm(size.width), nn.LayerNorm(size.width)
        self.past, self.rhythm = Attention(size), Attention(size)
        self.distance = nn.Parameter(lags(size.heads))
        self.think = Perceptron(size)


def kind_of(rhythm: Tensor) -> Tensor:
    """The kind (see `counts.KINDS`) of each step of a rhythm, (n, steps)."""
    return (2.0 * rhythm[..., 1] + rhythm[..., 0]).long()


def lags(heads: int) -> Tensor:
    """Biases (heads, WINDOW) with which a head begins by looking a bar, half a bar, ... back."""
    biases = torch.zeros(heads, WINDOW)
    for head, lag in zip(range(heads), LAGS, strict=False):
        biases[head, lag - 1] = FIRST_LOOK  # at distance 0 is the word one step before
    return biases


class HitsNet(nn.Module):
    """Words are numbers of the vocabulary; the one after the last stands for the start.

    `repeats` gives the logits to begin with, and the transformer what is to be added to them.
    """

    def __init__(self, counts: Counts, size: Size = SIZE) -> None:
        super().__init__()
        self.repeats = Repeats(counts)
        words = self.repeats.words
        self.words, self.size = words, size
        self.encoder = Encoder(size)
        self.embed = nn.Embedding(words + 1, size.width)
        nn.init.normal_(self.embed.weight, std=0.1)
        self.places = nn.Embedding(WINDOW, size.width)
        self.here = nn.Linear(size.width, size.width)
        self.layers = nn.ModuleList(Layer(size) for _ in range(size.decoder))
        self.last = nn.LayerNorm(size.width)
        self.out = nn.Linear(size.width, words)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.drop = nn.Dropout(size.dropout)

    def initial_state(self, batch: int = 1) -> State:
        """No word before."""
        shape = batch, self.size.memory
        names = [f"{part}{k}" for k in range(self.size.decoder) for part in ("key", "value")]
        kept = {name: torch.zeros(*shape, self.size.width) for name in names}
        before = torch.zeros(batch, STEPS - 1, 1)
        return {**kept, "there": torch.zeros(*shape, 1), "before": before}

    def forward(self, rhythm: Tensor, words: Tensor) -> Tensor:
        """Logits (n, WINDOW, words) of each word, from the words before it, (n, WINDOW)."""
        start = torch.full_like(words[:, :1], self.words)
        before = torch.cat([start, words[:, :-1]], dim=1)
        places = torch.arange(WINDOW).expand(len(words), WINDOW)
        kind = kind_of(rhythm)
        return self.decode(before, places, kind, self.encoder(rhythm), {})[0]

    def decode(
        self, word: Tensor, place: Tensor, kind: Tensor, context: Tensor, state: State
    ) -> tuple[Tensor, State]:
        """Logits (n, t, words) of the words at `place` (n, t), and the state after.

        word: (n, t), the word before each. kind: (n, t), of `kind_of`. context: of the encoder,
        (n, WINDOW, width), or (n * t, WINDOW, width), one for each word.
        """
        after: State = {}
        rows = torch.arange(context.shape[0])[:, None]
        here = context[rows, place.reshape(context.shape[0], -1)].reshape(*place.shape, -1)
        x = self.drop(self.embed(word) + self.places(place) + self.here(here))
        there = longer("there", ones(x), state, after)
        before = self.size.memory if state else 0
        distance = (numbered(x) + before)[:, None] - numbered(there)[None]
        outside = (distance < 0) | (distance >= WINDOW)
        hidden = FAR * outside + FAR * (1.0 - there[:, None, None, :, 0])
        near = distance.clamp(0, WINDOW - 1)
        for k, layer in enumerate(self.layers):
            x = self._through(cast(Layer, layer), k, x, context, (hidden, near), (state, after))
        known = self._known(word, state, after)
        logits = self.out(self.last(x)) + self.repeats(place, kind, known)
        return logits, {name: after[name] for name in state}

    def _known(self, word: Tensor, state: State, after: State) -> Tensor:
        """The words before each step, and 15 before those: (n, t + 15)."""
        heard = (word[..., None] + 1.0) % (self.words + 1.0)  # 0: none
        if "before" in state:
            heard = longer("before", heard, state, after)
        else:
            heard = nn.functional.pad(heard, (0, 0, STEPS - 1, 0))
        return (heard[..., 0].long() + self.words) % (self.words + 1)

    def _through(
        self, layer: Layer, k: int, x: Tensor, context: Tensor, told: tuple[Tensor, Tensor],
        states: tuple[State, State],
    ) -> Tensor:  # fmt: skip
        """Layer number k."""
        hidden, near = told
        y = layer.pre(x)
        key, value = layer.past.pair(y).chunk(2, dim=-1)
        key = longer(f"key{k}", key, *states)
        value = longer(f"value{k}", value, *states)
        bias = layer.distance[:, near] + hidden
        x = x + self.drop(layer.past(layer.past.query(y), key, value, bias))
        y = layer.mid(x).reshape(context.shape[0], -1, x.shape[-1])
        key, value = layer.rhythm.pair(context).chunk(2, dim=-1)
        found = layer.rhythm(layer.rhythm.query(y), key, value, self.encoder.none)
        x = x + self.drop(found.reshape(x.shape))
        return cast(Tensor, x + self.drop(layer.think(x)))

"""Encoder of drums and decoder of tokens, both with a memory that runs on over the bars.

Source: RhythmicNet (Su, Liu and Shlizerman, NeurIPS 2021), section 3, "Drum2Music", after
Transformer-XL (Dai et al., ACL 2019): what a layer has seen is kept and attended to later. Here
the memory is the keys and values of the last `Size.memory` tokens (decoder) and `Size.bars` bars
(encoder), a window that slides with every token, so a stream fed token by token gives what the
whole gives at once. Distance is told twice: learnt by tokens, and by rotation (Su et al.,
"RoFormer", 2021) with the musical time, at periods of a beat, a bar, and their multiples.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from rt_engine.accompaniment import tokens as tk
from rt_engine.accompaniment.drums import NUMBERS
from rt_engine.models.attention import (
    FAR,
    Attention,
    Perceptron,
    Size,
    State,
    longer,
    numbered,
    ones,
    rotated,
    turns,
)

__all__ = ["AccompanimentNet", "Decoder", "Encoder", "Size"]

NEAR = 48  # tokens whose distance is told exactly


class Encoder(nn.Module):
    """Bars of drums to one vector for each of their sixteenths."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.hits = nn.Linear(NUMBERS // tk.STEPS, size.width)
        self.places = nn.Parameter(0.02 * torch.randn(tk.STEPS, size.width))
        self.distance = nn.Parameter(torch.zeros(size.heads, size.bars + 1))
        self.norms = nn.ModuleList(nn.LayerNorm(size.width) for _ in range(size.encoder))
        self.attend = nn.ModuleList(Attention(size) for _ in range(size.encoder))
        self.think = nn.ModuleList(Perceptron(size) for _ in range(size.encoder))
        self.last = nn.LayerNorm(size.width)
        self.drop = nn.Dropout(size.dropout)

    def initial_state(self, batch: int = 1) -> State:
        """No bar before."""
        slots = self.size.bars * tk.STEPS
        names = [f"{part}{k}" for k in range(self.size.encoder) for part in ("key", "value")]
        kept = {name: torch.zeros(batch, slots, self.size.width) for name in names}
        return {**kept, "there": torch.zeros(batch, slots, 1)}

    def forward(self, drums: Tensor, state: State) -> tuple[Tensor, State]:
        """drums: (batch, bars, NUMBERS); (batch, bars * 16, width), and the state after.

        An empty state: no memory, every bar for itself.
        """
        after: State = {}
        steps = self.hits(drums.unflatten(2, (tk.STEPS, -1))) + self.places
        x = self.drop(steps.reshape(len(drums), -1, self.size.width))
        there = longer("there", ones(x), state, after)
        bias = self._bias(x, there, "there" in state)
        for k in range(self.size.encoder):
            attend = cast(Attention, self.attend[k])
            y = self.norms[k](x)
            key, value = attend.pair(y).chunk(2, dim=-1)
            key = longer(f"key{k}", key, state, after)
            value = longer(f"value{k}", value, state, after)
            x = x + self.drop(attend(attend.query(y), key, value, bias))
            x = x + self.drop(self.think[k](x))
        return self.last(x), {name: after[name] for name in state}

    def _bias(self, x: Tensor, there: Tensor, remembers: bool) -> Tensor:
        """By the distance in bars; what lies further back, or ahead, is out of reach."""
        bars = self.size.bars if remembers else 0
        own = numbered(x) // tk.STEPS + bars
        distance = own[:, None] - (numbered(there) // tk.STEPS)[None]
        told = self.distance[:, distance.clamp(0, bars)]
        outside = (distance < 0) | (distance > bars)
        return told + FAR * outside + FAR * (1.0 - there[:, None, None, :, 0])


class Layer(nn.Module):
    """Attention to tokens before, to the drums of the bar, and a perceptron."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.pre, self.mid = nn.LayerNorm(size.width), nn.LayerNorm(size.width)
        self.past, self.drums = Attention(size), Attention(size)
        self.distance = nn.Parameter(torch.zeros(size.heads, NEAR + 1))
        self.think = Perceptron(size)
        self.drop = nn.Dropout(size.dropout)


class Decoder(nn.Module):
    """Tokens and the encoded drums of their bars to the logits of the next token."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.embed = nn.Embedding(tk.SIZE, size.width)
        nn.init.normal_(self.embed.weight, std=0.05)
        self.places = nn.Embedding(tk.STEPS, size.width)
        self.layers = nn.ModuleList(Layer(size) for _ in range(size.decoder))
        self.last = nn.LayerNorm(size.width)
        self.offset = nn.Parameter(torch.zeros(tk.SIZE))
        self.drop = nn.Dropout(size.dropout)

    def initial_state(self, batch: int = 1) -> State:
        """No token before."""
        shape = batch, self.size.memory
        names = [f"{part}{k}" for k in range(self.size.decoder) for part in ("key", "value")]
        kept = {name: torch.zeros(*shape, self.size.width) for name in names}
        return {**kept, "there": torch.zeros(*shape, 1)}

    def forward(
        self, token: Tensor, time: Tensor, bar: Tensor, context: Tensor, state: State,
        within: bool = False,
    ) -> tuple[Tensor, State]:  # fmt: skip
        """Logits (batch, t, tokens), and the state after.

        token: (batch, t). time: (batch, t), sixteenths, a bar begins at multiples of 16; bar:
        (batch, t), its number in `context`, (batch, bars * 16, width). within: nothing before
        the token's own bar is attended to.
        """
        after: State = {}
        x = self.embed(token) + self.places(time.long() % tk.STEPS)
        x = self.drop(x)
        there = longer("there", ones(x), state, after)
        before = self.size.memory if state else 0
        distance = (numbered(x) + before)[:, None] - numbered(there)[None]
        reach = self._reach(distance, there, bar if within else None)
        own = FAR * (numbered(context) // tk.STEPS != bar[..., None])[:, None]
        angles = turns(time, self.size.width // self.size.heads // 2)
        for k in range(self.size.decoder):
            layer = cast(Layer, self.layers[k])
            around = reach + layer.distance[:, distance.clamp(0, NEAR)], own, context
            x = self._layer(k, layer, x, angles, around, state, after)
        logits = self.last(x) @ self.embed.weight.T + self.offset
        return logits, {name: after[name] for name in state}

    def _layer(
        self, k: int, layer: Layer, x: Tensor, angles: tuple[Tensor, Tensor],
        around: tuple[Tensor, Tensor, Tensor], state: State, after: State,
    ) -> Tensor:  # fmt: skip
        bias, own, context = around
        y, heads = layer.pre(x), self.size.heads
        key, value = layer.past.pair(y).chunk(2, dim=-1)
        key = longer(f"key{k}", rotated(key, angles, heads), state, after)
        value = longer(f"value{k}", value, state, after)
        query = rotated(layer.past.query(y), angles, heads)
        x = x + layer.drop(layer.past(query, key, value, bias))
        pair = layer.drums.pair(context).chunk(2, dim=-1)
        x = x + layer.drop(layer.drums(layer.drums.query(layer.mid(x)), *pair, own))
        return x + layer.drop(cast(Tensor, layer.think(x)))

    def _reach(self, distance: Tensor, there: Tensor, bar: Tensor | None) -> Tensor:
        """What may not be attended to: the future, what is too old, what is not there."""
        outside = (distance < 0) | (distance > self.size.memory)
        bias = FAR * outside + FAR * (1.0 - there[:, None, None, :, 0])
        return bias if bar is None else bias + FAR * (bar[:, None, None] != bar[:, None, :, None])


class AccompanimentNet(nn.Module):
    """Encoder and decoder; without `memory`, every bar is written for itself."""

    def __init__(self, size: Size | None = None, memory: bool = True) -> None:
        super().__init__()
        self.size, self.memory = size or Size(), memory
        self.encoder, self.decoder = Encoder(self.size), Decoder(self.size)

    def forward(self, token: Tensor, time: Tensor, bar: Tensor, drums: Tensor) -> Tensor:
        """Logits (batch, t, tokens) of what follows each token; drums: (batch, bars, NUMBERS)."""
        state = self.encoder.initial_state(len(drums)) if self.memory else {}
        context, _ = self.encoder(drums, state)
        logits, _ = self.decoder(token, time, bar, context, {}, not self.memory)
        return cast(Tensor, logits)

"""How well a network foretells what songs play: negative log-likelihood, token by token."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from rt_engine.accompaniment import tokens as tk
from rt_engine.models.accompaniment.batches import (
    IGNORED,
    LENGTH,
    Batch,
    Sampler,
    batch_of,
    windows,
)
from rt_engine.models.accompaniment.data import Take
from rt_engine.models.accompaniment.network import AccompanimentNet

__all__ = ["frequencies", "likelihood"]

Scores = dict[str, float]
SORTS = (tk.CHORD, tk.POSITION, tk.PITCH, tk.VELOCITY, tk.DURATION)  # scored one by one


def likelihood(net: AccompanimentNet, takes: list[Take], home: bool = True) -> Scores:
    """Nats a token over windows of 16 bars: "all", by instrument, and by the sort of token.

    Counted are chords, positions, pitches, velocities, durations and ends; the bar line and the
    tempo are given, and the density is left open. home: in the one key in which the writer works,
    else in the keys of the songs.
    """
    net.eval()

    def surprise(batch: Batch) -> Tensor:
        with torch.no_grad():
            logits = net(*batch.inputs)
        shape = batch.target.shape
        return nn.functional.cross_entropy(
            logits.flatten(0, 1), batch.target.flatten(), ignore_index=IGNORED, reduction="none"
        ).reshape(shape)

    return scored(surprise, takes, home)


def frequencies(
    train: list[Take], takes: list[Take], home: bool = True, draws: int = 200
) -> Scores:
    """The same for a baseline that hears nothing: how often each token follows the sort before.

    Learnt from so many batches of the training's draws.
    """
    sorts = torch.tensor([tk.GROUPS.index(tk.group_of(token)) for token in range(tk.SIZE)])
    counts = torch.ones(len(tk.GROUPS), tk.SIZE)
    sampler = Sampler(train, 0, home=home)
    for _ in range(draws):
        batch = sampler.draw()
        known = batch.target != IGNORED
        places = sorts[batch.token[known]], batch.target[known]
        counts.index_put_(places, torch.ones(len(places[0])), accumulate=True)
    table = -torch.log(counts / counts.sum(dim=1, keepdim=True))
    return scored(lambda b: table[sorts[b.token], b.target.clamp(min=0)], takes, home)


def scored(surprise: Callable[[Batch], Tensor], takes: list[Take], home: bool) -> Scores:
    """Means of the nats (rows, t) of each target, all together and by instrument and sort."""
    rows: list[tuple[Tensor, Tensor, Tensor]] = []
    for k, name in enumerate(tk.INSTRUMENTS):
        for group in windows([t for t in takes if t.instrument == name], LENGTH, home):
            batch = batch_of(group)
            known = batch.target != IGNORED
            nats = surprise(batch)[known]
            rows.append((nats, batch.target[known], torch.full_like(nats, k)))
    nats, targets, players = (torch.cat(column) for column in zip(*rows, strict=True))
    parts = {"all": targets >= 0}
    parts |= {name: players == k for k, name in enumerate(tk.INSTRUMENTS)}
    parts |= {g.name: (targets >= g.first) & (targets < g.first + g.size) for g in SORTS}
    return {name: float(nats[part].mean()) for name, part in parts.items() if bool(part.any())}

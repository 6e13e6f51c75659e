"""Many windows at once from the networks, for figures; live use is `rt_engine.drums.writing`."""

from __future__ import annotations

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from rt_engine.drums.bar import Bar
from rt_engine.drums.words import Words
from rt_engine.models.drums.data import WINDOW
from rt_engine.models.drums.hits import HitsNet, kind_of
from rt_engine.models.drums.lessons import live_feed, told_touch
from rt_engine.models.drums.live import LiveNet
from rt_engine.models.drums.rhythms import density_of, exact, intensity_of, strengths
from rt_engine.models.drums.touch import TouchNet

__all__ = ["drawn", "live_bars", "live_touch", "touched", "written_hits"]

Floats = NDArray[np.float32]
Hits = NDArray[np.bool_]

BATCH = 512
LATELY = 16  # steps over which the live network is told the past density and intensity


def drawn(logits: Tensor, rng: Generator, temperature: float = 1.0) -> NDArray[np.int64]:
    """One word of each row of logits (n, words)."""
    chances = torch.softmax(logits.double() / temperature, dim=-1).cumsum(dim=-1).numpy()
    found: NDArray[np.int64] = (rng.random((len(chances), 1)) > chances).sum(axis=1)
    return np.minimum(found, logits.shape[-1] - 1)


@torch.no_grad()
def written_hits(net: HitsNet, words: Words, rhythm: Floats, rng: Generator) -> Hits:
    """Hits (n, WINDOW, 9) drawn for rhythms (n, WINDOW, CHANNELS), from the first step on."""
    done = []
    for first in range(0, len(rhythm), BATCH):
        told = torch.from_numpy(rhythm[first : first + BATCH])
        context, kinds = net.encoder(told), kind_of(told)
        state = net.initial_state(len(context))
        word, rows = np.full(len(context), len(words)), []
        for place in range(WINDOW):
            fed = torch.from_numpy(word)[:, None]
            where, kind = torch.full_like(fed, place), kinds[:, place : place + 1]
            logits, state = net.decode(fed, where, kind, context, state)
            word = drawn(logits[:, 0], rng)
            rows.append(word)
        done.append(words.hits[np.stack(rows, axis=1)])
    return np.concatenate(done)


@torch.no_grad()
def touched(net: TouchNet, bars: Bar, known: bool = False) -> tuple[Floats, Floats]:
    """Velocities and offsets (n, WINDOW, 9) for hits; `known`: the first bar's touch is told."""
    told = torch.from_numpy(told_touch(bars, np.full(len(bars.hits), known)))
    parts = [net(part) for part in told.split(BATCH)]
    velocities, offsets = (torch.cat(found).numpy() for found in zip(*parts, strict=True))
    return velocities, offsets


@torch.no_grad()
def live_bars(
    net: LiveNet, words: Words, source: Bar, rng: Generator, controls: tuple[Floats, Floats] | None
) -> tuple[Bar, Hits]:
    """Windows that the live network writes for the rhythms of `source`, and what it heard there.

    controls: density and intensity (n, steps); None: those of the source.
    """
    rhythm = exact(source)[..., 0]
    density, level = controls or (density_of(source), intensity_of(source))
    feed = live_feed(source, rhythm, strengths(source) * rhythm, density, level)
    now, previous = torch.from_numpy(feed.now), torch.zeros(len(rhythm), 1, 27)
    state, rows = net.initial_state(len(rhythm)), []
    for step in range(rhythm.shape[1]):
        found, state = net({"previous": previous, "now": now[:, step : step + 1]}, state)
        hits = words.hits[drawn(found["words"][:, 0], rng)]
        played = [x[:, 0] * torch.from_numpy(hits) for x in (found["velocities"], found["offsets"])]
        previous = torch.cat([torch.from_numpy(hits).float(), *played], dim=-1)[:, None]
        rows.append(previous)
    hits, velocities, offsets = np.split(torch.cat(rows, dim=1).numpy(), 3, axis=-1)
    return Bar(hits > 0, velocities, offsets), rhythm > 0


@torch.no_grad()
def live_touch(net: LiveNet, bars: Bar) -> tuple[Floats, Floats]:
    """Velocities and offsets for windows as they were played, told nothing of what is to come."""
    rhythm = exact(bars)[..., 0]
    density, level = lately(bars)
    feed = live_feed(bars, rhythm, rhythm * level, density, level)
    inputs = {name: torch.from_numpy(x) for name, x in feed._asdict().items()}
    found, _ = net(inputs, net.initial_state(len(rhythm)))
    return found["velocities"].numpy(), found["offsets"].numpy()


def lately(bars: Bar) -> tuple[Floats, Floats]:
    """Density and intensity (n, steps) of the steps before each, 0.5 where there are none."""
    struck, counts = bars.hits.any(axis=-1).astype(float), bars.hits.sum(axis=-1).astype(float)
    density = np.full(struck.shape, 0.5, np.float32)
    level = density.copy()
    for step in range(1, struck.shape[1]):
        past = slice(max(step - LATELY, 0), step)
        density[:, step] = struck[:, past].mean(axis=1)
        number = counts[:, past].sum(axis=1)
        loud = bars.velocities[:, past].sum(axis=(1, 2)) / np.maximum(number, 1)
        level[:, step] = np.where(number > 0, loud, 0.5)
    return density, level

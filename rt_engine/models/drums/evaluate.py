"""What the networks reach on the test part, beside what nothing but the training data reaches.

Protocol: RhythmicNet (Su, Liu and Shlizerman, NeurIPS 2021), section 4, "Rhythm2Drum
Evaluation": 9,000 windows generated for rhythms of the test part, `measure.Bins` over the
training part; squared errors on the hits of the test part.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn

from rt_engine.drums.bar import Bar
from rt_engine.drums.words import Words
from rt_engine.inference import Metric
from rt_engine.models.drums.generate import (
    BATCH,
    lately,
    live_bars,
    live_touch,
    touched,
    written_hits,
)
from rt_engine.models.drums.hits import HitsNet
from rt_engine.models.drums.lessons import live_feed, rows
from rt_engine.models.drums.live import LiveNet
from rt_engine.models.drums.measure import Bins, squared_errors
from rt_engine.models.drums.rhythms import exact
from rt_engine.models.drums.touch import TouchNet

__all__ = [
    "SAMPLES",
    "drawn_rows",
    "frequencies",
    "likelihood",
    "mean_touch",
    "obedience",
    "scores",
]

SAMPLES = 9000
ON = "Groove MIDI, official test part"

Hits = NDArray[np.bool_]
Nets = dict[str, nn.Module]


def scores(
    nets: Nets, words: Words, train: Bar, test: Bar, samples: int = SAMPLES
) -> dict[str, list[Metric]]:
    """The figures for the cards of "hits", "touch" and "live"."""
    rng = np.random.default_rng(0)
    hits, live = cast(HitsNet, nets["hits"]), cast(LiveNet, nets["live"])
    chosen = drawn_rows(test, rng, samples)
    bins = Bins(train.hits)
    written = written_hits(hits, words, exact(chosen), rng)
    played, _ = live_bars(live, words, chosen, rng, None)
    plain = frequencies(words, train.hits, test.hits)
    loud, late = touched(cast(TouchNet, nets["touch"]), test)
    unet = squared_errors(loud, late, test)
    loud, late = mean_touch(train, test)
    mean = squared_errors(loud, late, test)
    loud, late = live_touch(live, test)
    step = squared_errors(loud, late, test)
    of_hits = {
        "NDB of 50": float(bins.different(written)), "NLL of a word": likelihood(nets, words, test),
        "NLL of a word by its frequency": plain,
    }  # fmt: skip
    of_live = {
        "NDB of 50": float(bins.different(played.hits)),
        "NLL of a word": likelihood(nets, words, test, live=True),
        **step,
        **obedience(live, words, chosen),
    }
    means = {f"{name}, means of drums": value for name, value in mean.items()}
    return {
        "hits": figures(of_hits), "touch": figures({**unet, **means}), "live": figures(of_live),
    }  # fmt: skip


def figures(found: dict[str, float]) -> list[Metric]:
    """For a card."""
    return [
        Metric(ON, name, round(value, 4), "nat" if name.startswith("NLL") else "")
        for name, value in found.items()
    ]


def drawn_rows(bars: Bar, rng: Generator, number: int) -> Bar:
    """So many windows: all of them, again and again, the rest drawn."""
    times, rest = divmod(number, len(bars.hits))
    every = np.tile(np.arange(len(bars.hits)), times)
    return rows(bars, np.concatenate([every, rng.permutation(len(bars.hits))[:rest]]))


@torch.no_grad()
def likelihood(nets: Nets, words: Words, bars: Bar, live: bool = False) -> float:
    """Mean negative log-likelihood of a word, given the exact rhythm, in nats."""
    true = torch.from_numpy(words.of(bars.hits))
    logits = live_logits(cast(LiveNet, nets["live"]), bars) if live else None
    if logits is None:
        net = cast(HitsNet, nets["hits"])
        told = torch.from_numpy(exact(bars)).split(BATCH)
        parts = [net(*pair) for pair in zip(told, true.split(BATCH), strict=True)]
        logits = torch.cat(parts)
    return float(nn.functional.cross_entropy(logits.flatten(0, 1), true.flatten()))


def live_logits(net: LiveNet, bars: Bar) -> Tensor:
    """Of each word after those played, told nothing of what is to come but the rhythm's step."""
    rhythm = exact(bars)[..., 0]
    density, level = lately(bars)
    feed = live_feed(bars, rhythm, rhythm * level, density, level)
    inputs = {name: torch.from_numpy(x) for name, x in feed._asdict().items()}
    found, _ = net(inputs, net.initial_state(len(rhythm)))
    return found["words"]


def frequencies(words: Words, train: Hits, test: Hits) -> float:
    """The same of a model that knows how frequent words are, and whether the step is struck."""
    counts = np.bincount(words.of(train).reshape(-1), minlength=len(words)) + 1.0
    struck = words.hits.any(axis=1)
    chances = np.where(struck, counts / counts[struck].sum(), 1.0)
    return float(-np.log(chances[words.of(test)]).mean())


def mean_touch(train: Bar, test: Bar) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Velocities and offsets that are always the drum's mean in training, for every test window."""
    number = np.maximum(train.hits.sum(axis=(0, 1)), 1)
    shape = test.hits.shape
    loud, late = (
        np.broadcast_to((x.sum(axis=(0, 1), dtype=np.float64) / number).astype(np.float32), shape)
        for x in (train.velocities, train.offsets)
    )
    return loud, late


def obedience(net: LiveNet, words: Words, bars: Bar, number: int = 300) -> dict[str, float]:
    """Whether the live network does what it is told: rhythm, and steps of density, intensity.

    Rhythm: shares of the steps that are struck where the body strikes and where it does not, at
    the source's own density. The others: what is written at a wish of 0.2, 0.5 and 0.8.
    """
    some = rows(bars, np.arange(min(number, len(bars.hits))))
    rng = np.random.default_rng(0)
    plain, told = live_bars(net, words, some, rng, None)
    struck = plain.hits.any(axis=-1)
    found = {
        "struck where the body strikes": float(struck[told].mean()),
        "struck where it does not": float(struck[~told].mean()),
    }
    sparse = Bar(some.hits.copy(), some.velocities, some.offsets)
    sparse.hits[:, np.arange(some.hits.shape[1]) % 8 != 0] = False
    for wish in (0.2, 0.5, 0.8):
        flat = np.full(some.hits.shape[:2], wish, np.float32)
        even = np.full_like(flat, 0.5)
        dense, _ = live_bars(net, words, sparse, rng, (flat, even))
        loud, _ = live_bars(net, words, sparse, rng, (even, flat))
        found[f"density written at {wish:g}"] = float(dense.hits.any(axis=-1).mean())
        found[f"intensity written at {wish:g}"] = float(loud.velocities[loud.hits].mean())
    return found

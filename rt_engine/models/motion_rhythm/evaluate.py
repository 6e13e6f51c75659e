"""What a network is worth: its activation to beats, scored as the paper does, and by kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rt_engine.extras import require
from rt_engine.models.motion_rhythm.decode import decode
from rt_engine.models.motion_rhythm.material import SECONDS, Excerpt
from rt_engine.models.motion_rhythm.network import DELAY
from rt_engine.motion.dance import FPS, JOINTS, NUMBERS
from rt_engine.motion.quaternion import Arrays, Floats
from rt_engine.rhythm import BodyObservation, Settings, Tracker
from rt_engine.rhythm.body import BPM, PRIOR

__all__ = [
    *("LIVE", "METRICS", "activation", "causal", "means", "offline", "offsets", "score"),
    *("steady", "table", "track"),
]

SKIP = 4.0  # s at the start that are not scored
LIVE = Settings(bpm=BPM, centre=PRIOR[0], octaves=PRIOR[1])  # as the node for a body
METRICS = ("CMLc", "CMLt", "Cemgil", "F")
Scores = dict[str, float]
Way = Callable[[Excerpt], Floats]


@torch.no_grad()
def activation(net: Any, frames: NDArray[np.float16]) -> NDArray[np.float32]:
    """Probabilities (n,) of frames (n, 85)."""
    dance = torch.from_numpy(frames.astype(np.float32))[None]
    return np.asarray(torch.sigmoid(net.eval().logits(dance))[0].numpy())


def track(values: Arrays, delay: int = DELAY, settings: Settings = LIVE) -> Floats:
    """Live beats (s) of activations (n,) that are `delay` frames late."""
    tracker = Tracker(FPS, BodyObservation(FPS), settings)
    times = ((np.arange(len(values)) - delay) / FPS).tolist()
    rows = zip(values, times, strict=True)
    return np.array([beat.due for row, t in rows for beat in tracker.step([row], t).beats])


def causal(net: Any) -> Way:
    """The live way: the network, then the live tracker; for ever predicting, never taking back."""
    return lambda excerpt: track(activation(net, excerpt.frames))


def offline(net: Any, delay: int = 0) -> Way:
    """The paper's way: the network sees the whole, then the likeliest path of a hidden Markov
    model; delay: frames that the network's output lies behind its input.
    """
    return lambda excerpt: decode(activation(net, excerpt.frames)) - delay / FPS


def steady(excerpt: Excerpt) -> Floats:
    """A baseline that sees nothing: 120 BPM from the start."""
    return np.arange(0.0, SECONDS, 0.5)


def offsets(excerpt: Excerpt) -> Floats:
    """A baseline without learning: the autocorrelation of the kinematic offset.

    The offset is the mean growth of the joints' speed; its strongest period, under the same prior
    over tempi as the tracker's, gives the tempo, and the best sum along that comb the phase.
    """
    x = excerpt.frames.astype(np.float64).reshape(-1, JOINTS, NUMBERS)
    there = np.maximum((x[..., 4] > 0).sum(axis=1), 1)
    speed = np.hypot(x[..., 2], x[..., 3]).sum(axis=1) / there
    speed = np.convolve(speed, np.ones(3) / 3, mode="same")
    growth = np.maximum(np.diff(speed, prepend=speed[:1]), 0.0)
    growth -= growth.mean()
    lags = np.arange(int(60 * FPS / BPM[1]), int(60 * FPS / BPM[0]) + 1)
    likely = np.exp(-0.5 * (np.log2(60 * FPS / lags / LIVE.centre) / LIVE.octaves) ** 2)
    found = [float(growth[lag:] @ growth[:-lag]) / (len(growth) - lag) for lag in lags]
    period = int(lags[int(np.argmax(np.array(found) * likely))])
    phase = int(np.argmax([growth[k::period].mean() for k in range(period)]))
    return np.arange(phase, len(growth), period) / FPS


def score(
    true: Arrays, said: Arrays, until: float = SECONDS, skip: float = SKIP, window: float = 0.07
) -> Scores:
    """CMLc, CMLt, Cemgil and F in %, and AMLt, from `skip` to `until` s; by mir_eval."""
    beat = require("mir_eval").beat
    true, said = (np.sort(np.asarray(x, np.float64)) for x in (true, said))
    true, said = (x[(x >= skip) & (x <= until)] for x in (true, said))
    if len(true) < 2 or len(said) < 2:
        return dict.fromkeys((*METRICS, "AMLt"), 0.0)
    levels = beat.continuity(true, said)
    return {
        "CMLc": 100.0 * levels[0],
        "CMLt": 100.0 * levels[1],
        "Cemgil": 100.0 * beat.cemgil(true, said)[0],
        "F": 100.0 * beat.f_measure(true, said, f_measure_threshold=window),
        "AMLt": 100.0 * levels[3],
    }


def means(way: Way, excerpts: Sequence[Excerpt]) -> Scores:
    """Mean scores of a way over the excerpts that have beats."""
    rows = [score(e.beats, way(e)) for e in excerpts if len(e.beats) > 2]
    return {name: round(float(np.mean([row[name] for row in rows])), 1) for name in rows[0]}


def table(way: Way, excerpts: Sequence[Excerpt]) -> dict[str, Scores]:
    """Mean scores of all excerpts, and of each kind."""
    known = [e for e in excerpts if len(e.beats) > 2]
    kinds = dict.fromkeys(e.kind for e in known)
    found = {"all": means(way, known)}
    return found | {k: means(way, [e for e in known if e.kind == k]) for k in sorted(kinds)}

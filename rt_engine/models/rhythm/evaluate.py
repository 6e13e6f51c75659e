"""What a network is worth: its activations through the live tracker, scored as the field does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from rt_engine.extras import require
from rt_engine.models.rhythm.batches import whole
from rt_engine.models.rhythm.network import StreamingNet
from rt_engine.models.rhythm.store import Excerpt
from rt_engine.models.rhythm.streams import FPS, OUTPUTS, PLACES, STREAMS
from rt_engine.rhythm import ActivationObservation, Settings, Tracker

Floats = NDArray[np.float64]
Rows = dict[str, NDArray[np.float32]]
Scores = dict[str, float]

SKIP = 5.0  # s at the start that are not scored
NEAR = 0.7  # s, tolerance of phrases as in MOSA
APART = 4.0  # s, shortest distance of two phrases
THRESHOLD = 0.3  # of phrases, as in MOSA
MODALITIES = {
    "A": ("mel",), "M": ("motion",), "V": ("video",), "A+M": ("mel", "motion"), "A+M+V": STREAMS,
}  # fmt: skip
LIVE = Settings(bpm=(55.0, 215.0), meters=(3, 4))
CLASSES = {"dynamics": 6, "articulation": 3}


@torch.no_grad()
def activations(net: StreamingNet, excerpt: Excerpt, use: tuple[str, ...] = STREAMS) -> Rows:
    """Every output of a network for an excerpt, (frames, n) by name."""
    batch = whole(excerpt, use)
    outputs, _ = net.eval()(*batch.inputs, net.initial_state(1))
    found = zip(OUTPUTS, outputs.probabilities(), strict=True)
    return {name: rows[0].numpy() for name, rows in found}


def chance(excerpt: Excerpt) -> Rows:
    """A baseline that hears nothing: beats at 120 BPM, a phrase every 16, the middle classes."""
    frames = np.arange(len(excerpt))
    beat = (frames % 25 == 0).astype(np.float32) * 0.9
    down = (frames % 100 == 0).astype(np.float32) * 0.9
    phrase = (frames % 400 < 25).astype(np.float32)
    dynamics = np.eye(6, dtype=np.float32)[np.full(len(frames), 3)]
    articulation = np.eye(3, dtype=np.float32)[np.full(len(frames), 1)]
    pair = np.stack([beat - np.minimum(beat, down), down], axis=1)
    place = np.eye(PLACES, dtype=np.float32)[frames * PLACES // 100 % PLACES]
    rows = (pair, phrase[:, None], dynamics, articulation, place)
    return dict(zip(OUTPUTS, rows, strict=True))


def track(pair: NDArray[np.float32], settings: Settings = LIVE, delay: int = 0) -> Floats:
    """Live beats (k, 2), s and place in the bar, of activations (frames, 2) `delay` frames late."""
    tracker = Tracker(FPS, ActivationObservation(FPS, 2), settings)
    times = ((np.arange(len(pair)) - delay) / FPS).tolist()
    beats = [b for row, t in zip(pair, times, strict=True) for b in tracker.step(row, t).beats]
    return np.array([(b.due, b.position) for b in beats], np.float64).reshape(-1, 2)


def phrases(rows: NDArray[np.float32], delay: int = 0, threshold: float = THRESHOLD) -> Floats:
    """Starts of phrases (s): where the probability (frames,) rises highest, some seconds apart."""
    found: list[int] = []
    for k in np.argsort(-rows):
        if rows[k] < threshold:
            break
        if all(abs(int(k) - other) >= APART * FPS for other in found):
            found.append(int(k))
    return (np.sort(np.array(found, np.float64)) - delay) / FPS - PEAK


PEAK = 0.25  # s from a phrase's start to the middle of the span in which it is told


@dataclass
class Tally:
    """Scores of many excerpts: means of those of beats, sums of matrices of classes."""

    values: dict[str, list[float]] = field(default_factory=dict)
    confusion: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def add(self, excerpt: Excerpt, rows: Rows, settings: Settings = LIVE, delay: int = 0) -> None:
        """Score one excerpt's outputs."""
        if len(excerpt.beats) > 4 and excerpt.beats[-1, 0] > SKIP:
            said = track(rows["beat"], settings, delay)
            self._keep(beat_scores(excerpt.beats, said[said[:, 0] <= len(excerpt) / FPS]))
        if excerpt.phrases_known and len(excerpt.phrases):
            said = phrases(rows["phrase"][:, 0], delay)
            self._keep({"phrase": hit(excerpt.phrases, said, NEAR)})
        for name, count in CLASSES.items():
            self._confuse(name, getattr(excerpt, name), rows[name].argmax(axis=1), count)

    def _keep(self, scores: Scores) -> None:
        for name, value in scores.items():
            self.values.setdefault(name, []).append(value)

    def _confuse(
        self, name: str, true: NDArray[np.int8], said: NDArray[np.int_], count: int
    ) -> None:
        known = true >= 0
        matrix = np.zeros((count, count), np.int64)
        np.add.at(matrix, (true[known].astype(int), said[known]), 1)
        self.confusion[name] = self.confusion.get(name, 0) + matrix

    def scores(self) -> Scores:
        """Everything in %, biases in ms."""
        result = {n: round(float(np.nanmean(v)), 1) for n, v in self.values.items() if n != "bias"}
        if bias := [b for b in self.values.get("bias", []) if np.isfinite(b)]:
            result["bias"] = round(float(np.median(bias)), 1)
        for name, matrix in self.confusion.items():
            if matrix.sum():
                result[name] = round(100.0 * float(np.trace(matrix) / matrix.sum()), 1)
        if (matrix := self.confusion.get("dynamics", np.zeros((6, 6), int))).sum():
            near = sum(float(np.trace(matrix, k)) for k in (-1, 0, 1))
            result["dynamics1"] = round(100.0 * near / float(matrix.sum()), 1)
        return result


def hit(true: NDArray[np.float32], said: Floats, window: float) -> float:
    """F-measure in % of events to a tolerance (s); 0 where either has none."""
    if not len(true) or not len(said):
        return 0.0
    matched = len(require("mir_eval").util.match_events(true.astype(float), said, window))
    return 200.0 * matched / (len(true) + len(said))


def beat_scores(true: NDArray[np.float32], said: Floats) -> Scores:
    """F, CMLt, AMLt and downbeat F in %, the median error in ms; the first `SKIP` s left out."""
    beat = require("mir_eval").beat
    reference = true[true[:, 0] >= SKIP, 0].astype(np.float64)
    said = said[said[:, 0] >= SKIP]
    levels = (0.0, 0.0, 0.0, 0.0)
    if len(said) > 1 and len(reference) > 1:
        levels = beat.continuity(reference, said[:, 0])
    pairs = require("mir_eval").util.match_events(reference, said[:, 0], 0.07)
    errors = [said[j, 0] - reference[i] for i, j in pairs]
    scores = {
        "F": hit(reference.astype(np.float32), said[:, 0], 0.07),
        "CMLt": 100.0 * levels[1],
        "AMLt": 100.0 * levels[3],
        "bias": 1000.0 * float(np.median(errors)) if errors else np.nan,
    }
    first = true[(true[:, 1] == 1) & (true[:, 0] >= SKIP), 0]
    if len(first):
        scores["downbeat"] = hit(first, said[said[:, 1] == 1, 0], 0.07)
    return scores


Way = Callable[[Excerpt], Rows]


def evaluate(
    way: Way, excerpts: Iterable[Excerpt], settings: Settings = LIVE, delay: int = 0
) -> Tally:
    """Score a way from excerpts to outputs."""
    tally = Tally()
    for excerpt in excerpts:
        tally.add(excerpt, way(excerpt), settings, delay)
    return tally


def quick(net: StreamingNet, excerpts: Sequence[Excerpt], delay: int = 0) -> Scores:
    """The scores that choose between networks while they train, "score" their mean."""
    scores = evaluate(lambda e: activations(net, e), excerpts, delay=delay).scores()
    weights = {"F": 1.0, "CMLt": 1.0, "downbeat": 1.0, "phrase": 0.3}
    weights |= {"dynamics": 0.2, "articulation": 0.2}
    there = {name: w for name, w in weights.items() if name in scores}
    total = sum(w * scores[name] for name, w in there.items())
    return {**scores, "score": round(total / max(sum(there.values()), 1e-9), 2)}


def table(net: StreamingNet, excerpts: Sequence[Excerpt], delay: int = 0) -> dict[str, Scores]:
    """Scores of all excerpts and of each kind, of each set of streams, and of `chance`."""
    result = {"all": evaluate(lambda e: activations(net, e), excerpts, delay=delay).scores()}
    for kind in sorted({e.kind for e in excerpts}):
        own = [e for e in excerpts if e.kind == kind]
        result[kind] = evaluate(lambda e: activations(net, e), own, delay=delay).scores()
    full = [e for e in excerpts if len(e.motion) and len(e.video)]
    for name, use in MODALITIES.items():
        if full:
            way = reader(net, use)
            result[f"{name} of those with all"] = evaluate(way, full, delay=delay).scores()
    return result | {"chance": evaluate(chance, excerpts).scores()}


def reader(net: StreamingNet, use: tuple[str, ...]) -> Way:
    """The way through a network that is given some of the streams."""
    return lambda excerpt: activations(net, excerpt, use)

"""What weights are worth: the whole tracker on excerpts, scored as the field does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from rt_engine.extras import require
from rt_engine.models.onset_observation.fit import Heard
from rt_engine.models.onset_observation.material import Excerpt
from rt_engine.rhythm import Decision, OnsetObservation, Settings, Tracker
from rt_engine.rhythm.statespace import Floats
from rt_engine.signal.onset import OnsetStrength

SKIP = 5.0  # s at the start that are not scored
GRID = 115.0  # BPM, the tempo that the tracker prefers
TOLERANCE = 0.07  # s

Scores = dict[str, float]
Way = Callable[[Heard], Floats]


def listen(piece: Excerpt, rate: int) -> Heard:
    """Onset strength of an excerpt whose sound has `rate` samples a second."""
    onset = OnsetStrength(rate)
    rows = onset.process(piece.sound)
    return Heard(piece.name, piece.source, rows, onset.times / rate, piece.beats)


def decisions(piece: Heard, weights: Floats, settings: Settings | None = None) -> list[Decision]:
    """Every beat that the tracker gives out for an excerpt."""
    observation = OnsetObservation(piece.frame_rate, weights=weights)
    tracker = Tracker(piece.frame_rate, observation, settings)
    pairs = zip(piece.rows, piece.times.tolist(), strict=True)
    return [beat for row, t in pairs for beat in tracker.step(row, t).beats]


def tracked(weights: Floats) -> Way:
    """The way from an excerpt to times of beats (s) by the tracker with these weights."""
    return lambda piece: np.array([beat.due for beat in decisions(piece, weights)])


def grid(piece: Heard) -> Floats:
    """The baseline: beats at `GRID` BPM from 0 s on, whatever is heard."""
    return np.arange(0.0, piece.times[-1], 60.0 / GRID)


def score(way: Way, pieces: Iterable[Heard]) -> Scores:
    """Means of F-measure and CMLt in %, of the beats from `SKIP` s on; 0 where none is said."""
    beat = require("mir_eval").beat
    each = []
    for piece in pieces:
        said = way(piece)
        said = beat.trim_beats(said[said <= piece.times[-1]], SKIP)
        true = beat.trim_beats(piece.beats[:, 0], SKIP)
        level = beat.continuity(true, said)[1] if len(said) > 1 else 0.0
        each.append((beat.f_measure(true, said) if len(said) else 0.0, level))
    f, cmlt = 100 * np.mean(each, axis=0)
    return {"F": round(float(f), 1), "CMLt": round(float(cmlt), 1)}


def by_source(way: Way, pieces: Sequence[Heard]) -> dict[str, Scores]:
    """The scores of all pieces, and of those of each source."""
    sources = sorted({piece.source for piece in pieces})
    table = {name: score(way, [p for p in pieces if p.source == name]) for name in sources}
    return {"all": score(way, pieces), **table}


def reliability(weights: Floats, pieces: Iterable[Heard]) -> list[dict[str, float]]:
    """How often beats of a confidence are right to `TOLERANCE`, in fifths of the scale 0..1."""
    pairs = []
    for piece in pieces:
        for beat in decisions(piece, weights, Settings(threshold=0.0)):
            if SKIP <= beat.due <= piece.beats[-1, 0]:
                error = np.abs(piece.beats[:, 0] - beat.due).min()
                pairs.append((beat.confidence, error <= TOLERANCE))
    table = np.array(pairs, np.float64).reshape(-1, 2)
    fifth = np.minimum((5 * table[:, 0]).astype(int), 4)
    bins = [table[fifth == k] for k in range(5) if (fifth == k).any()]
    return [
        {"beats": len(b), "confidence": round(b[:, 0].mean(), 2), "right": round(b[:, 1].mean(), 2)}
        for b in bins
    ]
